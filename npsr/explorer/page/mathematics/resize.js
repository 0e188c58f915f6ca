/** Bicubic resizing as MATLAB's imresize does it, as `npsr/images/resize.py`; and PSNR. */

/** The cubic convolution kernel with a = −0.5, zero from |t| = 2 on. */
export function cubic(t) {
  const d = Math.abs(t);
  if (d <= 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** For each output pixel the input pixels that it is a sum of and their weights; widened to reduce. */
function taps(side, target, factor) {
  const squeeze = Math.min(factor, 1), support = 4 / squeeze, count = Math.ceil(support) + 2;
  const weights = new Float64Array(target * count), places = new Int32Array(target * count);
  for (let j = 0; j < target; j++) {
    const centre = (j + 0.5) / factor - 0.5, first = Math.floor(centre - support / 2);
    let total = 0;
    for (let k = 0; k < count; k++) {
      const weight = cubic(squeeze * (centre - first - k));
      const mirrored = (((first + k) % (2 * side)) + 2 * side) % (2 * side);
      weights[j * count + k] = weight;
      places[j * count + k] = Math.min(mirrored, 2 * side - 1 - mirrored);
      total += weight;
    }
    for (let k = 0; k < count; k++) weights[j * count + k] /= total;
  }
  return { weights, places, count };
}

/** Resize the rows of a plane of `rows` × `columns`. */
function resizeRows(plane, rows, columns, target, factor) {
  const { weights, places, count } = taps(rows, target, factor), resized = new Float64Array(target * columns);
  for (let i = 0; i < target; i++)
    for (let k = i * count; k < (i + 1) * count; k++) {
      const weight = weights[k], from = places[k] * columns, to = i * columns;
      if (weight !== 0) for (let j = 0; j < columns; j++) resized[to + j] += weight * plane[from + j];
    }
  return resized;
}

function turned(plane, rows, columns) {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = plane[i * columns + j];
  return result;
}

/**
 * Resize a plane (H, W) of any range by a factor, above 1 to enlarge, below to reduce (antialiased).
 * @returns {{y: Float32Array, shape: number[]}} ⌈factor·H⌉ × ⌈factor·W⌉ pixels, not clipped
 */
export function bicubic(plane, H, W, factor) {
  if (!(factor > 0)) throw new Error(`factor is ${factor}, but must be above 0`);
  if (plane.length !== H * W) throw new Error(`plane holds ${plane.length} numbers, but H × W is ${H * W}`);
  const [rows, columns] = [H, W].map((side) => Math.ceil(side * factor - 1e-9)); // 1/3 is not exact
  const tall = turned(resizeRows(plane, H, W, rows, factor), rows, W);
  const y = turned(resizeRows(tall, W, rows, columns, factor), columns, rows);
  return { y: Float32Array.from(y), shape: [rows, columns] };
}

/** Each pixel n × n times. */
export function nearest(plane, H, W, n) {
  const y = new Float32Array(n * H * n * W);
  for (let i = 0; i < n * H; i++)
    for (let j = 0; j < n * W; j++) y[i * n * W + j] = plane[Math.floor(i / n) * W + Math.floor(j / n)];
  return y;
}

/** PSNR in dB of planes (H, W) in [0, 255], peak 255, after `cut` pixels are cut from every border. */
export function psnr(a, b, H, W, cut = 0) {
  if (a.length !== H * W || b.length !== H * W) throw new Error(`the planes hold ${a.length} and ${b.length} numbers, but H × W is ${H * W}`);
  if (2 * cut >= Math.min(H, W)) throw new Error(`cut is ${cut}, but leaves nothing of ${H} × ${W} pixels`);
  let total = 0;
  for (let i = cut; i < H - cut; i++)
    for (let j = cut; j < W - cut; j++) total += (a[i * W + j] - b[i * W + j]) ** 2;
  return 10 * Math.log10((255 ** 2 * (H - 2 * cut) * (W - 2 * cut)) / total);
}

/** A plane in [0, 1] rounded to [0, 255], halves up, values beyond clipped. */
export function to8Bits(plane) {
  const rounded = new Uint8ClampedArray(plane.length);
  for (let k = 0; k < plane.length; k++) rounded[k] = Math.floor(plane[k] * 255 + 0.5);
  return rounded;
}
