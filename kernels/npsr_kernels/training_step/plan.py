"""From a network's layers to a program: where each map lies, which taps read it, where each weight goes.

Everything here is index arithmetic. It is done once for a network and a side of sub-images. On the LR grid,
a deconvolution with stride n is a convolution to n² phases: output pixel n·q + r − cut is phase r of
position q, and tap n·k + r of input pixel q − k adds to it. So every layer is a `Stage`: a convolution that
names each weight by its place in the list of all parameters.

f filter side, C D channels of input and output, A × B the tile, L lanes, n stride.
"""

from dataclasses import dataclass, field
from math import isqrt, prod
from typing import NamedTuple

import numpy as np

from npsr_kernels.training_step import program
from npsr_kernels.training_step.kernels import Tables
from npsr_kernels.training_step.operations import OPERATION
from npsr_kernels.training_step.stages import Stage
from npsr_kernels.training_step.writer import ProgramWriter
from npsr_kernels.vector.simd import REGISTERS, lanes
from npsr_kernels.vector.winograd import POINTS


class ConvLayer(NamedTuple):
    """Convolution of D × C filters f × f with zero padding, and its rectifier.

    `slopes` is None for no rectifier, 0 for ReLU, 1 for a shared slope, D for one per channel.
    Parameters, in order: weight (D, C, f, f), bias (D,), and the slopes if there are any.
    """

    f: int
    D: int
    C: int
    padding: int
    slopes: int | None


class DeconvLayer(NamedTuple):
    """Deconvolution of C channels to 1, whose full output is cut by `cut` on every side.

    Parameters: weight (C, 1, f, f), bias (1,).
    """

    f: int
    C: int
    stride: int
    cut: int


@dataclass
class Plan:
    """A compiled network: the program and the tables that it refers to."""

    dtype: np.dtype
    shapes: list[tuple[int, ...]]  # of the parameters
    channels: int  # of the input
    sides: tuple[int, int]  # of input and label
    pack: np.ndarray  # places of `scalars` in a list of all parameters, weights' points, and a zero
    triples: np.ndarray  # (3, T) places in it of the weights that these points (6, T) belong to
    unpack: np.ndarray  # places of `gradients` in such a list,
    weighed: np.ndarray  # (3, U) which has the points of these weights, and one place for none
    tables: Tables
    arena: int  # elements
    arenas: list[np.ndarray] = field(default_factory=list)  # free ones


TILES = {32: {2: (2, 10), 4: (4, 6), 3: (3, 7)}, 16: {2: (2, 5), 4: (2, 6), 3: (3, 4)}}
"""Tile (A, B) by the number of registers and the stride: divisors of the phases and of the rows' length."""


def make_plan(
    layers: tuple[ConvLayer | DeconvLayer, ...], side: int, dtype: np.dtype, floor: float = 0.0
) -> Plan:
    """Plan the training step of a network.

    Parameters
    ----------
    layers : tuple of ConvLayer or DeconvLayer
        All but the last have a rectifier; only the last can be a deconvolution. One channel out.
    side : int
        Side of the sub-images.
    dtype : dtype
        float32 or float64.
    floor : float
        Of the PSNR loss: the mean squared error of a sample around which its loss becomes logarithmic. 0 for
        Equation 3.

    Returns
    -------
    Plan
        For `step.loss_and_gradients`. It stores working memory. Several threads may use it at once.

    Raises
    ------
    ValueError
        If a layer before the last has no rectifier.
    """
    stages, shapes = make_stages(layers, side)
    A, B = _tile(layers, stages)
    count = sum(prod(shape) for shape in shapes)
    writer = ProgramWriter(A, B, lanes(dtype), count)
    program.write(writer, stages)
    labels = stages[-1].labels
    assert labels is not None
    scalars, gradients = np.concatenate(writer.scalars), np.concatenate(writer.gradients)
    triples = np.concatenate([*writer.triples, []]).astype(int).reshape(-1, 3)
    weighed = -(-max(0, gradients.max() + 1 - count) // POINTS)  # triples that have gradients: the first
    tables = Tables(
        program=np.array(writer.program, OPERATION),
        taps=np.concatenate(writer.taps),
        spans=np.concatenate(writer.spans),
        pixels=np.concatenate(writer.pixels),
        labels=labels.ravel(),
        floor=floor * np.count_nonzero(labels >= 0),
        lanes=writer.L,
        a=(0,) * A,
        b=(0,) * B,
        rest=(0,) * max(1, B - 1),
    )
    return Plan(
        dtype=np.dtype(dtype),
        shapes=shapes,
        channels=layers[0].C,
        sides=(side, isqrt(int(labels.max()) + 1)),
        pack=_places(scalars, count, len(triples)),
        triples=_places(triples.T, count, len(triples)),
        unpack=_places(gradients, count, weighed),
        weighed=_places(triples[:weighed].T, count, weighed),
        tables=tables,
        arena=writer.size * writer.L,
    )


def _places(table: np.ndarray, count: int, triples: int) -> np.ndarray:
    """Places in a list of `count` parameters, the points of `triples`, point by point, and one for none."""
    triple, point = np.divmod(table - count, POINTS)
    places = np.where(table < count, table, count + point * triples + triple)
    none = count + POINTS * triples
    return np.ascontiguousarray(np.where(table < 0, none, places), np.uint32)


def _tile(layers: tuple[ConvLayer | DeconvLayer, ...], stages: list[Stage]) -> tuple[int, int]:
    """The tile for the stride, no wider than the narrowest row."""
    n = layers[-1].stride if isinstance(layers[-1], DeconvLayer) else 3
    table = TILES[REGISTERS]
    A, B = table.get(n, table[3])
    return A, min(
        B, *(side for k, stage in enumerate(stages) for side in (stage.out, stage.side)[: 1 + bool(k)])
    )


def make_stages(
    layers: tuple[ConvLayer | DeconvLayer, ...], side: int
) -> tuple[list[Stage], list[tuple[int, ...]]]:
    """Every layer as a stage, and the parameters' shapes."""
    stages: list[Stage] = []
    shapes: list[tuple[int, ...]] = []
    place = 0
    for layer in layers:
        if isinstance(layer, DeconvLayer):
            stages.append(_deconvolution(layer, side, place))
            shapes += [(layer.C, 1, layer.f, layer.f), (1,)]
        else:
            stages.append(_convolution(layer, side, place))
            shapes += [(layer.D, layer.C, layer.f, layer.f), (layer.D,)]
            shapes += [(layer.slopes,)] if layer.slopes else []
        side = stages[-1].out
        place = sum(prod(shape) for shape in shapes)
    if stages[-1].labels is None:
        labels = np.arange(side * side).reshape(1, side, side)
        stages[-1] = stages[-1]._replace(labels=labels)
    return stages, shapes


def _convolution(layer: ConvLayer, side: int, place: int) -> Stage:
    f, D, C = layer.f, layer.D, layer.C
    weight = place + np.arange(D * C * f * f).reshape(D, C, f, f).transpose(0, 2, 3, 1)
    bias = place + weight.size + np.arange(D)
    slope = None
    if layer.slopes is not None:
        slope = bias[-1] + 1 + np.arange(D) % layer.slopes if layer.slopes else np.full(D, -1)
    return Stage(weight, bias, slope, layer.padding, side, side + 2 * layer.padding - f + 1)


def _deconvolution(layer: DeconvLayer, side: int, place: int) -> Stage:
    f, C, n, cut = layer
    label = (side - 1) * n + f - 2 * cut
    first, last = cut // n, (cut + label - 1) // n  # places q that own output pixels
    reach = -(-f // n)
    tap = n * np.arange(reach)[::-1] + np.arange(n)[:, None]  # (phase, place in the window)
    rows, columns = tap[:, None, :, None, None], tap[None, :, None, :, None]
    weight = place + np.arange(C) * f * f + rows * f + columns
    weight = np.where((rows < f) & (columns < f), weight, -1).reshape(n * n, reach, reach, C)
    pixel = n * np.arange(first, last + 1) + np.arange(n)[:, None] - cut  # (phase, q)
    rows, columns = pixel[:, None, :, None], pixel[None, :, None, :]
    inside = (rows >= 0) & (rows < label) & (columns >= 0) & (columns < label)
    labels = np.where(inside, rows * label + columns, -1)
    out = last - first + 1
    bias = np.full(n * n, place + C * f * f)
    return Stage(weight, bias, None, reach - 1 - first, side, out, labels.reshape(n * n, out, out))
