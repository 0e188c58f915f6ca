"""From a network's layers to the compiled stream's records, and the run on a few threads.

H W rows and columns of the image, n upscaling factor, h rows (and columns) that a filter reaches
beyond its middle, T filter taps that meet one output pixel of a deconvolution along an axis.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from npsr_kernels import packing
from npsr_kernels.layout import (
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
from npsr_kernels.microkernel import Tables
from npsr_kernels.packing import Packed, Packer
from npsr_kernels.shapes import replicated_reach
from npsr_kernels.simd import lanes
from npsr_kernels.stream import stream
from npsr_kernels.winograd import POINTS, ROWS, TAPS

TILE = 352
"""Columns of a tile at most, borders included."""


class Convolution(NamedTuple):
    """A convolution and its PReLU."""

    weight: np.ndarray
    """(D, C, f, f), f odd."""
    bias: np.ndarray
    """(D,)"""
    slope: np.ndarray
    """(D,) or (1,); 0 is ReLU, 1 is none."""


class Deconvolution(NamedTuple):
    """A deconvolution to one channel, the last layer."""

    weight: np.ndarray
    """(C, 1, f, f)"""
    bias: np.ndarray
    """(1,)"""
    stride: int
    padding: int


class Stage(NamedTuple):
    """What is known of a stage before the image's size is."""

    kind: int
    channels: int
    history: int
    reach: int
    filters: int
    products: list[Packed]
    pointwise: Packed | None = None
    middle: int = 0
    bias: int = -1


class Plan(NamedTuple):
    """A network ready to stream."""

    stages: list[Stage]
    weights: np.ndarray
    blocks: np.ndarray
    replicate: bool
    pad: int
    """P: columns of border that a line buffer has on each side."""
    scale: int = 1
    padding: int = 0
    taps: int = 1
    bias: int = 0


def make_plan(layers: Sequence[Convolution | Deconvolution], border: str, winograd: bool = True) -> Plan:
    """Group the layers into stages and pack their weights.

    A 1 × 1 convolution shares the stage of the convolution before it, or of the deconvolution after
    it, so that the many channels between the two never leave the first cache.

    Parameters
    ----------
    layers : sequence of Convolution, the last of them possibly a Deconvolution
        One channel enters and one leaves.
    border : {"zero", "replicate"}
        How each layer's input continues beyond the image.
    winograd : bool
        Whether 3 × 3 convolutions go by Winograd's algorithm.
    """
    packer = Packer()
    zero = packer.add([0])
    replicate = border == "replicate"
    last = layers[-1]
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    expanding = None
    if isinstance(last, Deconvolution) and len(convolutions) > 1 and convolutions[-1].weight.shape[2] == 1:
        expanding = convolutions.pop()
    stages = []
    while convolutions:
        first = convolutions.pop(0)
        fused = convolutions.pop(0) if convolutions and convolutions[0].weight.shape[2] == 1 else None
        stages.append(_convolution_stage(packer, first, fused, winograd))
    widest = max(stage.reach for stage in stages)
    if not isinstance(last, Deconvolution):
        return Plan(stages, *packer.arrays(last.weight.dtype), replicate, widest, bias=zero)
    n, padding, f = last.stride, last.padding, last.weight.shape[2]
    before = replicated_reach(f, n, padding)[0]
    stages.append(_deconvolution_stage(packer, expanding, last, before if replicate else 0))
    bias = packer.add(last.bias)
    packed = packer.arrays(last.weight.dtype)
    return Plan(stages, *packed, replicate, max(widest, before), n, padding, -(-f // n), bias)


def _product(packer: Packer, layer: Convolution) -> Packed:
    slope = np.broadcast_to(layer.slope, layer.bias.shape)
    return packing.convolution(packer, layer.weight, layer.bias, slope)


def _convolution_stage(packer: Packer, layer: Convolution, fused: Convolution | None, winograd: bool) -> Stage:
    D, C, f, _ = layer.weight.shape
    h = f // 2
    if winograd and f == TAPS and fused is None:
        products = packing.points(packer, layer.weight)
        bias = packer.add(np.concatenate([layer.bias, np.broadcast_to(layer.slope, layer.bias.shape)]))
        return Stage(WINOGRAD, C, 2 * h, h, D, products, bias=bias)
    products = [_product(packer, layer)]
    if fused is None:
        return Stage(DIRECT, C, 2 * h, h, D, products)
    return Stage(DIRECT, C, 2 * h, h, len(fused.weight), products, _product(packer, fused), D)


def _deconvolution_stage(packer: Packer, expanding: Convolution | None, layer: Deconvolution, delay: int) -> Stage:
    """`delay` rows wait in its line buffer until the image's first row has come."""
    C, n = len(layer.weight), layer.stride
    products = packing.deconvolution_points(packer, layer.weight, n)
    if expanding is None:
        return Stage(DECONVOLUTION, C, delay, delay, n * n, products, middle=C)
    channels = expanding.weight.shape[1]
    return Stage(DECONVOLUTION, channels, delay, delay, n * n, products, _product(packer, expanding), C)


class Geometry(NamedTuple):
    """The records for one size of image, and the elements of `work`."""

    frame: np.ndarray
    stages: np.ndarray
    products: np.ndarray
    offsets: np.ndarray
    tasks: np.ndarray
    spans: np.ndarray
    work: int


def make_geometry(plan: Plan, images: int, H: int, W: int, strips: int, tile: int = TILE) -> Geometry:
    """Place the buffers, cut the images into tasks and find which rows each stage owes each task."""
    L = lanes(plan.weights.dtype)
    tasks = _tasks(plan, images, H, W, strips, tile)
    S = _round_up(int(tasks["width"].max()) + 2 * plan.pad, L)
    frame, stages, size = _place(plan, H, W, S, L)
    products, offsets = _offsets(plan, stages, S)
    return Geometry(frame, stages, products, offsets, tasks, _spans(plan, stages, tasks, H), size)


def _round_up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _reach(plan: Plan) -> tuple[int, int]:
    """Columns (before, after) its own place that an output pixel depends on."""
    h = sum(stage.reach for stage in plan.stages if stage.kind != DECONVOLUTION)
    if plan.stages[-1].kind != DECONVOLUTION:
        return h, h
    before = plan.taps - 1 - plan.padding // plan.scale
    return h + before, h + (plan.scale - 1 + plan.padding) // plan.scale


def _tasks(plan: Plan, images: int, H: int, W: int, strips: int, tile: int) -> np.ndarray:
    """Tiles of about equal width, each cut into strips whose rows are multiples of ROWS."""
    before, after = _reach(plan)
    columns = np.linspace(0, W, -(-W // max(tile - before - after - 2 * plan.pad, 1)) + 1).astype(int)
    rows = np.unique(np.append(np.linspace(0, H, strips + 1).astype(int)[:-1] // ROWS * ROWS, H))
    tasks = []
    for image in range(images):
        for left, right in zip(columns[:-1], columns[1:], strict=True):
            start, end = max(left - before, 0), min(right + after, W)
            for top, bottom in zip(rows[:-1], rows[1:], strict=True):
                tasks.append((image, top, bottom, left, right, start, end - start))
    return np.array(tasks, TASK)


def _place(plan: Plan, H: int, W: int, S: int, L: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Frame and stages with all places, and the size of `work`."""
    at = SLACK
    lag = 0
    stages = np.zeros(len(plan.stages), STAGE)
    for record, stage in zip(stages, plan.stages, strict=True):
        plane = (stage.history + ROWS) * S + SLACK
        for name in ("kind", "channels", "history", "reach", "middle", "filters", "bias"):
            record[name] = getattr(stage, name)
        record["lag"], record["source"], record["plane"] = lag, at, plane
        record["groups"] = len(stage.products) // POINTS
        at += stage.channels * plane
        lag += stage.reach
    segments = -(-plan.taps // TAPS)
    frame = np.zeros(1, FRAME)
    scratch = {
        "middle": max(_middle(stage) for stage in plan.stages),
        "points": max(_points(stage, S) for stage in plan.stages),
        "products": POINTS * CHUNK * max(stage.filters for stage in plan.stages) * segments,
    }
    for name, size in scratch.items():
        frame[name] = at
        at += size + SLACK
    sums_rows = (segments - 1) * TAPS + POINTS
    sums_plane = sums_rows * S + SLACK
    for name, value in {
        "rows": H, "columns": W, "stride": S, "pad": plan.pad, "chunk": CHUNK, "replicate": plan.replicate,
        "scale": plan.scale, "padding": plan.padding, "segments": segments, "carried": plan.taps - 1,
        "bias": plan.bias, "sums": at, "sums_rows": sums_rows, "sums_plane": sums_plane,
    }.items():  # fmt: skip
        frame[name] = value
    stages["target"][:-1] = stages["source"][1:] + stages["history"][1:] * S
    stages["target_plane"][:-1] = stages["plane"][1:]
    stages["target"][-1], stages["target_plane"][-1] = at, sums_plane
    return frame, stages, at + plan.scale**2 * sums_plane


def _middle(stage: Stage) -> int:
    rows = ROWS if stage.kind == DECONVOLUTION else 1
    return stage.middle * rows * CHUNK if stage.pointwise else 0


def _points(stage: Stage, S: int) -> int:
    if stage.kind == DECONVOLUTION:
        return POINTS * stage.middle * (CARRY + CHUNK)
    return POINTS * stage.channels * (S + SLACK) if stage.kind == WINOGRAD else 0


def _offsets(plan: Plan, stages: np.ndarray, S: int) -> tuple[np.ndarray, np.ndarray]:
    """Products with their taps' places turned into offsets; the stages learn their products."""
    products: list[tuple[int, ...]] = []
    offsets: list[np.ndarray] = []

    def add(packed: Packed, plane: int, row: int) -> int:
        start = sum(map(len, offsets))
        offsets.append(packed.taps @ (plane, row, 1))
        products.append((len(packed.taps), start, packed.first, packed.last, packed.plane, packed.activate))
        return len(products) - 1

    for record, stage in zip(stages, plan.stages, strict=True):
        buffer = int(record["plane"])
        plane = {DIRECT: buffer, WINOGRAD: S + SLACK, DECONVOLUTION: CARRY + CHUNK}[stage.kind]
        record["product"] = [add(packed, plane, S) for packed in stage.products][0]
        record["pointwise"] = -1
        if stage.pointwise:
            between = buffer if stage.kind == DECONVOLUTION else CHUNK
            record["pointwise"] = add(stage.pointwise, between, 0)
    return np.array(products, PRODUCT), np.concatenate(offsets)


def _spans(plan: Plan, stages: np.ndarray, tasks: np.ndarray, H: int) -> np.ndarray:
    """For each task and line buffer, and last for the output: first and last step that count.

    Winograd mixes the rows of a block, so that a stage needs all the rows its blocks touch.
    """
    spans = np.empty((len(tasks), len(stages) + 1, 2), np.int64)
    for task, span in zip(tasks, spans, strict=True):
        low, high = int(task["top"]), int(task["bottom"]) - 1
        lag = int(stages["lag"][-1] + stages["reach"][-1])
        if stages["kind"][-1] == DECONVOLUTION:
            low = (plan.scale * low + plan.padding) // plan.scale - plan.taps + 1
            high = (plan.scale * (high + 1) - 1 + plan.padding) // plan.scale
            low = max(low, -int(stages["reach"][-1]))
        span[-1] = (low + lag) // ROWS, (high + lag) // ROWS
        for k in reversed(range(len(stages))):
            if stages["kind"][k] != DIRECT:
                low, high = span[k + 1] * ROWS - lag + (0, ROWS - 1)
            if stages["kind"][k] != DECONVOLUTION:
                low, high = low - stages["reach"][k], high + stages["reach"][k]
            low, high = np.clip((low, high), 0, H - 1)
            lag = int(stages["lag"][k])
            span[k] = (low + lag) // ROWS, (high + lag) // ROWS
    return spans


def run(plan: Plan, images: np.ndarray, out: np.ndarray | None = None, threads: int | None = None,
        tile: int = TILE) -> np.ndarray:
    """Run a network over images.

    Parameters
    ----------
    plan : Plan
        The network.
    images : ndarray of shape (N, 1, H, W) or (H, W)
        Input, of the weights' dtype.
    out : ndarray of shape (N, 1, nH, nW) or (nH, nW), optional
        Where to write the output.
    threads : int, optional
        As many as there are processors by default.
    tile : int
        Columns of a tile at most.

    Returns
    -------
    ndarray of shape (N, 1, nH, nW) or (nH, nW)
    """
    *_, H, W = images.shape
    n = plan.scale
    shape = (*images.shape[:-2], n * H, n * W)
    if out is None:
        out = np.empty(shape, images.dtype)
    threads = threads or len(os.sched_getaffinity(0))
    planes = np.ascontiguousarray(images).reshape(-1, H, W)
    geometry = make_geometry(plan, len(planes), H, W, 2, tile)
    results = out.reshape(-1)
    tables = Tables(geometry.products, plan.blocks, plan.weights, geometry.offsets)
    remaining = iter(range(len(geometry.tasks)))

    def worker() -> None:
        work = np.empty(geometry.work, images.dtype)
        for i in remaining:
            stream(geometry.frame[0], geometry.tasks[i], geometry.spans[i], geometry.stages, tables, planes, work,
                   results)

    helpers = [_pool(os.getpid(), threads - 1).submit(worker) for _ in range(threads - 1)]
    worker()
    for helper in helpers:
        helper.result()
    return out


@lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work; others in a forked process, which inherits none."""
    return ThreadPoolExecutor(threads, "npsr")
