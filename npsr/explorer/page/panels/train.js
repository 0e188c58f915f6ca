/** Panel 9: a small FSRCNN learns the picture before the reader's eyes. */
import { button, controls, menu, slider } from "../parts/controls.js";
import { element, number, output, seen } from "../parts/dom.js";
import { chart } from "../parts/chart.js";
import { ask } from "../work/engine.js";
import { formula, fraction, row, sub, sum, sup } from "../parts/mathml.js";
import { lumaOf, middle } from "../work/photographs.js";
import { paint, picture, rgbaOf } from "../parts/picture.js";
import { forward, withBorder } from "../mathematics/network.js";
import { bicubic, psnr, to8Bits } from "../mathematics/resize.js";
import { STEPS, freshState, initialised, rateAt, samplesOf } from "../mathematics/training.js";

/** HR pixels of the picture's middle that it learns from. */
const SIDE = 192;
const CHUNK = 25, BATCH = 16, LOOK = 50;
const FILTERS = /** @type {[string, string, number][]} */ ([["feature", "The 8 filters of the first layer, 5 × 5", 5], ["deconvolution", "The 8 of the deconvolution, 9 × 9", 9]]);
const RATES = { adam: -2.3, momentum: -2.6, sgd: -2 };
const METHODS = [["adam", "Adam"], ["momentum", "SGD with momentum 0.9"], ["sgd", "SGD"]];

/** All that a training needs and keeps: samples, state, and what has been seen. */
function begun(page, state) {
  const { scale } = page.network(), n = [2, 3, 4].includes(scale) ? scale : 3, part = middle(page.photograph(), SIDE, n), high = lumaOf(part);
  const samples = samplesOf(Float64Array.from(high, (v) => v / 255), part.rows, part.columns, n);
  const cubic = bicubic(samples.low, part.rows / n, part.columns / n, n).y;
  return { samples, high, rows: part.rows, columns: part.columns, n, bicubic: psnr(to8Bits(cubic), high, part.rows, part.columns, n), state: freshState(initialised(8, 4, 1, n, state.get("seed"))), losses: [], looks: [], passed: 0 };
}

/** The mean of the last losses, one point for every ten steps. */
const smoothed = (losses) => Array.from({ length: Math.floor(losses.length / 10) }, (_, k) => [10 * (k + 1), losses.slice(10 * k, 10 * k + 10).reduce((a, b) => a + b, 0) / 10]);

/** @type {import("../parts/panel.js").Panel} */
export const train = {
  id: "train",
  title: "Train",
  question: "Can I watch a network learn?",
  lead: "FSRCNN(8,4,1), 1,056 weights, starts from chance and learns from sub-images of your picture alone. With Adam it passes bicubic's PSNR within a minute; plain SGD needs far longer. The seed decides the weights and the order: a whole class sees the same curve. What it has learned holds for this picture; the networks above have seen 191 others.",
  formula: () => formula("L(θ)", "=", fraction("1", "N"), sum("i"), sup(row("‖", "F(", sub("x", "i"), ";θ)", "−", sub("t", "i"), "‖"), "2"), ",", '"   "', "θ", "←", "θ", "−", "η", "∇L"),
  sources: ["npsr.training.sgd.sgd_step", "npsr.training.sgd.adam_step"],
  predict: {
    question: "After 100 steps, will the network be better than bicubic?",
    choices: ["yes", "no: it has first to learn what bicubic is given"],
    right: 1,
    because: "it starts from chance, its first pictures are black or blurred. Bicubic is a good filter that somebody has thought of; the network has to find one from examples, then goes beyond.",
  },
  defaults: { method: "adam", rate: RATES.adam, seed: 0, step: 0 },
  mount(body, page, state) {
    /** Another recipe begins at step 0; another method, at a rate that suits it. */
    const recipe = { ...state, set: (changes) => state.set({ ...(changes.method && { rate: RATES[changes.method] }), ...changes, step: 0 }) };
    const method = menu(recipe, "method", "Method", METHODS), rate = slider(recipe, "rate", "Rate η at the start", { min: -4, max: -1, step: 0.1, show: (v) => number(10 ** v, 5) }), seed = slider(recipe, "seed", "Seed", { min: 0, max: 99 });
    const decibels = chart("PSNR against steps"), losses = chart("loss against steps"), result = picture("what it makes of the picture now"), filters = FILTERS.map(([name, heading, f]) => ({ name, heading, f, node: element("div", { class: "maps", role: "group", "aria-label": heading }) }));
    const [steps, cost, now, cubic, fall, hundred] = ["step", "loss", "psnr", "bicubic", "rate", "loss-100"].map((name) => output(name)), verdict = element("p", { class: "sum", role: "status" });
    const near = seen(body);
    let run = null, key = "", going = false, noted = 0; // noted: the step that the state is known to have
    const play = button("Train", () => (going ? stop() : go(Infinity)), { class: "play" }), one = button("One step", () => go(1)), again = button("Restart", () => { restart(); note(); });
    body.append(controls(method, rate, seed), controls(play, one, again),
      element("p", { class: "sum" }, "Step ", steps, ", loss ", cost, ", rate ", fall, ". PSNR ", now, " dB, bicubic ", cubic, " dB"), verdict,
      element("div", { class: "columns" }, decibels.node, losses.node), element("div", { class: "columns small" }, result.node, element("div", { style: "flex: 1 1 18rem" }, ...filters.flatMap(({ heading, node }) => [element("h3", {}, heading), node]))),
      element("p", {}, "Loss of step 100: ", hundred, ". With the same picture, method, rate and seed it is the same for everybody."));

    const stop = () => { going = false; play.textContent = "Train"; };
    const note = () => {
      noted = run.state.step;
      state.set({ step: noted });
    };
    const options = () => ({ method: state.get("method"), rate: 10 ** state.get("rate"), momentum: state.get("method") === "sgd" ? 0 : 0.9, seed: state.get("seed"), batch: BATCH });
    const look = () => {
      const { samples, state: { network, step }, high, rows, columns, n } = run, { y } = forward(withBorder(network, "replicate"), samples.low, [1, rows / n, columns / n]);
      run.y = y;
      run.looks.push([step, psnr(to8Bits(y), high, rows, columns, n)]);
      if (!run.passed && run.looks.at(-1)[1] > run.bicubic) run.passed = step;
    };
    const showFilters = () => {
      const { parameters } = run.state.network;
      for (const { name, f, node } of filters)
        node.replaceChildren(...Array.from({ length: 8 }, (_, k) => {
          const canvas = element("canvas", { role: "img", "aria-label": `${name} filter ${k}` });
          paint(canvas, rgbaOf(parameters[`${name}.weight`].subarray(k * f * f, (k + 1) * f * f), "signed"), f, f);
          return canvas;
        }));
    };
    const show = () => {
      const { state: { step }, losses: all, looks, bicubic: line } = run, most = Math.max(500, Math.ceil(step / 500) * 500);
      steps.textContent = step;
      cost.textContent = all.length ? number(all.at(-1), 4) : "none yet";
      fall.textContent = number(rateAt(10 ** state.get("rate"), step), 5);
      now.textContent = number(looks.at(-1)[1], 2);
      cubic.textContent = number(line, 2);
      hundred.textContent = all.length >= 100 ? number(all[99], 6) : "not there yet";
      if (run.passed) verdict.textContent = `It passed bicubic at step ${run.passed}.`;
      decibels.refresh({ series: [{ name: "network", points: looks }, { name: `bicubic ${number(line, 2)} dB`, points: [[0, line], [most, line]] }], x: { label: "step", low: 0, high: most }, y: { label: "PSNR in dB", low: Math.floor(line) - 12, high: Math.ceil(line) + 2 } });
      losses.refresh({ series: [{ name: "loss, mean of ten steps", points: smoothed(all) }], x: { label: "step", low: 0, high: most }, y: { label: "loss", low: 0.05, high: 100, log: true } });
      result.refresh(run.y, run.rows, run.columns);
      showFilters();
    };
    const restart = () => {
      stop();
      run = begun(page, state);
      verdict.textContent = "";
      look();
      show();
    };
    const go = async (count) => {
      if (going) return;
      const mine = run;
      going = true;
      play.textContent = "Pause";
      for (let left = count; going && left > 0 && mine === run; left -= CHUNK) {
        const made = await ask("train", { state: mine.state, samples: mine.samples, options: options(), steps: Math.min(CHUNK, left) });
        if (mine !== run) return;
        if (made.losses.some((value) => !(value < 1e6))) {
          verdict.textContent = "The loss has run away: the rate is too high. Lower it and restart.";
          break;
        }
        mine.state = made.state;
        mine.losses.push(...made.losses);
        if (mine.state.step % LOOK === 0) look();
        show();
        if (mine.state.step >= STEPS) break;
      }
      stop();
      if (mine.looks.at(-1)[0] !== mine.state.step) look();
      show();
      note();
    };
    /** A link leads to a step: go back to the start if it lies behind, then on. */
    const goTo = async (step) => {
      noted = step;
      if (going || step < run.state.step) restart();
      const mine = run;
      await near;
      if (mine === run && step > run.state.step) go(step - run.state.step);
    };
    return () => {
      [method, rate, seed].forEach((control) => control.refresh());
      const wanted = [page.network().scale, page.photograph().name, page.photograph().rgba.length, state.get("method"), state.get("rate"), state.get("seed")].join(" ");
      const step = Math.min(STEPS, Math.max(0, Math.round(state.get("step")))), changed = wanted !== key, first = key === "";
      key = wanted;
      if (changed) restart();
      if (changed && !first && step === noted) note(); // another picture or network, chosen here: from the start
      else if (step !== noted) goTo(step);
    };
  },
};
