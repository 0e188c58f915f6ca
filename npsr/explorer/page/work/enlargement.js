/** A whole picture enlarged in every way that the page knows: nearest, bicubic, by the network. */
import { toRgba, toYCbCr } from "../mathematics/colour.js";
import { enlarges } from "../mathematics/network.js";
import { bicubic, nearest, psnr, to8Bits } from "../mathematics/resize.js";
import { enlarged } from "./engine.js";
import { cut, lumaOf } from "./photographs.js";

const unit = (bytes) => new Float64Array(bytes).map((value) => value / 255);
const isGrey = ({ rgba }) => rgba.every((value, k) => k % 4 === 3 || value === rgba[k - (k % 4)]);

/** 8-bit RGBA of luma and chroma; of luma alone if the picture is grey. */
function coloured(luma, chroma) {
  if (chroma.length) return toRgba([luma, chroma[0], chroma[1]]);
  const rgba = new Uint8ClampedArray(luma.length * 4).fill(255);
  to8Bits(luma).forEach((value, k) => rgba.fill(value, 4 * k, 4 * k + 3));
  return rgba;
}

/** Luma and chroma planes in [0, 1]; to be measured, luma is rounded to 8 bits as the evaluation takes it. */
function planesOf(photograph, measured) {
  if (isGrey(photograph)) return [unit(lumaOf(photograph))];
  const planes = toYCbCr(photograph.rgba);
  return measured ? [unit(lumaOf(photograph)), ...planes.slice(1)] : planes;
}

/**
 * Enlarge a picture, or with `reduce` its reduction, so that the result can be held against the original.
 * @returns {Promise<{rows: number, columns: number, pictures: Object<string, Uint8ClampedArray>,
 *   luma: Object<string, ArrayLike<number>>, decibels: Object<string, number>, seconds: number} | null>}
 */
export async function enlargedPicture(network, photograph, reduce, progress) {
  const n = network.scale, [H, W] = [photograph.rows, photograph.columns].map((side) => side - (reduce ? side % n : 0));
  const original = cut(photograph, 0, 0, H, W), planes = planesOf(original, reduce);
  const [h, w] = reduce ? [H / n, W / n] : [H, W], rows = n * h, columns = n * w;
  const low = planes.map((plane) => (reduce ? bicubic(plane, H, W, 1 / n).y : Float32Array.from(plane)));
  const near = low.map((plane) => nearest(plane, h, w, n)), cubic = low.map((plane) => bicubic(plane, h, w, n).y);
  const begun = performance.now(), [x, r, c] = enlarges(network) ? [low[0], h, w] : [cubic[0], rows, columns];
  const y = await enlarged(network, x, r, c, progress);
  if (!y) return null;
  const seconds = (performance.now() - begun) / 1000;
  const luma = { nearest: near[0], bicubic: cubic[0], network: y }, pictures = /** @type {any} */ ({}), decibels = /** @type {any} */ ({});
  for (const [method, plane] of Object.entries(luma))
    pictures[method] = coloured(plane, method === "nearest" ? near.slice(1) : cubic.slice(1));
  if (reduce) {
    const target = lumaOf(original);
    for (const [method, plane] of Object.entries(luma)) decibels[method] = psnr(to8Bits(plane), target, rows, columns, n);
    pictures.original = original.rgba;
    luma.original = planes[0];
  }
  return { rows, columns, pictures, luma, decibels, seconds };
}
