/** What runs beside the page: in a worker, or, where none can be had, between two strokes of the page itself. */
import { checkAll, sweep } from "./gradient_check.js";
import { imagesFor, reach, run } from "./network.js";
import { train } from "./training.js";

/** One tile of a plane through a network: rows and columns from (top, left), with what its filters reach. */
function tile({ network, plane, rows, columns, box }) {
  const x = imagesFor(network, plane, [1, rows, columns]), n = network.layers.at(-1).stride ?? 1;
  const [top, left, height, width] = box, y = run(network, x);
  const cut = new Float32Array(n * height * n * width), across = y.shape[3];
  for (let i = 0; i < n * height; i++)
    cut.set(y.data.subarray((n * top + i) * across + n * left, (n * top + i) * across + n * (left + width)), i * n * width);
  return cut;
}

const JOBS = { tile, sweep, checkAll, train: ({ state, samples, options, steps }) => train(state, samples, options, steps) };

/** Do a job by its name. */
export const work = (name, details) => JOBS[name](details);

/**
 * The tiles of a plane: `box` where the result goes, `from` the pixels that it is made of, both [top, left, rows,
 * columns]. Beyond a cut as many pixels are read as the filters reach; at the picture's edge the border rule acts.
 */
export function tiles(network, rows, columns, side) {
  const margin = Math.max(...reach(network)), made = [];
  for (let top = 0; top < rows; top += side)
    for (let left = 0; left < columns; left += side) {
      const height = Math.min(side, rows - top), width = Math.min(side, columns - left);
      const start = [Math.max(0, top - margin), Math.max(0, left - margin)];
      const end = [Math.min(rows, top + height + margin), Math.min(columns, left + width + margin)];
      made.push({ box: [top, left, height, width], from: [...start, end[0] - start[0], end[1] - start[1]] });
    }
  return made;
}
