/** Panel 10: what each feature adds to the picture; switched off, alone, or with its filter painted by hand. */
import { button, controls, slider } from "../parts/controls.js";
import { announce, element, number, output, precise } from "../parts/dom.js";
import { gallery, grid } from "../parts/grid.js";
import { formula, sub, sum } from "../parts/mathml.js";
import { paint, picture, rgbaOf } from "../parts/picture.js";
import { layerForward } from "../mathematics/network.js";
import { psnr, to8Bits } from "../mathematics/resize.js";

/** Edited taps from their text, "feature.tap:value" with commas between. @returns {Map<string, number>} */
export function editsOf(text) {
  const edits = new Map();
  for (const [, feature, tap, value] of text.matchAll(/(\d+)\.(\d+):(-?[\d.]+(?:e-?\d+)?)/g))
    if (Number.isFinite(Number(value))) edits.set(`${feature}.${tap}`, Number(value));
  return edits;
}

/** What each feature adds to the output: its filter's sum, smooth or detail, and its plane. */
function parts(page, edits) {
  const network = page.network(), { layer, x } = page.passes().at(-1), weight = network.parameters[`${layer.name}.weight`], [, C, H, W] = x.shape, size = layer.f ** 2;
  return Array.from({ length: C }, (_, c) => {
    const filter = weight.slice(c * size, (c + 1) * size);
    for (const [key, value] of edits) if (Number(key.split(".")[0]) === c && Number(key.split(".")[1]) < size) filter[Number(key.split(".")[1])] = value;
    const one = { ...layer, c: 1 }, map = { data: x.data.slice(c * H * W, (c + 1) * H * W), shape: [1, 1, H, W] };
    const { y } = layerForward(one, { [`${layer.name}.weight`]: filter, [`${layer.name}.bias`]: [0] }, map);
    const energy = Math.sqrt(y.data.reduce((total, v) => total + v * v, 0) / y.data.length), whole = filter.reduce((a, b) => a + b, 0), size_ = filter.reduce((a, b) => a + Math.abs(b), 0);
    return { c, filter, plane: y.data, shape: y.shape, energy, smooth: size_ ? Math.abs(whole) / size_ : 0 };
  });
}

/** @type {import("../parts/panel.js").Panel} */
export const edit = {
  id: "edit",
  title: "Edit",
  question: "What does each feature add, and what if it is gone?",
  lead: "The last layer is linear: the picture is the bias plus one contribution for each feature. They are sorted from smoothing filters (taps of one sign) to detail filters (taps that cancel). Switch a feature off, look at it alone, or paint its filter: arrow keys choose a tap, + and − change it.",
  formula: () => formula("y", "=", "b", "+", sum("c"), sub("y", "c"), ",", '"   "', sub("y", "c"), "=", '"DeConv"', "(", sub("w", "c"), ",", sub("x", "c"), ")"),
  sources: ["deconv2d.forward"],
  predict: {
    question: "One feature of 56 is switched off. How much PSNR is lost?",
    choices: ["about a 56th", "it depends: from nothing to nearly everything", "nothing, the others stand in"],
    right: 1,
    because: "some features carry the brightness of whole areas and are balanced by others; without one the picture is off everywhere. Others only sharpen a few edges.",
  },
  defaults: { feature: -1, tap: 40, off: "", solo: false, edits: "" },
  mount(body, page, state) {
    const chosen = () => (state.get("feature") < 0 ? page.strongest() : state.get("feature"));
    const off = () => new Set(state.get("off").split(".").filter(Boolean).map(Number)), feature = slider(state, "feature", "Feature c", { max: 0 });
    const toggle = button("Switch off", () => {
      const now = off(), c = chosen();
      if (!now.delete(c)) now.add(c);
      state.set({ off: [...now].sort((a, b) => a - b).join(".") });
    });
    const solo = button("Alone", () => state.set({ solo: !state.get("solo") }), { "aria-pressed": "false" });
    const reset = button("As learned", () => state.set({ off: "", solo: false, edits: "" }));
    let order = [];
    const list = gallery("features, smoothing first", (place) => state.set({ feature: order[place] })), result = picture("the picture"), mine = picture("this feature's part");
    const filter = grid("Filter of the feature", (u, v) => state.set({ tap: u * page.passes().at(-1).layer.f + v }));
    const [decibels, whole, sums] = ["psnr", "psnr-whole", "filter-sum"].map((name) => output(name)), told = element("p", { class: "sum" });
    const change = (sign) => {
      const all = parts(page, editsOf(state.get("edits"))), one = all[Math.min(chosen(), all.length - 1)], tap = Math.min(state.get("tap"), one.filter.length - 1);
      const step = 0.1 * Math.max(...one.filter.map(Math.abs), 0.01), edits = editsOf(state.get("edits")), value = Number((one.filter[tap] + sign * step).toFixed(5));
      edits.set(`${one.c}.${tap}`, value);
      state.set({ edits: [...edits].map(([key, v]) => `${key}:${v}`).join(",") });
      announce(`tap ${tap} is ${precise(value)}`);
    };
    filter.node.addEventListener("keydown", (event) => {
      const sign = { "+": 1, "=": 1, "-": -1, "−": -1 }[event.key];
      if (sign) change(sign);
    });
    body.append(controls(feature, toggle, solo, reset), element("p", { class: "sum" }, "PSNR ", decibels, " (as learned ", whole, ")"),
      element("div", { class: "columns small" }, result.node, mine.node, element("div", { class: "titled many", style: "flex: 1 1 24rem" }, element("h3", {}, "Its filter"), filter.node, controls(button("Tap −", () => change(-1)), button("Tap +", () => change(1))), told, element("p", {}, "Sum of the taps ", sums))),
      element("h3", {}, "All features, smoothing first: what each adds, and by how many dB the PSNR changes without it"), list.node);
    /** The bias and the parts of the features that are on. */
    const pictureOf = (on, bias) => {
      const y = new Float32Array(page.passes().at(-1).y.data.length).fill(bias);
      for (const { plane } of on) plane.forEach((value, k) => { y[k] += value; });
      return y;
    };
    const showList = (all, muted, c, full, decibelsOf) => {
      const sorted = [...all].sort((a, b) => b.smooth - a.smooth), now = decibelsOf(full);
      order = sorted.map((part) => part.c);
      list.refresh(sorted.map((part) => {
        const canvas = element("canvas", { "aria-hidden": "true" }), [, , H, W] = part.shape, off_ = muted.has(part.c);
        paint(canvas, rgbaOf(part.plane, "signed"), H, W);
        const lost = off_ ? "off" : number(decibelsOf(full.map((value, k) => value - part.plane[k])) - now, 2);
        return element("button", { type: "button", class: off_ ? "muted" : "", "aria-pressed": String(part.c === c), "aria-label": `feature ${part.c}: ${off_ ? "off" : `${lost} dB without it`}`, "data-feature": part.c, onclick: () => state.set({ feature: part.c }) }, canvas, `${part.c}: ${lost}`);
      }), order.indexOf(c));
    };
    return () => {
      const all = parts(page, editsOf(state.get("edits"))), network = page.network(), { layer, y: learnt } = page.passes().at(-1), [, , H, W] = learnt.shape, { high } = page.specimen();
      const c = Math.min(chosen(), all.length - 1), muted = off(), one = all[c], bias = network.parameters[`${layer.name}.bias`][0], alone = state.get("solo");
      const full = pictureOf(all.filter((part) => !muted.has(part.c)), bias), decibelsOf = (plane) => psnr(to8Bits(plane), high, H, W, network.scale);
      feature.refresh({ max: all.length - 1 }, c);
      toggle.textContent = muted.has(c) ? "Switch on" : "Switch off";
      solo.setAttribute("aria-pressed", String(alone));
      result.refresh(alone ? one.plane : full, H, W, alone ? { colouring: "signed" } : {});
      result.caption.textContent = alone ? `Feature ${c} alone` : `Without ${muted.size} of ${all.length} features`;
      mine.refresh(one.plane, H, W, { colouring: "signed" });
      mine.caption.textContent = `What feature ${c} adds`;
      decibels.textContent = alone ? "alone: no picture" : `${number(decibelsOf(full), 2)} dB`;
      whole.textContent = `${number(decibelsOf(learnt.data), 2)} dB`;
      const tap = Math.min(state.get("tap"), one.filter.length - 1), f = layer.f;
      filter.refresh({ rows: f, columns: f, value: (u, v) => one.filter[u * f + v], chosen: [Math.floor(tap / f), tap % f] });
      told.textContent = `${one.smooth > 0.5 ? "Smoothing" : "Detail"}: the taps' sum is ${number(100 * one.smooth, 0)} % of their sizes' sum. Mean strength of its part ${number(one.energy, 4)}.`;
      sums.textContent = number(one.filter.reduce((a, b) => a + b, 0), 6);
      showList(all, muted, c, full, decibelsOf);
    };
  },
};
