"""The layers: ROWS rows of a line buffer become ROWS rows of the next one, or of the output's sums.

Each takes the frame, its stage, the network's tables and the flat array `work` that holds the rest
(see layout.py).
"""

from npsr_kernels.compiling.compiled import inner
from npsr_kernels.stream.layout import CARRY, SLACK
from npsr_kernels.stream.microkernel import multiply
from npsr_kernels.vector.simd import REGISTER_BYTES, vload, vstore
from npsr_kernels.vector.winograd import (
    POINTS,
    ROWS,
    TAPS,
    Region,
    points_to_rows,
    points_to_rows_transposed,
    rows_to_points,
    rows_to_points_transposed,
)


@inner
def convolve(frame, stage, tables, work):
    """A convolution by its definition, then the stage's 1 × 1 convolution if it has one.

    The ROWS × S pixels are treated as one long row. The results in border columns are not used.
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
    S, chunk, C, D = frame.stride, frame.chunk, stage.channels, stage.filters
    points = Region(frame.points, C * (S + SLACK), S + SLACK)
    rows_to_points(work, Region(stage.source, S, stage.plane), points, C, S)
    products = Region(frame.products, D * chunk, chunk)
    for q in range(0, S, chunk):
        count = min(chunk, S - q)
        for p in range(POINTS):
            at = points.at + p * points.step - stage.reach + q
            multiply(tables, stage.product + p, work, at, products.at + p * products.step, chunk, count)
        rows = Region(stage.target + q, S, stage.target_plane)
        points_to_rows(work, products, rows, tables.weights, stage.bias, D, count)


@inner
def deconvolve(frame, stage, task, row, tables, work):
    """Add ROWS input rows, `row` the first, to the output's sums, by chunks of columns.

    A column's sums need the points of some columns before it, so the last CARRY of a chunk are stored.
    """
    S, chunk, C = frame.stride, frame.chunk, stage.middle
    width, planes = CARRY + chunk, frame.scale**2 * frame.segments
    points = Region(frame.points + CARRY, C * width, width)
    for q in range(0, S, chunk):
        count = min(chunk, S - q)
        rows = Region(stage.source + q, S, stage.plane)
        if stage.pointwise >= 0:
            expanded = Region(frame.middle, chunk, ROWS * chunk)
            for r in range(ROWS):
                to = expanded.at + r * expanded.step
                multiply(tables, stage.pointwise, work, rows.at + r * S, to, expanded.plane, count)
            rows = expanded
            if not frame.replicate:
                _clear_outside(frame, task, row, q, count, C, work)
        rows_to_points_transposed(work, rows, points, C, count)
        for g in range(stage.groups * POINTS):
            p = g % POINTS
            to = frame.products + p * planes * chunk
            multiply(tables, stage.product + g, work, points.at + p * points.step, to, chunk, count)
        for i in range(planes):
            phase, a = divmod(i, frame.scale)
            b, segment = divmod(phase, frame.segments)
            to = frame.sums + (b * frame.scale + a) * frame.sums_plane + TAPS * segment * S + q
            products = Region(frame.products + i * chunk, planes * chunk, 0)
            points_to_rows_transposed(work, products, Region(to, S, 0), count)
        for i in range(frame.points, frame.points + POINTS * points.step, width):
            for j in range(i, i + CARRY, REGISTER_BYTES // work.itemsize):
                vstore(work, j, vload(work, j + chunk))


@inner
def _clear_outside(frame, task, row, q, count, channels, work):
    """Zeros in a chunk of expanded rows where it lies outside the image."""
    left = frame.pad - q if task.start == 0 else 0
    right = frame.pad + task.width - q if task.start + task.width == frame.columns else count
    for c in range(channels):
        for r in range(ROWS):
            at = frame.middle + (c * ROWS + r) * frame.chunk
            inside = 0 <= row + r < frame.rows
            for j in range(min(left, count) if inside else count):
                work[at + j] = 0
            for j in range(max(right, 0), count):
                work[at + j] = 0
