/** Elements, made short. */

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element; attributes named on… are listeners. @returns {any} */
export const element = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

/** An SVG element. @returns {any} */
export const drawn = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

/** A number as text: fixed digits, a true minus; "0.000" never as "−0.000". */
export function number(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "no number" : value > 0 ? "∞" : "−∞";
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number with six digits after the point; a smaller one with the digits that count. */
export function precise(value) {
  if (value === 0 || !Number.isFinite(value) || Math.abs(value) >= 1e-3) return number(value, 6);
  return value.toExponential(3).replaceAll("-", "−");
}

/** A number as digits and a power of ten, for errors. */
export const scientific = (value, digits = 1) => (value === 0 ? "0" : value.toExponential(digits).replaceAll("-", "−"));

/** Whole numbers with thin spaces between thousands. */
export const grouped = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** An output that others can find by its name. */
export const output = (name, attributes = {}) => element("output", { "data-name": name, class: "answer", ...attributes });

/** Tell a screen reader, in the page's one live region. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Kept when a reader has come near to a node: long work waits for it. @returns {Promise<void>} */
export function seen(node) {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      resolve();
    }, { rootMargin: "50%" });
    observer.observe(node);
  });
}

let count = 0;
/** An id that nothing else has. */
export const freshId = (name) => `${name}-${++count}`;
