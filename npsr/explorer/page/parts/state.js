/**
 * The state of the whole page, kept in the URL's fragment so that a slide can link to it:
 *
 *     page.html#convolution?network=fsrcnn_x3&convolution.row=3
 *
 * Only what differs from the panels' defaults is written. A value that cannot be understood is left out.
 *
 * @typedef {Object<string, string | number | boolean>} Values
 * @typedef {{get: (key: string) => any, set: (changes: Values) => void, all: () => Values}} State
 */

const texts = new Map(); // "panel.key" → what the fragment says
const listeners = [];
let current = "";
let writing = 0;

/**
 * Take over what a fragment says.
 * @returns {{panel: string, changed: Set<string>}} the panel that it leads to, and those ("" for the page) that change
 */
export function readFragment(fragment) {
  const [panel, query = ""] = fragment.replace(/^#/, "").split("?"), before = new Map(texts), changed = new Set();
  texts.clear();
  for (const [key, value] of new URLSearchParams(query)) texts.set(key, value);
  for (const key of [...before.keys(), ...texts.keys()])
    if (before.get(key) !== texts.get(key)) changed.add(key.includes(".") ? key.split(".")[0] : "");
  current = panel;
  return { panel, changed };
}

function write() {
  const query = new URLSearchParams([...texts].sort()).toString();
  try {
    history.replaceState(null, "", `#${current}${query ? `?${query}` : ""}`);
  } catch {
    // Inside a notebook's frame there is no address to write to: the page works without.
  }
}

/** Write the fragment soon: many changes in a row are one. */
function writeSoon() {
  clearTimeout(writing);
  writing = setTimeout(write, 100);
}

/** The panel that the reader is at. */
export function setPanel(panel) {
  if (panel === current) return;
  current = panel;
  writeSoon();
}

export const currentPanel = () => current;

function parsed(text, example) {
  if (typeof example === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : example;
  return typeof example === "boolean" ? text === "true" : text;
}

/** What a panel remembers; its types are those of the defaults. @returns {State} */
export function stateOf(panel, defaults) {
  const name = (key) => (panel ? `${panel}.${key}` : key);
  const get = (key) => (texts.has(name(key)) ? parsed(texts.get(name(key)), defaults[key]) : defaults[key]);
  return {
    get,
    all: () => Object.fromEntries(Object.keys(defaults).map((key) => [key, get(key)])),
    set(changes) {
      for (const [key, value] of Object.entries(changes))
        if (value === defaults[key]) texts.delete(name(key));
        else texts.set(name(key), String(value));
      writeSoon();
      for (const listener of listeners) listener(panel);
    },
  };
}

/** Be told of the panel ("" for the page) whose state has changed. */
export const onChange = (listener) => listeners.push(listener);
