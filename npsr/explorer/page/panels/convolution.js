/** Panel 3: one output pixel of one filter, number by number. */
import { controls, menu, slider } from "../parts/controls.js";
import { announce, element, number, output } from "../parts/dom.js";
import { gallery, grid } from "../parts/grid.js";
import { formula, row, sub, sum } from "../parts/mathml.js";
import { picture } from "../parts/picture.js";
import { convolution as convolve, pad } from "../mathematics/kernels.js";

const BORDERS = [["own", "as in the network"], ["zero", "zeros"], ["replicate", "the nearest pixel"], ["valid", "none (output shrinks)"]];
const titled = (text, node) => element("div", { class: "titled" }, element("h3", {}, text), node);

/** Everything that the panel shows, from the state: window, filter, products, sums. */
export function microscope(page, state, [row_, column] = [state.get("row"), state.get("column")]) {
  const passes = page.passes().filter(({ layer }) => layer.kind === "Conv");
  const pass = passes[Math.min(state.get("layer"), passes.length - 1)], { layer, x } = pass, { parameters } = page.network();
  const d = Math.min(state.get("filter"), layer.n - 1), c = Math.min(state.get("channel"), layer.c - 1), { f } = layer, s = state.get("stride");
  const border = state.get("border") === "own" ? layer.border : state.get("border"), p = border === "valid" ? 0 : Math.floor(f / 2);
  const padded = pad(x, p, p, border), [, , H, W] = padded.shape, size = layer.c * f * f;
  const weight = parameters[`${layer.name}.weight`].subarray(d * size, (d + 1) * size), bias = parameters[`${layer.name}.bias`][d];
  const y = convolve(padded, weight, [bias], 1, f, s), [, , I, J] = y.shape;
  const i = Math.min(Math.max(row_, 0), I - 1), j = Math.min(Math.max(column, 0), J - 1);
  const read = (channel, u, v) => padded.data[(channel * H + s * i + u) * W + s * j + v], tap = (channel, u, v) => weight[(channel * f + u) * f + v];
  const sums = Array.from({ length: layer.c }, (_, k) => {
    let total = 0;
    for (let u = 0; u < f; u++) for (let v = 0; v < f; v++) total += read(k, u, v) * tap(k, u, v);
    return total;
  });
  return { passes, layer, x, d, c, f, s, p, border, bias, y, I, J, i, j, read, tap, sums, H, W };
}

/** @type {import("../parts/panel.js").Panel} */
export const convolution = {
  id: "convolution",
  title: "Convolution",
  question: "How does a filter make one number out of many?",
  lead: "Let the mouse pass over the output, and choose a pixel by a click or by arrow keys. Its window of the input, times the filter, tap by tap; the sum of all products, plus the bias, is the pixel. Step through the taps with the arrow keys in any of the three grids.",
  formula: () => formula(sub("y", "d,i,j"), "=", sub("b", "d"), "+", sum("c"), sum("u"), sum("v"), sub("w", "d,c,u,v"), "·", sub("x", row("c,", "s", "i", "+", "u,", "s", "j", "+", "v"))),
  sources: ["conv2d.forward"],
  predict: {
    question: "All pixels of a window have the same value, 1. The filter's taps sum up to 0, its bias is 0. What is the output?",
    choices: ["0", "1", "the number of taps"],
    right: 0,
    because: "the output is Σ w · 1 = Σ w = 0. A filter whose taps cancel answers to change alone: it finds edges.",
  },
  defaults: { layer: 0, filter: 0, channel: 0, row: 20, column: 20, tap: 0, stride: 1, border: "own" },
  mount(body, page, state) {
    const layer = menu(state, "layer", "Layer", []), filter = slider(state, "filter", "Filter d", { max: 0 }), channel = slider(state, "channel", "Input channel c", { max: 0 });
    const stride = slider(state, "stride", "Stride s", { min: 1, max: 3 }), border = menu(state, "border", "Beyond the border", BORDERS);
    const pick = (i, j) => {
      state.set({ row: i, column: j });
      const { y, J } = microscope(page, state);
      announce(`output ${i}, ${j} is ${number(y.data[i * J + j])}`);
    };
    let hovered; // the pixel under the mouse
    const peek = (...pixel) => {
      hovered = pixel.length ? pixel : undefined;
      show();
    };
    const source = picture("input channel"), result = picture("output of the filter", pick, peek);
    const step = (u, v) => state.set({ tap: u * microscope(page, state).f + v });
    const grids = ["Window of the input", "Filter (weights)", "Products"].map((text) => grid(text, step));
    const [one, running, sumOut, biasOut, resultOut] = ["tap", "running", "sum", "bias", "result"].map((name) => output(name)), channels = gallery("input channels", (c) => state.set({ channel: c }));
    body.append(controls(layer, filter, channel, stride, border),
      element("div", { class: "columns small" }, source.node, result.node),
      element("div", { class: "columns many" }, titled("Window x", grids[0].node), titled("Filter w", grids[1].node), titled("Products w · x", grids[2].node)),
      element("p", { class: "sum" }, "This tap: ", one, ". Up to here in channel c: ", running),
      element("p", { class: "sum" }, "Sum over all channels ", sumOut, " + bias ", biasOut, " = ", resultOut),
      element("h3", {}, "What each input channel gives"), channels.node);
    resultOut.classList.add("big");

    const values = (m) => [(u, v) => m.read(m.c, u, v), (u, v) => m.tap(m.c, u, v), (u, v) => m.read(m.c, u, v) * m.tap(m.c, u, v)];
    const showNumbers = (m) => {
      const tap = Math.min(state.get("tap"), m.f * m.f - 1), u = Math.floor(tap / m.f), v = tap % m.f, [read, weight, product] = values(m);
      const outside = (a, b) => [[m.s * m.i + a, m.H], [m.s * m.j + b, m.W]].some(([k, side]) => k < m.p || k >= side - m.p);
      grids.forEach((one_, k) => one_.refresh({ rows: m.f, columns: m.f, value: [read, weight, product][k], chosen: [u, v], marked: (a, b) => (k === 0 && outside(a, b) ? "outside" : "") }));
      let total = 0;
      for (let k = 0; k <= tap; k++) total += product(Math.floor(k / m.f), k % m.f);
      one.textContent = `w[${u},${v}] · x[${u},${v}] = ${number(weight(u, v), 4)} · ${number(read(u, v), 4)} = ${number(product(u, v), 4)}`;
      running.textContent = number(total, 6);
      sumOut.textContent = number(m.sums.reduce((a, b) => a + b, 0), 6);
      biasOut.textContent = number(m.bias, 6);
      resultOut.textContent = number(m.y.data[m.i * m.J + m.j], 6);
      channels.refresh(m.sums.map((part, k) => element("button", { type: "button", "aria-pressed": String(k === m.c), onclick: () => state.set({ channel: k }) }, `c ${k}: ${number(part)}`)), m.c);
    };
    const show = () => {
      const m = microscope(page, state, hovered), [, , h, w] = m.x.shape;
      layer.refresh(m.passes.map((pass, k) => [k, `${pass.layer.name}: ${pass.layer.f} × ${pass.layer.f}, ${pass.layer.n} filters`]));
      filter.refresh({ max: m.layer.n - 1 });
      channel.refresh({ max: m.layer.c - 1 });
      stride.refresh();
      border.refresh();
      result.refresh(m.y.data, m.I, m.J, { colouring: "signed", chosen: [m.i, m.j] });
      result.caption.textContent = `Output of filter ${m.d}, pixel (${m.i}, ${m.j}) of ${m.I} × ${m.J}`;
      source.refresh(m.x.data.subarray(m.c * h * w, (m.c + 1) * h * w), h, w, { colouring: m.layer.c === 1 ? "grey" : "signed", box: [m.s * m.i - m.p, m.s * m.j - m.p, m.f, m.f] });
      source.caption.textContent = `Input channel ${m.c} with the window of ${m.f} × ${m.f}`;
      showNumbers(m);
    };
    return show;
  },
};
