/** The twelve panels, in the order of a lesson. */
import { enlarge } from "./enlarge.js";
import { map } from "./map.js";
import { convolution } from "./convolution.js";
import { prelu } from "./prelu.js";

export const PANELS = [enlarge, map, convolution, prelu];
