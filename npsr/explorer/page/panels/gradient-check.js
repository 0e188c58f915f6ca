/** Panel 8: is the gradient right? Central differences, their two errors, PReLU's kink, and planted bugs. */
import { controls, menu, slider } from "../parts/controls.js";
import { element, number, output, scientific, seen } from "../parts/dom.js";
import { chart } from "../parts/chart.js";
import { ask } from "../work/engine.js";
import { formula, fraction, row } from "../parts/mathml.js";
import { kinkErrors, relativeError } from "../mathematics/gradient_check.js";

const BUGS = [
  ["none", "none: the true gradient"],
  ["sign", "sign: minus for PReLU's negative side"],
  ["rotation", "no rotation: the filter not turned in dx"],
  ["batch", "forgotten batch sum: dw of one sample"],
  ["crop", "wrong crop: one pixel too late"],
  ["slope", "slope on the wrong side: da from positive x"],
];
const TOLERANCE = 1e-4;

/** @type {import("../parts/panel.js").Panel} */
export const gradientCheck = {
  id: "gradient-check",
  title: "Gradient check",
  question: "How do I know that a gradient I wrote by hand is right?",
  lead: "Move one weight by ±ε, see how the loss changes, and compare with the gradient. Too large an ε crosses bends, too small an ε drowns in rounding: see the valley. Then plant a bug and find it: which tensors turn red?",
  formula: () => formula(fraction(row("∂L"), row("∂θ")), "≈", fraction(row("L(θ+ε)−L(θ−ε)"), row("2ε"))),
  sources: ["npsr.networks.gradient_check._difference", "conv2d.backward_input"],
  predict: {
    question: "The filter is not turned in dx (“no rotation”). Which gradients are wrong?",
    choices: ["all", "those of the layers before, not of the last layers", "only that of the layer itself"],
    right: 1,
    because: "a wrong dx harms what lies behind it on the way back: the layers nearer to the image. Each layer's own dw comes from dy and x, which are still right. With 1 × 1 filters there is nothing to turn: they hide the bug.",
  },
  defaults: { tensor: 0, entry: 0, epsilon: -5, bug: "none", kink: -3 },
  mount(body, page, state) {
    const tensor = menu(state, "tensor", "Tensor", []), entry = slider(state, "entry", "Entry", { max: 0 }), bug = menu(state, "bug", "Plant a bug", BUGS);
    const epsilon = slider(state, "epsilon", "ε", { min: -10, max: 0, step: 0.5, show: (v) => scientific(10 ** v) }), kink = slider(state, "kink", "x of PReLU", { min: -8, max: 0, step: 0.5, show: (v) => scientific(10 ** v) });
    const curve = chart("Relative error against ε, float32 and float64"), bend = chart("Relative error of PReLU's difference against ε");
    const [analytic, single, double, error32, error64] = ["analytic", "numeric32", "numeric64", "error32", "error64"].map((name) => output(name));
    const rows = element("tbody"), verdict = element("p", { class: "sum answer", role: "status" }), busy = element("p", { role: "status" });
    const table = element("table", { class: "facts" }, element("thead", {}, element("tr", {}, ...["parameter", "verdict", "relative error", "numbers"].map((text) => element("th", { scope: "col" }, text)))), rows);
    body.append(controls(tensor, entry, epsilon, bug), busy,
      element("div", { class: "columns" }, element("div", {},
        element("p", { class: "sum" }, "By hand ", analytic), element("p", { class: "sum" }, "float64 difference ", double, ", error ", error64), element("p", { class: "sum" }, "float32 difference ", single, ", error ", error32), curve.node,
        element("h3", {}, "At PReLU's kink"), element("p", { class: "column" }, "PReLU itself, a = 0.25, at the input x below: as soon as ε is larger than x, the difference sees both sides of the bend, and no ε above x is right. That is a fault of the check, not of the gradient."),
        controls(kink), bend.node),
      element("div", {}, element("h3", {}, "Every tensor, along a random direction"), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "errors of all tensors" }, table), verdict)));
    const near = seen(body);
    let swept = null, checked = null, sweptFor = "", checkedFor = "", asked = 0;

    const axis = { label: "ε", low: 1e-10, high: 1, log: true }, errors = { label: "relative error", low: 1e-12, high: 10, log: true };
    const lift = (points) => points.map(([e, value]) => [e, Math.max(1e-12, relativeError(value, swept.analytic))]);
    const showSweep = () => {
      const at = Math.round((state.get("epsilon") + 10) * 2), [, wide] = swept.double[at], [, narrow] = swept.single[at];
      analytic.textContent = number(swept.analytic, 10);
      double.textContent = number(wide, 10);
      single.textContent = number(narrow, 10);
      error64.textContent = scientific(relativeError(wide, swept.analytic));
      error32.textContent = scientific(relativeError(narrow, swept.analytic));
      curve.refresh({ series: [{ name: "float64", points: lift(swept.double) }, { name: "float32", points: lift(swept.single) }], x: axis, y: errors, mark: 10 ** state.get("epsilon") });
    };
    const showTable = () => {
      const bad = checked.filter(({ error }) => !(error <= TOLERANCE));
      rows.replaceChildren(...checked.map(({ key, count, error }) => {
        const wrong = !(error <= TOLERANCE);
        return element("tr", { "data-tensor": key }, element("th", { scope: "row" }, key), element("td", { class: `answer ${wrong ? "bad" : "good"}` }, wrong ? "✗ wrong" : "✓ right"), element("td", { class: "number answer" }, scientific(error)), element("td", { class: "number" }, String(count)));
      }));
      verdict.textContent = bad.length ? `${bad.length} of ${checked.length} tensors are wrong.` : `All ${checked.length} tensors are right.`;
    };
    const work = async (lesson, key) => {
      const mine = ++asked;
      await near;
      if (mine !== asked) return;
      const sweepFor = `${body.dataset.key} ${key} ${state.get("entry")}`, checkFor = body.dataset.key, fault = state.get("bug");
      const plain = { network: { layers: lesson.network.layers, parameters: lesson.network.parameters }, x: lesson.x, target: lesson.target, shape: lesson.shape };
      busy.textContent = "Differences are being made …";
      const jobs = [sweepFor === sweptFor ? swept : ask("sweep", { lesson: plain, key, entry: state.get("entry"), fault }), checkFor === checkedFor ? checked : ask("checkAll", { lesson: plain, fault })];
      const made = await Promise.all(jobs);
      if (mine !== asked) return;
      [swept, checked, sweptFor, checkedFor] = [...made, sweepFor, checkFor];
      busy.textContent = "";
      body.dataset.done = sweepFor;
      showSweep();
      showTable();
    };
    return () => {
      const lesson = page.lesson(), keys = Object.keys(lesson.network.parameters), key = keys[Math.min(state.get("tensor"), keys.length - 1)], most = lesson.network.parameters[key].length - 1;
      tensor.refresh(keys.map((name, k) => [k, name]));
      entry.refresh({ max: most });
      [epsilon, bug, kink].forEach((control) => control.refresh());
      bend.refresh({ series: [{ name: `PReLU at x = ${scientific(10 ** state.get("kink"))}`, points: kinkErrors(10 ** state.get("kink"), 0.25).map(([e, v]) => [e, Math.max(1e-12, v)]) }], x: axis, y: errors, mark: 10 ** state.get("kink") });
      if (state.get("entry") > most) {
        state.set({ entry: most });
        return;
      }
      body.dataset.key = `${page.network().key} ${page.photograph().name} ${page.photograph().rgba.length} ${state.get("bug")}`;
      if (`${body.dataset.key} ${key} ${state.get("entry")}` === sweptFor) showSweep();
      else work(lesson, key).catch((error) => { busy.textContent = `This cannot be checked: ${error.message}`; });
    };
  },
};
