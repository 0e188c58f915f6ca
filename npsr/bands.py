"""An image enlarged band by band: bands of any height give the same bits, and bound the memory.

A band is some rows of the output. Of the input, an array or whatever gives rows for a slice, as much
is read as they depend on. Luma and alpha go through networks, the rest is done by blocks of rows that
stay in cache, by as many threads as the networks use.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from npsr.alpha import Surroundings, divided, surroundings
from npsr.colour import OFFSET, TO_YCBCR, from_unit, from_ycbcr, to_unit, to_ycbcr
from npsr.enlargement import Enlargement
from npsr.stopwatch import Split, timed
from npsr_kernels.threads import default_threads, share

BAND_BYTES = 128 * 2**20
"""What a band may take, unless said otherwise."""
BLOCK = 2**18
"""Pixels of a block."""
BLACK, RANGE = OFFSET[0], TO_YCBCR[0].sum()
"""Of luma: where it starts, and how far it goes."""


class Transparency(NamedTuple):
    """Alpha from the networks, in luma's scale, and what is around the pixels that it was."""

    large: np.ndarray
    around: Surroundings


class Band(NamedTuple):
    """What a band is made of.

    Attributes
    ----------
    pixels : ndarray of shape (H, W) or (H, W, C)
        Rows of the image, `first` and on.
    planes : ndarray of shape (1, H, W) or (3, H, W)
        Their grey, or luma and chroma, of colours multiplied by alpha.
    luma : ndarray
        From the networks, rows `large_first` and on.
    transparency : Transparency or None
        None if all is opaque.
    """

    pixels: np.ndarray
    first: int
    planes: np.ndarray
    luma: np.ndarray
    large_first: int
    transparency: Transparency | None


def bands(
    image: Any, work: Enlargement, budget: float = BAND_BYTES, split: Split | None = None
) -> Iterator[np.ndarray]:
    """Enlarge an image.

    Parameters
    ----------
    image : ndarray or alike of shape (H, W) or (H, W, C), C = 2, 3, 4
        Has a shape, a length and a dtype, and gives rows for a slice.
    work : Enlargement
        What to do.
    budget : float
        Bytes that a band may take.
    split : dict, optional
        To which the seconds spent are added.

    Yields
    ------
    ndarray of shape (rows, columns) or (rows, columns, C)
        The output, from the first row to the last.

    Raises
    ------
    TypeError, ValueError
        If values are none that can be enlarged.
    """
    split = {} if split is None else split
    rows = work.size.sides[0]
    height = max(1, int(budget / work.bytes_a_row))
    for start in range(0, rows, height):
        yield _band(image, start, min(start + height, rows), work, split)


def _band(image: Any, start: int, stop: int, work: Enlargement, split: Split) -> np.ndarray:
    """Rows start to stop of the output."""
    band = _prepare(image, start, stop, work, split)
    out = np.empty((stop - start, work.size.sides[1], *image.shape[2:]), image.dtype)

    def finish(top: int, bottom: int, threads: int) -> None:
        _finish(band, (top, bottom), work, out[top - start : bottom - start], split, threads)

    _by_blocks(finish, start, stop, work.size.sides[1])
    return out


def _prepare(image: Any, start: int, stop: int, work: Enlargement, split: Split) -> Band:
    """Read what rows start to stop of the output depend on, and run the networks."""
    large = work.last.needs(start, stop)
    low, high = _sources((start, stop), work.size.factors[0])[[0, -1]]
    seen = max(0, int(low) - work.reach), min(len(image), int(high) + work.reach + 1)
    parts = work.networks.needs(*large), work.direct.needs(start, stop), seen
    first, end = min(part[0] for part in parts), max(part[1] for part in parts)
    with timed(split, "read"):
        pixels = np.asarray(image[first:end])
    with timed(split, "colour"):
        planes, alpha = _planes(pixels)
    transparency = None
    with timed(split, "network"):
        luma = work.networks.run(planes[0], first, *large)
        if alpha is not None:
            scaled = alpha * alpha.dtype.type(RANGE) + alpha.dtype.type(BLACK) if len(planes) == 3 else alpha
            around = surroundings(alpha, work.reach, max(1, ceil(1 / min(work.size.factors))))
            transparency = Transparency(work.networks.run(scaled, first, *large), around)
    return Band(pixels, first, planes, luma, large[0], transparency)


def _planes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey, or luma and chroma, of colours multiplied by alpha; and alpha, None if all is opaque."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    coloured = channels > 2
    dtype = to_unit(np.zeros(1, pixels.dtype)).dtype
    planes = np.empty((3 if coloured else 1, *pixels.shape[:2]), dtype)
    alpha = np.empty(pixels.shape[:2], dtype) if channels % 2 == 0 else None

    def convert(top: int, bottom: int, _: int) -> None:
        rows = slice(top, bottom)
        values = to_unit(pixels[rows])
        if alpha is not None:
            alpha[rows] = values[..., -1]
            values = values[..., :-1] * values[..., -1:]
        planes[:, rows] = np.moveaxis(to_ycbcr(values) if coloured else np.atleast_3d(values), -1, 0)

    _by_blocks(convert, 0, *pixels.shape[:2])
    return planes, None if alpha is None or (alpha == 1).all() else alpha


def _finish(
    band: Band, part: tuple[int, int], work: Enlargement, out: np.ndarray, split: Split, threads: int
) -> None:
    """Assign a block of the output: chroma enlarged, colours put together, divided by alpha."""
    with timed(split, "chroma", threads):
        luma = work.last.run(band.luma, band.large_first, *part)
        large = [luma, *(work.direct.run(plane, band.first, *part) for plane in band.planes[1:])]
    with timed(split, "colour", threads):
        colours = from_ycbcr(np.moveaxis(np.stack(large), 0, -1)) if len(large) == 3 else luma[..., None]
        has_alpha = out.ndim == 3 and out.shape[2] % 2 == 0
        if has_alpha:
            colours, alpha = _straight(band, part, work, colours)
            out[..., -1] = from_unit(alpha, out.dtype)
        target = out[..., :-1] if has_alpha else np.atleast_3d(out)
        target[...] = from_unit(colours, out.dtype)


def _straight(
    band: Band, part: tuple[int, int], work: Enlargement, colours: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colours divided by alpha, and alpha."""
    if band.transparency is None:
        return colours, np.ones(1, colours.dtype)
    sharp = work.last.run(band.transparency.large, band.large_first, *part)
    if colours.shape[-1] == 3:
        sharp = (sharp - sharp.dtype.type(BLACK)) / sharp.dtype.type(RANGE)
    H, W = band.pixels.shape[:2]
    rows = _sources(part, work.size.factors[0]) - band.first
    columns = _sources((0, work.size.sides[1]), work.size.factors[1])
    around = band.transparency.around.at(np.clip(rows, 0, H - 1), np.clip(columns, 0, W - 1))

    def plain() -> np.ndarray:
        low, high = work.direct.needs(*part)
        shown = to_unit(band.pixels[low - band.first : high - band.first])[..., :-1]
        return work.direct.run(shown, low, *part)

    return divided(colours, sharp, around, plain)


def _sources(part: tuple[int, int], factor: float) -> np.ndarray:
    """The input pixel under each of some output pixels."""
    return np.floor((np.arange(*part) + 0.5) / factor).astype(np.intp)


def _by_blocks(do: Callable[[int, int, int], None], start: int, stop: int, columns: int) -> None:
    """Call for each block of rows, by several threads, with its rows and the number of threads."""
    threads = default_threads()
    rows = max(1, min(BLOCK // columns, ceil((stop - start) / threads)))
    blocks = [(top, min(top + rows, stop)) for top in range(start, stop, rows)]
    threads, remaining = min(threads, len(blocks)), iter(blocks)

    def work() -> None:
        for block in remaining:
            do(*block, threads)

    share(work, threads)
