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

/** "Predict first": while it is open and unanswered, the panel's answers are covered. */
function prediction(section, { question, choices, right, because }) {
  const name = freshId("choice"), verdict = element("p", { class: "verdict", "aria-live": "polite" });
  const guess = () => {
    const chosen = [...form.querySelectorAll("input")].findIndex((input) => input.checked);
    if (chosen < 0) {
      verdict.textContent = "Choose an answer first: a wrong guess teaches more than none.";
      return;
    }
    section.classList.remove("guessing");
    verdict.textContent = `${chosen === right ? "Yes" : `You said “${choices[chosen]}”. It is “${choices[right]}”`}: ${because}`;
  };
  const form = element("fieldset", {}, element("legend", {}, question),
    ...choices.map((text) => {
      const id = freshId("choice");
      return element("div", {}, element("input", { type: "radio", name, id }), element("label", { for: id }, text));
    }), button("This is my guess", guess));
  const details = element("details", { class: "predict" }, element("summary", {}, "Predict first"), form, verdict);
  details.addEventListener("toggle", () => section.classList.toggle("guessing", details.open && !verdict.textContent));
  return details;
}

/** The lines of Python, as the page's maker found them in the package. */
function lines(names, sources) {
  return element("details", { class: "lines" }, element("summary", {}, "The lines that do it"),
    ...names.map((name) => element("div", {}, element("p", {}, element("code", {}, name)), element("pre", { tabindex: 0, "aria-label": `Source of ${name}` }, sources[name]))));
}

/** Build a panel's section. @returns {{section: HTMLElement, render: () => void, state: any}} */
export function framed(panel, page) {
  const state = stateOf(panel.id, panel.defaults), body = element("div", { class: "body" });
  const section = element("section", { id: panel.id, class: "panel", "aria-labelledby": `${panel.id}-title`, tabindex: -1 },
    element("h2", { id: `${panel.id}-title` }, panel.question),
    element("p", { class: "lead" }, panel.lead),
    panel.formula ? element("div", { class: "formula", role: "group", tabindex: 0, "aria-label": "formula" }, panel.formula()) : null);
  section.append(prediction(section, panel.predict), body, lines(panel.sources, page.sources));
  for (const event of ["focusin", "pointerdown"]) section.addEventListener(event, () => setPanel(panel.id));
  const problem = element("p", { class: "problem", role: "alert" });
  body.append(problem);
  const draw = panel.mount(body, page, state);
  const render = () => {
    problem.textContent = "";
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

