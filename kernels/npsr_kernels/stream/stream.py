"""The stream: a few rows at a time pass through all layers of a network; no feature map is stored whole.

Every stage (a layer, or two that belong together) has a line buffer of input rows. In a step the
first buffer receives ROWS new rows of the image. Each stage computes from its buffer ROWS new rows of
the next buffer. The last stage gives rows of the output. A stage that needs h rows ahead is h rows late.

Steps count from the top of the image, whatever strip or tile a thread works on. So a pixel's
arithmetic does not depend on how the work is divided.
"""

from npsr_kernels.compiling.compiled import compiled, inner
from npsr_kernels.stream.interleave import interleave
from npsr_kernels.stream.layer import convolve, convolve_by_points, deconvolve
from npsr_kernels.stream.layout import DIRECT, WINOGRAD
from npsr_kernels.vector.simd import REGISTER_BYTES, vload, vsplat, vstore
from npsr_kernels.vector.winograd import ROWS


@compiled
def stream(frame, task, spans, stages, tables, images, work, out):
    """Assign one task's part of `out`.

    spans[k] are the first and the last step in which line buffer k is needed; the last span is the
    output's. Before a task's first step, `clear_sums`.
    """
    last = len(stages)
    for step in range(spans[:, 0].min(), spans[:, 1].max() + 1):
        for k in range(last + 1):
            if step < spans[k, 0]:
                continue
            if k < last:
                _advance(frame, stages[k], work)
            if step <= spans[k, 1]:
                before = stages[max(k - 1, 0)]
                if k == 0:
                    _load(frame, task, before, ROWS * step, images, work)
                elif before.kind == DIRECT:
                    convolve(frame, before, tables, work)
                elif before.kind == WINOGRAD:
                    convolve_by_points(frame, before, tables, work)
                else:
                    deconvolve(frame, before, task, ROWS * step - before.lag - before.reach, tables, work)
            if k < last:
                row = ROWS * step - stages[k].lag
                _continue_columns(frame, task, stages[k], work)
                _continue_rows(frame, stages[k], row, work)
            else:
                stage = stages[last - 1]
                _store(frame, task, ROWS * step - stage.lag - stage.reach, tables, work, out)


def clear_sums(frame, work):
    """Assign 0 to the output's sums."""
    work[frame["sums"] :][: frame["scale"] ** 2 * frame["sums_plane"]] = 0


@inner
def _copy(work, at, to, count):
    """Assign work[to], … from work[at], …, vector by vector, first to last, so `to` may be below `at`."""
    for i in range(0, count, REGISTER_BYTES // work.itemsize):
        vstore(work, to + i, vload(work, at + i))


@inner
def _fill(work, to, count, value):
    """Assign one value to whole vectors."""
    splat = vsplat(value)
    for i in range(to, to + count, REGISTER_BYTES // work.itemsize):
        vstore(work, i, splat)


@inner
def _advance(frame, stage, work):
    """Make room for ROWS new rows: the last `history` rows become the first."""
    if stage.history:
        for c in range(stage.channels):
            to = stage.source + c * stage.plane
            _copy(work, to + ROWS * frame.stride, to, stage.history * frame.stride)


@inner
def _load(frame, task, stage, row, images, work):
    """Assign the new rows of the first line buffer, from the image."""
    for i in range(row, min(row + ROWS, frame.rows)):
        at = stage.source + (stage.history + i - row) * frame.stride + frame.pad
        for j in range(task.width):
            work[at + j] = images[task.image, i, task.start + j]


@inner
def _continue_columns(frame, task, stage, work):
    """Pad the new rows before the image's first and after its last column."""
    at_left, at_right = task.start == 0, task.start + task.width == frame.columns
    if not (at_left or at_right):
        return
    pad, end, zero = frame.pad, frame.pad + task.width, work.dtype.type(0)
    for c in range(stage.channels):
        for r in range(stage.history, stage.history + ROWS):
            at = stage.source + c * stage.plane + r * frame.stride
            left = work[at + pad] if frame.replicate else zero
            right = work[at + end - 1] if frame.replicate else zero
            for j in range(pad):
                if at_left:
                    work[at + j] = left
                if at_right:
                    work[at + end + j] = right


@inner
def _continue_rows(frame, stage, row, work):
    """Pad the image above its first row, when that arrives, and below its last row."""
    S, zero = frame.stride, work.dtype.type(0)
    for c in range(stage.channels):
        buffer = stage.source + c * stage.plane
        first = buffer + (stage.history - row) * S
        if row <= 0:
            for at in range(buffer, first, S):
                if frame.replicate:
                    _copy(work, first, at, S)
                else:
                    _fill(work, at, S, zero)
        for r in range(max(frame.rows, row), row + ROWS):
            if frame.replicate:
                _copy(work, first + (r - 1) * S, first + r * S, S)
            else:
                _fill(work, first + r * S, S, zero)


@inner
def _store(frame, task, row, tables, work, out):
    """Assign the output rows whose sums are complete, and make room for the next."""
    n, S = frame.scale, frame.stride
    added = tables.weights[frame.bias]
    width = n * frame.columns
    for i in range(n * ROWS):
        y = n * row + i - frame.padding
        if n * task.top <= y < n * task.bottom:
            r, a = divmod(i, n)
            sums = frame.sums + a * frame.sums_plane + r * S + frame.pad - task.start
            to = (task.image * n * frame.rows + y) * width - frame.padding
            span = n * task.left + frame.padding, n * task.right + frame.padding
            interleave(work, sums, n * frame.sums_plane, added, out, to, n, span)
    for plane in range(n * n):
        at = frame.sums + plane * frame.sums_plane
        _copy(work, at + ROWS * S, at, frame.carried * S)
        _fill(work, at + frame.carried * S, (frame.sums_rows - frame.carried) * S, work.dtype.type(0))
