/** Panel 6: transposed convolution, zeros between pixels, small convolutions interleaved: one result. */
import { controls, slider } from "../parts/controls.js";
import { element, grouped, output, scientific } from "../parts/dom.js";
import { formula, row, sub, sum } from "../parts/mathml.js";
import { picture } from "../parts/picture.js";
import { convolution, crop, pad, phaseFilters } from "../mathematics/kernels.js";
import { centringPadding } from "../mathematics/network.js";

const SIDE = 12;

/** Each input pixel adds its filter to the output. */
function scattered(x, filter, f, n) {
  const side = (SIDE - 1) * n + f, y = new Float64Array(side * side);
  for (let h = 0; h < SIDE; h++)
    for (let w = 0; w < SIDE; w++)
      for (let u = 0; u < f; u++) for (let v = 0; v < f; v++) y[(n * h + u) * side + n * w + v] += filter[u * f + v] * x[h * SIDE + w];
  return { data: Float32Array.from(y), shape: [1, 1, side, side] };
}

/** n − 1 zeros between pixels, then a convolution with the filter turned by 180°. */
function zerosBetween(x, filter, f, n) {
  const side = (SIDE - 1) * n + 1, spread = new Float32Array(side * side);
  x.forEach((value, k) => { spread[n * Math.floor(k / SIDE) * side + n * (k % SIDE)] = value; });
  const image = { data: spread, shape: [1, 1, side, side] };
  return { image, y: convolution(pad(image, f - 1, f - 1, "zero"), Float32Array.from(filter).reverse(), null, 1, f) };
}

/** n² small convolutions of the small image, each of which makes one phase. */
function interleaved(x, filter, f, n) {
  const { filters, t } = phaseFilters(filter, 1, 1, f, n), image = pad({ data: x, shape: [1, 1, SIDE, SIDE] }, t - 1, t - 1, "zero");
  const phases = convolution(image, filters, null, n * n, t), rows = phases.shape[2], side = (SIDE - 1) * n + f;
  const data = Float32Array.from({ length: side * side }, (_, k) => {
    const i = Math.floor(k / side), j = k % side;
    return phases.data[(((i % n) * n + (j % n)) * rows + Math.floor(i / n)) * rows + Math.floor(j / n)];
  });
  return { phases, t, y: { data, shape: [1, 1, side, side] } };
}

/** The three results and what lies on the way, from the state. */
export function ways(page, state) {
  const network = page.enlarging(), pass = page.passes(network).at(-1), { f, c: C, name, stride } = pass.layer, c = Math.min(state.get("feature") < 0 ? page.strongest(network) : state.get("feature"), C - 1), n = state.get("n") || stride;
  const [, , H, W] = pass.x.shape, top = Math.floor((H - SIDE) / 2), left = Math.floor((W - SIDE) / 2);
  if (Math.min(H, W) < SIDE) throw new Error(`the map has ${H} × ${W} pixels, but ${SIDE} × ${SIDE} are shown: take a larger picture`);
  const x = Float32Array.from({ length: SIDE * SIDE }, (_, k) => pass.x.data[(c * H + top + Math.floor(k / SIDE)) * W + left + (k % SIDE)]);
  const filter = network.parameters[`${name}.weight`].subarray(c * f * f, (c + 1) * f * f);
  const start = centringPadding(f, n), rows = n * SIDE, cutOut = (y) => crop(pad(y, 0, n, "zero"), start, rows, rows).data;
  const zeros = zerosBetween(x, filter, f, n), small = interleaved(x, filter, f, n);
  return { network, C, c, f, n, x, filter, zeros, small, rows, results: [scattered(x, filter, f, n), zeros.y, small.y].map(cutOut) };
}

/** @type {import("../parts/panel.js").Panel} */
export const threeWays = {
  id: "three-ways",
  title: "Three ways",
  question: "Are deconvolution, zeros between pixels and sub-pixel convolution different things?",
  lead: "One channel of the last layer's input, enlarged by the learnt filter in three ways. Each is computed by itself, here, now; below stands the largest difference.",
  formula: () => formula(sub("y", row("n", "q", "+", "r")), "=", sum("t"), sub("w", row("n", "t", "+", "r")), "·", sub("x", row("q", "−", "t"))),
  sources: ["deconv2d.forward", "npsr.exporting.sub_pixel.sub_pixel_weight"],
  predict: {
    question: "Which of the three does the most multiplications, if none with a zero is left out?",
    choices: ["painting filters", "zeros between pixels, then a convolution", "n² small convolutions"],
    right: 1,
    because: "it runs the whole filter over an image with n² as many pixels, nearly all of them zeros. The other two do only the products that count, n² times fewer.",
  },
  defaults: { feature: -1, n: 0 },
  mount(body, page, state) {
    const feature = slider(state, "feature", "Feature c", { max: 0 }), n = slider(state, "n", "Factor n", { min: 1, max: 4 });
    const names = ["1. Painted: transposed convolution", "2. Zeros between pixels, then a convolution", "3. n² small convolutions, interleaved"];
    const results = names.map((name) => picture(name)), between = [picture("the input"), picture("zeros between its pixels"), picture("the n² phases, side by side")];
    const difference = output("difference"), counts = names.map((_, k) => output(`multiplications-${k + 1}`));
    difference.classList.add("big");
    body.append(controls(feature, n), element("div", { class: "columns small" }, ...results.map((result, k) =>
      element("div", {}, between[k].node, element("p", { "aria-hidden": "true" }, "↓"), result.node, element("p", {}, counts[k], " multiplications")))),
      element("p", { class: "sum" }, "Largest difference between any two: ", difference));
    return () => {
      const m = ways(page, state), input = { data: m.x, side: SIDE }, spread = m.zeros.image, side = m.small.phases.shape[2];
      feature.refresh({ max: m.C - 1 }, m.c);
      n.refresh({}, m.n);
      between[0].refresh(input.data, SIDE, SIDE, { colouring: "signed" });
      between[1].refresh(spread.data, spread.shape[2], spread.shape[3], { colouring: "signed" });
      const wall = Float32Array.from({ length: (m.n * side) ** 2 }, (_, k) => {
        const i = Math.floor(k / (m.n * side)), j = k % (m.n * side);
        return m.small.phases.data[((Math.floor(i / side) * m.n + Math.floor(j / side)) * side + (i % side)) * side + (j % side)];
      });
      between[2].refresh(wall, m.n * side, m.n * side, { colouring: "signed" });
      results.forEach((result, k) => {
        result.refresh(m.results[k], m.rows, m.rows, { colouring: "signed" });
        result.caption.textContent = names[k].replace("n²", String(m.n ** 2));
      });
      const pairs = [[0, 1], [0, 2], [1, 2]].map(([a, b]) => m.results[a].reduce((most, value, k) => Math.max(most, Math.abs(value - m.results[b][k])), 0));
      difference.textContent = `${Math.max(...pairs).toFixed(6)}${Math.max(...pairs) ? ` (${scientific(Math.max(...pairs))}, rounding)` : ""}`;
      [SIDE ** 2 * m.f ** 2, (m.n * SIDE) ** 2 * m.f ** 2, SIDE ** 2 * m.n ** 2 * m.small.t ** 2].forEach((count, k) => { counts[k].textContent = grouped(count); });
    };
  },
};
