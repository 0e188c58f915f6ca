"""Operations that enlarge a plane, each able to give any part of its rows.

An operation says which rows of its input some rows of its output depend on. Given those, or more, it gives
the very bits that it would give for the whole plane: filters see all that they reach, taps and weights
are those of the whole axis, and networks start at the rows where the streamed engine's steps start.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from npsr.images.resize import taps, weigh_rows
from npsr.networks import inference_engine
from npsr.networks.architectures import reach
from npsr.networks.inference_engine import ROWS
from npsr.networks.network import Network
from npsr.rivals.model import Rival
from npsr.upscaling.factors import Size

PlaneUpscaler = Callable[[np.ndarray], np.ndarray]
"""Enlarges one plane: (H, W) in [0, 1] → (nH, nW), not clipped."""

Part = tuple[int, int]
"""The first row, and the one after the last."""


class Operation(NamedTuple):
    """One operation.

    Attributes
    ----------
    needs : callable
        (start, stop), rows of the output → the rows of the input that are needed.
    run : callable
        (rows, first, start, stop) → rows start to stop of the output, from input rows `first` and
        on, which hold at least what is needed.
    """

    needs: Callable[[int, int], Part]
    run: Callable[[np.ndarray, int, int, int], np.ndarray]


def network_operation(net: Network, rows: int, ensemble: bool = False) -> Operation:
    """A network on a plane of so many rows, in [0, 1]; the result is not clipped.

    Parameters
    ----------
    net : Network
        With border "replicate".
    rows : int
        Of the whole input.
    ensemble : bool
        Average over eight flips and rotations.
    """
    n = net.scale if net.enlarges else 1
    halo = max(reach(net))

    def enlarge(plane: np.ndarray) -> np.ndarray:
        return net(plane[None, None])[0, 0]

    def one_way(top: int, bottom: int) -> Part:
        if inference_engine.supports(net.layers):
            return inference_engine.rows_needed(net.layers, net.parameters, rows, top, bottom)
        return max(0, top - halo), min(rows, bottom + halo)

    def needs(start: int, stop: int) -> Part:
        top, bottom = start // n, -(-stop // n)
        first, last = one_way(top, bottom)
        if ensemble:  # upside down the last row is the first
            above, below = one_way(rows - bottom, rows - top)
            first, last = min(first, (rows - below) // ROWS * ROWS), max(last, rows - above)
            last = rows - (rows - last) // ROWS * ROWS
        return first, last

    def run(given: np.ndarray, first: int, start: int, stop: int) -> np.ndarray:
        low, high = needs(start, stop)
        given = given[low - first : high - first]
        large = mean_of_eight(enlarge, given) if ensemble else enlarge(given)
        return large[start - n * low : stop - n * low]

    return Operation(needs, run)


def rival_operation(rival: Rival, rows: int, ensemble: bool = False) -> Operation:
    """A rival on a plane of so many rows, in [0, 1]; the result is not clipped."""
    n, step = rival.scale, rival.step

    def needs(start: int, stop: int) -> Part:
        if ensemble and step > 1:  # upside down other rows begin a step
            return 0, rows
        first = (start // n - rival.reach) // step * step
        return max(0, first), min(rows, -(-stop // n) + rival.reach)

    def run(given: np.ndarray, first: int, start: int, stop: int) -> np.ndarray:
        low, high = needs(start, stop)
        given = given[low - first : high - first]
        large = mean_of_eight(rival, given) if ensemble else rival(given)
        return large[start - n * low : stop - n * low]

    return Operation(needs, run)


def resizing_operation(shape: Sequence[int], size: Size) -> Operation:
    """MATLAB's bicubic on a plane of a given shape."""
    (weights, places), across = (
        taps(side, target, factor) for side, target, factor in zip(shape[:2], *size, strict=True)
    )

    def needs(start: int, stop: int) -> Part:
        return int(places[start:stop].min()), int(places[start:stop].max()) + 1

    def run(given: np.ndarray, first: int, start: int, stop: int) -> np.ndarray:
        rows = weigh_rows(given, weights[start:stop], places[start:stop] - first)
        return weigh_rows(rows.T, *across).T

    return Operation(needs, run)


def chain(operations: Sequence[Operation]) -> Operation:
    """Operations one after the other, as one; the identity if there are none."""

    def parts(start: int, stop: int) -> list[Part]:
        found = [(start, stop)]
        for operation in reversed(operations):
            found.append(operation.needs(*found[-1]))
        return found[::-1]

    def needs(start: int, stop: int) -> Part:
        return parts(start, stop)[0]

    def run(given: np.ndarray, first: int, start: int, stop: int) -> np.ndarray:
        found = parts(start, stop)
        given = given[found[0][0] - first : found[0][1] - first]
        for operation, before, after in zip(operations, found, found[1:], strict=False):
            given = operation.run(given, before[0], *after)
        return given

    return Operation(needs, run)


def mean_of_eight(enlarge: PlaneUpscaler, plane: np.ndarray) -> np.ndarray:
    """The mean over the eight flips and rotations of a plane, each enlarged and turned back."""
    results = []
    for flip in (1, -1):
        for turn in range(4):
            large = enlarge(np.rot90(plane[:, ::flip], turn))
            results.append(np.rot90(large, -turn)[:, ::flip])
    return np.mean(results, axis=0)
