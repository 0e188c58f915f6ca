/**
 * Formulas as MathML, which browsers draw themselves:
 *
 *     formula(sub("y", "d"), "=", sum("c,u,v"), "w·x")
 */
const NAMESPACE = "http://www.w3.org/1998/Math/MathML";

function node(tag, ...children) {
  const made = document.createElementNS(NAMESPACE, tag);
  made.append(...children);
  return made;
}

/** A bracket or sign; brackets keep the size of the letters. */
function sign(text) {
  const made = node("mo", text);
  made.setAttribute("stretchy", "false");
  return made;
}

/**
 * Letters, numbers and signs of a text, each in its element. A word in quotes stays one; MathML drops ordinary
 * spaces at its ends, so they become spaces that stay.
 */
function tokens(part) {
  if (typeof part !== "string") return [part];
  return [...part.matchAll(/"([^"]*)"|\d+(?:\.\d+)?|\p{L}|[^\s\p{L}\d]/gu)].map(([text, quoted]) => {
    if (quoted !== undefined) return node("mtext", quoted.replaceAll(" ", "\u00a0"));
    if (/^\d/.test(text)) return node("mn", text);
    return /^\p{L}$/u.test(text) ? node("mi", text) : sign(text);
  });
}

export const row = (...parts) => node("mrow", ...parts.flatMap(tokens));
export const sub = (base, index) => node("msub", row(base), row(index));
export const sup = (base, power) => node("msup", row(base), row(power));
export const sum = (index) => node("munder", node("mo", "∑"), row(index));
export const fraction = (above, below) => node("mfrac", row(above), row(below));

/** A formula of its own line. */
export function formula(...parts) {
  const math = node("math", row(...parts));
  math.setAttribute("display", "block");
  return math;
}
