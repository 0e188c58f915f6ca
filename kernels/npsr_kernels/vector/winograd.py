"""Winograd's minimal filtering F(4, 3) down the columns, and its transpose.

Four rows of a 3-tap convolution need 12 multiplications by the definition and 6 by Winograd:

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]        d 6 rows of input → 6 points, g 3 taps, y 4 rows of output

The lanes of a vector are pixels of one row, so the transforms are sums of whole vectors. A deconvolution is
the transpose of a convolution, and the transpose of the algorithm computes it:

    d = B [(G g) ⊙ (A y)]          y 4 rows of input → 6 points, d 6 rows to add to the output

Rows and points are regions of one flat array `work`.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.compiling.compiled import inner
from npsr_kernels.vector.simd import REGISTER_BYTES, vadd, vfma, vlike, vload, vprelu, vsplat, vstore, vsub

ROWS = 4
"""Output rows of one application (input rows, if transposed)."""

POINTS = 6
"""Its products."""

TAPS = 3
"""Its filter rows."""

G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
"""From taps to points."""


class Region(NamedTuple):
    """Rows, or points, of several channels in `work`."""

    at: int
    """The first pixel."""
    step: int
    """From row to row, or from point to point."""
    plane: int
    """From channel to channel."""


@inner
def to_points(d0, d1, d2, d3, d4, d5):
    """Bᵀ d."""
    two, four, minus_four, minus_five = vlike(d0, 2), vlike(d0, 4), vlike(d0, -4), vlike(d0, -5)
    even12, odd12 = vfma(minus_four, d2, d4), vfma(minus_four, d1, d3)
    even34, odd34 = vsub(d4, d2), vsub(d3, d1)
    return (
        vfma(four, d0, vfma(minus_five, d2, d4)),
        vadd(even12, odd12),
        vsub(even12, odd12),
        vfma(two, odd34, even34),
        vsub(even34, vadd(odd34, odd34)),
        vfma(four, d1, vfma(minus_five, d3, d5)),
    )


@inner
def to_rows(m0, m1, m2, m3, m4, m5):
    """Aᵀ m. A number added to m1 is added to every row."""
    two, four, eight = vlike(m0, 2), vlike(m0, 4), vlike(m0, 8)
    sum12, sum34 = vadd(m1, m2), vadd(m3, m4)
    difference12, difference34 = vsub(m1, m2), vsub(m3, m4)
    return (
        vadd(m0, vadd(sum12, sum34)),
        vfma(two, difference34, difference12),
        vfma(four, sum34, sum12),
        vadd(m5, vfma(eight, difference34, difference12)),
    )


@inner
def to_points_transposed(y0, y1, y2, y3):
    """A y."""
    two, four = vlike(y0, 2), vlike(y0, 4)
    even12, odd12 = vadd(y0, y2), vadd(y1, y3)
    even34, odd34 = vfma(four, y2, y0), vfma(four, y3, y1)
    return (
        y0,
        vadd(even12, odd12),
        vsub(even12, odd12),
        vfma(two, odd34, even34),
        vsub(even34, vadd(odd34, odd34)),
        y3,
    )


@inner
def rows_to_points(work, rows, points, channels, pixels):
    """Assign the points Bᵀ d of 6 rows d of every channel."""
    row, point = rows.step, points.step
    for c in range(channels):
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = rows.at + c * rows.plane + q, points.at + c * points.plane + q
            d0, d1, d2 = vload(work, i), vload(work, i + row), vload(work, i + 2 * row)
            d3, d4, d5 = vload(work, i + 3 * row), vload(work, i + 4 * row), vload(work, i + 5 * row)
            _store_points(work, o, point, to_points(d0, d1, d2, d3, d4, d5))


@inner
def points_to_rows(work, points, rows, weights, bias, channels, pixels):
    """Assign 4 rows Aᵀ m + bias, then PReLU; `channels` biases from weights[bias] on, then slopes."""
    row, point = rows.step, points.step
    for c in range(channels):
        b, slope = vsplat(weights[bias + c]), vsplat(weights[bias + channels + c])
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = points.at + c * points.plane + q, rows.at + c * rows.plane + q
            m0, m1, m2 = vload(work, i), vadd(vload(work, i + point), b), vload(work, i + 2 * point)
            m3, m4, m5 = vload(work, i + 3 * point), vload(work, i + 4 * point), vload(work, i + 5 * point)
            y0, y1, y2, y3 = to_rows(m0, m1, m2, m3, m4, m5)
            vstore(work, o, vprelu(y0, slope))
            vstore(work, o + row, vprelu(y1, slope))
            vstore(work, o + 2 * row, vprelu(y2, slope))
            vstore(work, o + 3 * row, vprelu(y3, slope))


@inner
def rows_to_points_transposed(work, rows, points, channels, pixels):
    """Assign the points A y of 4 rows y of every channel."""
    row, point = rows.step, points.step
    for c in range(channels):
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = rows.at + c * rows.plane + q, points.at + c * points.plane + q
            y0, y1 = vload(work, i), vload(work, i + row)
            y2, y3 = vload(work, i + 2 * row), vload(work, i + 3 * row)
            _store_points(work, o, point, to_points_transposed(y0, y1, y2, y3))


@inner
def _store_points(work, o, point, points):
    p0, p1, p2, p3, p4, p5 = points
    vstore(work, o, p0)
    vstore(work, o + point, p1)
    vstore(work, o + 2 * point, p2)
    vstore(work, o + 3 * point, p3)
    vstore(work, o + 4 * point, p4)
    vstore(work, o + 5 * point, p5)


@inner
def points_to_rows_transposed(work, points, rows, pixels):
    """Add the 6 rows B m of one channel to the rows that are there."""
    row, point = rows.step, points.step
    for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
        i, o = points.at + q, rows.at + q
        m0, m1, m2 = vload(work, i), vload(work, i + point), vload(work, i + 2 * point)
        m3, m4, m5 = vload(work, i + 3 * point), vload(work, i + 4 * point), vload(work, i + 5 * point)
        two, four, minus_four, minus_five = vlike(m0, 2), vlike(m0, 4), vlike(m0, -4), vlike(m0, -5)
        sum12, sum34, difference12, difference34 = vadd(m1, m2), vadd(m3, m4), vsub(m1, m2), vsub(m3, m4)
        d1 = vfma(minus_four, difference12, vfma(four, m5, vload(work, o + row)))
        d2 = vfma(minus_five, m0, vfma(minus_four, sum12, vload(work, o + 2 * row)))
        d3 = vfma(minus_five, m5, vfma(two, difference34, vload(work, o + 3 * row)))
        vstore(work, o, vfma(four, m0, vload(work, o)))
        vstore(work, o + row, vsub(d1, vadd(difference34, difference34)))
        vstore(work, o + 2 * row, vsub(d2, sum34))
        vstore(work, o + 3 * row, vadd(d3, difference12))
        vstore(work, o + 4 * row, vadd(vload(work, o + 4 * row), vadd(m0, vadd(sum12, sum34))))
        vstore(work, o + 5 * row, vadd(vload(work, o + 5 * row), m5))
