/**
 * The mathematics of the layers, forward and backward; `network.js` puts them together.
 *
 * N samples, C input channels, D filters, H W rows and columns, f filter side, s stride. A tensor is
 * {data, shape}: a flat typed array and [N, C, H, W]. Sums are made in 64 bits and stored in the
 * type of the input, 32 bits as a rule. Three sums do everything:
 *
 *     convolution     y[d,i,j] = b[d] + Σ w[d,c,u,v] · x[c, s·i+u, s·j+v]
 *     transposed      y[d, s·h+u, s·w+v] += w[c,d,u,v] · x[c,h,w]
 *     weightGradient  dw[d,c,u,v] = Σ dy[d,i,j] · x[c, s·i+u, s·j+v]
 *
 * The input gradient of a convolution is `transposed`, that of a deconvolution is `convolution`.
 *
 * @typedef {any} Reals a Float32Array or a Float64Array
 * @typedef {{data: Reals, shape: number[]}} Tensor
 * @typedef {{kind: string, name: string, f?: number, n?: number, c?: number, border?: string,
 *   stride?: number, padding?: number, slopes?: number}} Layer
 * @typedef {{name?: string, scale?: number, layers: Layer[], parameters: Object<string, Reals>}} Network
 */

/** @returns {Tensor} */
export function zeros(Real, shape) {
  return { data: new Real(shape.reduce((a, b) => a * b, 1)), shape };
}

const upTo4 = (count) => 4 * Math.ceil(count / 4);

/** Places of the taps (c, u, v) in a padded image, relative to the first; a multiple of four of them. */
function tapOffsets(C, f, H, W) {
  const offsets = new Int32Array(upTo4(C * f * f));
  let k = 0;
  for (let c = 0; c < C; c++)
    for (let u = 0; u < f; u++) for (let v = 0; v < f; v++) offsets[k++] = (c * H + u) * W + v;
  return offsets;
}

/** Weights by blocks of four filters and, in each, by tap; what is missing to four is zero. */
function packed(w, D, K) {
  const blocks = new Float64Array(upTo4(D) * K);
  for (let d = 0; d < D; d++)
    for (let k = 0; k < K; k++) blocks[((d >> 2) * K + k) * 4 + (d & 3)] = w[d * K + k];
  return blocks;
}

/** Convolve without a border. weight (D, C, f, f), bias (D) or null. @returns {Tensor} */
export function convolution(x, weight, bias, D, f, s = 1) {
  const [N, C, H, W] = x.shape, K = C * f * f;
  if (f > H || f > W) throw new Error(`the input is ${H} × ${W}, but a filter of ${f} × ${f} needs as much: pad it or take a larger one`);
  const I = Math.floor((H - f) / s) + 1, J = Math.floor((W - f) / s) + 1;
  const y = zeros(x.data.constructor, [N, D, I, J]);
  const source = new Float64Array(x.data.length + s); // the last pixel of a pair may be one too far
  source.set(x.data);
  const offsets = tapOffsets(C, f, H, W).subarray(0, K), weights = packed(weight, D, K), rows = new Float64Array(4 * J);
  for (let n = 0; n < N; n++)
    for (let i = 0; i < I; i++)
      for (let d = 0; d < D; d += 4) {
        weigh(rows, J, source, n * C * H * W + s * i * W, s, offsets, weights.subarray(d * K, (d + 4) * K));
        for (let m = 0; m < 4 && d + m < D; m++) {
          const to = ((n * D + d + m) * I + i) * J, b = bias ? bias[d + m] : 0;
          for (let j = 0; j < J; j++) y.data[to + j] = rows[m * J + j] + b;
        }
      }
  return y;
}

/** Assign the rows of four filters, two pixels at a time, their eight sums in registers: the time goes here. */
function weigh(rows, J, x, first, s, offsets, w) {
  for (let j = 0; j < J; j += 2) {
    let p0 = 0, p1 = 0, p2 = 0, p3 = 0, q0 = 0, q1 = 0, q2 = 0, q3 = 0;
    const place = first + s * j;
    for (let k = 0, m = 0; k < offsets.length; k++, m += 4) {
      const xp = x[place + offsets[k]], xq = x[place + offsets[k] + s];
      const w0 = w[m], w1 = w[m + 1], w2 = w[m + 2], w3 = w[m + 3];
      p0 += w0 * xp; p1 += w1 * xp; p2 += w2 * xp; p3 += w3 * xp;
      q0 += w0 * xq; q1 += w1 * xq; q2 += w2 * xq; q3 += w3 * xq;
    }
    rows[j] = p0; rows[J + j] = p1; rows[2 * J + j] = p2; rows[3 * J + j] = p3;
    if (j + 1 < J) { rows[j + 1] = q0; rows[J + j + 1] = q1; rows[2 * J + j + 1] = q2; rows[3 * J + j + 1] = q3; }
  }
}

/**
 * Filters (D·s², C, t, t) of the convolution that computes all s² phases of a transposed convolution with
 * weight (C, D, f, f). For s = 1 they are the filters turned by 180°.
 */
export function phaseFilters(weight, C, D, f, s) {
  const t = Math.ceil(f / s);
  const filters = new Float64Array(D * s * s * C * t * t);
  for (let d = 0; d < D; d++)
    for (let a = 0; a < s; a++)
      for (let b = 0; b < s; b++)
        for (let c = 0; c < C; c++)
          for (let i = 0; i < t; i++)
            for (let j = 0; j < t; j++) {
              const u = s * (t - 1 - i) + a, v = s * (t - 1 - j) + b;
              if (u < f && v < f)
                filters[((((d * s + a) * s + b) * C + c) * t + i) * t + j] = weight[((c * D + d) * f + u) * f + v];
            }
  return { filters, t };
}

/** Full transposed convolution. weight (C, D, f, f), bias (D) or null. @returns {Tensor} */
export function transposed(x, weight, bias, D, f, s) {
  const [N, C, H, W] = x.shape, I = (H - 1) * s + f, J = (W - 1) * s + f;
  const { filters, t } = phaseFilters(weight, C, D, f, s);
  const phases = convolution(pad(x, t - 1, t - 1, "zero"), filters, null, D * s * s, t);
  const [rows, columns] = phases.shape.slice(2);
  const y = zeros(x.data.constructor, [N, D, I, J]);
  for (let n = 0; n < N; n++)
    for (let d = 0; d < D; d++)
      for (let i = 0; i < I; i++)
        for (let j = 0; j < J; j++) {
          const phase = (n * D + d) * s * s + (i % s) * s + (j % s);
          const value = phases.data[(phase * rows + Math.floor(i / s)) * columns + Math.floor(j / s)];
          y.data[((n * D + d) * I + i) * J + j] = value + (bias ? bias[d] : 0);
        }
  return y;
}

/** Gradient (D, C, f, f) of the filters of a convolution, summed over the batch. */
export function weightGradient(dy, x, f, s = 1) {
  const [N, D, I, J] = dy.shape, [, C, H, W] = x.shape, K = C * f * f;
  const source = Float64Array.from(x.data), gradient = Float64Array.from(dy.data), offsets = tapOffsets(C, f, H, W);
  const dw = new x.data.constructor(D * K), sums = new Float64Array(4);
  for (let d = 0; d < D; d++)
    for (let k = 0; k < K; k += 4) {
      sums.fill(0);
      for (let n = 0; n < N; n++)
        dotTaps(sums, gradient, (n * D + d) * I * J, source, n * C * H * W, offsets, k, I, J, s, W);
      for (let m = 0; m < 4 && k + m < K; m++) dw[d * K + k + m] = sums[m];
    }
  return dw;
}

/** Add to four sums the products of a gradient map with the image as four taps see it. */
function dotTaps(sums, dy, place, x, first, offsets, k, I, J, s, W) {
  const a = first + offsets[k], b = first + offsets[k + 1], c = first + offsets[k + 2], d = first + offsets[k + 3];
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (let i = 0; i < I; i++)
    for (let j = 0, q = s * i * W; j < J; j++, q += s) {
      const g = dy[place++];
      s0 += g * x[a + q];
      s1 += g * x[b + q];
      s2 += g * x[c + q];
      s3 += g * x[d + q];
    }
  sums[0] += s0; sums[1] += s1; sums[2] += s2; sums[3] += s3;
}

/** Sum over samples and pixels, per channel. */
export function biasGradient(dy) {
  const [N, D, I, J] = dy.shape, db = new Float64Array(D);
  dy.data.forEach((g, k) => { db[Math.floor(k / (I * J)) % D] += g; });
  return dy.data.constructor.from(db);
}

const clamp = (k, last) => Math.min(Math.max(k, 0), last);

/** Continue rows and columns beyond the border, by zeros or by the nearest pixel. @returns {Tensor} */
export function pad(x, before, after, border) {
  if (before === 0 && after === 0) return x;
  const [N, C, H, W] = x.shape, h = before + H + after, w = before + W + after;
  const y = zeros(x.data.constructor, [N, C, h, w]);
  for (let p = 0; p < N * C; p++)
    for (let i = 0; i < h; i++) {
      const from = (p * H + clamp(i - before, H - 1)) * W, to = (p * h + i) * w;
      if (border === "zero" && (i < before || i >= before + H)) continue;
      y.data.set(x.data.subarray(from, from + W), to + before);
      if (border === "zero") continue;
      y.data.fill(x.data[from], to, to + before);
      y.data.fill(x.data[from + W - 1], to + before + W, to + w);
    }
  return y;
}

/** Gradient of `pad`'s input: zeros had no source; a replicated pixel collects from its copies. */
export function padBackward(dy, before, after, border) {
  const [N, C, h, w] = dy.shape, H = h - before - after, W = w - before - after;
  const dx = new Float64Array(N * C * H * W);
  for (let p = 0; p < N * C; p++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const inside = i >= before && i < before + H && j >= before && j < before + W;
        if (border === "zero" && !inside) continue;
        dx[(p * H + clamp(i - before, H - 1)) * W + clamp(j - before, W - 1)] += dy.data[(p * h + i) * w + j];
      }
  return { data: dy.data.constructor.from(dx), shape: [N, C, H, W] };
}

/** Cut rows × columns out, from (start, start) on. @returns {Tensor} */
export function crop(y, start, rows, columns) {
  const [N, C, I, J] = y.shape, cut = zeros(y.data.constructor, [N, C, rows, columns]);
  for (let p = 0; p < N * C; p++)
    for (let i = 0; i < rows; i++) {
      const from = (p * I + start + i) * J + start;
      cut.data.set(y.data.subarray(from, from + columns), (p * rows + i) * columns);
    }
  return cut;
}

/** Gradient of `crop`'s input: zero where it was cut away. @returns {Tensor} */
export function cropBackward(dcut, start, rows, columns) {
  const [N, C, h, w] = dcut.shape, dy = zeros(dcut.data.constructor, [N, C, rows, columns]);
  for (let p = 0; p < N * C; p++)
    for (let i = 0; i < h; i++)
      dy.data.set(dcut.data.subarray((p * h + i) * w, (p * h + i + 1) * w), (p * rows + start + i) * columns + start);
  return dy;
}

/** y = max(x, 0) + a_c · min(0, x); one slope a channel, or one for all. @returns {Tensor} */
export function prelu(x, slope) {
  const [, C, H, W] = x.shape;
  const data = x.data.map((value, k) => (value > 0 ? value : value * slope[(Math.floor(k / (H * W)) % C) % slope.length]));
  return { data, shape: x.shape };
}

/** Gradients of PReLU's input and slopes; at 0 the negative side's derivative is taken. */
export function preluBackward(dy, x, slope) {
  const [, C, H, W] = x.shape, dslope = new Float64Array(slope.length);
  const data = dy.data.map((g, k) => {
    if (x.data[k] > 0) return g;
    const c = (Math.floor(k / (H * W)) % C) % slope.length;
    dslope[c] += g * x.data[k];
    return g * slope[c];
  });
  return { dx: { data, shape: x.shape }, dslope: x.data.constructor.from(dslope) };
}
