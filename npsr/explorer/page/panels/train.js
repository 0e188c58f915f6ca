/** Panel 9: a small FSRCNN learns the picture before the reader's eyes. */
import { button, controls, menu, slider } from "../parts/controls.js";
import { element, number, output } from "../parts/dom.js";
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
const CHUNK = 10, BATCH = 16, LOOK = 50;
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
  lead: "FSRCNN(8,4,1), 1,056 weights, starts from chance and learns from sub-images of your picture alone. It passes bicubic's PSNR within a minute. The seed decides the weights and the order: a whole class sees the same curve. What it has learned holds for this picture; the networks above have seen 191 others.",
  formula: () => formula("L", "(θ)", "=", fraction("1", "N"), sum("i"), sup(row("‖", "F(", sub("x", "i"), ";θ)", "−", sub("t", "i"), "‖"), "2"), ",", "θ", "←", "θ", "−", "η", "∇L"),
  sources: ["npsr.training.sgd.sgd_step", "npsr.training.sgd.adam_step"],
  predict: {
    question: "After 100 steps, will the network be better than bicubic?",
    choices: ["yes", "no: it has first to learn what bicubic is given"],
    right: 1,
    because: "it starts from chance, its first pictures are black or blurred. Bicubic is a good filter that somebody has thought of; the network has to find one from examples, then goes beyond.",
  },
  defaults: { method: "adam", rate: -2.3, seed: 0 },
  mount(body, page, state) {
    const method = menu(state, "method", "Method", METHODS), rate = slider(state, "rate", "Rate η at the start", { min: -4, max: -1, step: 0.1, show: (v) => number(10 ** v, 5) }), seed = slider(state, "seed", "Seed", { min: 0, max: 99 });
    const decibels = chart("PSNR against steps"), losses = chart("loss against steps"), result = picture("what it makes of the picture now"), filters = element("div", { class: "maps", role: "group", "aria-label": "filters as they form" });
    const [steps, cost, now, cubic, fall, hundred] = ["step", "loss", "psnr", "bicubic", "rate", "loss-100"].map((name) => output(name)), verdict = element("p", { class: "sum", role: "status" });
    let run = null, key = "", going = false;
    const play = button("Train", () => (going ? stop() : go(Infinity)), { class: "play" }), one = button("One step", () => go(1)), again = button("Restart", () => { stop(); restart(); });
    body.append(controls(method, rate, seed), controls(play, one, again),
      element("p", { class: "sum" }, "Step ", steps, ", loss ", cost, ", rate ", fall, ". PSNR ", now, " dB, bicubic ", cubic, " dB"), verdict,
      element("div", { class: "columns" }, decibels.node, losses.node), element("div", { class: "columns small" }, result.node, element("div", { style: "flex: 1 1 18rem" }, element("h3", {}, "The 8 filters of 5 × 5, and the 8 of the deconvolution, 9 × 9"), filters)),
      element("p", {}, "Loss of step 100: ", hundred));

    const stop = () => { going = false; play.textContent = "Train"; };
    const options = () => ({ method: state.get("method"), rate: 10 ** state.get("rate"), momentum: state.get("method") === "sgd" ? 0 : 0.9, seed: state.get("seed"), batch: BATCH });
    const look = () => {
      const { samples, state: { network, step }, high, rows, columns, n } = run, { y } = forward(withBorder(network, "replicate"), samples.low, [1, rows / n, columns / n]);
      run.y = y;
      run.looks.push([step, psnr(to8Bits(y), high, rows, columns, n)]);
      if (!run.passed && run.looks.at(-1)[1] > run.bicubic) run.passed = step;
    };
    const showFilters = () => {
      const { parameters } = run.state.network;
      filters.replaceChildren(...[{ name: "feature.weight", f: 5 }, { name: "deconvolution.weight", f: 9 }].flatMap(({ name, f }) => Array.from({ length: 8 }, (_, k) => {
        const canvas = element("canvas", { role: "img", "aria-label": `${name.split(".")[0]} filter ${k}` });
        paint(canvas, rgbaOf(parameters[name].subarray(k * f * f, (k + 1) * f * f), "signed"), f, f);
        return canvas;
      })));
    };
    const show = () => {
      const { state: { step }, losses: seen, looks, bicubic: line } = run, most = Math.max(500, Math.ceil(step / 500) * 500);
      steps.textContent = step;
      cost.textContent = seen.length ? number(seen.at(-1), 4) : "none yet";
      fall.textContent = number(rateAt(10 ** state.get("rate"), step), 5);
      now.textContent = number(looks.at(-1)[1], 2);
      cubic.textContent = number(line, 2);
      hundred.textContent = seen.length >= 100 ? number(seen[99], 6) : "not there yet";
      if (run.passed) verdict.textContent = `It passed bicubic at step ${run.passed}.`;
      decibels.refresh({ series: [{ name: "network", points: looks }, { name: `bicubic ${number(line, 2)} dB`, points: [[0, line], [most, line]] }], x: { label: "step", low: 0, high: most }, y: { label: "PSNR in dB", low: Math.floor(line) - 12, high: Math.ceil(line) + 2 } });
      losses.refresh({ series: [{ name: "loss, mean of ten steps", points: smoothed(seen) }], x: { label: "step", low: 0, high: most }, y: { label: "loss", low: 0.05, high: 100, log: true } });
      result.refresh(run.y, run.rows, run.columns);
      showFilters();
    };
    const restart = () => {
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
        if (mine.state.step % LOOK === 0 || count === 1) look();
        show();
        if (mine.state.step >= STEPS) break;
      }
      stop();
    };
    return () => {
      [method, rate, seed].forEach((control) => control.refresh());
      const wanted = [page.network().scale, page.photograph().name, page.photograph().rgba.length, ...Object.values(state.all())].join(" ");
      if (wanted === key) return;
      key = wanted;
      stop();
      restart();
    };
  },
};
