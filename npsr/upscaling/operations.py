"""Operations that enlarge a plane, each able to give any part of it.

An operation says which part of its input a part of its output depends on. Given that, or more, it gives
the very bits that it would give for the whole plane: filters see all that they reach, taps and weights
are those of the whole axis, and networks start at the rows where the streamed engine's steps start.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from npsr.images.resize import MATLAB, taps, weigh_rows
from npsr.networks import inference_engine
from npsr.networks.architectures import reach
from npsr.networks.inference_engine import ROWS
from npsr.networks.layers import is_sparse_coding
from npsr.networks.network import Engine, Network
from npsr.rivals.model import Rival
from npsr.upscaling.factors import Size

PlaneUpscaler = Callable[[np.ndarray], np.ndarray]
"""Enlarges one plane: (H, W) in [0, 1] → (nH, nW), not clipped."""

STRIP_BYTES, KEPT = 2**29, 4
"""What an engine that keeps whole layers may take for a strip, and how many layers it keeps at once."""

Span = tuple[int, int]
"""Of an axis: the first pixel, and the one after the last."""


class Part(NamedTuple):
    """A rectangle of a plane."""

    rows: Span
    columns: Span

    def of(self, plane: np.ndarray, origin: tuple[int, int]) -> np.ndarray:
        """The same pixels of a plane whose first pixel is at `origin`."""
        (top, bottom), (left, right) = self
        return plane[top - origin[0] : bottom - origin[0], left - origin[1] : right - origin[1]]

    @property
    def origin(self) -> tuple[int, int]:
        """The first row and column."""
        return self.rows[0], self.columns[0]


class Operation(NamedTuple):
    """One operation.

    Attributes
    ----------
    needs : callable
        From a part of the output to the part of the input that it depends on.
    run : callable
        From a plane, that is what is needed or more, the place of its first pixel in the whole, and
        a part of the output to that part.
    """

    needs: Callable[[Part], Part]
    run: Callable[[np.ndarray, tuple[int, int], Part], np.ndarray]


def network_operation(
    net: Network, sides: tuple[int, int], ensemble: bool = False, engine: Engine | None = None
) -> Operation:
    """A network, or one stage of a cascade, on a plane with such sides, in [0, 1]; the result is not clipped.

    Parameters
    ----------
    net : Network
        With border "replicate".
    sides : (int, int)
        Rows and columns of the whole input.
    ensemble : bool
        Average over eight flips and rotations.
    engine : str, optional
        As a network takes it.
    """
    n = net.factor if net.enlarges else 1
    halo = max(reach(net))
    by_rows = is_sparse_coding(net.layers)  # its products are of whole rows
    streamed = (engine or net.default_engine) == "fast"

    def enlarge(plane: np.ndarray) -> np.ndarray:
        return net(plane[None, None], engine)[0, 0]

    def reached(side: int, span: Span) -> Span:
        return max(0, span[0] - halo), min(side, span[1] + halo)

    def aligned(side: int, span: Span) -> Span:
        """Of rows the streamed engine needs some more, so that its steps fall as in the whole."""
        if not streamed:
            return reached(side, span)
        return inference_engine.rows_needed(net.layers, net.parameters, side, *span)

    def both_ways(side: int, span: Span) -> Span:
        """As rows of the plane and of the plane upside down, whose last row is the first."""
        first, last = aligned(side, span)
        above, below = aligned(side, (side - span[1], side - span[0]))
        first, last = min(first, (side - below) // ROWS * ROWS), max(last, side - above)
        return first, side - (side - last) // ROWS * ROWS

    def needs(part: Part) -> Part:
        rows, columns = ((start // n, -(-stop // n)) for start, stop in part)
        if by_rows:
            return Part(reached(sides[0], rows), reached(sides[1], columns) if ensemble else (0, sides[1]))
        if ensemble:  # turned by a quarter, columns are rows
            return Part(both_ways(sides[0], rows), both_ways(sides[1], columns))
        return Part(aligned(sides[0], rows), reached(sides[1], columns))

    def run(pixels: np.ndarray, origin: tuple[int, int], part: Part) -> np.ndarray:
        needed = needs(part)
        pixels = needed.of(pixels, origin)
        large = mean_of_eight(enlarge, pixels) if ensemble else enlarge(pixels)
        top, left = needed.origin
        return part.of(large, (n * top, n * left))

    if streamed:
        return Operation(needs, run)
    widest = max(side for parameter in net.parameters.values() for side in parameter.shape)
    rows = max(4 * halo, STRIP_BYTES // (4 * KEPT * widest * sides[1]))
    return in_strips(Operation(needs, run), n * rows)


def in_strips(whole: Operation, height: int) -> Operation:
    """An operation done for so many rows of its output at a time, which bounds the memory that it takes."""

    def run(pixels: np.ndarray, origin: tuple[int, int], part: Part) -> np.ndarray:
        (start, stop), columns = part
        strips = [Part((row, min(row + height, stop)), columns) for row in range(start, stop, height)]
        return np.concatenate([whole.run(pixels, origin, strip) for strip in strips])

    return Operation(whole.needs, run)


def rival_operation(rival: Rival, sides: tuple[int, int], ensemble: bool = False) -> Operation:
    """A rival on a plane with such sides, in [0, 1]; the result is not clipped.

    It computes whole rows; averaged over flips and rotations also parts of them, as rows are columns then.
    """
    n, step = rival.scale, rival.step

    def reached(side: int, span: Span) -> Span:
        """From a multiple of the step on, seen from either end."""
        first = max(0, span[0] // n - rival.reach) // step * step
        return first, side - max(0, side + -span[1] // n - rival.reach) // step * step

    def needs(part: Part) -> Part:
        columns = reached(sides[1], part.columns) if ensemble else (0, sides[1])
        return Part(reached(sides[0], part.rows), columns)

    def run(pixels: np.ndarray, origin: tuple[int, int], part: Part) -> np.ndarray:
        needed = needs(part)
        pixels = needed.of(pixels, origin)
        large = mean_of_eight(rival, pixels) if ensemble else rival(pixels)
        top, left = needed.origin
        return part.of(large, (n * top, n * left))

    return Operation(needs, run)


def resizing_operation(shape: Sequence[int], size: Size, a: float = MATLAB) -> Operation:
    """Bicubic interpolation of a plane of a given shape, MATLAB's or that of another kernel."""
    sides = zip(shape[:2], *size, strict=True)
    down, across = (taps(side, target, factor, 0, a) for side, target, factor in sides)

    def needs(part: Part) -> Part:
        spans = (places[slice(*span)] for (_, places), span in zip((down, across), part, strict=True))
        return Part(*((int(places.min()), int(places.max()) + 1) for places in spans))

    def run(pixels: np.ndarray, origin: tuple[int, int], part: Part) -> np.ndarray:
        needed = needs(part)
        pixels = needed.of(pixels, origin)
        for (weights, places), span, first in zip((down, across), part, needed.origin, strict=True):
            some = slice(*span)
            pixels = weigh_rows(pixels, weights[some], places[some] - first).T
        return pixels

    return Operation(needs, run)


def chain(operations: Sequence[Operation]) -> Operation:
    """Operations one after the other, as one; the identity if there are none."""

    def parts(part: Part) -> list[Part]:
        found = [part]
        for operation in reversed(operations):
            found.append(operation.needs(found[-1]))
        return found[::-1]

    def needs(part: Part) -> Part:
        return parts(part)[0]

    def run(pixels: np.ndarray, origin: tuple[int, int], part: Part) -> np.ndarray:
        found = parts(part)
        pixels = found[0].of(pixels, origin)
        for operation, before, after in zip(operations, found, found[1:], strict=False):
            pixels = operation.run(pixels, before.origin, after)
        return pixels

    return Operation(needs, run)


def mean_of_eight(enlarge: PlaneUpscaler, plane: np.ndarray) -> np.ndarray:
    """The mean over the eight flips and rotations of a plane, each enlarged and turned back."""
    total: np.ndarray | float = 0.0
    for flip in (1, -1):
        for turn in range(4):
            large = enlarge(np.rot90(plane[:, ::flip], turn))
            total = total + np.rot90(large, -turn)[:, ::flip]
    return np.asarray(total) / np.asarray(total).dtype.type(8)
