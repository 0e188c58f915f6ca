"""The layers: ROWS rows of a line buffer become ROWS rows of the next one, or of the output's sums.

Each takes the frame, its stage, the network's tables and the flat array `work` that holds the rest
(see layout.py).
"""

from npsr_kernels.compiled import inner
from npsr_kernels.layout import CARRY, SLACK
from npsr_kernels.microkernel import multiply
from npsr_kernels.simd import REGISTER_BYTES, vload, vstore
from npsr_kernels.winograd import (
    POINTS,
    ROWS,
    TAPS,
    points_to_rows,
    points_to_rows_transposed,
    rows_to_points,
    rows_to_points_transposed,
)


@inner
def convolve(frame, stage, tables, work):
    """A convolution by its definition, then the stage's 1 × 1 convolution if it has one.

    The ROWS × S pixels are treated as one long row; what comes out in border columns is of no use.
    """
    fused, chunk = stage.pointwise >= 0, frame.chunk
    pixels = ROWS * frame.stride
    for q in range(0, pixels, chunk):
        count = min(chunk, pixels - q)
        to = frame.middle if fused else stage.target + q
        plane = chunk if fused else stage.target_plane
        multiply(tables, stage.product, work, stage.source - stage.reach + q, to, plane, count)
        if fused:
            multiply(tables, stage.pointwise, work, frame.middle, stage.target + q, stage.target_plane, count)


@inner
def convolve_by_points(frame, stage, tables, work):
    """A 3 × 3 convolution by Winograd: points of whole rows, then products and rows by chunks."""
    S, chunk = frame.stride, frame.chunk
    plane, step = S + SLACK, stage.filters * chunk
    point = stage.channels * plane
    rows_to_points(work, stage.source, S, stage.plane, frame.points, point, plane, stage.channels, S)
    for q in range(0, S, chunk):
        count = min(chunk, S - q)
        for p in range(POINTS):
            multiply(tables, stage.product + p, work, frame.points + p * point - stage.reach + q,
                     frame.products + p * step, chunk, count)
        points_to_rows(work, frame.products, step, chunk, tables.weights, stage.bias, stage.target + q, S,
                       stage.target_plane, stage.filters, count)


@inner
def deconvolve(frame, stage, task, row, tables, work):
    """Add ROWS input rows, `row` the first, to the output's sums, by chunks of columns.

    A column's sums need the points of some columns before it: the last CARRY of a chunk are kept.
    """
    S, chunk = frame.stride, frame.chunk
    width = CARRY + chunk
    planes = frame.scale**2 * frame.segments
    for q in range(0, S, chunk):
        count = min(chunk, S - q)
        at, step, plane = stage.source + q, S, stage.plane
        if stage.pointwise >= 0:
            for r in range(ROWS):
                multiply(tables, stage.pointwise, work, at + r * S, frame.middle + r * chunk, ROWS * chunk, count)
            at, step, plane = frame.middle, chunk, ROWS * chunk
            if not frame.replicate:
                _clear_outside(frame, task, row, q, count, stage.middle, work)
        point = stage.middle * width
        rows_to_points_transposed(work, at, step, plane, frame.points + CARRY, point, width, stage.middle, count)
        for g in range(stage.groups * POINTS):
            p = g % POINTS
            multiply(tables, stage.product + g, work, frame.points + p * point + CARRY,
                     frame.products + p * planes * chunk, chunk, count)
        for i in range(planes):
            phase, a = divmod(i, frame.scale)
            b, segment = divmod(phase, frame.segments)
            to = frame.sums + (b * frame.scale + a) * frame.sums_plane + TAPS * segment * S + q
            points_to_rows_transposed(work, frame.products + i * chunk, planes * chunk, to, S, count)
        for i in range(frame.points, frame.points + POINTS * point, width):
            for j in range(0, CARRY, REGISTER_BYTES // work.itemsize):
                vstore(work, i + j, vload(work, i + chunk + j))


@inner
def _clear_outside(frame, task, row, q, count, channels, work):
    """Zeros in a chunk of expanded rows where it lies outside the image."""
    left = frame.pad - q if task.start == 0 else 0
    right = frame.pad + task.width - q if task.start + task.width == frame.columns else count
    for c in range(channels):
        for r in range(ROWS):
            at = frame.middle + (c * ROWS + r) * frame.chunk
            if row + r < 0 or row + r >= frame.rows:
                work[at : at + count] = 0
            for j in range(0, min(left, count)):
                work[at + j] = 0
            for j in range(max(right, 0), count):
                work[at + j] = 0
