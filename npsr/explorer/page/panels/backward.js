/** Panel 7: the gradient of one layer, pixel by pixel: scattered, gathered, and of its weights. */
import { controls, menu, slider, tick } from "../parts/controls.js";
import { announce, element, number, output, precise } from "../parts/dom.js";
import { gallery, grid } from "../parts/grid.js";
import { formula, row, sub, sum } from "../parts/mathml.js";
import { paint, picture, rgbaOf } from "../parts/picture.js";
import { backward as backwardThrough, layerBackward, layerForward, loss, padding, run } from "../mathematics/network.js";
import { uniform } from "../mathematics/training.js";

/** An offset behind an index; nothing for 0. */
const signed = (k) => (k ? ` ${k < 0 ? "−" : "+"} ${Math.abs(k)}` : "");
const plane = ({ data, shape: [, , H, W] }, c) => data.subarray(c * H * W, (c + 1) * H * W);

/** Forward and backward of the first sub-image; dys[k] is the gradient of layer k's output, dys[-1] of the image. */
function journey(page, state) {
  const { network, x, target, side, label } = page.lesson(), saved = [], inputs = [];
  const image = { data: x.slice(0, side * side), shape: [1, 1, side, side] }, y = run(network, image, saved);
  const cost = loss(y, target.subarray(0, label * label)), dy = { data: cost.dy.data.slice(), shape: y.shape };
  const place = Math.min(state.get("pixelRow"), label - 1) * label + Math.min(state.get("pixelColumn"), label - 1);
  if (state.get("loss") === "pixel") dy.data = dy.data.map((value, k) => (k === place ? value : 0));
  const dys = {};
  const gradients = backwardThrough(network, dy, saved, (index, gradient) => { dys[index] = gradient; });
  let x_ = image;
  for (const layer of network.layers) {
    inputs.push(x_);
    x_ = layerForward(layer, network.parameters, x_).y;
  }
  return { network, saved, inputs, y, error: cost.dy, dys, gradients, label, place, total: cost.loss };
}

/** ⟨Ax, y⟩ and ⟨x, Aᵀy⟩ for random x and y, A the layer without its bias, in 64 bits. */
export function adjoint(layer, parameters, shape, seed = 1) {
  const draw = uniform(seed), random = (s) => ({ data: Float64Array.from({ length: s.reduce((a, b) => a * b, 1) }, () => 2 * draw() - 1), shape: s });
  const flat = { ...parameters, [`${layer.name}.bias`]: new Float32Array(layer.n) }, x = random(shape);
  const { y: Ax, kept } = layerForward(layer, flat, x), y = random(Ax.shape), { dx } = layerBackward(layer, flat, y, kept);
  const dot = (a, b) => a.data.reduce((total, value, k) => total + value * b.data[k], 0);
  return [dot(Ax, y), dot(x, dx)];
}

/** A linear layer as taps between its input and output: which dy each dx gathers, for both kinds. */
function wiring(trip, k) {
  const layer = trip.network.layers[k], weight = trip.network.parameters[`${layer.name}.weight`], { f } = layer;
  if (layer.kind === "Conv") {
    const p = padding(layer);
    return { f, p, s: 1, outer: layer.n, inner: layer.c, tap: (d, c, u, v) => weight[((d * layer.c + c) * f + u) * f + v], meets: (h, i) => h + p - i, lands: (i, u) => i + u - p };
  }
  const s = layer.stride, cut = Math.floor(f / 2); // in training form the full output is cut by ⌊f/2⌋
  return { f, p: cut, s, outer: layer.n, inner: layer.c, tap: (d, c, u, v) => weight[((c * layer.n + d) * f + u) * f + v], meets: (h, i) => i + cut - s * h, lands: (i, u) => (i + cut - u) / s };
}

/** The products w · dy that make one pixel of dx, and their sum; with the filter turned or not. */
export function gathered(trip, k, c, h, w, turned = true) {
  const wires = wiring(trip, k), dy = trip.dys[k], [, D, I, J] = dy.shape, terms = [];
  for (let d = 0; d < D; d++)
    for (let i = 0; i < I; i++)
      for (let j = 0; j < J; j++) {
        const u = wires.meets(h, i), v = wires.meets(w, j);
        if (u < 0 || v < 0 || u >= wires.f || v >= wires.f) continue;
        const tap = turned ? wires.tap(d, c, u, v) : wires.tap(d, c, wires.f - 1 - u, wires.f - 1 - v);
        terms.push({ d, i, j, u, v, tap, g: dy.data[(d * I + i) * J + j] });
      }
  return { terms, total: terms.reduce((sum_, t) => sum_ + t.tap * t.g, 0) };
}

/** What a grid of products, its title, and a sentence say of one way to look; `box` frames what is read or written. */
const LOOKS = {
  scatter(trip, k, { d, c, i, j }) {
    const w = wiring(trip, k), conv = trip.network.layers[k].kind === "Conv", [, , I, J] = trip.dys[k].shape, g = trip.dys[k].data[(d * I + i) * J + j];
    return {
      title: "What dy passes on: w · dy",
      grid: { rows: w.f, columns: w.f, value: (u, v) => w.tap(d, c, u, v) * g, marked: (u, v) => ([w.lands(i, u), w.lands(j, v)].every(Number.isInteger) ? "" : "outside") },
      sentence: conv
        ? `dy[${d}, ${i}, ${j}] = ${precise(g)} adds w[u, v] · ${precise(g)} to dx[${c}, ${i - w.p} + u, ${j - w.p} + v]: the filter is laid down as it is, not turned.`
        : `dy[${d}, ${i}, ${j}] = ${precise(g)} goes to the input pixels whose filter reached it: those h with u = ${i} + ${w.p} − ${w.s}·h a tap (upright numbers).`,
      box: conv ? [i - w.p, j - w.p, w.f, w.f] : undefined,
    };
  },
  gather(trip, k, { d, c, h, w: column, turned }) {
    const w = wiring(trip, k), all = gathered(trip, k, c, h, column, turned), own = all.terms.filter((t) => t.d === d), at = new Map(own.map((t) => [t.u * w.f + t.v, t]));
    const place = (u) => (turned ? w.f - 1 - u : u), [first] = own; // as the filter beside it lies
    const value = (u, v) => {
      const t = at.get(place(u) * w.f + place(v));
      return t ? t.tap * t.g : 0;
    };
    const example = first ? `, such as w[${d}, ${c}, ${first.u}, ${first.v}] · dy[${d}, ${first.i}, ${first.j}] = ${precise(first.tap)} · ${precise(first.g)}` : "";
    return {
      title: `Products w · dy for d = ${d}`,
      grid: { rows: w.f, columns: w.f, value },
      sentence: `dx[${c}, ${h}, ${column}] gathers ${all.terms.length} products from ${trip.dys[k].shape[1]} channels of dy${example}. Their sum is ${precise(all.total)}.`,
    };
  },
  weights(trip, k, { d, c, u, v }) {
    const w = wiring(trip, k), conv = trip.network.layers[k].kind === "Conv", [, , H, W] = trip.inputs[k].shape, [, , I, J] = trip.dys[k].shape;
    const gradient = trip.gradients[`${trip.network.layers[k].name}.weight`], first = firstTap(trip, k, d, c);
    return {
      title: "dw of this filter, all taps",
      grid: { rows: w.f, columns: w.f, value: (a, b) => gradient[first + a * w.f + b], chosen: [u, v] },
      sentence: conv
        ? `dw[${d}, ${c}, ${u}, ${v}] is the sum over ${I} × ${J} pixels of dy[${d}, i, j] · x[${c}, i${signed(u - w.p)}, j${signed(v - w.p)}]: x correlated with dy, the framed part of x (beyond its edge are zeros).`
        : `dw[${c}, ${d}, ${u}, ${v}] is the sum over ${H} × ${W} pixels of x[${c}, h, k] · dy[${d}, ${w.s}h${signed(u - w.p)}, ${w.s}k${signed(v - w.p)}].`,
      box: conv ? [u - w.p, v - w.p, I, J] : undefined,
    };
  },
};

/** Where the filter from input channel c to output channel d begins among a layer's weights. */
function firstTap(trip, k, d, c) {
  const w = wiring(trip, k);
  return (trip.network.layers[k].kind === "Conv" ? d * w.inner + c : c * w.outer + d) * w.f * w.f;
}

/** A map of how strong a gradient is, all channels together. */
const strength = ({ data, shape: [, C, H, W] }) => Float32Array.from({ length: H * W }, (_, m) => {
  let total = 0;
  for (let c = 0; c < C; c++) total += Math.abs(data[c * H * W + m]);
  return total;
});

/** @type {import("../parts/panel.js").Panel} */
export const backward = {
  id: "backward",
  title: "Backward",
  question: "How does the error of one pixel find every weight that caused it?",
  lead: "A sub-image of your picture is enlarged in the form that the paper trains in; dy is how much the loss changes with each output. Each layer hands dy back to its input as dx, along the same taps by which the input came. Choose a layer, then pixels.",
  formula: () => formula(sub("dx", "c,h,k"), "=", sum("d"), sum("u,v"), sub("w", "d,c,u,v"), "·", sub("dy", row("d,h", "−", "u", ",", "k", "−", "v")), ",", '"   "', sub("dw", "d,c,u,v"), "=", sum("i,j"), sub("dy", "d,i,j"), "·", sub("x", row("c,i", "+", "u", ",", "j", "+", "v"))),
  sources: ["conv2d.backward_input", "conv2d.backward_weight", "deconv2d.backward_input", "prelu.backward"],
  predict: {
    question: "In forward, y[i] reads x[i + u] with w[u]. Seen from x[h], which tap leads to y[i]?",
    choices: ["w[h − i]: a larger i means a smaller tap", "w[i]", "the same filter, not turned"],
    right: 0,
    because: "x[h] is read by y[i] through tap u = h − i. Walking along i upwards, the taps come in reverse order: that is the whole reason for the filter “turned by 180°”. Scattering needs no turning at all.",
  },
  defaults: { layer: 0, mode: "scatter", loss: "all", pixelRow: 9, pixelColumn: 9, filter: 0, channel: 0, row: 3, column: 3, h: 5, k: 5, u: 0, v: 0, turned: true },
  mount(body, page, state) {
    const layer = menu(state, "layer", "Layer", []), mode = menu(state, "mode", "Look at", [["scatter", "dx by scatter: from a pixel of dy"], ["gather", "dx by gather: at a pixel of dx"], ["weights", "dw: a tap of the filter"]]);
    const whole = menu(state, "loss", "Loss", [["all", "all pixels (Equation 3)"], ["pixel", "one pixel alone"]]);
    const filter = slider(state, "filter", "Filter d", { max: 0 }), channel = slider(state, "channel", "Input channel c", { max: 0 }), turned = tick(state, "turned", "filter turned by 180° (gather)");
    const errors = picture("the loss's pixels", (i, j) => state.set({ pixelRow: i, pixelColumn: j, loss: "pixel" }));
    const strip = gallery("gradient at every layer's output", (place) => state.set({ layer: page.lesson().network.layers.length - 1 - place }));
    const told = (name, value) => announce(`${name} is ${precise(value)}`);
    const dyView = picture("dy", (row_, column) => state.set({ row: row_, column, mode: "scatter" })), dxView = picture("dx", (h, k) => state.set({ h, k, mode: "gather" })), xView = picture("x, the layer's input");
    const taps = grid("Filter w", (u, v) => state.set({ u, v, mode: "weights" })), parts = grid("Products"), partsTitle = element("h3"), tapsTitle = element("h3");
    const [value, wrong, dw, db, left, right, gap] = ["dx", "unturned", "dw", "db", "ax-y", "x-aty", "gap"].map((name) => output(name)), sentence = element("p", { class: "sum" }), slopes = element("div");
    value.classList.add("big");
    const linear = element("div", {},
      element("div", { class: "columns many" }, element("div", { class: "titled" }, tapsTitle, taps.node), element("div", { class: "titled" }, partsTitle, parts.node)), sentence,
      element("p", { class: "sum" }, "dx at the chosen pixel: ", value, "; with the filter not turned it would be ", wrong),
      element("p", { class: "sum" }, "dw of the chosen tap: ", dw, "; db of the filter, the sum of its dy: ", db),
      element("p", { class: "sum" }, "Is it the adjoint? For random x, y: ⟨Ax, y⟩ = ", left, ", ⟨x, Aᵀy⟩ = ", right, ", difference ", gap));
    body.append(controls(whole, layer, mode), element("div", { class: "columns small" }, errors.node, element("div", { style: "flex: 1 1 18rem" }, element("p", {}, "Gradient at the output of every layer, all channels together; from the last layer back to the image:"), strip.node)),
      controls(filter, channel, turned), element("div", { class: "columns small" }, dyView.node, dxView.node, xView.node), linear, slopes);

    const showStrip = (trip, k) => {
      strip.refresh(trip.network.layers.map((one, place) => {
        const canvas = element("canvas", { "aria-hidden": "true" }), [, , H, W] = trip.dys[place].shape;
        paint(canvas, rgbaOf(strength(trip.dys[place]), "signed"), H, W);
        return element("button", { type: "button", "aria-pressed": String(place === k), onclick: () => state.set({ layer: place }) }, canvas, one.kind === "PReLU" ? "PReLU" : one.name.replace("deconvolution", "deconv"));
      }).reverse(), trip.network.layers.length - 1 - k);
    };
    const showLinear = (trip, k) => {
      const one = trip.network.layers[k], w = wiring(trip, k), dy = trip.dys[k], dx = trip.dys[k - 1], x = trip.inputs[k];
      const d = Math.min(state.get("filter"), w.outer - 1), c = Math.min(state.get("channel"), w.inner - 1), [, , I, J] = dy.shape, [, , H, W] = x.shape;
      const [i, j, h, k_] = [["row", I], ["column", J], ["h", H], ["k", W]].map(([key, most]) => Math.min(state.get(key), most - 1));
      const u = Math.min(state.get("u"), w.f - 1), v = Math.min(state.get("v"), w.f - 1), look = state.get("mode");
      filter.refresh({ max: w.outer - 1 });
      channel.refresh({ max: w.inner - 1 });
      const turn = look === "gather" && state.get("turned");
      tapsTitle.textContent = turn ? "Filter w[d, c], turned" : "Filter w[d, c]";
      taps.refresh({ rows: w.f, columns: w.f, value: (a, b) => (turn ? w.tap(d, c, w.f - 1 - a, w.f - 1 - b) : w.tap(d, c, a, b)), chosen: look === "weights" ? [u, v] : undefined });
      const seen = (LOOKS[look] ?? LOOKS.scatter)(trip, k, { d, c, i, j, h, w: k_, u, v, turned: state.get("turned") });
      partsTitle.textContent = seen.title;
      parts.refresh(seen.grid);
      sentence.textContent = seen.sentence;
      dyView.refresh(plane(dy, d), I, J, { colouring: "signed", chosen: look === "scatter" ? [i, j] : undefined });
      dyView.caption.textContent = `dy, channel ${d} of ${w.outer}: choose a pixel to scatter it`;
      dxView.refresh(plane(dx, c), H, W, { colouring: "signed", chosen: look === "gather" ? [h, k_] : undefined, box: look === "scatter" ? seen.box : undefined });
      dxView.caption.textContent = `dx, channel ${c} of ${w.inner}: choose a pixel to gather it`;
      xView.refresh(plane(x, c), H, W, { colouring: w.inner === 1 ? "grey" : "signed", box: look === "weights" ? seen.box : undefined });
      value.textContent = precise(plane(dx, c)[h * W + k_]);
      wrong.textContent = precise(gathered(trip, k, c, h, k_, false).total);
      dw.textContent = precise(trip.gradients[`${one.name}.weight`][firstTap(trip, k, d, c) + u * w.f + v]);
      db.textContent = precise(trip.gradients[`${one.name}.bias`][d]);
      const [a, b] = adjoint(one, trip.network.parameters, x.shape);
      left.textContent = number(a, 9);
      right.textContent = number(b, 9);
      gap.textContent = Math.abs(a - b).toExponential(1).replace("-", "−");
      if (look === "gather") told("dx", plane(dx, c)[h * W + k_]);
    };
    const showSlopes = (trip, k) => {
      const one = trip.network.layers[k], x = trip.inputs[k], dy = trip.dys[k], dx = trip.dys[k - 1], [, C, H, W] = x.shape, c = Math.min(state.get("channel"), C - 1);
      channel.refresh({ max: C - 1 });
      const [h, k_] = [Math.min(state.get("h"), H - 1), Math.min(state.get("k"), W - 1)], m = h * W + k_, slopes_ = trip.network.parameters[`${one.name}.slope`] ?? [0], a = slopes_[c % slopes_.length];
      dyView.refresh(plane(dy, c), H, W, { colouring: "signed" });
      dyView.caption.textContent = `dy, channel ${c}`;
      dxView.refresh(plane(dx, c), H, W, { colouring: "signed", chosen: [h, k_] });
      dxView.caption.textContent = `dx, channel ${c}: choose a pixel`;
      xView.refresh(plane(x, c), H, W, { colouring: "signed", chosen: [h, k_] });
      const x_ = plane(x, c)[m], slope = trip.gradients[`${one.name}.slope`];
      slopes.replaceChildren(
        element("p", { class: "sum" }, `x[${c}, ${h}, ${k_}] = ${precise(x_)} is ${x_ > 0 ? "above 0: dx = dy · 1" : `not above 0: dx = dy · a = dy · ${number(a, 4)}`} = ${precise(plane(dx, c)[m])}`),
        element("p", { class: "sum" }, slope ? `da[${c % slopes_.length}], the sum of dy · x where x is not above 0: ${precise(slope[c % slopes_.length])}` : "ReLU has no slope to learn."),
      );
    };
    return () => {
      const trip = journey(page, state), k = Math.min(state.get("layer"), trip.network.layers.length - 1), one = trip.network.layers[k], straight = ["Conv", "DeConv"].includes(one.kind);
      layer.refresh(trip.network.layers.map((l, place) => [place, `${l.kind} ${l.name}`]));
      [mode, whole, turned].forEach((control) => control.refresh());
      errors.refresh(trip.error.data, trip.label, trip.label, { colouring: "signed", chosen: state.get("loss") === "pixel" ? [Math.floor(trip.place / trip.label), trip.place % trip.label] : undefined });
      errors.caption.textContent = `dL/dy of the output, 2 (y − t); loss ${number(trip.total, 4)}. Choose a pixel to follow it alone`;
      showStrip(trip, k);
      linear.hidden = !straight;
      slopes.hidden = straight;
      filter.node.hidden = turned.node.hidden = mode.node.hidden = !straight;
      if (straight) showLinear(trip, k);
      else showSlopes(trip, k);
    };
  },
};
