/** Gradients against central differences, in 32 and in 64 bits; and faults to plant, which it must find. */
import { biasGradient, padBackward, preluBackward, transposed, weightGradient } from "./kernels.js";
import { imagesFor, layerBackward, lossAndGradients, padding, run } from "./network.js";
import { uniform } from "./training.js";

/** The first sample of a batch. */
const firstOf = ({ data, shape: [N, ...rest] }) => ({ data: data.subarray(0, data.length / N), shape: [1, ...rest] });

/** Each fault is a layer's backward gone wrong in one place, as students get it wrong. */
const FAULTS = {
  none: layerBackward,
  sign: (layer, parameters, dy, kept) => {
    const made = layerBackward(layer, parameters, dy, kept);
    return layer.kind === "PReLU" ? { ...made, dx: { ...made.dx, data: made.dx.data.map((g, k) => (kept.data[k] > 0 ? g : -g)) } } : made;
  },
  rotation: (layer, parameters, dy, kept) => {
    const made = layerBackward(layer, parameters, dy, kept);
    if (layer.kind !== "Conv") return made;
    const { f, c, name, border } = layer, p = padding(layer), w = parameters[`${name}.weight`];
    const turned = w.map((_, k) => w[k - (k % (f * f)) + (f * f - 1 - (k % (f * f)))]);
    return { ...made, dx: padBackward(transposed(dy, turned, null, c, f, 1), p, p, border) };
  },
  batch: (layer, parameters, dy, kept) => {
    const made = layerBackward(layer, parameters, dy, kept);
    if (layer.kind !== "Conv") return made;
    const gradients = { [`${layer.name}.weight`]: weightGradient(firstOf(dy), firstOf(kept), layer.f), [`${layer.name}.bias`]: biasGradient(firstOf(dy)) };
    return { ...made, gradients };
  },
  crop: (layer, parameters, dy, kept) => {
    if (layer.kind !== "DeConv") return layerBackward(layer, parameters, dy, kept);
    const [, , I, J] = dy.shape; // the cut begins one row and one column too late
    const shifted = dy.data.map((_, k) => (k % J && Math.floor(k / J) % I ? dy.data[k - J - 1] : 0));
    const { dx, gradients } = layerBackward(layer, parameters, { data: shifted, shape: dy.shape }, kept);
    return { dx, gradients: { ...gradients, [`${layer.name}.bias`]: biasGradient(dy) } };
  },
  slope: (layer, parameters, dy, kept) => {
    if (layer.kind !== "PReLU") return layerBackward(layer, parameters, dy, kept);
    const slope = parameters[`${layer.name}.slope`], mirrored = { ...kept, data: kept.data.map((v) => -v) };
    const { dslope } = preluBackward(dy, mirrored, slope);
    return { dx: layerBackward(layer, parameters, dy, kept).dx, gradients: { [`${layer.name}.slope`]: dslope.map((v) => -v) } };
  },
};

/**
 * @typedef {Float32ArrayConstructor | Float64ArrayConstructor} Kind
 * @typedef {{network: import("./kernels.js").Network, x: ArrayLike<number>, target: ArrayLike<number>, shape: number[]}} Lesson
 */

/** A network whose parameters are of another type, and one of them moved by `step` along a direction. */
function moved(network, Real, key, step) {
  const parameters = Object.fromEntries(Object.entries(network.parameters).map(([name, p]) => [name, name === key ? Real.from(p, step) : Real.from(p)]));
  return { ...network, parameters };
}

const outputOf = (network, x, shape, Real) => run(network, imagesFor(network, x, shape, Real)).data;

/** Equation 3 of an output; in 32 bits the sum, too, is kept in 32 bits. */
function lossOf(y, target, N, Real) {
  let total = 0;
  for (let k = 0; k < y.length; k++) total += (y[k] - target[k]) ** 2;
  return Real === Float32Array ? Math.fround(total / N) : total / N;
}

/** The central difference of the loss by one entry. */
function difference({ network, x, target, shape }, key, entry, epsilon, Real) {
  const [above, below] = [1, -1].map((sign) => {
    const there = moved(network, Real, key, (value, k) => (k === entry ? value + sign * epsilon : value));
    return lossOf(outputOf(there, x, shape, Real), target, shape[0], Real);
  });
  return (above - below) / (2 * epsilon);
}

export const relativeError = (a, b) => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), 1e-30);

const LADDER = Array.from({ length: 21 }, (_, k) => 10 ** (-10 + k / 2));

/** Error of the central difference against its step, in both precisions, for one entry of one tensor. */
export function sweep({ lesson, key, entry, fault }) {
  const { network, x, target, shape } = lesson, wide = moved(network, Float64Array);
  const analytic = lossAndGradients(wide, x, target, shape, Float64Array, FAULTS[fault]).gradients[key][entry];
  const curve = (Real) => LADDER.map((epsilon) => [epsilon, difference(lesson, key, entry, epsilon, Real)]);
  return { analytic, double: curve(Float64Array), single: curve(Float32Array) };
}

/** Relative error of every tensor's gradient, along a random direction that all its entries take part in. */
export function checkAll({ lesson, fault }) {
  const { network, x, target, shape } = lesson, { gradients } = lossAndGradients(moved(network, Float64Array), x, target, shape, Float64Array, FAULTS[fault]);
  return Object.entries(gradients).map(([key, gradient], place) => {
    const draw = uniform(place + 1), direction = Float64Array.from(gradient, () => (draw() < 0.5 ? -1 : 1));
    const analytic = gradient.reduce((sum, g, k) => sum + g * direction[k], 0), size = network.parameters[key].reduce((most, v) => Math.max(most, Math.abs(v)), 1e-3);
    const errors = [1e-4, 1e-6, 1e-8].map((relative) => relativeError(analytic, along(lesson, key, direction, relative * size)));
    return { key, count: gradient.length, error: Math.min(...errors) };
  });
}

/** Central difference along a direction, ‖a − t‖² − ‖b − t‖² factored so that the losses do not cancel. */
function along({ network, x, target, shape }, key, direction, step) {
  const [above, below] = [1, -1].map((sign) => outputOf(moved(network, Float64Array, key, (v, k) => v + sign * step * direction[k]), x, shape, Float64Array));
  let change = 0;
  for (let k = 0; k < above.length; k++) change += (above[k] - below[k]) * (above[k] + below[k] - 2 * target[k]);
  return change / shape[0] / (2 * step);
}

/** At PReLU's kink: error of the central difference of PReLU itself at x, for each step. */
export function kinkErrors(x, a) {
  const f = (t) => (t > 0 ? t : a * t), slope = x > 0 ? 1 : a;
  return LADDER.map((epsilon) => [epsilon, relativeError((f(x + epsilon) - f(x - epsilon)) / (2 * epsilon), slope)]);
}
