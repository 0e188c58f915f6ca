"""Winograd's minimal filtering F(4, 3) down the columns, and its transpose.

Four rows of a 3-tap convolution need 12 multiplications by the definition and 6 by Winograd:

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]        d 6 rows of input → 6 points, g 3 taps, y 4 rows of output

Lanes run along the row, so the transforms are sums of whole vectors. A deconvolution is the
transpose of a convolution, and the transpose of the algorithm computes it:

    d = B [(G g) ⊙ (A y)]          y 4 rows of input → 6 points, d 6 rows to add to the output

Rows and points are regions of one flat array `work`.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.compiled import inner
from npsr_kernels.simd import REGISTER_BYTES, vadd, vfma, vload, vprelu, vsplat, vstore, vsub

ROWS = 4
"""Rows of output (of input, transposed) that one application takes."""

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
def rows_to_points(work, rows, points, channels, pixels):
    """Assign the points Bᵀ d of 6 rows d of every channel."""
    number, row, point = work.dtype.type, rows.step, points.step
    two, four, minus_four, minus_five = (
        vsplat(number(2)),
        vsplat(number(4)),
        vsplat(number(-4)),
        vsplat(number(-5)),
    )
    for c in range(channels):
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = rows.at + c * rows.plane + q, points.at + c * points.plane + q
            d0, d1, d2 = vload(work, i), vload(work, i + row), vload(work, i + 2 * row)
            d3, d4, d5 = vload(work, i + 3 * row), vload(work, i + 4 * row), vload(work, i + 5 * row)
            vstore(work, o, vfma(four, d0, vfma(minus_five, d2, d4)))
            even, odd = vfma(minus_four, d2, d4), vfma(minus_four, d1, d3)
            vstore(work, o + point, vadd(even, odd))
            vstore(work, o + 2 * point, vsub(even, odd))
            even, odd = vsub(d4, d2), vsub(d3, d1)
            vstore(work, o + 3 * point, vfma(two, odd, even))
            vstore(work, o + 4 * point, vsub(even, vadd(odd, odd)))
            vstore(work, o + 5 * point, vfma(four, d1, vfma(minus_five, d3, d5)))


@inner
def points_to_rows(work, points, rows, weights, bias, channels, pixels):
    """Assign 4 rows Aᵀ m + bias, then PReLU; `channels` biases from weights[bias] on, then slopes."""
    number, row, point = work.dtype.type, rows.step, points.step
    two, four, eight = vsplat(number(2)), vsplat(number(4)), vsplat(number(8))
    for c in range(channels):
        b, slope = vsplat(weights[bias + c]), vsplat(weights[bias + channels + c])
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = points.at + c * points.plane + q, rows.at + c * rows.plane + q
            m1, m2 = vload(work, i + point), vload(work, i + 2 * point)
            m3, m4 = vload(work, i + 3 * point), vload(work, i + 4 * point)
            sum12, sum34 = vadd(vadd(m1, m2), b), vadd(m3, m4)
            difference12, difference34 = vadd(vsub(m1, m2), b), vsub(m3, m4)
            y0 = vadd(vload(work, i), vadd(sum12, sum34))
            y3 = vadd(vload(work, i + 5 * point), vfma(eight, difference34, difference12))
            vstore(work, o, vprelu(y0, slope))
            vstore(work, o + row, vprelu(vfma(two, difference34, difference12), slope))
            vstore(work, o + 2 * row, vprelu(vfma(four, sum34, sum12), slope))
            vstore(work, o + 3 * row, vprelu(y3, slope))


@inner
def rows_to_points_transposed(work, rows, points, channels, pixels):
    """Assign the points A y of 4 rows y of every channel."""
    number, row, point = work.dtype.type, rows.step, points.step
    two, four = vsplat(number(2)), vsplat(number(4))
    for c in range(channels):
        for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
            i, o = rows.at + c * rows.plane + q, points.at + c * points.plane + q
            y0, y1 = vload(work, i), vload(work, i + row)
            y2, y3 = vload(work, i + 2 * row), vload(work, i + 3 * row)
            vstore(work, o, y0)
            even, odd = vadd(y0, y2), vadd(y1, y3)
            vstore(work, o + point, vadd(even, odd))
            vstore(work, o + 2 * point, vsub(even, odd))
            even, odd = vfma(four, y2, y0), vfma(four, y3, y1)
            vstore(work, o + 3 * point, vfma(two, odd, even))
            vstore(work, o + 4 * point, vsub(even, vadd(odd, odd)))
            vstore(work, o + 5 * point, y3)


@inner
def points_to_rows_transposed(work, points, rows, pixels):
    """Add the 6 rows B m to those that are there, of one channel."""
    number, row, point = work.dtype.type, rows.step, points.step
    two, four, minus_four, minus_five = (
        vsplat(number(2)),
        vsplat(number(4)),
        vsplat(number(-4)),
        vsplat(number(-5)),
    )
    for q in range(0, pixels, REGISTER_BYTES // work.itemsize):
        i, o = points.at + q, rows.at + q
        m0, m1, m2 = vload(work, i), vload(work, i + point), vload(work, i + 2 * point)
        m3, m4, m5 = vload(work, i + 3 * point), vload(work, i + 4 * point), vload(work, i + 5 * point)
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
