/**
 * Pictures: the drawn test card, the photograph that ships, and the reader's own.
 *
 * @typedef {{name: string, rows: number, columns: number, rgba: Uint8ClampedArray}} Photograph
 */
import { element } from "../parts/dom.js";
import { toYCbCr } from "../mathematics/colour.js";
import { to8Bits } from "../mathematics/resize.js";

/** Pixels that a picture may have: more would keep a phone busy for minutes. */
export const MOST_PIXELS = 4_000_000;

const CARD = 144;

/** What the test card shows at a place, 0 dark to 1 light: a star, rings, a fan of lines, a wedge and letters. */
function cardAt(x, y) {
  const inside = (left, top, side) => x >= left && x < left + side && y >= top && y < top + side;
  if (inside(4, 4, 66)) {
    const r = Math.hypot(x - 37, y - 37);
    return r < 31 ? Number(Math.floor((Math.atan2(y - 37, x - 37) / Math.PI + 1) * 12) % 2 === 0) : 0.9;
  }
  if (inside(74, 4, 66)) return 0.5 + 0.4 * Math.cos(Math.hypot(x - 107, y - 37) ** 2 / 80);
  if (inside(4, 74, 66)) {
    const period = 4 + (x - 4) / 5;
    return y < 106 ? Number((y - 74) % period < period / 2) : Number(((x - 4) * 0.35 + (y - 106)) % 10 < 3.6) * 0.75 + 0.1;
  }
  if (!inside(74, 74, 66)) return 0.9;
  return letterAt(x - 78, y - 84) ? 0.08 : y > 118 ? Math.min(0.95, Math.max(0.05, (x - 74) / 66)) : 0.9;
}

/** Strokes of the word npsr: lines and arcs two pixels thick. */
function letterAt(x, y) {
  const line = (left, top, bottom) => Math.abs(x - left) < 1.3 && y >= top && y <= bottom;
  const ring = (cx, cy, r, part) => Math.abs(Math.hypot(x - cx, y - cy) - r) < 1.3 && part;
  return line(2, 0, 20) || ring(7, 6, 5, y < 6) || line(12, 6, 20) || line(18, 0, 28) || ring(24, 9, 8, true)
    || ring(41, 5, 4.6, x < 42 || y < 5) || ring(41, 14.5, 4.6, x > 40 || y > 14.5) || line(51, 0, 20) || ring(57, 6, 6, y < 5);
}

/** The test card, each pixel the mean of 16 places. @returns {Photograph} */
export function testCard() {
  const rgba = new Uint8ClampedArray(CARD * CARD * 4).fill(255);
  for (let k = 0; k < CARD * CARD; k++) {
    let total = 0;
    for (let m = 0; m < 16; m++) total += cardAt((k % CARD) + ((m % 4) + 0.5) / 4, Math.floor(k / CARD) + (Math.floor(m / 4) + 0.5) / 4);
    rgba.fill(Math.round((255 * total) / 16), 4 * k, 4 * k + 3);
  }
  return { name: "test card", rows: CARD, columns: CARD, rgba };
}

/** Pixels of an image that the browser can read. @returns {Promise<Photograph>} */
export async function photographOf(source, name) {
  const image = element("img");
  const address = typeof source === "string" ? source : URL.createObjectURL(source);
  try {
    image.src = address;
    await image.decode();
  } catch {
    throw new Error(`${name} cannot be read as a picture: use a PNG, JPEG or WebP file`);
  } finally {
    if (address !== source) URL.revokeObjectURL(address);
  }
  const { naturalHeight: rows, naturalWidth: columns } = image;
  if (rows * columns > MOST_PIXELS) throw new Error(`${name} has ${columns} × ${rows} pixels, but at most ${MOST_PIXELS / 1e6} million fit here: cut a part out, or use npsr upscale`);
  if (Math.min(rows, columns) < 48) throw new Error(`${name} has ${columns} × ${rows} pixels, but the panels need at least 48 × 48: take a larger one`);
  const canvas = element("canvas", { width: columns, height: rows }), context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return { name, rows, columns, rgba: context.getImageData(0, 0, columns, rows).data };
}

/** A part of a photograph. @returns {Photograph} */
export function cut({ name, columns, rgba }, top, left, rows, width) {
  const part = new Uint8ClampedArray(rows * width * 4);
  for (let i = 0; i < rows; i++) part.set(rgba.subarray(((top + i) * columns + left) * 4, ((top + i) * columns + left + width) * 4), i * width * 4);
  return { name, rows, columns: width, rgba: part };
}

/** The middle, of at most so many rows and columns, sides multiples of n. @returns {Photograph} */
export function middle(photograph, most, n) {
  const [rows, columns] = [photograph.rows, photograph.columns].map((side) => Math.floor(Math.min(side, most) / n) * n);
  return cut(photograph, Math.floor((photograph.rows - rows) / 2), Math.floor((photograph.columns - columns) / 2), rows, columns);
}

/** 8-bit luma as the evaluation takes it; a grey picture is its own. @returns {Uint8ClampedArray} */
export function lumaOf({ rgba }) {
  let grey = true;
  for (let k = 0; k < rgba.length && grey; k += 4) grey = rgba[k] === rgba[k + 1] && rgba[k] === rgba[k + 2];
  if (grey) return Uint8ClampedArray.from({ length: rgba.length / 4 }, (_, k) => rgba[4 * k]);
  return to8Bits(toYCbCr(rgba)[0]);
}
