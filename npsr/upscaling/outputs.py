"""From a picture that was read to what writes its enlargement."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npsr.images.animations.files import WRITTEN, Animation, encode_animation
from npsr.images.encoding import by_rows, check_writable, encode
from npsr.images.formats.names import RAW, TIFF
from npsr.images.photograph import MAX_PIXELS, ImageError, Photograph
from npsr.upscaling.bands import BAND_BYTES, bands
from npsr.upscaling.engines import Choice
from npsr.upscaling.factors import Size
from npsr.upscaling.jobs import PIPE, Job
from npsr.upscaling.overlap import read_ahead
from npsr.upscaling.plan import Enlargement, plan_enlargement
from npsr.upscaling.stopwatch import Split, not_counted

Notes = tuple[str, ...]

BASE = 300 * 2**20
"""Memory of the program itself, compiled code included."""
FEWEST_ROWS = 8
"""Rows that a band must have room for."""


@dataclass(frozen=True)
class Settings:
    """How files are enlarged.

    Attributes
    ----------
    size : callable
        From an image's shape to the `Size` of its result.
    model, ensemble
        As in `npsr.upscale`.
    engine : str, optional
        As in `npsr.upscaling.engines.chosen`.
    force : bool
        Replace existing files.
    most : int
        Pixels decoded at once at most.
    memory : int, optional
        Bytes that the whole program may take.
    piped_suffix : str
        Format of what goes to standard output.
    """

    size: Callable[[Sequence[int]], Size]
    model: Any = "fsrcnn"
    ensemble: bool = False
    force: bool = False
    engine: Choice | None = None
    most: int = MAX_PIXELS
    memory: int | None = None
    piped_suffix: str = ".png"


class Enlarged(NamedTuple):
    """A picture enlarged, or ready to be.

    Attributes
    ----------
    target : Path
        Where it belongs: the job's target, or the other one.
    write : callable
        Writes it into a binary file, and returns what had no place there.
    streams : bool
        Whether it is enlarged only while it is written.
    sides : (int, int)
        Rows and columns.
    frames : int
        How many there are.
    networks : tuple of int
        Factors of the networks used.
    engine : str
        What runs them.
    notes : tuple of str
        What happened to it when it was read.
    """

    target: Path
    write: Callable[[Any], Notes]
    streams: bool
    sides: tuple[int, int]
    frames: int
    networks: tuple[int, ...]
    engine: str
    notes: Notes


def enlarge(
    picture: Photograph | Animation,
    job: Job,
    settings: Settings,
    split: Split,
    progress: Callable[[float], object],
) -> Enlarged:
    """Enlarge a picture, or prepare to.

    Parameters
    ----------
    picture : Photograph or Animation
        As it was read.
    job : Job
        Its targets tell the format.
    settings : Settings
        How.
    split : dict
        To which the seconds spent are added.
    progress : callable
        Told the share that is done.

    Raises
    ------
    ImageError
        If the format cannot hold the result, or it takes too much memory.
    TypeError, ValueError
        If the pixels or the model are unusable.
    """
    if isinstance(picture, Animation):
        return _enlarge_animation(picture, job, settings, split, progress)
    pixels = picture.pixels
    size = settings.size(pixels.shape)
    work = plan_enlargement(pixels, size, settings.model, settings.ensemble, settings.engine)
    shape = (*work.size.sides, *pixels.shape[2:])
    target, suffix, told = _format(job, settings, pixels, shape)
    streams = suffix == RAW or (suffix in TIFF and by_rows(pixels, shape))
    held = pixels.nbytes if isinstance(pixels, np.ndarray) else 0
    if not streams:  # the bands, and what the encoder makes of them
        held += 2 * prod(shape) * pixels.dtype.itemsize
    budget = _budget(target, work, held, settings)
    parts = _counted(bands(pixels, work, budget, split), shape[0], progress)
    made = [] if streams else list(parts)

    def write(file: Any) -> Notes:
        if not streams:
            return encode(file, suffix, picture, shape, made)
        with closing(read_ahead(parts, 1)) as ahead:  # a band is made while the one before is written
            return encode(file, suffix, picture, shape, _awaited(ahead, split))

    notes = (*told, *picture.notes)
    return Enlarged(target, write, streams, work.size.sides, 1, work.factors, work.engine, notes)


def _format(
    job: Job, settings: Settings, pixels: Any, shape: Sequence[int], frames: int = 1
) -> tuple[Path, str, Notes]:
    """The target that can hold a result, its suffix, and a note if it is the other one.

    Raises
    ------
    ImageError
        If none can.
    """
    name = Path(f"standard output{settings.piped_suffix}") if job.target == PIPE else job.target
    try:
        return job.target, _checked(name, pixels, shape, frames), ()
    except ImageError as error:
        if job.other is None:
            raise
        try:
            suffix = _checked(name.with_name(f"{name.name}.png"), pixels, shape, frames)
        except ImageError:
            raise error from None
        reason = str(error).removeprefix(f"{name.name}: ").partition(": ")[0]
        return job.other, suffix, (f"written as {suffix}, as {reason}",)


def _checked(name: Path, pixels: Any, shape: Sequence[int], frames: int) -> str:
    """The suffix of a name under which such a picture, or animation, can be written."""
    suffix = check_writable(name, pixels, shape)
    if frames > 1 and suffix not in WRITTEN:
        raise ImageError(
            f"{name.name}: {suffix} holds one picture, but there are {frames} frames: "
            f"write one of {', '.join(WRITTEN)}"
        )
    return suffix


def _counted(
    parts: Iterable[np.ndarray], rows: int, progress: Callable[[float], object]
) -> Iterator[np.ndarray]:
    done = 0
    for part in parts:
        yield part
        done += len(part)
        progress(done / rows)


def _awaited(parts: Iterator[np.ndarray], split: Split) -> Iterator[np.ndarray]:
    """The same; waiting for them is not writing."""
    while True:
        with not_counted(split, "write"):
            part = next(parts, None)
        if part is None:
            return
        yield part


def _budget(target: Path, work: Enlargement, held: int, settings: Settings) -> float:
    """Bytes that a band may take, if so many are taken already.

    Raises
    ------
    ImageError
        If what is left of the memory is too little.
    """
    if settings.memory is None:
        return BAND_BYTES
    left = (settings.memory - BASE - held) / 3  # a band in the making, one that waits, one that is written
    if left < FEWEST_ROWS * work.bytes_a_row:
        needed = (BASE + held + 3 * FEWEST_ROWS * work.bytes_a_row) / 2**20
        raise ImageError(
            f"{target} takes {needed:.0f} MB of memory, but --max-memory is {settings.memory / 2**20:.0f}: "
            "raise it, or use tiled TIFF or .npy, which are read and written by rows"
        )
    return min(BAND_BYTES, left)


def _enlarge_animation(
    animation: Animation,
    job: Job,
    settings: Settings,
    split: Split,
    progress: Callable[[float], object],
) -> Enlarged:
    """Frame by frame, while they are written."""
    size = settings.size(animation.shape)
    work = plan_enlargement(animation, size, settings.model, settings.ensemble, settings.engine)
    shape, count = (*size.sides, animation.shape[2]), len(animation.durations)
    target, suffix, told = _format(job, settings, animation, shape, count)
    budget = _budget(target, work, count * prod(shape), settings)  # the encoder holds all frames

    def frames() -> Iterator[np.ndarray]:
        for done, frame in enumerate(animation.frames(), 1):
            yield np.concatenate(list(bands(frame, work, budget, split)))
            progress(done / count)

    def write(file: Any) -> Notes:
        with closing(read_ahead(frames(), 1)) as ahead:
            return encode_animation(file, suffix, animation, _awaited(ahead, split))

    notes = (*told, *animation.notes)
    return Enlarged(target, write, True, size.sides, count, work.factors, work.engine, notes)
