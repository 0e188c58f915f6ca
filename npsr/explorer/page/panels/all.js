/** The twelve panels, in the order of a lesson. */
import { enlarge } from "./enlarge.js";
import { map } from "./map.js";
import { convolution } from "./convolution.js";
import { prelu } from "./prelu.js";
import { deconvolution } from "./deconvolution.js";
import { threeWays } from "./three-ways.js";
import { backward } from "./backward.js";
import { gradientCheck } from "./gradient-check.js";
import { train } from "./train.js";
import { edit } from "./edit.js";
import { design } from "./design.js";
import { yourNetwork } from "./your-network.js";

export const PANELS = [enlarge, map, convolution, prelu, deconvolution, threeWays, backward, gradientCheck, train, edit, design, yourNetwork];
