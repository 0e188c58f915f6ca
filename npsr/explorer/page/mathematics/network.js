/**
 * A network: its layers, its parameters, forward, loss and gradients, as `npsr/networks/network.py` has them.
 *
 * Each layer's forward stands beside its backward, and returns what its backward takes.
 *
 * @typedef {import("./kernels.js").Tensor} Tensor
 * @typedef {import("./kernels.js").Layer} Layer
 * @typedef {import("./kernels.js").Network} Network
 */
import { biasGradient, convolution, crop, cropBackward, pad, padBackward, prelu, preluBackward, transposed, weightGradient } from "./kernels.js";

/** Pixels by which a convolution's input is continued on each side. */
export const padding = (layer) => (layer.border === "valid" ? 0 : Math.floor(layer.f / 2));

/** Pixels beyond the (first, last) one that reach a deconvolution's output. */
export const replicatedReach = (f, n, p) => [Math.max(0, Math.floor((f - 1 - p) / n)), Math.max(0, Math.floor((n - 1 + p) / n))];

/** The padding that centres an f-wide filter on the n pixels that it enlarges. */
export const centringPadding = (f, n) => Math.max(0, Math.ceil((f - n) / 2));

/** Pixels continued (before, after), where the cut of the full output starts, what it is shorter by. */
function deconvolutionBorders({ border, f, stride, padding: p }) {
  if (border === "valid") return [0, 0, Math.floor(f / 2), stride - f + 2 * Math.floor(f / 2)];
  if (border === "zero") return [0, 0, p, 0];
  const [before, after] = replicatedReach(f, stride, p);
  return [before, after, p + stride * before, 0];
}

/** Output of one layer, and what its backward needs. @returns {{y: Tensor, kept: any}} */
export function layerForward(layer, parameters, x) {
  const weight = parameters[`${layer.name}.weight`], bias = parameters[`${layer.name}.bias`];
  switch (layer.kind) {
    case "Conv": {
      const padded = pad(x, padding(layer), padding(layer), layer.border);
      return { y: convolution(padded, weight, bias, layer.n, layer.f), kept: padded };
    }
    case "PReLU":
      return { y: prelu(x, parameters[`${layer.name}.slope`]), kept: x };
    case "ReLU":
      return { y: prelu(x, [0]), kept: x };
    case "DeConv": {
      const [before, after, start, loss] = deconvolutionBorders(layer);
      const padded = pad(x, before, after, "replicate");
      const full = transposed(padded, weight, bias, layer.n, layer.f, layer.stride);
      const [rows, columns] = x.shape.slice(2).map((side) => layer.stride * side - loss);
      return { y: crop(full, start, rows, columns), kept: { padded, sides: full.shape.slice(2) } };
    }
  }
  throw new Error(`a layer is of kind "${layer.kind}", but there are Conv, PReLU, ReLU and DeConv`);
}

/** Gradients of one layer's input and parameters. @returns {{dx: Tensor, gradients: Object<string, any>}} */
export function layerBackward(layer, parameters, dy, kept) {
  const key = (kind) => `${layer.name}.${kind}`;
  switch (layer.kind) {
    case "Conv": {
      const dpadded = transposed(dy, parameters[key("weight")], null, layer.c, layer.f, 1);
      const gradients = { [key("weight")]: weightGradient(dy, kept, layer.f), [key("bias")]: biasGradient(dy) };
      return { dx: padding(layer) ? padBackward(dpadded, padding(layer), padding(layer), layer.border) : dpadded, gradients };
    }
    case "PReLU": {
      const { dx, dslope } = preluBackward(dy, kept, parameters[key("slope")]);
      return { dx, gradients: { [key("slope")]: dslope } };
    }
    case "ReLU":
      return { dx: preluBackward(dy, kept, [0]).dx, gradients: {} };
    default: {
      const { padded, sides } = kept, [before, after, start] = deconvolutionBorders(layer);
      const full = cropBackward(dy, start, sides[0], sides[1]);
      const gradients = { [key("weight")]: weightGradient(padded, full, layer.f, layer.stride), [key("bias")]: biasGradient(dy) };
      const dpadded = convolution(full, parameters[key("weight")], null, layer.c, layer.f, layer.stride);
      return { dx: padBackward(dpadded, before, after, "replicate"), gradients };
    }
  }
}

/**
 * A tensor of images (N, C, H, W) from flat numbers; C is what the network reads.
 * @param {Network} network
 * @param {ArrayLike<number>} x
 * @param {number[]} shape N, H, W
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Real
 * @returns {Tensor}
 */
export function imagesFor(network, x, [N, H, W], Real = Float32Array) {
  const shape = [N, network.layers[0].c ?? 1, H, W], size = shape.reduce((a, b) => a * b, 1);
  if (!(size > 0) || x.length !== size) throw new Error(`x holds ${x.length} numbers, but [N, H, W] = [${[N, H, W]}] needs ${size}`);
  return { data: Real.from(x), shape };
}

/** Run the network; append to `saved`, if given, what each layer's backward needs. @returns {Tensor} */
export function run(network, x, saved) {
  for (const layer of network.layers) {
    const { y, kept } = layerForward(layer, network.parameters, x);
    saved?.push(kept);
    x = y;
  }
  return x;
}

/**
 * The output for flat images in [0, 1].
 * @param {Network} network
 * @param {ArrayLike<number>} x
 * @param {number[]} shape N, H, W
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Real
 * @returns {{y: Float32Array | Float64Array, shape: number[]}} y flat, shape [N, channels, rows, columns]
 */
export function forward(network, x, shape, Real = Float32Array) {
  const y = run(network, imagesFor(network, x, shape, Real));
  return { y: y.data, shape: y.shape };
}

/** Gradients of all parameters in forward order; `visit(index, dy)` sees each layer's output gradient. */
export function backward(network, dy, saved, visit, layerStep = layerBackward) {
  const found = {};
  for (let index = network.layers.length - 1; index >= 0; index--) {
    visit?.(index, dy);
    const { dx, gradients } = layerStep(network.layers[index], network.parameters, dy, saved[index]);
    Object.assign(found, gradients);
    dy = dx;
  }
  visit?.(-1, dy);
  return Object.fromEntries(Object.keys(network.parameters).map((key) => [key, found[key]]));
}

/** Equation 3, (1/N) Σ ‖y − target‖², and its gradient with respect to y. */
export function loss(y, target) {
  if (target.length !== y.data.length) throw new Error(`target holds ${target.length} numbers, but the output has shape [${y.shape}]`);
  const N = y.shape[0];
  let total = 0;
  const data = y.data.map((value, k) => {
    const difference = value - target[k];
    total += difference * difference;
    return (2 / N) * difference;
  });
  return { loss: total / N, dy: { data, shape: y.shape } };
}

/**
 * Equation 3 and its gradient for flat images and labels, keys and order of `network.parameters`.
 * @param {Network} network
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} target
 * @param {number[]} shape N, H, W
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Real
 */
export function lossAndGradients(network, x, target, shape, Real = Float32Array, layerStep = layerBackward) {
  const saved = [];
  const y = run(network, imagesFor(network, x, shape, Real), saved);
  const cost = loss(y, target);
  return { loss: cost.loss, gradients: backward(network, cost.dy, saved, undefined, layerStep) };
}

/** The same network with another border rule, as `npsr.Network.with_border`. @returns {Network} */
export function withBorder(network, border) {
  const enlarges = network.layers.some((layer) => layer.kind === "DeConv");
  const rule = (layer, place) => (border === "valid" && enlarges && place > 0 && layer.kind === "Conv" ? "zero" : border);
  const layers = network.layers.map((layer, place) => ("border" in layer ? { ...layer, border: rule(layer, place) } : layer));
  return { ...network, layers };
}

/** Whether a network takes the LR image, not its bicubic enlargement. */
export const enlarges = (network) => network.layers.at(-1).kind === "DeConv";

/** Pixels of the input beyond its own place that an output pixel depends on, (before, after). */
export function reach(network) {
  const context = network.layers.reduce((sum, layer) => sum + (layer.kind === "Conv" ? Math.floor(layer.f / 2) : 0), 0);
  const last = network.layers.at(-1);
  const extra = last.kind === "DeConv" ? replicatedReach(last.f, last.stride, last.padding) : [0, 0];
  return extra.map((pixels) => pixels + context);
}

/** Shape of every parameter, by key, in forward order. */
export function parameterShapes(layers) {
  const shapes = {};
  for (const { kind, name, n, c, f, slopes } of layers) {
    if (kind === "Conv" || kind === "DeConv") {
      shapes[`${name}.weight`] = kind === "Conv" ? [n, c, f, f] : [c, n, f, f];
      shapes[`${name}.bias`] = [n];
    } else if (kind === "PReLU") shapes[`${name}.slope`] = [slopes];
  }
  return shapes;
}

/** Weights as the paper counts them, without biases and slopes. */
export const weightCount = (network) =>
  Object.entries(network.parameters).reduce((sum, [key, p]) => sum + (key.endsWith(".weight") ? p.length : 0), 0);

/** Layers of FSRCNN(d, s, m) in its training form: unpadded at its start, cut at its end. @returns {Layer[]} */
export function fsrcnnLayers(d, s, m, n) {
  const convolutions = [["feature", 5, d, 1], ["shrinking", 1, s, d]];
  for (let k = 1; k <= m; k++) convolutions.push([`mapping_${k}`, 3, s, s]);
  convolutions.push(["expanding", 1, d, s]);
  const layers = convolutions.flatMap(([name, f, filters, c], place) => [
    { kind: "Conv", name, f, n: filters, c, border: place ? "zero" : "valid" },
    { kind: "PReLU", name, slopes: filters },
  ]);
  return [...layers, { kind: "DeConv", name: "deconvolution", f: 9, n: 1, c: d, stride: n, padding: centringPadding(9, n), border: "valid" }];
}
