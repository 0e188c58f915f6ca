"""An image enlarged part by part: parts of any size give the same bits, and bound the memory.

A band is some rows of the output, as wide as the image; a part may be any rectangle. Of the input, an array
or whatever gives rows for a slice, as much is read as it depends on. Luma and alpha go through networks, the
rest is done by blocks of rows that stay in cache, by as many threads as the networks use.
"""

from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from npsr.images.colour import from_unit, from_ycbcr, to_unit, to_ycbcr
from npsr.upscaling.alpha import SPREAD, limits, spread
from npsr.upscaling.operations import Part, Span
from npsr.upscaling.plan import Enlargement
from npsr.upscaling.stopwatch import Split, timed
from npsr_kernels.compiling.threads import default_threads, share

BAND_BYTES = 128 * 2**20
"""What a band may take, unless said otherwise."""
BLOCK = 2**18
"""Pixels of a block."""


class Ingredients(NamedTuple):
    """What a part of the output is made of.

    Attributes
    ----------
    origin : (int, int)
        Pixel of the image where the planes begin.
    planes : ndarray of shape (1, H, W) or (3, H, W)
        Grey, or luma and chroma.
    luma : ndarray
        From the networks.
    large_origin : (int, int)
        Pixel of the networks' output where it begins.
    alpha : (ndarray, ndarray, ndarray) or None
        From the networks too, and its limits, of shape (H, W). None if all is opaque.
    """

    origin: tuple[int, int]
    planes: np.ndarray
    luma: np.ndarray
    large_origin: tuple[int, int]
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
    rows, columns = work.size.sides
    height = max(1, int(budget / work.bytes_a_row))
    for start in range(0, rows, height):
        part = Part((start, min(start + height, rows)), (0, columns))
        needed = needs(image.shape, part, work)
        with timed(split, "read"):
            pixels = np.asarray(image[slice(*needed.rows)])
        yield enlarged(needed.of(pixels, (needed.rows[0], 0)), needed.origin, part, work, split)


def needs(shape: Sequence[int], part: Part, work: Enlargement) -> Part:
    """The part of an image of a shape that a part of the output depends on."""
    whole = work.networks.needs(work.last.needs(part)), work.direct.needs(part)
    margin = SPREAD if _has_alpha(shape) else 0
    spans = (
        (max(0, min(start for start, _ in each) - margin), min(side, max(stop for _, stop in each) + margin))
        for side, each in zip(shape, zip(*whole, strict=True), strict=False)
    )
    return Part(*spans)


def enlarged(
    pixels: np.ndarray, origin: tuple[int, int], part: Part, work: Enlargement, split: Split | None = None
) -> np.ndarray:
    """A part of the output.

    Parameters
    ----------
    pixels : ndarray
        The part of the image that it `needs`.
    origin : (int, int)
        Where that begins.
    part : Part
        Which.
    work : Enlargement
        What to do.
    split : dict, optional
        To which the seconds spent are added.

    Raises
    ------
    TypeError, ValueError
        If values are none that can be enlarged.
    """
    split = {} if split is None else split
    made = _prepare(pixels, origin, part, work, split)
    (start, stop), (left, right) = part
    out = np.empty((stop - start, right - left, *pixels.shape[2:]), pixels.dtype)

    def finish(top: int, bottom: int, threads: int) -> None:
        block = Part((top, bottom), (left, right))
        _finish(made, block, work, out[top - start : bottom - start], split, threads)

    _by_blocks(finish, start, stop, right - left)
    return out


def _prepare(
    pixels: np.ndarray, origin: tuple[int, int], part: Part, work: Enlargement, split: Split
) -> Ingredients:
    """Run the networks on what a part of the output depends on."""
    large = work.last.needs(part)
    with timed(split, "colour"):
        planes, alpha = _planes(pixels)
    with timed(split, "network"):
        luma = work.networks.run(planes[0], origin, large)
        if alpha is None:
            return Ingredients(origin, planes, luma, large.origin, None)
        bounds = limits(alpha, max(1, ceil(1 / min(work.size.factors))))
        sharp = work.networks.run(alpha, origin, large)
        return Ingredients(origin, planes, luma, large.origin, (sharp, *bounds))


def _has_alpha(shape: Sequence[int]) -> bool:
    return len(shape) == 3 and shape[2] % 2 == 0


def _planes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Grey, or luma and chroma; and alpha, None if all is opaque."""
    coloured = pixels.ndim == 3 and pixels.shape[2] > 2
    dtype = to_unit(np.zeros(1, pixels.dtype)).dtype
    planes = np.empty((3 if coloured else 1, *pixels.shape[:2]), dtype)
    alpha = to_unit(pixels[..., -1]) if _has_alpha(pixels.shape) else None
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
    made: Ingredients, part: Part, work: Enlargement, out: np.ndarray, split: Split, threads: int
) -> None:
    """Assign a block of the output: chroma enlarged, colours put together, alpha within its limits."""
    with timed(split, "chroma", threads):
        luma = work.last.run(made.luma, made.large_origin, part)
        large = [luma, *(work.direct.run(plane, made.origin, part) for plane in made.planes[1:])]
    with timed(split, "colour", threads):
        colours = from_ycbcr(np.moveaxis(np.stack(large), 0, -1)) if len(large) == 3 else luma[..., None]
        target = np.atleast_3d(out)
        target[..., : colours.shape[-1]] = from_unit(colours, out.dtype)
        if _has_alpha(out.shape):
            target[..., -1] = from_unit(_alpha(made, part, work), out.dtype)


def _alpha(made: Ingredients, part: Part, work: Enlargement) -> np.ndarray:
    if made.alpha is None:
        return np.ones(1, made.planes.dtype)
    sharp, *bounds = made.alpha
    rows, columns = (
        np.clip(_sources(span, factor) - first, 0, side - 1)
        for span, factor, first, side in zip(
            part, work.size.factors, made.origin, bounds[0].shape, strict=True
        )
    )
    lowest, highest = (bound[rows[:, None], columns] for bound in bounds)
    return np.clip(work.last.run(sharp, made.large_origin, part), lowest, highest)


def _sources(span: Span, factor: float) -> np.ndarray:
    """The input pixel under each of some output pixels."""
    return np.floor((np.arange(*span) + 0.5) / factor).astype(np.intp)


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
