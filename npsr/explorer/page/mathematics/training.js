/**
 * Training, as `npsr/training/loop.py` and `sgd.py`: sub-images of one picture, Equation 3, a step.
 *
 * Chance is drawn by a small generator of our own and without logarithms or cosines, whose last bits
 * differ between browsers: the same seed gives every student the same curve.
 *
 * @typedef {{low: Float32Array, high: Float32Array, rows: number, columns: number, scale: number,
 *   side: number, label: number, offset: number, starts: number[][]}} Samples
 */
import { fsrcnnLayers, lossAndGradients, parameterShapes } from "./network.js";
import { bicubic } from "./resize.js";

/** Uniform numbers in [0, 1) by Mulberry32, from a seed. @returns {() => number} */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A nearly normal number of deviation 1: the sum of twelve uniform ones, less 6. */
export function normal(draw) {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += draw();
  return sum;
}

/** FSRCNN(d, s, m) in training form, drawn as the paper does: convolutions by He, deconvolution N(0, 0.001²). */
export function initialised(d, s, m, scale, seed) {
  const layers = fsrcnnLayers(d, s, m, scale), draw = uniform(seed), parameters = {};
  for (const [key, shape] of Object.entries(parameterShapes(layers))) {
    const p = new Float32Array(shape.reduce((a, b) => a * b, 1));
    const deviation = key.startsWith("deconvolution") ? 0.001 : Math.sqrt(2 / (shape[0] * (shape[2] ?? 1) ** 2));
    if (key.endsWith(".slope")) p.fill(0.25);
    else if (key.endsWith(".weight")) for (let k = 0; k < p.length; k++) p[k] = deviation * normal(draw);
    parameters[key] = p;
  }
  return { name: `fsrcnn(${d},${s},${m})`, scale, layers, parameters };
}

/** LR sides of sub-images that give labels of about 19 HR pixels: the paper's 14, 11, 10. */
const SUB_IMAGES = { 2: 14, 3: 11, 4: 10 };

/** The sub-images of a picture, `stride` LR pixels apart, for a network with 5 × 5 and 9 × 9 ends. @returns {Samples} */
export function samplesOf(high, rows, columns, scale, stride = 2) {
  const side = SUB_IMAGES[scale], label = scale * (side - 4) - (scale - 1);
  const offset = 2 * scale + 4 - Math.max(0, Math.ceil((9 - scale) / 2));
  const { y: low, shape } = bicubic(high, rows, columns, 1 / scale), starts = [];
  const last = [rows, columns].map((pixels, axis) => Math.min(shape[axis] - side, Math.floor((pixels - label - offset) / scale)));
  for (let i = 0; i <= last[0]; i += stride) for (let j = 0; j <= last[1]; j += stride) starts.push([i, j]);
  return { low, high: Float32Array.from(high), rows, columns, scale, side, label, offset, starts };
}

/** Which samples a step takes: they depend on the seed and the step's number alone. */
export function chosen(seed, step, batch, count) {
  const draw = uniform(seed * 7919 + step + 1);
  return Array.from({ length: batch }, () => Math.floor(draw() * count));
}

/** Sub-images and labels, cut out. */
export function batchOf(samples, indices) {
  const { low, high, columns, scale, side, label, offset, starts } = samples, width = columns / scale;
  const x = new Float32Array(indices.length * side * side), target = new Float32Array(indices.length * label * label);
  indices.forEach((index, n) => {
    const [row, column] = starts[index];
    for (let i = 0; i < side; i++)
      x.set(low.subarray((row + i) * width + column, (row + i) * width + column + side), (n * side + i) * side);
    for (let i = 0; i < label; i++) {
      const from = (scale * row + offset + i) * columns + scale * column + offset;
      target.set(high.subarray(from, from + label), (n * label + i) * label);
    }
  });
  return { x, target, shape: [indices.length, side, side] };
}

/** The state that a training starts from. */
export function freshState(network) {
  const zeros = () => Object.fromEntries(Object.entries(network.parameters).map(([key, p]) => [key, new Float32Array(p.length)]));
  return { network, velocity: zeros(), square: zeros(), step: 0 };
}

/** The paper's rates: a tenth for biases and the deconvolution. */
const rateOf = (key, rate) => (key.endsWith(".bias") || key.startsWith("deconvolution") ? rate / 10 : rate);

/** The rate falls in a straight line to a fiftieth of itself over the first `STEPS` steps. */
export const STEPS = 3000;
export const rateAt = (rate, step) => rate * Math.max(0.02, 1 - step / STEPS);

/** One update in place by the gradient of half of Equation 3, as the paper's rates are meant. */
export function update(state, gradients, { method, rate: first, momentum = 0.9 }) {
  const { parameters } = state.network, t = state.step + 1, rate = rateAt(first, state.step);
  for (const [key, theta] of Object.entries(parameters)) {
    const v = state.velocity[key], q = state.square[key], g = gradients[key];
    const eta = method === "adam" ? rate : rateOf(key, rate);
    for (let k = 0; k < theta.length; k++) {
      const gradient = g[k] / 2;
      if (method === "adam") {
        v[k] += 0.1 * (gradient - v[k]);
        q[k] += 0.001 * (gradient * gradient - q[k]);
        theta[k] -= ((eta / (1 - 0.9 ** t)) * v[k]) / (Math.sqrt(q[k] / (1 - 0.999 ** t)) + 1e-8);
      } else {
        v[k] = momentum * v[k] - eta * gradient;
        theta[k] += v[k];
      }
    }
  }
  state.step = t;
}

/** Train some steps; the state changes and is returned with the losses. */
export function train(state, samples, options, steps) {
  const losses = [];
  for (let k = 0; k < steps; k++) {
    const { x, target, shape } = batchOf(samples, chosen(options.seed, state.step, options.batch, samples.starts.length));
    const { loss, gradients } = lossAndGradients(state.network, x, target, shape);
    losses.push(loss);
    update(state, gradients, options);
  }
  return { state, losses };
}
