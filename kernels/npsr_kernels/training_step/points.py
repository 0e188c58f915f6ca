"""A convolution of a training step by Winograd's minimal filtering down the columns (see winograd.py).

Output rows are divided into blocks of 4 with 6 points, and blocks of 3 with 5 points: only the fourth row
needs the sixth point, ∞. A filter of more than 3 rows is divided into segments of 3 rows, which are
like additional input channels. For each point there is a convolution of single rows. Its operations are
the same as without points, with other weights, maps and taps.

    forward     m_p = (G w)_p ∗ (Bᵀ x)_p          z = Aᵀ m
    adjoint     the same with the filter rotated by 180°
    weigh       d(G w)_p = (A dz)_p ⋆ (Bᵀ x)_p    dw = Gᵀ d(G w), once a batch

f filter side, C D channels of input and output.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.training_step.operations import TAPS as GROUP
from npsr_kernels.training_step.operations import TO_POINTS, TO_POINTS_TRANSPOSED, TO_ROWS
from npsr_kernels.training_step.stages import Stage, ring
from npsr_kernels.training_step.writer import Map, ProgramWriter, grouped_taps
from npsr_kernels.vector.winograd import POINTS, TAPS

INFINITY = POINTS - 1


class Blocks(NamedTuple):
    """Blocks of rows: `full` of 4 rows, then those of 3."""

    total: int
    full: int

    def having(self, point: int) -> int:
        """Number of blocks that have this point."""
        return self.full if point == INFINITY else self.total

    @property
    def points(self) -> int:
        """Points of all blocks."""
        return INFINITY * self.total + self.full


class Points(NamedTuple):
    """A stage computed on points: its maps and the places of its weights' points."""

    stage: Stage
    blocks: Blocks
    weight: np.ndarray  # (POINTS, D, segments, f, C)
    x: Map  # channels in the order (C, segments)
    z: Map


def cut(rows: int) -> Blocks | None:
    """The fewest blocks that make up so many rows; None for 1, 2 and 5."""
    total = -(-rows // 4)
    return Blocks(total, rows - 3 * total) if rows >= 3 * total else None


def worthwhile(stage: Stage) -> bool:
    """Whether points save 15 % of the work: the products, and about three operations to transform a point."""
    D, f, _, C = stage.weight.shape
    blocks = cut(stage.out)
    if f < TAPS or blocks is None or cut(stage.side) is None:
        return False
    rows = np.arange(stage.out)[:, None] + np.arange(f) - stage.padding
    direct = int(((rows >= 0) & (rows < stage.side)).sum()) * f * C * D
    segments = -(-f // TAPS)
    return blocks.points * (segments * f * C * D + 3 * (segments * C + D)) <= 0.85 * direct


def ring_rows(stage: Stage) -> int:
    """Rows of zeros needed around the stage's input: its filter counts as whole segments."""
    f = len(stage.weight[0])
    return max(ring(stage), stage.out + f + -f % TAPS - 1 - stage.padding - stage.side)


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
    s, c, v = np.indices((segments, C, f)).reshape(3, -1)
    taps = offsets(points, s, v, c)
    for point in range(POINTS):
        weight = points.weight[point, :, s, v, c].T
        used = weight.max(axis=0) >= 0
        spans = np.broadcast_to([0, used.sum()], (-(-D // w.A), points.blocks.having(point), 2))
        bias = stage.bias if point == 1 else np.full(D, -1)
        if spans.size:
            w.products(weight[:, used], bias, taps[used], spans, stage.out, *maps(points, point))


def write_output(w: ProgramWriter, points: Points, rows: Map) -> None:
    """The output's rows from its points."""
    w.operation(TO_ROWS, points.z, rows, **size(points, len(points.stage.weight), points.stage.out))


def write_weight_gradient(w: ProgramWriter, points: Points, rows: Map) -> None:
    """Gradient of the weights' points, from the input's points and the output's gradient."""
    stage = points.stage
    D, segments, f, C = points.weight.shape[1:]
    w.operation(TO_POINTS_TRANSPOSED, points.z, rows, **size(points, D, stage.out))
    s, v, c = grouped_taps(segments, f, C).T
    column = np.arange(stage.out) + v[:, None] - stage.padding
    inside = ((column >= 0) & (column < stage.side)).reshape(-1, GROUP, stage.out).any(axis=1)
    for point in range(POINTS):
        weight = points.weight[point, :, s, v, c].T
        weight[:, segments * f * C :] = -1
        shape = len(inside), -(-D // w.A), points.blocks.having(point), stage.out
        used = np.broadcast_to(inside[:, None, None], shape)
        if used.size:
            w.product_gradients(weight, offsets(points, s, v, c), used, *maps(points, point))


def offsets(points: Points, s: np.ndarray, v: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Taps of segments s, columns v and channels c, as offsets in the map of the input."""
    return (c * points.weight.shape[2] + s) * points.x.channel + v - points.stage.padding


def maps(points: Points, point: int) -> tuple[Map, Map]:
    """Input and output seen from the first row of a point."""
    row = point * points.blocks.total
    return points.x.moved(rows=row), points.z.moved(rows=row)


def size(points: Points, channels: int, columns: int) -> dict[str, int]:
    """Fields of an operation that transforms."""
    blocks = {"blocks": points.blocks.total, "full": points.blocks.full}
    return {"channels": channels, "columns": columns, **blocks}
