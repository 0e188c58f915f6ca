/** Sliders, menus, buttons: labelled, by keyboard, bound to a panel's state. */
import { element, freshId } from "./dom.js";

/**
 * A slider; `refresh` takes over the state, and, if given, new bounds and another value to show.
 *
 * @param {import("./state.js").State} state
 * @param {string} key
 * @param {string} label
 * @param {{min?: number, max?: number, step?: number, show?: (value: number) => string}} bounds
 */
export function slider(state, key, label, { min = 0, max, step = 1, show = String }) {
  const id = freshId(key), value = element("output", { for: id });
  const input = element("input", {
    id, type: "range", min, max, step,
    oninput: () => state.set({ [key]: Number(input.value) }),
  });
  const refresh = (bounds = {}, shown = state.get(key)) => {
    Object.assign(input, bounds);
    input.value = shown;
    value.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", value.textContent);
  };
  refresh();
  return { node: element("div", { class: "control" }, element("div", { class: "named" }, element("label", { for: id }, label), value), input), refresh };
}

/** A menu; options are [value, text]. `refresh` takes over the state and, if given, other options. */
export function menu(state, key, label, options) {
  const id = freshId(key);
  const select = element("select", {
    id,
    onchange: () => state.set({ [key]: typeof state.get(key) === "number" ? Number(select.value) : select.value }),
  });
  let shown = "";
  const refresh = (list = options) => {
    const wanted = JSON.stringify(list);
    if (wanted !== shown) {
      select.replaceChildren(...list.map(([value, text]) => element("option", { value }, text)));
      shown = wanted;
    }
    select.value = String(state.get(key));
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  };
  refresh();
  return { node: element("div", { class: "control" }, element("label", { for: id }, label), select), refresh };
}

/** A box to tick. */
export function tick(state, key, label) {
  const id = freshId(key);
  const input = element("input", { id, type: "checkbox", onchange: () => state.set({ [key]: input.checked }) });
  const refresh = () => { input.checked = state.get(key); };
  refresh();
  return { node: element("div", { class: "control tick" }, input, element("label", { for: id }, label)), refresh };
}

export const button = (text, onclick, attributes = {}) => element("button", { type: "button", onclick, ...attributes }, text);

/** Controls in a row. */
export const controls = (...list) => element("div", { class: "controls" }, ...list.map((control) => control.node ?? control));

/** A button that reads a file; problems are told beside it. */
export function fileButton(text, accept, read) {
  const id = freshId("file"), problem = element("p", { class: "problem", role: "alert" });
  const input = element("input", {
    id, type: "file", accept,
    onchange: async () => {
      const [file] = input.files;
      input.value = "";
      if (file) await told(problem, () => read(file));
    },
  });
  return { node: element("div", { class: "control file" }, element("label", { for: id }, text), input, problem), problem };
}

/** Run what may fail for a reader's mistake, and say so beside the control; the page goes on. */
export async function told(problem, work) {
  problem.textContent = "";
  try {
    return await work();
  } catch (error) {
    problem.textContent = error.message;
  }
}
