/**
 * What all panels share: the networks, the picture, and what the network makes of its middle.
 *
 * @typedef {import("../mathematics/kernels.js").Network} Network
 */
import { enlarges, layerForward, withBorder } from "../mathematics/network.js";
import { bicubic } from "../mathematics/resize.js";
import { lumaOf, middle, testCard } from "./photographs.js";
import { stateOf } from "../parts/state.js";

/** HR pixels of the specimen's side: small enough for every number to be made anew at each stroke. */
const SPECIMEN = 144, SPECIMEN_SRCNN = 72;

/** Numbers from base64 of little-endian 32-bit floats. */
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** A network as the page's data hold it: one text for all its parameters. @returns {Network & {key: string, label: string}} */
function unpacked({ label, name, scale, layers, shapes, numbers }) {
  const all = floats(numbers), parameters = /** @type {any} */ ({});
  let place = 0;
  for (const [key, shape] of Object.entries(shapes)) {
    const size = shape.reduce((a, b) => a * b, 1);
    parameters[key] = all.slice(place, place + size);
    place += size;
  }
  return { key: `${label}_x${scale}`, label, name, scale, layers, parameters };
}

/** Sub-images from two places, of as few pixels as give labels of about 19 × 19; of SRCNN 9 × 9. */
function lessonOf(network, { x, high, part }) {
  const [, , H, W] = x.shape, n = enlarges(network) ? network.scale : 1;
  const context = network.layers.reduce((sum, { kind, border, f }) => sum + (kind === "Conv" && border === "valid" ? Math.floor(f / 2) : 0), 0);
  const last = network.layers.at(-1), inner = enlarges(network) ? ({ 2: 10, 3: 7, 4: 6 }[n] ?? 6) : 9, side = inner + 2 * context;
  const label = enlarges(network) ? n * inner - (n - last.f + 2 * Math.floor(last.f / 2)) : inner;
  const offset = n * context + (enlarges(network) ? Math.floor(last.f / 2) - last.padding : 0);
  if (side > Math.min(H, W)) throw new Error(`the picture's middle has ${H} × ${W} pixels, but a sub-image needs ${side} × ${side}: take a larger picture`);
  const inputs = new Float32Array(2 * side * side), target = new Float32Array(2 * label * label);
  [[0.35, 0.3], [0.5, 0.75]].forEach(([down, across], m) => {
    const top = Math.floor((H - side) * down), left = Math.floor((W - side) * across);
    for (let i = 0; i < side; i++) inputs.set(x.data.subarray((top + i) * W + left, (top + i) * W + left + side), (m * side + i) * side);
    for (let i = 0; i < label; i++)
      for (let j = 0; j < label; j++) target[(m * label + i) * label + j] = high[(n * top + offset + i) * part.columns + n * left + offset + j] / 255;
  });
  return { network, x: inputs, target, shape: [2, side, side], side, label };
}

export function pageOf(data) {
  const networks = data.networks.map(unpacked);
  const state = stateOf("", { network: networks[0].key, picture: "cat" });
  const photographs = new Map([["card", testCard()]]);
  let cache = new Map();

  /** A value that holds until network or picture change. */
  const kept = (name, make) => {
    if (!cache.has(name)) cache.set(name, make());
    return cache.get(name);
  };

  const page = {
    data,
    sources: data.sources,
    state,
    networks,
    photographs,
    network: () => networks.find(({ key }) => key === state.get("network")) ?? networks[0],
    photograph: () => photographs.get(state.get("picture")) ?? photographs.get("cat") ?? photographs.get("card"),
    forget: () => { cache = new Map(); },
    /** The network shown, or the first that has a deconvolution if it has none. */
    enlarging: () => (enlarges(page.network()) ? page.network() : networks.find(enlarges) ?? page.network()),
    /** The picture's middle: HR and LR luma, and what the network reads. */
    specimen: (network = page.network()) => kept(`specimen ${network.key}`, () => {
      const n = network.scale, part = middle(page.photograph(), enlarges(network) ? SPECIMEN : SPECIMEN_SRCNN, n), high = lumaOf(part);
      const { y: low, shape: [rows, columns] } = bicubic(Float64Array.from(high, (v) => v / 255), part.rows, part.columns, 1 / n);
      const large = bicubic(low, rows, columns, n).y;
      const x = enlarges(network) ? { data: low, shape: [1, 1, rows, columns] } : { data: large, shape: [1, 1, part.rows, part.columns] };
      return { part, high, low, rows, columns, large, x };
    }),
    /** The feature that adds most to the network's picture. */
    strongest: (network = page.network()) => kept(`strongest ${network.key}`, () => {
      const { layer, x: { data, shape: [, C, H, W] } } = page.passes(network).at(-1), weight = network.parameters[`${layer.name}.weight`];
      const size = (values) => values.reduce((sum, value) => sum + Math.abs(value), 0);
      const sizes = Array.from({ length: C }, (_, c) => size(data.subarray(c * H * W, (c + 1) * H * W)) * size(weight.subarray(c * layer.f ** 2, (c + 1) * layer.f ** 2)));
      return sizes.indexOf(Math.max(...sizes));
    }),
    /** Input, output and what backward needs, of every layer, for the specimen. */
    passes: (network = page.network()) => kept(`passes ${network.key}`, () => {
      let { x } = page.specimen(network);
      return network.layers.map((layer) => {
        const { y, kept: inside } = layerForward(layer, network.parameters, x), pass = { layer, x, y, kept: inside };
        x = y;
        return pass;
      });
    }),
    /** Two sub-images of the specimen with their labels, and the network in the form that it is trained in. */
    lesson: (network = page.network()) => kept(`lesson ${network.key}`, () => lessonOf(withBorder(network, "valid"), page.specimen(network))),
    /** Add a network of the reader's and show it. */
    adopt(network) {
      const label = network.name, key = `${label}_x${network.scale}`;
      const made = { ...withBorder(network, "replicate"), key, label };
      const place = networks.findIndex((one) => one.key === key);
      if (place >= 0) networks[place] = made;
      else networks.push(made);
      state.set({ network: key });
      return made;
    },
  };
  return page;
}
