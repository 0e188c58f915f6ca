"""The stream: rows flow through all layers of a network; no map is ever whole.

Every stage (a layer, or two that belong together) has a line buffer of input rows. In a step the
first buffer receives ROWS new rows of the image, each stage turns its buffer into ROWS new rows of
the next, and the last yields rows of the output. A stage that looks h rows ahead is h rows late.

Steps count from the top of the image, whatever strip or tile a thread works on: a pixel's
arithmetic does not depend on how the work is cut.
"""

from numba import njit

from npsr_kernels.layer import convolve, convolve_by_points, deconvolve
from npsr_kernels.layout import DIRECT, WINOGRAD
from npsr_kernels.winograd import ROWS


@njit(nogil=True)
def stream(frame, task, spans, stages, tables, images, work, out):
    """Assign one task's part of `out`.

    spans[k] are the first and the last step in which line buffer k is needed; the last span is the
    output's.
    """
    last = len(stages)
    work[frame.sums : frame.sums + frame.scale**2 * frame.sums_plane] = 0
    for step in range(spans[0, 0], spans[last, 1] + 1):
        for k in range(last + 1):
            if step < spans[k, 0]:
                continue
            if k < last:
                _advance(frame, stages[k], work)
            if step <= spans[k, 1]:
                if k == 0:
                    _load(frame, task, stages[0], ROWS * step, images, work)
                else:
                    _layer(frame, stages[k - 1], task, step, tables, work)
            if k < last:
                row = ROWS * step - stages[k].lag
                _continue_columns(frame, task, stages[k], work)
                _continue_rows(frame, stages[k], row, work)
            else:
                stage = stages[last - 1]
                _store(frame, task, ROWS * step - stage.lag - stage.reach, tables, work, out)


@njit(nogil=True)
def _layer(frame, stage, task, step, tables, work):
    """New rows from a stage's line buffer."""
    if stage.kind == DIRECT:
        convolve(frame, stage, tables, work)
    elif stage.kind == WINOGRAD:
        convolve_by_points(frame, stage, tables, work)
    else:
        row = ROWS * step - stage.lag - stage.reach
        deconvolve(frame, stage, task, row, tables, work)


@njit(nogil=True)
def _advance(frame, stage, work):
    """Make room for ROWS new rows: the last `history` rows become the first."""
    for c in range(stage.channels):
        to = stage.source + c * stage.plane
        for i in range(stage.history * frame.stride):
            work[to + i] = work[to + ROWS * frame.stride + i]


@njit(nogil=True)
def _load(frame, task, stage, row, images, work):
    """Assign the new rows of the first line buffer, from the image."""
    for i in range(row, min(row + ROWS, frame.rows)):
        at = stage.source + (stage.history + i - row) * frame.stride + frame.pad
        for j in range(task.width):
            work[at + j] = images[task.image, i, task.start + j]


@njit(nogil=True)
def _continue_columns(frame, task, stage, work):
    """Continue the new rows beyond the image's first and last column."""
    first, end = frame.pad, frame.pad + task.width
    zero = work.dtype.type(0)
    for c in range(stage.channels):
        for r in range(stage.history, stage.history + ROWS):
            at = stage.source + c * stage.plane + r * frame.stride
            if task.start == 0:
                work[at : at + first] = work[at + first] if frame.replicate else zero
            if task.start + task.width == frame.columns:
                work[at + end : at + end + first] = work[at + end - 1] if frame.replicate else zero


@njit(nogil=True)
def _continue_rows(frame, stage, row, work):
    """Continue the image above its first row, when that arrives, and below its last."""
    S, zero = frame.stride, work.dtype.type(0)
    for c in range(stage.channels):
        buffer = stage.source + c * stage.plane
        first = buffer + (stage.history - row) * S
        if row <= 0:
            for at in range(buffer, first, S):
                for i in range(S):
                    work[at + i] = work[first + i] if frame.replicate else zero
        for r in range(max(frame.rows, row), row + ROWS):
            at = first + r * S
            for i in range(at, at + S):
                work[i] = work[i - S] if frame.replicate else zero


@njit(nogil=True)
def _store(frame, task, row, tables, work, out):
    """Assign the output rows whose sums are complete, from their phase planes, and move on."""
    n, S = frame.scale, frame.stride
    for i in range(n * ROWS):
        y = n * row + i - frame.padding
        if n * task.top <= y < n * task.bottom:
            r, a = divmod(i, n)
            for b in range(n):
                q = task.left + (frame.padding - b + n - 1) // n
                at = frame.sums + (b * n + a) * frame.sums_plane + r * S + frame.pad + q - task.start
                x = n * q + b - frame.padding
                for j in range(task.right - task.left):
                    out[task.image, y, x + n * j] = work[at + j] + tables.weights[frame.bias]
    for plane in range(n * n):
        at = frame.sums + plane * frame.sums_plane
        for i in range(frame.carried * S):
            work[at + i] = work[at + ROWS * S + i]
        work[at + frame.carried * S : at + frame.sums_rows * S] = 0
