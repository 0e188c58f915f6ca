/** Panel 11: what d, s, m and n cost, and what the settings of the paper's figures reached. */
import { controls, slider } from "../parts/controls.js";
import { element, grouped, number, output } from "../parts/dom.js";
import { chart } from "../parts/chart.js";
import { formula, sub, sup } from "../parts/mathml.js";
import { fsrcnnLayers, reach } from "../mathematics/network.js";

const SRCNN_EX = 57184;

/** Equation 2: multiplications for each LR pixel. */
export const equation2 = (d, s, m) => 25 * d + s * d + 9 * m * s * s + d * s + 81 * d;

const value = (text) => Number(String(text).replace("~", ""));

/** PSNR against samples of the trainings of Figure 4, right; what has seen none is drawn at the left edge. */
function convergence(curves) {
  const plot = chart("PSNR against samples, trainings at ×2"), few = 1000;
  const series = Object.entries(curves).map(([name, points]) => ({ name, points: points.map(([seen, decibels]) => [Math.max(seen, few), decibels]), dots: points.length === 1 }));
  const most = Math.max(...series.flatMap(({ points }) => points.map(([seen]) => seen)));
  plot.refresh({ series, x: { label: "sub-images seen", low: few, high: most, log: true }, y: { label: "PSNR in dB", low: 33, high: 37.5 } });
  return plot.node;
}

/** A table of the points that the chart shows. */
function tableOf(points) {
  const cells = (row) => [row.name, grouped(row.weights), number(row.ours, 2), String(row.paper)];
  return element("table", { class: "facts", "aria-label": "points" },
    element("thead", {}, element("tr", {}, ...["network", "weights", "ours, dB", "paper's, dB"].map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...points.map((row) => element("tr", {}, ...cells(row).map((text, k) => element(k ? "td" : "th", k ? { class: "number" } : { scope: "row" }, text))))));
}

/** @type {import("../parts/panel.js").Panel} */
export const design = {
  id: "design",
  title: "Design",
  question: "How large should a network be?",
  lead: "d features, shrunk to s, m mapping layers, factor n. The counts follow as you move; SRCNN-Ex, which the paper's speed-ups are measured against, works on the enlarged picture and so pays n² times. The points are PSNR on Set5 ×3, ours after far fewer sub-images than the paper's 100 million: compare each series with itself.",
  formula: () => formula("(", "25", "d", "+", "s", "d", "+", "9", "m", sup("s", "2"), "+", "d", "s", "+", "81", "d", ")", "·", sub("S", '"LR"'), '"  (Equation 2)"'),
  sources: ["npsr.networks.architectures.equation_1", "npsr.networks.architectures.equation_2"],
  predict: {
    question: "Which saves most: halving d, halving s, or halving m of (56, 12, 4)?",
    choices: ["d", "s", "m"],
    right: 1,
    because: "s enters squared in the mapping: halving it saves 4560 multiplications of 12464, halving d 3640, halving m 2592. That is why the paper shrinks before it maps.",
  },
  defaults: { d: 56, s: 12, m: 4, n: 3 },
  mount(body, page, state) {
    const sliders = [["d", "d: features", 1, 64], ["s", "s: shrunk to", 1, 32], ["m", "m: mapping layers", 0, 8], ["n", "n: factor", 2, 4]].map(([key, label, min, max]) => slider(state, String(key), String(label), { min: Number(min), max: Number(max) }));
    const names = ["weights", "multiplications", "speed-up", "receptive"], facts = names.map((name) => output(name)), frame = output("frame"), srcnn = output("equation-1"), plot = chart("PSNR against weights");
    const settings = page.data.design.settings, states = page.data.design.transitions;
    body.append(controls(...sliders), element("p", { class: "sum" }, "Weights ", facts[0], "; multiplications for each LR pixel ", facts[1], "; speed-up over SRCNN-Ex ", facts[2], "; receptive field ", facts[3], " LR pixels"),
      element("p", {}, "SRCNN-Ex takes (9²·64 + 64·5²·32 + 32·5²)·n² = ", srcnn, " multiplications for each LR pixel (Equation 1)."),
      element("p", {}, "A film of 1920 × 1080 at 24 pictures a second takes ", frame, " billion multiplications a second."),
      element("div", { class: "columns" }, element("div", {}, element("h3", {}, "Figures 3 and 4, left: networks at ×3"), plot.node), element("div", {}, element("h3", {}, "Figure 4, right: starting ×2 from a trained ×3"), convergence(page.data.design.convergence))),
      element("details", {}, element("summary", {}, "The points as a table"), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "table of points" }, tableOf([...states, ...settings]))));
    const points = (list, key) => ({ points: list.map((row) => [row.weights, value(row[key])]), names: list.map((row) => `${row.name}: ${row[key]} dB`), dots: true });
    return () => {
      const { d, s, m, n } = /** @type {Object<string, number>} */ (state.all()), weights = equation2(d, s, m), [before, after] = reach({ layers: fsrcnnLayers(d, s, m, n) });
      sliders.forEach((control) => control.refresh());
      facts[0].textContent = grouped(weights);
      facts[1].textContent = grouped(weights);
      facts[2].textContent = number((SRCNN_EX * n * n) / weights, 1);
      facts[3].textContent = `${before + 1 + after} × ${before + 1 + after}`;
      srcnn.textContent = grouped(SRCNN_EX * n * n);
      frame.textContent = number((weights * 24 * 1920 * 1080) / (n * n) / 1e9, 1);
      plot.refresh({
        series: [
          { name: "Figure 4, ours", ...points(settings, "ours") }, { name: "Figure 4, paper's", ...points(settings, "paper") },
          { name: "Figure 3, ours", ...points(states, "ours") }, { name: "Figure 3, paper's", ...points(states, "paper") },
        ],
        x: { label: "weights", low: 1000, high: 100000, log: true }, y: { label: "PSNR in dB", low: 32.2, high: 33.3 }, mark: weights,
      });
    };
  },
};
