/** Colours of numbers: blue, white, orange, which colour-blind readers can tell apart. */

const BLUE = [33, 102, 172], WHITE = [250, 250, 250], ORANGE = [224, 122, 20];

/** Red, green, blue of a number from −1 to 1. */
export function diverging(t) {
  const strength = Math.min(1, Math.abs(t)), end = t < 0 ? BLUE : ORANGE;
  return WHITE.map((value, k) => Math.round(value + (end[k] - value) * strength));
}

/** A cell's background and a text colour that can be read on it. */
export function cellColours(t) {
  const [r, g, b] = diverging(t);
  const light = 0.2126 * r ** 2.2 + 0.7152 * g ** 2.2 + 0.0722 * b ** 2.2 > 0.25 * 255 ** 2.2;
  return { background: `rgb(${r},${g},${b})`, color: light ? "#111" : "#fff" };
}

/** Red, green, blue of phase (a, b) of n × n: from orange to blue along b, lighter along a. */
export function phaseColour(a, b, n) {
  const last = Math.max(1, n - 1);
  return ORANGE.map((value, k) => {
    const full = value + ((BLUE[k] - value) * b) / last;
    return Math.round(full + ((WHITE[k] - full) * 0.75 * a) / last);
  });
}

/** The largest magnitude, at least something. */
export function largest(values) {
  let most = 1e-12;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}
