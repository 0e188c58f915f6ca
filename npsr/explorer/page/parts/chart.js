/**
 * Curves and points in SVG, with axes that may be logarithmic; and the same points as a table of numbers.
 *
 * @typedef {{label: string, low: number, high: number, log?: boolean}} Axis
 * @typedef {{name: string, points: number[][], dots?: boolean, names?: string[]}} Series
 */
import { drawn, element, number, precise, scientific } from "./dom.js";

const NARROW = matchMedia("(max-width: 30rem)").matches;
const WIDTH = NARROW ? 300 : 480, HEIGHT = NARROW ? 220 : 260, LEFT = 56, RIGHT = 26, TOP = 12, BOTTOM = 42;
const COLOURS = ["var(--line-a)", "var(--line-b)", "var(--line-c)", "var(--line-d)"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];

/** So many round numbers between two, about. */
function ticks({ low, high, log }, count) {
  if (log) {
    const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), step = Math.max(1, Math.round((to - from) / count));
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => 10 ** (from + k * step));
  }
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((k) => k * power >= raw) * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => (first + k) * step);
}

const text = (value, log) => (log ? `1e${Math.round(Math.log10(value))}` : String(Number(value.toPrecision(6)))).replace("-", "−");

/** Place on the paper of a value of an axis, values beyond it at its end. */
function scaleOf({ low, high, log = false }, from, to) {
  const f = log ? Math.log10 : (v) => v;
  return (value) => from + ((f(Math.min(high, Math.max(low, value))) - f(low)) / (f(high) - f(low) || 1)) * (to - from);
}

function axes(x, y, across, up) {
  const made = [];
  for (const value of ticks(x, NARROW ? 3 : 5))
    made.push(
      drawn("line", { class: "rule", x1: across(value), x2: across(value), y1: TOP, y2: HEIGHT - BOTTOM }),
      drawn("text", { x: across(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, text(value, x.log)),
    );
  for (const value of ticks(y, 5))
    made.push(
      drawn("line", { class: "rule", x1: LEFT, x2: WIDTH - RIGHT, y1: up(value), y2: up(value) }),
      drawn("text", { x: LEFT - 6, y: up(value) + 4, "text-anchor": "end" }, text(value, y.log)),
    );
  made.push(drawn("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, x.label));
  made.push(drawn("text", { x: 12, y: HEIGHT / 2 - 14, transform: `rotate(-90 12 ${HEIGHT / 2 - 14})`, "text-anchor": "middle" }, y.label));
  return made;
}

const dot = (cx, cy, r, k, ...children) => drawn("circle", { cx, cy, r, fill: k % 2 ? "none" : COLOURS[k % 4], stroke: COLOURS[k % 4], "stroke-width": 2 }, ...children);

/** @param {Series} series */
function curve({ points, dots = false, names }, k, across, up) {
  const seen = points.filter(([a, b]) => Number.isFinite(across(a)) && Number.isFinite(up(b)));
  if (dots) return seen.map(([a, b], m) => dot(across(a), up(b), 4.5, k, names ? drawn("title", {}, names[m]) : null));
  const path = seen.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`).join(" ");
  return [drawn("polyline", { points: path, fill: "none", stroke: COLOURS[k % 4], "stroke-width": 2, "stroke-dasharray": DASHES[k % 4] })];
}

/** @param {Series} series */
function sample({ dots }, k) {
  const line = () => drawn("line", { x1: 0, x2: 28, y1: 5, y2: 5, stroke: COLOURS[k % 4], "stroke-width": 2, "stroke-dasharray": DASHES[k % 4] });
  return drawn("svg", { viewBox: "0 0 28 10", "aria-hidden": "true" }, dots ? dot(14, 5, 4, k) : line());
}

/** The curves in numbers: a row for each x, a column for each series. */
function numbers({ series, x, y }) {
  const all = [...new Set(series.flatMap(({ points }) => points.map(([a]) => a)))].sort((a, b) => a - b);
  const shown = (axis, value) => (Number.isInteger(value) ? number(value, 0) : axis.log ? scientific(value, 3) : precise(value));
  const at = ({ points }, a) => points.filter(([b]) => a === b).map(([, value]) => shown(y, value)).join("; ");
  return [
    element("thead", {}, element("tr", {}, ...[x.label, ...series.map(({ name }) => `${name}: ${y.label}`)].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...all.map((a) => element("tr", {}, element("th", { scope: "row" }, shown(x, a)), ...series.map((one) => element("td", { class: "number" }, at(one, a)))))),
  ];
}

/**
 * A chart. `refresh({series, x, y, mark})`: mark is an x at which a line stands. `valuesAt(event)` is the place
 * [x, y] that a pointer is at.
 */
export function chart(label) {
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "chart" });
  const legend = element("ul", { class: "legend" }), table = element("table", { class: "facts" });
  const details = element("details", { class: "numbers" }, element("summary", {}, "In numbers"), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${label}, in numbers` }, table));
  let view = null;
  const tabulate = () => { table.replaceChildren(...(details.open && view ? numbers(view) : [])); };
  details.addEventListener("toggle", tabulate);
  return {
    node: element("figure", { class: "plot" }, svg, legend, details),
    svg,
    /** @param {{series: Series[], x: Axis, y: Axis, mark?: number}} wanted */
    refresh(wanted) {
      view = wanted;
      const { series, x, y, mark } = wanted, across = scaleOf(x, LEFT, WIDTH - RIGHT), up = scaleOf(y, HEIGHT - BOTTOM, TOP);
      svg.replaceChildren(
        ...axes(x, y, across, up),
        ...series.flatMap((one, k) => curve(one, k, across, up)),
        ...(mark === undefined ? [] : [drawn("line", { class: "mark", x1: across(mark), x2: across(mark), y1: TOP, y2: HEIGHT - BOTTOM })]),
      );
      legend.replaceChildren(...series.map((one, k) => element("li", {}, sample(one, k), ` ${one.name}`)));
      tabulate();
    },
    valuesAt(event) {
      const box = svg.getBoundingClientRect(), { x, y } = view;
      const [a, b] = [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
      return [x.low + ((a - LEFT) / (WIDTH - RIGHT - LEFT)) * (x.high - x.low), y.high - ((b - TOP) / (HEIGHT - BOTTOM - TOP)) * (y.high - y.low)];
    },
  };
}
