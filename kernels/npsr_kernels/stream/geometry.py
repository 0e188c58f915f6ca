"""From a plan and an image's size to the records that the compiled stream reads.

H W rows and columns of the image, S columns of a row in memory, P columns of border in it, n upscaling
factor.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from npsr_kernels.stream.layout import (
    CARRY,
    CHUNK,
    DECONVOLUTION,
    DIRECT,
    FRAME,
    PRODUCT,
    SLACK,
    STAGE,
    TASK,
    WINOGRAD,
)
from npsr_kernels.stream.microkernel import VECTORS, Tables
from npsr_kernels.stream.packing import Packed
from npsr_kernels.stream.plan import Plan, Stage, replicated_before
from npsr_kernels.vector.simd import lanes
from npsr_kernels.vector.winograd import POINTS, ROWS, TAPS


class Geometry(NamedTuple):
    """What one size of image needs."""

    frame: np.void
    tasks: np.ndarray
    spans: np.ndarray
    stages: np.ndarray
    tables: Tables
    size: int
    """Elements of `work`."""


@lru_cache(maxsize=8)
def make_geometry(plan: Plan, shape: tuple[int, int, int], tile: int, threads: int) -> Geometry:
    """Divide the images into tasks, place the buffers and find the rows that each task needs of each stage.

    Parameters
    ----------
    plan : Plan
        The network.
    shape : (int, int, int)
        N, H and W.
    tile : int
        Columns of a row in memory at most, unless the network's reach is larger.
    threads : int
        Threads that share the tasks.
    """
    tasks = make_tasks(plan, shape, tile, threads)
    L = lanes(plan.weights.dtype)
    S = -(-(int(tasks["width"].max()) + 2 * plan.pad) // L) * L
    chunk = CHUNK * L
    frame, stages, size = _place(plan, shape, S, chunk)
    products, offsets = _products(plan, stages, S, chunk)
    tables = Tables(products, plan.blocks, plan.weights, offsets)
    return Geometry(frame[0], tasks, _spans(plan, stages, tasks, shape[1]), stages, tables, size)


def make_tasks(plan: Plan, shape: tuple[int, int, int], tile: int, threads: int) -> np.ndarray:
    """Tiles of about equal width, each whole or cut into strips of about equal height.

    Of a few such divisions, the one that leaves the least work to the busiest thread.
    """
    W = shape[2]
    before, after = _reach(plan)
    fewest = -(-W // max(tile - before - after - 2 * plan.pad, 1))
    whole = VECTORS[4] * lanes(plan.weights.dtype)

    def busiest(tasks: np.ndarray) -> int:
        """Pixels that the busiest thread computes: in whole tiles of the micro-kernel."""
        columns = -(-(tasks["width"].max() + 2 * plan.pad) // whole) * whole
        rows = (tasks["bottom"] - tasks["top"] + (tasks["top"] > 0) * _lead(plan)).max() + after
        return -(-len(tasks) // threads) * columns * rows

    cuts = (
        (tiles, strips) for tiles in range(fewest, min(fewest + threads, W) + 1) for strips in (1, threads)
    )
    return min((_cut(plan, shape, tiles, strips) for tiles, strips in cuts), key=busiest)


def _cut(plan: Plan, shape: tuple[int, int, int], tiles: int, strips: int) -> np.ndarray:
    """Tasks: at most so many tiles and strips.

    Strips start at multiples of ROWS, where steps start. The first strip is taller, because the others also
    compute some rows before their own.
    """
    images, H, W = shape
    before, after = _reach(plan)
    columns = np.linspace(0, W, tiles + 1).astype(int)
    first = (H + (strips - 1) * _lead(plan)) / strips
    starts = first + np.arange(strips - 1) * (first - _lead(plan))
    rows = np.unique([0, *(np.round(starts / ROWS).astype(int) * ROWS).clip(0, H), H])
    tasks = [
        (image, top, bottom, left, right, start := max(left - before, 0), min(right + after, W) - start)
        for image in range(images)
        for left, right in pairwise(columns)
        for top, bottom in pairwise(rows)
    ]
    return np.array(tasks, TASK)


def _reach(plan: Plan) -> tuple[int, int]:
    """Columns before and after its own that a pixel of the image depends on."""
    reach = sum(stage.reach for stage in plan.stages if stage.kind != DECONVOLUTION)
    return reach + replicated_before(plan), reach + (plan.scale - 1 + plan.padding) // plan.scale


def _lead(plan: Plan) -> int:
    """About how many rows before its own a strip computes, as its steps are whole."""
    return _reach(plan)[0] + ROWS - 1


def rows_needed(plan: Plan, rows: int, top: int, bottom: int) -> tuple[int, int]:
    """The rows of an image that are needed to compute some rows of the output with exactly the same bits.

    Parameters
    ----------
    plan : Plan
        The network.
    rows : int
        Rows of the image.
    top, bottom : int
        Rows of the output, in pixels of the image.

    Returns
    -------
    first, last : int
        The first row, where a step starts, and the one after the last.
    """
    stages = np.zeros(len(plan.stages), STAGE)
    for name in ("kind", "reach"):
        stages[name] = [getattr(stage, name) for stage in plan.stages]
    stages["lag"] = np.cumsum(stages["reach"]) - stages["reach"]
    task = np.zeros(1, TASK)
    task["top"], task["bottom"] = top, bottom
    low, high = _spans(plan, stages, task, rows)[0, 0]
    return int(low) * ROWS, min(rows, int(high + 1) * ROWS)


def _place(plan: Plan, shape: tuple[int, int, int], S: int, chunk: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Frame and stages with all places, and the elements of `work`."""
    stages, frame = np.zeros(len(plan.stages), STAGE), np.zeros(1, FRAME)
    at, lag = SLACK, 0
    for record, stage in zip(stages, plan.stages, strict=True):
        plane = (stage.history + ROWS) * S + SLACK
        _assign(record, **{name: getattr(stage, name) for name in Stage._fields if name in SCALARS})
        _assign(record, groups=len(stage.products) // POINTS, lag=lag, source=at, plane=plane)
        at += stage.channels * plane
        lag += stage.reach
    segments = -(-plan.taps // TAPS)
    for name, size in {
        "middle": max(_middle(stage, chunk) for stage in plan.stages),
        "points": max(_points(stage, S, chunk) for stage in plan.stages),
        "products": POINTS * chunk * max(stage.filters for stage in plan.stages) * segments,
    }.items():
        frame[name] = at
        at += size + SLACK
    sums_rows = TAPS * (segments - 1) + POINTS
    sums_plane = sums_rows * S + SLACK
    _assign(frame, rows=shape[1], columns=shape[2], stride=S, pad=plan.pad, chunk=chunk)
    _assign(frame, replicate=plan.replicate, scale=plan.scale, padding=plan.padding, bias=plan.bias)
    _assign(frame, segments=segments, carried=plan.taps - 1)
    _assign(frame, sums=at, sums_rows=sums_rows, sums_plane=sums_plane)
    stages["target"] = [*(stages["source"] + stages["history"] * S)[1:], at]
    stages["target_plane"] = [*stages["plane"][1:], sums_plane]
    return frame, stages, at + plan.scale**2 * sums_plane


SCALARS = ("kind", "channels", "history", "reach", "filters", "middle", "bias")
"""Fields that a stage's record copies from the plan."""


def _assign(record: np.ndarray, **values: int) -> None:
    for name, value in values.items():
        record[name] = value


def _middle(stage: Stage, chunk: int) -> int:
    """Elements between the two layers of a stage."""
    rows = ROWS if stage.kind == DECONVOLUTION else 1
    return stage.middle * rows * chunk if stage.pointwise else 0


def _points(stage: Stage, S: int, chunk: int) -> int:
    """Elements of a stage's points."""
    if stage.kind == DECONVOLUTION:
        return POINTS * stage.middle * (CARRY + chunk)
    return POINTS * stage.channels * (S + SLACK) if stage.kind == WINOGRAD else 0


def _products(plan: Plan, stages: np.ndarray, S: int, chunk: int) -> tuple[np.ndarray, np.ndarray]:
    """Products, and the offsets of their taps; assigns to each stage its products."""
    products: list[tuple[int, ...]] = []
    offsets: list[np.ndarray] = []

    def add(packed: Packed, plane: int) -> int:
        start = sum(map(len, offsets))
        offsets.append(packed.taps @ (plane, S, 1))
        products.append((len(packed.taps), start, packed.first, packed.last, packed.plane, packed.activate))
        return len(products) - 1

    for record, stage in zip(stages, plan.stages, strict=True):
        buffer = int(record["plane"])
        plane = {DIRECT: buffer, WINOGRAD: S + SLACK, DECONVOLUTION: CARRY + chunk}[stage.kind]
        record["product"] = len(products)
        for packed in stage.products:
            add(packed, plane)
        between = buffer if stage.kind == DECONVOLUTION else chunk
        record["pointwise"] = add(stage.pointwise, between) if stage.pointwise else -1
    return np.array(products, PRODUCT), np.concatenate(offsets)


def _spans(plan: Plan, stages: np.ndarray, tasks: np.ndarray, H: int) -> np.ndarray:
    """First and last step that each line buffer of each task is needed in; the last entry is the output's.

    Winograd's algorithm mixes the rows of a block. So its stages need all rows that their blocks touch, and
    not only the rows that the next stage needs.
    """
    spans = np.empty((len(tasks), len(stages) + 1, 2), np.int64)
    n, padding = plan.scale, plan.padding
    low, high = tasks["top"], tasks["bottom"] - 1
    lag = stages["lag"][-1] + stages["reach"][-1]
    if stages["kind"][-1] == DECONVOLUTION:
        low = np.maximum((n * low + padding) // n - plan.taps + 1, -stages["reach"][-1])
        high = (n * high + n - 1 + padding) // n
    spans[:, -1] = np.stack([low + lag, high + lag], axis=1) // ROWS
    for k in reversed(range(len(stages))):
        if stages["kind"][k] != DIRECT:
            low, high = spans[:, k + 1, 0] * ROWS - lag, spans[:, k + 1, 1] * ROWS - lag + ROWS - 1
        if stages["kind"][k] != DECONVOLUTION:
            low, high = low - stages["reach"][k], high + stages["reach"][k]
        low, high, lag = np.clip(low, 0, H - 1), np.clip(high, 0, H - 1), stages["lag"][k]
        spans[:, k] = np.stack([low + lag, high + lag], axis=1) // ROWS
    return spans
