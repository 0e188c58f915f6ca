/** Panel 4: the slope below zero, the values before and after, and the picture that follows. */
import { button, controls, menu, slider } from "../parts/controls.js";
import { element, number, output } from "../parts/dom.js";
import { chart } from "../parts/chart.js";
import { formula, sub } from "../parts/mathml.js";
import { picture } from "../parts/picture.js";
import { run } from "../mathematics/network.js";
import { psnr, to8Bits } from "../mathematics/resize.js";

const BINS = 40;

/** The share of the values in each bin between −reach and reach, at the bin's middle. */
function histogram(values, reach) {
  const counts = new Float64Array(BINS);
  for (const value of values) counts[Math.min(BINS - 1, Math.max(0, Math.floor(((value / reach + 1) * BINS) / 2)))] += 1 / values.length;
  return [...counts].map((share, k) => [((k + 0.5) * 2 * reach) / BINS - reach, share]);
}

/** @type {import("../parts/panel.js").Panel} */
export const prelu = {
  id: "prelu",
  title: "PReLU",
  question: "What may pass below zero?",
  lead: "PReLU lets positive numbers pass and multiplies negative ones by a slope that is learned, one for each channel. Move the slope, or drag the curve on its left side, and see the values, the feature map and the network's picture change. Slope 0 is ReLU; slope 1 does nothing.",
  formula: () => formula("y", "=", '"max"', "(", "x", ",", "0", ")", "+", sub("a", "c"), "·", '"min"', "(", "0", ",", "x", ")"),
  sources: ["prelu.forward", "prelu.backward"],
  predict: {
    question: "If every slope were 1, what would the network of many layers be?",
    choices: ["a better network", "one linear filter, such as bicubic is one", "nothing at all"],
    right: 1,
    because: "convolutions in a row without a bend between them are one convolution. The bend is what lets the network treat an edge unlike a smooth area.",
  },
  defaults: { layer: 0, channel: 0, slope: 9 },
  mount(body, page, state) {
    const layer = menu(state, "layer", "Layer", []), channel = slider(state, "channel", "Channel c", { max: 0 });
    const slope = slider(state, "slope", "Slope a", { min: -1, max: 1.5, step: 0.01, show: (v) => number(v, 2) });
    const own = button("The learned slope", () => state.set({ slope: prelu.defaults.slope }));
    const curve = chart("PReLU's curve"), bars = chart("Histogram of values before and after"), after = picture("feature map after PReLU"), result = picture("the network's picture with this slope");
    const drag = (event) => { // the slope of the line from the middle of the curve to the pointer, left of it
      const [x, y] = curve.valuesAt(event);
      if (event.buttons && x < 0) state.set({ slope: Math.min(1.5, Math.max(-1, Number((y / x).toFixed(2)))) });
    };
    for (const event of ["pointerdown", "pointermove"]) curve.svg.addEventListener(event, drag);
    const [learned, below, decibels] = ["learned", "below", "psnr"].map((name) => output(name));
    body.append(controls(layer, channel, slope, own),
      element("p", { class: "sum" }, "Learned slope ", learned, "; ", below, " of the values are below 0. PSNR of the middle of the picture ", decibels),
      element("div", { class: "columns" }, curve.node, bars.node), element("div", { class: "columns small" }, after.node, result.node));

    const picturePart = (passes, k, changed) => {
      const network = page.network(), { layers } = network, specimen = page.specimen();
      const rest = { ...network, layers: layers.slice(k + 1) }, y = rest.layers.length ? run(rest, changed) : changed;
      const [, , H, W] = y.shape;
      result.refresh(y.data, H, W);
      decibels.textContent = `${number(psnr(to8Bits(y.data), specimen.high, H, W, network.scale), 2)} dB`;
    };
    return () => {
      const passes = page.passes(), places = passes.flatMap((pass, k) => (["PReLU", "ReLU"].includes(pass.layer.kind) ? [k] : []));
      const k = places[Math.min(state.get("layer"), places.length - 1)], pass = passes[k], [, C, H, W] = pass.x.shape, c = Math.min(state.get("channel"), C - 1);
      const slopes = page.network().parameters[`${pass.layer.name}.slope`] ?? [0], real = slopes[c % slopes.length];
      const a = state.get("slope") === prelu.defaults.slope ? real : state.get("slope");
      layer.refresh(places.map((place, m) => [m, `${passes[place].layer.kind} after ${passes[place].layer.name}`]));
      channel.refresh({ max: C - 1 });
      slope.refresh({}, a);
      const before = pass.x.data.subarray(c * H * W, (c + 1) * H * W), changed = pass.y.data.slice(), bent = before.map((v) => (v > 0 ? v : a * v));
      changed.set(bent, c * H * W);
      const reach = Math.max(...before.map(Math.abs), 1e-6);
      curve.refresh({
        series: [{ name: `y with a = ${number(a, 2)}`, points: [[-reach, -a * reach], [0, 0], [reach, reach]] }, { name: "learned", points: [[-reach, -real * reach], [0, 0], [reach, reach]] }],
        x: { label: "x, before", low: -reach, high: reach }, y: { label: "y, after", low: -reach, high: reach },
      });
      bars.refresh({
        series: [{ name: "before", points: histogram(before, reach) }, { name: "after", points: histogram(bent, reach) }],
        x: { label: "value", low: -reach, high: reach }, y: { label: "share of pixels", low: 0, high: Math.max(0.05, ...histogram(bent, reach).map(([, s]) => s)) },
      });
      after.refresh(bent, H, W, { colouring: "signed" });
      after.caption.textContent = `Channel ${c} of ${pass.layer.name}, after PReLU`;
      learned.textContent = number(real, 6);
      below.textContent = `${number((100 * before.filter((v) => v < 0).length) / before.length, 1)} %`;
      picturePart(passes, k, { data: changed, shape: pass.y.shape });
    };
  },
};
