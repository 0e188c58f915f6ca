/**
 * The frame that every panel has: its question, what to look at, the formula, the panel itself, a prediction, and
 * the lines of the Python kernels that do it.
 *
 * @typedef {{id: string, title: string, question: string, lead: string, formula?: () => Node, sources: string[],
 *   predict: {question: string, choices: string[], right: number, because: string},
 *   defaults: Object<string, any>, mount: (body: HTMLElement, page: any, state: any) => () => void}} Panel
 */
import { button } from "./controls.js";
import { announce, element, freshId } from "./dom.js";
import { setPanel, stateOf } from "./state.js";

/** What unfolds under a heading; whether it is open is part of the state: `state[key]` is "" while it is closed. */
function unfolding(state, key, heading, ...children) {
  const details = element("details", { class: key }, element("summary", {}, heading), ...children);
  details.addEventListener("toggle", () => {
    if (details.open !== (state.get(key) !== "")) state.set({ [key]: details.open ? "open" : "" });
  });
  return { node: details, refresh: () => { details.open = state.get(key) !== ""; } };
}

/**
 * "Predict first": while it is open and unanswered, the panel's answers are covered. The state is "", "open", or the
 * answer's place; closing it takes the guess back.
 */
function prediction(section, state, { question, choices, right, because }) {
  const name = freshId("choice"), verdict = element("p", { class: "verdict", "aria-live": "polite" });
  const inputs = choices.map(() => element("input", { type: "radio", name, id: freshId("choice") }));
  const guess = () => {
    const chosen = inputs.findIndex((input) => input.checked);
    if (chosen < 0) verdict.textContent = "Choose an answer first: a wrong guess teaches more than none.";
    else state.set({ predict: String(chosen) });
  };
  const form = element("fieldset", {}, element("legend", {}, question),
    ...inputs.map((input, k) => element("div", {}, input, element("label", { for: input.id }, choices[k]))), button("This is my guess", guess));
  const folded = unfolding(state, "predict", "Predict first", form, verdict);
  let before = "";
  return { node: folded.node, refresh() {
    const now = state.get("predict"), chosen = now === "" ? -1 : choices.findIndex((_, k) => String(k) === now);
    folded.refresh();
    section.classList.toggle("guessing", now !== "" && chosen < 0);
    if (now === before) return;
    before = now;
    inputs.forEach((input, k) => { input.checked = k === chosen; });
    verdict.textContent = chosen < 0 ? "" : `${chosen === right ? "Yes" : `You said “${choices[chosen]}”. It is “${choices[right]}”`}: ${because}`;
  } };
}

/** The lines of Python, as the page's maker found them in the package. */
const linesOf = (state, names, sources) => unfolding(state, "lines", "The lines that do it",
  ...names.map((name) => element("div", {}, element("p", {}, element("code", {}, name)), element("pre", { tabindex: 0, "aria-label": `Source of ${name}` }, sources[name]))));

/** Build a panel's section. @returns {{section: HTMLElement, render: () => void, state: any}} */
export function framed(panel, page) {
  const state = stateOf(panel.id, { ...panel.defaults, predict: "", lines: "" }), body = element("div", { class: "body" });
  const section = element("section", { id: panel.id, class: "panel", "aria-labelledby": `${panel.id}-title`, tabindex: -1 },
    element("p", { class: "eyebrow", "aria-hidden": "true" }, panel.title),
    element("h2", { id: `${panel.id}-title` }, panel.question),
    element("p", { class: "lead" }, panel.lead),
    panel.formula ? element("div", { class: "formula", role: "group", tabindex: 0, "aria-label": "formula" }, panel.formula()) : null);
  const folds = [prediction(section, state, panel.predict), linesOf(state, panel.sources, page.sources)];
  section.append(folds[0].node, body, folds[1].node);
  for (const event of ["focusin", "pointerdown"]) section.addEventListener(event, () => setPanel(panel.id));
  const problem = element("p", { class: "problem", role: "alert" });
  body.append(problem);
  const draw = panel.mount(body, page, state);
  const render = () => {
    problem.textContent = "";
    folds.forEach((fold) => fold.refresh());
    try {
      draw();
    } catch (error) {
      problem.textContent = `This cannot be shown: ${error.message}`;
      console.warn(panel.id, error);
    }
  };
  return { section, render, state };
}

/** Bring a panel before the reader. */
export function goTo(id, page) {
  const section = document.getElementById(id);
  if (!section) return;
  setPanel(id);
  section.scrollIntoView({ block: "start" });
  section.focus({ preventScroll: true });
  page?.arrived?.(id);
  announce(section.querySelector("h2").textContent);
}

