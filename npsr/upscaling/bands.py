"""An image enlarged band by band: bands of any height give the same bits, and bound the memory.

A band is some rows of the output. Of the input, an array or whatever gives rows for a slice, as much
is read as they depend on. Luma and alpha go through networks, the rest is done by blocks of rows that
stay in cache, by as many threads as the networks use.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from npsr.images.colour import from_unit, from_ycbcr, to_unit, to_ycbcr
from npsr.upscaling.alpha import SPREAD, limits, spread
from npsr.upscaling.plan import Enlargement
from npsr.upscaling.stopwatch import Split, timed
from npsr_kernels.compiling.threads import default_threads, share

BAND_BYTES = 128 * 2**20
"""What a band may take, unless said otherwise."""
BLOCK = 2**18
"""Pixels of a block."""


class Band(NamedTuple):
    """What a band is made of.

    Attributes
    ----------
    first : int
        Row of the image where the planes begin.
    planes : ndarray of shape (1, H, W) or (3, H, W)
        Grey, or luma and chroma.
    luma : ndarray
        From the networks, rows `large_first` and on.
    alpha : (ndarray, ndarray, ndarray) or None
        From the networks too, and its limits, of shape (H, W). None if all is opaque.
    """

    first: int
    planes: np.ndarray
    luma: np.ndarray
    large_first: int
    alpha: tuple[np.ndarray, np.ndarray, np.ndarray] | None


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
    parts = work.networks.needs(*large), work.direct.needs(start, stop)
    first, end = min(part[0] for part in parts), max(part[1] for part in parts)
    margin = SPREAD if _has_alpha(image) else 0
    first, end = max(0, first - margin), min(len(image), end + margin)
    with timed(split, "read"):
        pixels = np.asarray(image[first:end])
    with timed(split, "colour"):
        planes, alpha = _planes(pixels)
    with timed(split, "network"):
        luma = work.networks.run(planes[0], first, *large)
        if alpha is None:
            return Band(first, planes, luma, large[0], None)
        bounds = limits(alpha, max(1, ceil(1 / min(work.size.factors))))
        return Band(first, planes, luma, large[0], (work.networks.run(alpha, first, *large), *bounds))


def _has_alpha(image: Any) -> bool:
    return len(image.shape) == 3 and image.shape[2] % 2 == 0


def _planes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey, or luma and chroma; and alpha, None if all is opaque."""
    coloured = pixels.ndim == 3 and pixels.shape[2] > 2
    dtype = to_unit(np.zeros(1, pixels.dtype)).dtype
    planes = np.empty((3 if coloured else 1, *pixels.shape[:2]), dtype)
    alpha = to_unit(pixels[..., -1]) if _has_alpha(pixels) else None
    if alpha is not None and (alpha == 1).all():
        pixels, alpha = pixels[..., :-1], None
    if alpha is not None:
        pixels = np.clip(spread(to_unit(pixels[..., :-1]), alpha), 0, 1)  # as sums round

    def convert(top: int, bottom: int, _: int) -> None:
        values = to_unit(pixels[top:bottom])
        planes[:, top:bottom] = np.moveaxis(to_ycbcr(values) if coloured else np.atleast_3d(values), -1, 0)

    _by_blocks(convert, 0, *pixels.shape[:2])
    return planes, alpha


def _finish(
    band: Band, part: tuple[int, int], work: Enlargement, out: np.ndarray, split: Split, threads: int
) -> None:
    """Assign a block of the output: chroma enlarged, colours put together, alpha within its limits."""
    with timed(split, "chroma", threads):
        luma = work.last.run(band.luma, band.large_first, *part)
        large = [luma, *(work.direct.run(plane, band.first, *part) for plane in band.planes[1:])]
    with timed(split, "colour", threads):
        colours = from_ycbcr(np.moveaxis(np.stack(large), 0, -1)) if len(large) == 3 else luma[..., None]
        target = np.atleast_3d(out)
        target[..., : colours.shape[-1]] = from_unit(colours, out.dtype)
        if _has_alpha(out):
            target[..., -1] = from_unit(_alpha(band, part, work), out.dtype)


def _alpha(band: Band, part: tuple[int, int], work: Enlargement) -> np.ndarray:
    if band.alpha is None:
        return np.ones(1, band.planes.dtype)
    sharp, *bounds = band.alpha
    rows = _sources(part, work.size.factors[0]) - band.first
    columns = _sources((0, work.size.sides[1]), work.size.factors[1])
    places = np.clip(rows, 0, len(bounds[0]) - 1)[:, None], np.clip(columns, 0, bounds[0].shape[1] - 1)
    lowest, highest = (bound[places] for bound in bounds)
    return np.clip(work.last.run(sharp, band.large_first, *part), lowest, highest)


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
