/**
 * Curves and points in SVG, with axes that may be logarithmic.
 *
 * @typedef {{label: string, low: number, high: number, log?: boolean}} Axis
 */
import { drawn, element } from "./dom.js";

const WIDTH = 480, HEIGHT = 260, LEFT = 56, RIGHT = 26, TOP = 12, BOTTOM = 42;
const COLOURS = ["var(--line-a)", "var(--line-b)", "var(--line-c)", "var(--line-d)"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];

/** About five round numbers between two. */
function ticks(low, high, log) {
  if (log) {
    const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), step = Math.max(1, Math.round((to - from) / 6));
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => 10 ** (from + k * step));
  }
  const raw = (high - low) / 5 || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((k) => k * power >= raw) * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => (first + k) * step);
}

const text = (value, log) => (log ? `1e${Math.round(Math.log10(value))}` : String(Number(value.toPrecision(6)))).replace("-", "−");

/**
 * A chart. `refresh({series, x, y, mark})`: series are {name, points: [[x, y], …], dots}, axes {label, low, high, log};
 * mark is an x at which a line stands.
 */
export function chart(label) {
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart" });
  const legend = element("ul", { class: "legend" });

  function axes(x, y, across, up) {
    const made = [];
    for (const value of ticks(x.low, x.high, x.log))
      made.push(
        drawn("line", { class: "rule", x1: across(value), x2: across(value), y1: TOP, y2: HEIGHT - BOTTOM }),
        drawn("text", { x: across(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, text(value, x.log)),
      );
    for (const value of ticks(y.low, y.high, y.log))
      made.push(
        drawn("line", { class: "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: up(value), y2: up(value) }),
        drawn("text", { x: LEFT - 6, y: up(value) + 4, "text-anchor": "end" }, text(value, y.log)),
      );
    made.push(drawn("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x.label));
    made.push(drawn("text", { x: 12, y: HEIGHT / 2 - 14, transform: `rotate(-90 12 ${HEIGHT / 2 - 14})`, "text-anchor": "middle" }, y.label));
    return made;
  }

  function shown({ points, dots = false }, k, across, up) {
    const seen = points.filter(([a, b]) => Number.isFinite(across(a)) && Number.isFinite(up(b)));
    if (dots)
      return seen.map(([a, b]) => drawn("circle", { cx: across(a), cy: up(b), r: 4.5, fill: k % 2 ? "none" : COLOURS[k % 4], stroke: COLOURS[k % 4], "stroke-width": 2 }));
    const path = seen.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`).join(" ");
    return [drawn("polyline", { points: path, fill: "none", stroke: COLOURS[k % 4], "stroke-width": 2, "stroke-dasharray": DASHES[k % 4] })];
  }

  function scaleOf({ low, high, log = false }, from, to) {
    const f = log ? Math.log10 : (v) => v;
    return (value) => from + ((f(Math.min(high, Math.max(low, value))) - f(low)) / (f(high) - f(low) || 1)) * (to - from);
  }

  return {
    node: element("figure", { class: "plot" }, svg, legend),
    svg,
    /**
     * @param {{series: {name: string, points: number[][], dots?: boolean}[], x: Axis, y: Axis, mark?: number}} view
     */
    refresh({ series, x, y, mark }) {
      const across = scaleOf(x, LEFT, WIDTH - RIGHT), up = scaleOf(y, HEIGHT - BOTTOM, TOP);
      svg.replaceChildren(
        ...axes(x, y, across, up),
        ...series.flatMap((one, k) => shown(one, k, across, up)),
        ...(mark === undefined ? [] : [drawn("line", { class: "mark", x1: across(mark), x2: across(mark), y1: TOP, y2: HEIGHT - BOTTOM })]),
      );
      legend.replaceChildren(
        ...series.map(({ name, dots }, k) =>
          element("li", {}, drawn("svg", { viewBox: "0 0 28 10", "aria-hidden": "true" }, ...(dots
            ? [drawn("circle", { cx: 14, cy: 5, r: 4, fill: k % 2 ? "none" : COLOURS[k % 4], stroke: COLOURS[k % 4], "stroke-width": 2 })]
            : [drawn("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: COLOURS[k % 4], "stroke-width": 2, "stroke-dasharray": DASHES[k % 4] })])), ` ${name}`)),
      );
    },
  };
}
