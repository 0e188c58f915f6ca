"""A Zarr from a Zarr or a TIFF, larger: in parallel over the chunks of the result, each done once.

A chunk is a piece of work of its own: a worker reads what it depends on, enlarges it, and writes it. Only
chunks that are not there are done, so a run that was killed is gone on with by the same call.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr

from npsr.dask.cluster import completed, connected
from npsr.dask.sources import TIFFS, Source, open_zarr
from npsr.dask.targets import Level, Place, target_of
from npsr.dask.tiff_source import open_tiff
from npsr.dask.work import Work, make_work
from npsr.system.defects import MISTAKES
from npsr.upscaling.bands import enlarged, needs
from npsr.upscaling.operations import Part
from npsr.upscaling.outputs import Settings

Progress = Callable[[int, int, float], object]
"""Told chunks done, chunks in all, and seconds left."""


class Written(NamedTuple):
    """What became of a result: its shape, how many chunks were there before and were made, notes, seconds."""

    shape: tuple[int, ...]
    kept: int
    made: int
    levels: int
    notes: tuple[str, ...]
    seconds: float


class Task(NamedTuple):
    """What every piece of work of a result must know."""

    source: Source
    work: Work
    levels: list[Level]


def upscale_zarr(
    source: Path,
    target: Path,
    settings: Settings,
    scheduler: str | None = None,
    progress: Progress = lambda done, total, left: None,
) -> Written:
    """Enlarge an array of images, an OME-Zarr image or a TIFF into a Zarr.

    Parameters
    ----------
    source : Path
        A Zarr array of shape (…, H, W) or (…, H, W, C) with C = 2, 3, 4; an OME-Zarr group (0.4 or 0.5),
        whose axes before y and x all count images; or a TIFF.
    target : Path
        Folder of the result: of the source's Zarr format and codecs; OME-Zarr 0.5 from a TIFF. If it was
        begun by the same call before, that is gone on with.
    settings : Settings
        How; with `force` another Zarr of that name is replaced. Memory is a chunk's for each of a worker's
        threads.
    scheduler : str, optional
        As in `npsr.dask.cluster.connected`.
    progress : callable
        Told after each chunk.

    Returns
    -------
    Written

    Raises
    ------
    ValueError
        If the source is none that can be enlarged, or a worker has another version.
    OSError
        If something cannot be read or written, or workers are lost again and again.
    """
    start = time.perf_counter()
    opened = (open_tiff if source.suffix.lower() in TIFFS else open_zarr)(source)
    array = opened.source
    shape = array.shape[array.leading :]
    engine = None if settings.engine == "auto" else settings.engine
    work = make_work(shape, array.dtype, settings.size(shape), settings.model, settings.ensemble, engine)
    with target_of(target, opened, work, settings.force) as levels:
        total = sum(1 for level in levels for _ in level.places)
        left = [[place for place in level.places if not level.exists(place)] for level in levels]
        todo = sum(map(len, left))
        if todo:
            with connected(scheduler, target) as client:
                _report(_done(client, Task(array, work, levels), left, target), todo, total, progress)
    whole = tuple(levels[0].shape[axis] for axis in levels[0].order)
    return Written(whole, total - todo, todo, len(levels), opened.notes, time.perf_counter() - start)


def _report(done: Iterator[int], todo: int, total: int, progress: Progress) -> None:
    """Tell how far it is; the time until the first chunk, when workers start, says nothing of the rest."""
    first = 0.0
    for made in done:
        first = first or time.perf_counter()
        each = (time.perf_counter() - first) / max(1, made - 1)
        progress(total - todo + made, total, each * (todo - made))


def _done(client: Any, task: Task, left: list[list[Place]], target: Path) -> Iterator[int]:
    """How many chunks are done, after each: the largest level first, which the others are made of."""
    made = 0
    for number, places in enumerate(left):
        for place, error in completed(client, partial(do_chunk, number), places, task):
            if isinstance(error, Exception):
                raise _named(error, f"{target}, level {number}, chunk {'.'.join(map(str, place))}")
            made += 1
            yield made


def _named(error: Exception, name: str) -> Exception:
    """The same error, if it is a user's or the system's, with the chunk that it is about."""
    if not isinstance(error, MISTAKES):
        return error
    kind = next(kind for kind in MISTAKES if isinstance(error, kind))
    return kind(f"{name}: {error}")


def do_chunk(number: int, place: Place, task: Task) -> None:
    """Make a chunk of a level, unless it is there."""
    zarr.config.set(
        {"async.concurrency": 1, "threading.max_workers": 1}
    )  # one thread decodes, as one computes
    level = task.levels[number]
    if level.exists(place):
        return
    slices = level.slices(place)
    if number:
        level.write(place, _halved(task.levels[number - 1], slices, level.coloured))
    else:
        level.write(place, _enlarged(task, slices))


def _enlarged(task: Task, slices: list[slice]) -> np.ndarray:
    source, work = task.source, task.work
    part = Part(*((span.start, span.stop) for span in slices[-2:]))
    needed = needs(work.shape, part, work.plan)
    pixels = source.read(slices[:-2], needed)
    leading = pixels.shape[: source.leading]
    flat = pixels.reshape(-1, *pixels.shape[source.leading :])
    made = [enlarged(np.ascontiguousarray(image), needed.origin, part, work.plan) for image in flat]
    return np.reshape(made, (*leading, *made[0].shape))


def _halved(larger: Level, slices: list[slice], coloured: bool) -> np.ndarray:
    """Means of 2 × 2 pixels of the level before; where only one is left at an edge, of it."""
    *leading, rows, columns = slices
    twice = [slice(2 * span.start, 2 * span.stop) for span in (rows, columns)]
    pixels = larger.read([*leading, *twice])
    axes = pixels.ndim - 2 - coloured, pixels.ndim - 1 - coloured
    odd = [(0, pixels.shape[axis] % 2 if axis in axes else 0) for axis in range(pixels.ndim)]
    pixels = np.pad(pixels, odd, mode="edge")
    by_two = pixels.astype(np.float64).reshape(
        *pixels.shape[: axes[0]],
        *(pixels.shape[axes[0]] // 2, 2, pixels.shape[axes[1]] // 2, 2),
        *pixels.shape[axes[1] + 1 :],
    )
    mean = by_two.mean(axis=(axes[0] + 1, axes[0] + 3))
    return (np.rint(mean) if pixels.dtype.kind == "u" else mean).astype(pixels.dtype)
