"""A convolution of a training step by Winograd's minimal filtering down the columns (see winograd.py).

Rows of output are cut into blocks of 4, with 6 points each, and of 3, with 5: the sixth point, ∞, is
what the fourth row adds. For each point, inputs and outputs are maps with one row a block, and the
convolution is one of single rows: the same operations as without points, with other weights and maps.
A filter with more than 3 rows is cut into segments of 3, as if each were further input channels.

    forward      m_p = (G w)_p ∗ (Bᵀ x)_p       z = Aᵀ m
    adjoint      the same, with the filter turned
    weigh        d(G w)_p = (A dz)_p ⋆ (Bᵀ x)_p    dw = Gᵀ d(G w), once a batch

Point p of block b is row p·count + b of a map, so that point 5 comes last, with the blocks of 4 alone.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.stages import Stage, ring
from npsr_kernels.trainkernels import TAPS as GROUP
from npsr_kernels.trainkernels import TO_POINTS, TO_POINTS_TRANSPOSED, TO_ROWS
from npsr_kernels.trainwriter import Map, ProgramWriter, grouped_taps
from npsr_kernels.winograd import POINTS, TAPS

INFINITY = POINTS - 1


class Blocks(NamedTuple):
    """Blocks of rows: `full` of 4 rows, then others of 3."""

    count: int
    full: int

    def of(self, point: int) -> int:
        """How many have this point."""
        return self.full if point == INFINITY else self.count

    @property
    def points(self) -> int:
        """Points of all blocks."""
        return INFINITY * self.count + self.full


class Points(NamedTuple):
    """A stage among the points: its maps and the places of its weights' points."""

    stage: Stage
    blocks: Blocks
    weight: np.ndarray  # (POINTS, D, segments, f, C)
    x: Map  # channels in the order (C, segments)
    z: Map


def cut(rows: int) -> Blocks | None:
    """As few blocks as make up so many rows; None if none do."""
    count = -(-rows // 4)
    return Blocks(count, rows - 3 * count) if rows >= 3 * count else None


def worthwhile(stage: Stage) -> bool:
    """Whether the points save a quarter of the work: products, and some three operations a point transformed."""
    D, f, _, C = stage.weight.shape
    blocks = cut(stage.out)
    if f < TAPS or blocks is None:
        return False
    rows = np.arange(stage.out)[:, None] + np.arange(f) - stage.padding
    direct = int(((rows >= 0) & (rows < stage.side)).sum()) * f * C * D
    segments = -(-f // TAPS)
    return blocks.points * (segments * f * C * D + 3 * (segments * C + D)) <= 0.85 * direct


def lay_out_weights(w: ProgramWriter, stage: Stage) -> np.ndarray:
    """Places (POINTS, D, segments, f, C) of the points of a stage's weights."""
    D, f, _, C = stage.weight.shape
    weight = np.pad(stage.weight, ((0, 0), (0, -f % TAPS), (0, 0), (0, 0)), constant_values=-1)
    return w.weight_points(np.moveaxis(weight.reshape(D, -1, TAPS, f, C), 2, -1))


def lay_out(w: ProgramWriter, stage: Stage, weight: np.ndarray) -> Points:
    """Places for the points of a stage's input and output."""
    blocks = cut(stage.out)
    assert blocks is not None
    D, segments, _, C = weight.shape[1:]
    x = w.map(C * segments, (blocks.points, stage.side), (0, ring(stage)))
    return Points(stage, blocks, weight, x, w.map(D, (blocks.points, stage.out)))


def write_input(w: ProgramWriter, points: Points, rows: Map, slope: np.ndarray | None) -> None:
    """Points of the input, rectified if slopes are given."""
    scalars = -1 if slope is None else w.add(w.scalars, slope)
    segments, C = points.weight.shape[2], points.weight.shape[4]
    for segment in range(segments):
        x = points.x.moved(channels=segment)
        x = x._replace(channel=segments * x.channel, start=x.origin if segment else x.start)
        z = rows.moved(rows=TAPS * segment - points.stage.padding)
        w.operation(TO_POINTS, x, z, scalars=scalars, **size(points, C, points.stage.side))


def write_products(w: ProgramWriter, points: Points) -> None:
    """Points of the output; the bias is added to point 1, which every row contains once."""
    stage = points.stage
    D, segments, f, C = points.weight.shape[1:]
    for point in range(POINTS):
        s, c, v = np.indices((segments, C, f)).reshape(3, -1)
        weight = points.weight[point, :, s, v, c].T
        used = weight.max(axis=0) >= 0
        taps = (c * segments + s) * points.x.channel + v - stage.padding
        rows = points.blocks.of(point)
        spans = np.broadcast_to([0, used.sum()], (-(-D // w.A), rows, 2))
        bias = stage.bias if point == 1 else np.full(D, -1)
        x, z = (m.moved(rows=point * points.blocks.count) for m in (points.x, points.z))
        if rows:
            w.products(weight[:, used], bias, taps[used], spans, stage.out, x, z)


def write_output(w: ProgramWriter, points: Points, rows: Map) -> None:
    """The output's rows from its points."""
    w.operation(TO_ROWS, points.z, rows, **size(points, len(points.stage.weight), points.stage.out))


def write_weight_gradient(w: ProgramWriter, points: Points, rows: Map) -> None:
    """Gradient of the weights' points, from the input's points and the output's gradient."""
    stage = points.stage
    D, segments, f, C = points.weight.shape[1:]
    w.operation(TO_POINTS_TRANSPOSED, points.z, rows, **size(points, D, stage.out))
    for point in range(POINTS):
        s, v, c = grouped_taps(segments, f, C).T
        weight = points.weight[point, :, s, v, c].T
        weight[:, segments * f * C :] = -1
        taps = (c * segments + s) * points.x.channel + v - stage.padding
        column = np.arange(stage.out) + v[:, None] - stage.padding
        inside = (
            ((column >= 0) & (column < stage.side)).reshape(len(taps) // GROUP, -1, stage.out).any(axis=1)
        )
        used = np.broadcast_to(
            inside[:, None, None], (len(inside), -(-D // w.A), points.blocks.of(point), stage.out)
        )
        x, z = (m.moved(rows=point * points.blocks.count) for m in (points.x, points.z))
        if points.blocks.of(point):
            w.product_gradients(weight, taps, used, x, z)


def size(points: Points, channels: int, columns: int) -> dict[str, int]:
    """Fields of an operation that transforms."""
    return {
        "channels": channels,
        "columns": columns,
        "blocks": points.blocks.count,
        "full": points.blocks.full,
    }
