/** BT.601 luma and chroma, as `npsr/images/colour.py`: R, G, B in [0, 1], Y in [16/255, 235/255]. */

const TO = [[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]].map((row) => row.map((x) => x / 255));
const OFFSET = [16 / 255, 128 / 255, 128 / 255];

/** The inverse of the matrix above, by cofactors. */
const FROM = (() => {
  const m = TO, [a, b, c] = m[0];
  const minor = (i, j) => {
    const [r, s] = [0, 1, 2].filter((k) => k !== i), [t, u] = [0, 1, 2].filter((k) => k !== j);
    return (m[r][t] * m[s][u] - m[r][u] * m[s][t]) * ((i + j) % 2 ? -1 : 1);
  };
  const determinant = a * minor(0, 0) + b * minor(0, 1) + c * minor(0, 2);
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => minor(j, i) / determinant));
})();

/** Planes Y, Cb, Cr in [0, 1] of 8-bit RGBA pixels. @returns {Float64Array[]} */
export function toYCbCr(rgba) {
  return TO.map(([red, green, blue], p) => {
    const plane = new Float64Array(rgba.length / 4);
    for (let k = 0; k < plane.length; k++) plane[k] = (red * rgba[4 * k] + green * rgba[4 * k + 1] + blue * rgba[4 * k + 2]) / 255 + OFFSET[p];
    return plane;
  });
}

/** 8-bit RGBA pixels of planes Y, Cb, Cr in [0, 1]. @returns {Uint8ClampedArray} */
export function toRgba([luma, blueness, redness]) {
  const rgba = new Uint8ClampedArray(luma.length * 4).fill(255);
  FROM.forEach(([a, b, c], p) => {
    const start = a * OFFSET[0] + b * OFFSET[1] + c * OFFSET[2];
    for (let k = 0; k < luma.length; k++)
      rgba[4 * k + p] = Math.floor((a * luma[k] + b * blueness[k] + c * redness[k] - start) * 255 + 0.5);
  });
  return rgba;
}
