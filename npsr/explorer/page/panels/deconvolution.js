/** Panel 5: a strided transposed convolution, painted from its input or gathered from its output. */
import { controls, menu, slider } from "../parts/controls.js";
import { announce, element, number, output, precise } from "../parts/dom.js";
import { grid } from "../parts/grid.js";
import { formula, row, sub } from "../parts/mathml.js";
import { phaseColour } from "../parts/colours.js";
import { picture } from "../parts/picture.js";
import { centringPadding, enlarges } from "../mathematics/network.js";

const SIDE = 6;
const titled = (text, node) => element("div", { class: "titled" }, element("h3", {}, text), node);

/** The middle of a learnt filter, f × f of its 9 × 9 taps. */
function middleOf(filter, from, f) {
  const start = Math.floor((from - f) / 2);
  return Float32Array.from({ length: f * f }, (_, k) => filter[(start + Math.floor(k / f)) * from + start + (k % f)]);
}

/** All that the panel shows, from the state. */
export function painted(page, state) {
  const network = page.enlarging(), pass = page.passes(network).at(-1), last = pass.layer, c = Math.min(state.get("feature") < 0 ? page.strongest(network) : state.get("feature"), last.c - 1);
  const [, , H, W] = pass.x.shape, f = Math.min(state.get("f"), last.f), n = state.get("n") || last.stride, p = state.get("p") < 0 ? centringPadding(f, n) : state.get("p");
  if (Math.min(H, W) < SIDE) throw new Error(`the map has ${H} × ${W} pixels, but ${SIDE} × ${SIDE} are shown: take a larger picture`);
  const learnt = network.parameters[`${last.name}.weight`].subarray(c * last.f ** 2, (c + 1) * last.f ** 2);
  const filter = state.get("filter") === "ones" ? new Float32Array(f * f).fill(1) : middleOf(learnt, last.f, f);
  const top = Math.floor((H - SIDE) / 2), left = Math.floor((W - SIDE) / 2);
  const x = Float32Array.from({ length: SIDE * SIDE }, (_, k) =>
    state.get("input") === "uniform" ? 1 : pass.x.data[(c * H + top + Math.floor(k / SIDE)) * W + left + (k % SIDE)]);
  const side = n * SIDE, y = new Float64Array(side * side), counts = new Float32Array(side * side);
  for (let h = 0; h < SIDE; h++)
    for (let w = 0; w < SIDE; w++)
      for (let u = 0; u < f; u++)
        for (let v = 0; v < f; v++) {
          const i = n * h + u - p, j = n * w + v - p;
          if (i < 0 || j < 0 || i >= side || j >= side) continue;
          y[i * side + j] += filter[u * f + v] * x[h * SIDE + w];
          counts[i * side + j] += 1;
        }
  const colours = new Uint8ClampedArray(4 * side * side).fill(255);
  for (let k = 0; k < side * side; k++) colours.set(phaseColour(Math.floor(k / side) % n, (k % side) % n, n), 4 * k);
  return { network, last, c, f, n, p, filter, x, side, y: Float32Array.from(y), counts, colours, row: Math.min(state.get("row"), side - 1), column: Math.min(state.get("column"), side - 1) };
}

/** The products that meet in an output pixel. */
function meeting({ f, n, p, filter, x, row: i, column: j }) {
  const terms = [];
  for (let h = 0; h < SIDE; h++)
    for (let w = 0; w < SIDE; w++) {
      const u = i + p - n * h, v = j + p - n * w;
      if (u >= 0 && v >= 0 && u < f && v < f) terms.push({ h, w, u, v, x: x[h * SIDE + w], tap: filter[u * f + v] });
    }
  return terms;
}

/** Taps that meet along one axis in the pixels i with i mod n = a, far from the border. */
const count = ({ f, n, p }, a) => Math.ceil((f - ((a + p) % n)) / n);

/** @type {import("../parts/panel.js").Panel} */
export const deconvolution = {
  id: "deconvolution",
  title: "Deconvolution",
  question: "How does a small map become a large one?",
  lead: "Paint: each input pixel adds its value times the whole filter to the output, n pixels further for each step. Gather: an output pixel is the sum of those products that landed on it. Both are the same sum. A uniform input and a filter of ones show how many products meet: an uneven count is one cause of grids in pictures.",
  formula: () => formula(sub("y", row("n", "h", "+", "u", "−", "p", ",", "n", "w", "+", "v", "−", "p")), '" += "', sub("w", "u,v"), "·", sub("x", "h,w")),
  sources: ["deconv2d.forward"],
  predict: {
    question: "A filter of 9 × 9 enlarges by n = 2. Do all output pixels receive equally many products?",
    choices: ["yes, 81 / 4 each", "no: 25, 20, 20 and 16 by turns", "only at the border not"],
    right: 1,
    because: "of 9 taps, 5 fall on even and 4 on odd pixels: 5·5, 5·4, 4·5, 4·4. At n = 3 it is 9 everywhere, as 3 divides 9.",
  },
  defaults: { mode: "gather", feature: -1, f: 9, n: 0, p: -1, filter: "learnt", input: "map", row: 8, column: 8, h: 2, w: 2 },
  mount(body, page, state) {
    const mode = menu(state, "mode", "Read it as", [["scatter", "paint: from an input pixel"], ["gather", "gather: of an output pixel"]]);
    const filter = menu(state, "filter", "Filter", [["learnt", "learnt"], ["ones", "ones"]]), input = menu(state, "input", "Input", [["map", "the feature map's middle"], ["uniform", "1 everywhere"]]);
    const feature = slider(state, "feature", "Feature c", { max: 0 }), f = slider(state, "f", "Filter side f", { min: 1, max: 9 });
    const n = slider(state, "n", "Factor n", { min: 1, max: 5 }), p = slider(state, "p", "Cut p", { min: 0, max: 8 });
    const source = grid("Input x", (h, w) => state.set({ h, w, mode: "scatter" }));
    const pick = (row_, column) => {
      state.set({ row: row_, column, mode: "gather" });
      const made = painted(page, state);
      announce(`output ${row_}, ${column} is ${number(made.y[made.row * made.side + made.column])}`);
    };
    const large = picture("Output y", pick), counts = picture("How many products meet"), coloured = picture("Phases"), taps_ = grid("Filter w");
    const byPhase = grid("Products far from the border, by phase", (a, b) => pick(painted(page, state).n * 2 + a, painted(page, state).n * 2 + b), 0);
    const told = element("p", { class: "sum" }), list = element("p", { class: "sum" }), phases = element("p", { class: "sum" }), middle = element("p", { class: "sum" }), note = element("p");
    const result = output("result"), meet = output("count");
    result.classList.add("big");
    body.append(controls(mode, feature, filter, input), controls(f, n, p), note,
      element("div", { class: "columns" }, titled("Input x", source.node), element("div", { class: "columns small" }, large.node), titled("Filter w", taps_.node)),
      told, list, element("p", { class: "sum" }, "Sum: ", result, " of ", meet, " products"),
      element("div", { class: "columns small" }, counts.node, coloured.node, titled("Products by phase", byPhase.node)), phases, middle);

    const scatterTold = (m) => {
      const h = state.get("h"), w = state.get("w"), value = m.x[h * SIDE + w];
      told.textContent = `x[${h}, ${w}] = ${precise(value)} paints ${precise(value)} · w onto rows ${m.n * h - m.p} to ${m.n * h - m.p + m.f - 1} and columns ${m.n * w - m.p} to ${m.n * w - m.p + m.f - 1}.`;
      list.textContent = "What lies outside the output is cut. Choose an output pixel to see everything that meets there.";
    };
    const gatherTold = (m, terms) => {
      told.textContent = `y[${m.row}, ${m.column}], of phase (${m.row % m.n}, ${m.column % m.n}), is the sum of these products:`;
      list.textContent = terms.map((t) => `x[${t.h},${t.w}]·w[${t.u},${t.v}] = ${precise(t.x * t.tap)}`).join(",  ");
    };
    return () => {
      const m = painted(page, state), terms = meeting(m), scatter = state.get("mode") === "scatter", h = state.get("h"), w = state.get("w");
      [mode, filter, input].forEach((control) => control.refresh());
      feature.refresh({ max: m.last.c - 1 }, m.c);
      f.refresh();
      n.refresh({}, m.n);
      p.refresh({}, m.p);
      note.textContent = enlarges(page.network()) ? "" : `SRCNN has no deconvolution: this is that of ${m.network.label} ×${m.network.scale}.`;
      const meets = new Set(terms.map((t) => t.h * SIDE + t.w)), used = new Set(terms.map((t) => t.u * m.f + t.v));
      source.refresh({ rows: SIDE, columns: SIDE, value: (a, b) => m.x[a * SIDE + b], chosen: [h, w], marked: (a, b) => (!scatter && meets.has(a * SIDE + b) ? "taken" : "") });
      large.refresh(m.y, m.side, m.side, { colouring: "signed", chosen: scatter ? undefined : [m.row, m.column], box: scatter ? [m.n * h - m.p, m.n * w - m.p, m.f, m.f] : undefined });
      large.caption.textContent = `Output y, ${m.side} × ${m.side}`;
      counts.refresh(m.counts, m.side, m.side, { colouring: "signed" });
      counts.caption.textContent = `Products that meet: ${Math.min(...m.counts)} to ${Math.max(...m.counts)}`;
      const phase = [m.row % m.n, m.column % m.n];
      coloured.refresh(m.y, m.side, m.side, { rgba: m.colours, chosen: scatter ? undefined : [m.row, m.column] });
      coloured.caption.textContent = `The ${m.n * m.n} phases, one colour each; the pixel's is (${phase.join(", ")})`;
      taps_.refresh({ rows: m.f, columns: m.f, value: (u, v) => m.filter[u * m.f + v], marked: (u, v) => (!scatter && used.has(u * m.f + v) ? "taken" : "") });
      if (scatter) scatterTold(m);
      else gatherTold(m, terms);
      result.textContent = number(m.y[m.row * m.side + m.column], 6);
      meet.textContent = terms.length;
      const each = Array.from({ length: m.n * m.n }, (_, k) => count(m, Math.floor(k / m.n)) * count(m, k % m.n));
      byPhase.refresh({ rows: m.n, columns: m.n, value: (a, b) => each[a * m.n + b], chosen: phase });
      phases.textContent = `Far from the border the ${m.n * m.n} phases receive ${each.join(", ")} products.`;
      const lands = (m.f - 1) / 2 - m.p, own = (m.n - 1) / 2;
      middle.textContent = `The filter's middle falls on n·h + ${number(lands, 1)}, the middle of the n pixels is n·h + ${number(own, 1)}: ${lands === own ? "no shift" : `a shift of ${number(lands - own, 1)} pixels`}. p = ${centringPadding(m.f, m.n)} centres best.`;
    };
  },
};
