"""Animated GIF, WebP and PNG: every frame as it is shown, with the time that it is.

A frame is the whole picture as one sees it, whatever the file stores of it; so frames are enlarged one by
one, and written so that each replaces the one before.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from npsr.images.animations.apng import read_apng, set_times, shown
from npsr.images.animations.gif import read_gif_frames
from npsr.images.decoding import is_deep_avif, read_header, upright
from npsr.images.encoding import encoded, fitted
from npsr.images.formats.boxes import repetitions
from npsr.images.formats.inventory import encoder_options, inventory, put
from npsr.images.formats.names import KINDS
from npsr.images.formats.palette import REDUCED_COLOURS, palette_image
from npsr.images.formats.png import SIGNATURE
from npsr.images.metadata.items import Item
from npsr.images.photograph import ImageError, Source, called, check_pixels, described, errors, opened

MOVING = ("GIF", "WEBP", "PNG", "AVIF")
"""Pillow's names of the formats that hold animations."""
WRITTEN = {suffix: kind for suffix, kind in KINDS.items() if kind in MOVING}
"""How names of animations end, and their formats."""
OPTIONS: dict[str, dict[str, Any]] = {
    "GIF": {"optimize": False},
    "WEBP": {"lossless": True, "kmin": 1, "kmax": 1},  # whole frames: libwebp loses alpha in parts of them
    "PNG": {"disposal": 0, "blend": 0},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
STEPS = {"GIF": 10, "WEBP": 1, "AVIF": 1}
"""Milliseconds by which times are told; PNG has fractions."""
SLOWED = 20
"""Milliseconds below which browsers show a GIF's frame for 100."""


@dataclass(frozen=True)
class Animation:
    """An animated file.

    Attributes
    ----------
    source : Source
        Where the frames are.
    shape : tuple of int
        (H, W, 3), or (H, W, 4) if some frame is transparent; uint8.
    durations : list of Fraction
        Milliseconds that each frame is shown.
    plays : int
        How often all of them are, 0 for ever.
    most : int
        Pixels of all frames together at most.
    orientation : int
        Of the frames as they are stored; `frames` and `shape` are upright.
    icc_profile, exif, notes, others
        As of a `Photograph`.
    """

    source: Source
    shape: tuple[int, ...]
    durations: list[Fraction]
    plays: int
    most: int
    orientation: int = 1
    icc_profile: bytes | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()
    others: tuple[Item, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """Of the frames."""
        return np.dtype(np.uint8)

    def frames(self) -> Iterator[np.ndarray]:
        """Each frame, of `shape`.

        Raises
        ------
        ImageError
            If the file is damaged.
        """
        with ExitStack() as stack:
            with errors(self.source, self.most):
                stored = stack.enter_context(_read(self.source)).frames()
            while True:
                with errors(self.source, self.most):  # not while a frame is worked on: it is Pillow's lock
                    found = next(stored, None)
                if found is None:
                    return
                yield upright(found[0][..., : self.shape[2]], self.orientation)


def open_animation(source: Source, most: int) -> Animation | None:
    """Survey an animated file.

    Parameters
    ----------
    source : Source
        The file.
    most : int
        Pixels of all frames together at most.

    Returns
    -------
    Animation or None
        None if the file has one frame, or is none of an animated format.

    Raises
    ------
    ImageError
        If the file is missing or damaged, or has too many pixels.
    """
    with errors(source, most):
        try:
            with _read(source) as moving:
                return _survey(source, moving, most) if moving.count > 1 or moving.stand_in else None
        except UnidentifiedImageError:  # read by others, or told by them why not
            return None


@dataclass(frozen=True)
class _Moving:
    """A file of frames: its format, sides, their number, each with its time, how often they play."""

    kind: str
    sides: tuple[int, int]
    count: int
    frames: Callable[[], Iterator[tuple[np.ndarray, Fraction]]]
    plays: int = 0
    stand_in: bool = False
    deep: bool = False
    cut: bool = False


@contextmanager
def _read(source: Source) -> Iterator[_Moving]:
    with opened(source) as file:
        start = file.read(8)
        content = start + file.read() if start == SIGNATURE or start[:4] == b"GIF8" else b""
    if start == SIGNATURE:
        yield _read_png(source, content)
        return
    if content:
        gif = read_gif_frames(content)
        times = [frame.milliseconds for frame in gif.frames]
        yield _Moving(
            "GIF",
            (gif.rows, gif.columns),
            len(times),
            lambda: zip(gif.shown(), times, strict=True),
            gif.plays,
            cut=not gif.ends,
        )
        return
    with read_header(source) as header:
        moves = header.format in MOVING
        deep = moves and header.format == "AVIF" and is_deep_avif(header)
        yield _Moving(
            header.format,
            (header.height, header.width),
            getattr(header, "n_frames", 1) if moves else 1,
            partial(_frames, header),
            _plays(source, header) if moves else 0,
            deep=deep,
        )


def _read_png(source: Source, content: bytes) -> _Moving:
    apng = read_apng(content)
    if apng is None:
        return _Moving("PNG", (0, 0), 1, lambda: iter(()))
    width, height, depth = struct.unpack_from(">IIB", content, 16)
    times = [frame.milliseconds for frame in apng.frames]

    def frames() -> Iterator[tuple[np.ndarray, Fraction]]:
        return zip(shown(source, apng), times, strict=True)

    return _Moving("PNG", (height, width), len(times), frames, apng.plays, apng.stand_in, depth > 8)


def _survey(source: Source, moving: _Moving, most: int) -> Animation:
    rows, columns = moving.sides
    check_pixels(source, rows * columns * moving.count, most)
    if moving.deep:
        raise ImageError(f"{called(source)} has more than 8 bits a channel: convert it to 8 bits")
    durations, opaque = [], True
    for frame, milliseconds in moving.frames():
        opaque &= bool((frame[..., 3] == 255).all())
        durations.append(milliseconds)
    with opened(source) as file:
        found = inventory(file, moving.kind)
    attributes = described(found.items)
    if moving.stand_in:
        attributes["notes"] += ("left out the picture shown in place of the animation",)
    if moving.cut:
        attributes["notes"] += ("the file ends without a mark: there may have been more frames",)
    if found.orientation > 4:
        rows, columns = columns, rows
    shape = (rows, columns, 3 if opaque else 4)
    return Animation(source, shape, durations, moving.plays, most, found.orientation, **attributes)


def _frames(header: Any) -> Iterator[tuple[np.ndarray, Fraction]]:
    """Each frame as Pillow shows it, RGBA, and its milliseconds."""
    waiting, began = None, 0
    for number in range(header.n_frames):
        header.seek(number)
        frame = np.array(header.convert("RGBA"))
        if waiting is not None:  # AVIF's times are rounded: differences of when frames begin keep the total
            yield waiting, Fraction(header.info["timestamp"] - began)
            waiting = None
        if header.format == "AVIF" and number < header.n_frames - 1:
            waiting, began = frame, header.info["timestamp"]
        else:
            yield frame, Fraction(header.info.get("duration", 0))


def _plays(source: Source, header: Any) -> int:
    """How often an animation is shown, 0 for ever."""
    if header.format == "AVIF":
        with opened(source) as file:
            return repetitions(file.read())
    return int(header.info.get("loop", 0))


def encode_animation(
    file: Any, suffix: str, animation: Animation, frames: Iterable[np.ndarray]
) -> tuple[str, ...]:
    """Write an animation.

    Parameters
    ----------
    file : binary file
        What is written.
    suffix : str
        One of `WRITTEN`.
    animation : Animation
        Whose timing it has.
    frames : iterable of ndarray
        Its frames, of any size.

    Returns
    -------
    tuple of str
        What the format has no place for.

    Raises
    ------
    ImageError
        If the encoder refuses.
    """
    kind = WRITTEN[suffix]
    frames = iter(frames)
    start = next(frames)
    items, notes = fitted(kind, animation, animation.shape, start.shape)
    options = OPTIONS[kind] | encoder_options(kind, items) | _looping(kind, animation.plays)
    times, rounding = _rounded(kind, animation.durations)
    notes += rounding
    if kind == "AVIF" and animation.plays:
        notes += (f"left out that it plays {animation.plays} times: it goes on for ever",)
    if kind == "GIF":
        notes += (REDUCED_COLOURS,)
        options["disposal"] = 1 if animation.shape[2] == 3 else 2
    alike: list[bool] = []

    def watched() -> Iterator[np.ndarray]:
        yield start
        for frame in frames:
            alike.append(bool((frame == start).all()))
            yield frame

    first, *rest = map(palette_image if kind == "GIF" else Image.fromarray, watched())
    if all(alike) and kind != "AVIF":  # encoders join what is equal
        notes += ("all frames are alike: written as one picture, without times",)
    moving = {"save_all": True, "append_images": rest, "duration": times}
    content = encoded(first, suffix, options | moving)
    if kind == "PNG":
        content = set_times(content, animation.durations)
    return notes + put(file, kind, content, items)


def _rounded(kind: str, durations: list[Fraction]) -> tuple[list[int], tuple[str, ...]]:
    """Milliseconds for the encoder, which add up to what they were, and what is said of them."""
    if kind == "PNG":
        return [1] * len(durations), ()  # `set_times` tells the true ones
    step = STEPS[kind]
    ends = [step * round(end / step) for end in accumulate(durations, initial=Fraction(0))]
    times = [end - start for start, end in pairwise(ends)]
    notes: tuple[str, ...] = ()
    if times != durations:
        notes = (f"times of frames are rounded to {step} ms, as {kind} has; all together stay as long",)
    if kind == "GIF" and min(times) < SLOWED:
        notes += (f"browsers show a GIF's frames of less than {SLOWED} ms for 100: .webp or .png keep them",)
    return times, notes


def _looping(kind: str, plays: int) -> dict[str, int]:
    if kind == "AVIF":
        return {}
    if kind != "GIF":
        return {"loop": plays}
    return {} if plays == 1 else {"loop": max(0, plays - 1)}
