"""Animated GIF, WebP and PNG: every frame as it is shown, with the time that it is.

A frame is the whole picture as one sees it, whatever the file stores of it; so frames are enlarged one by
one, and written so that each replaces the one before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from npsr.images.decoding import has_deep_colour, read_exif, read_header
from npsr.images.palette import REDUCED, palette_image
from npsr.images.photograph import ImageError, Source, called, check_pixels, errors, opened

WRITTEN = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".avif": "AVIF"}
"""How names of animations end, and Pillow's names of their formats."""
OPTIONS: dict[str, dict[str, Any]] = {
    "GIF": {"optimize": False},
    "WEBP": {"lossless": True, "kmin": 1, "kmax": 1},  # whole frames: libwebp loses alpha in parts of them
    "PNG": {"disposal": 0, "blend": 0},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}


@dataclass(frozen=True)
class Animation:
    """An animated file.

    Attributes
    ----------
    source : Source
        Where the frames are.
    shape : tuple of int
        (H, W, 3), or (H, W, 4) if some frame is transparent; uint8.
    durations : list of float
        Milliseconds that each frame is shown.
    plays : int
        How often all of them are, 0 for ever.
    most : int
        Pixels of all frames together at most.
    icc_profile, exif : bytes or None
        As of a `Photograph`.
    notes : tuple of str
        As of a `Photograph`.
    """

    source: Source
    shape: tuple[int, ...]
    durations: list[float]
    plays: int
    most: int
    icc_profile: bytes | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()

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
        mode = "RGB" if self.shape[2] == 3 else "RGBA"
        with errors(self.source, self.most), read_header(self.source) as header:
            for k in _shown(header):
                yield _frame(self.source, header, k, mode)


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
            with read_header(source) as header:
                moves = header.format in WRITTEN.values() and getattr(header, "n_frames", 1) > 1
                return _survey(source, header, most) if moves else None
        except UnidentifiedImageError:  # read by others, or told by them why not
            return None


def _survey(source: Source, header: Any, most: int) -> Animation:
    check_pixels(source, header.width * header.height * header.n_frames, most)
    if has_deep_colour(header):
        raise ImageError(f"{called(source)} has more than 8 bits a channel: convert it to 8 bits")
    durations, opaque = [], True
    for k in _shown(header):
        opaque &= bool((_frame(source, header, k, "RGBA")[..., 3] == 255).all())
        durations.append(float(header.info.get("duration", 0)))
    exif, _ = read_exif(header)
    notes: tuple[str, ...] = ()
    if _has_stand_in(header):
        notes = ("left out the picture shown in place of the animation",)
    if header.format == "GIF" and not _ends(source):
        notes += ("the file ends without a mark: there may have been more frames",)
    shape = (header.height, header.width, 3 if opaque else 4)
    return Animation(
        source, shape, durations, _plays(header), most, header.info.get("icc_profile"), exif, notes
    )


def _frame(source: Source, header: Any, number: int, mode: str) -> np.ndarray:
    """A frame, which must have the size of all."""
    size = header.size
    header.seek(number)
    frame = np.array(header.convert(mode))
    if header.size != size:
        raise ImageError(f"{called(source)} is damaged: frame {number} is larger than the picture")
    return frame


def _ends(source: Source) -> bool:
    """Whether a GIF has its last byte."""
    with opened(source) as file:
        file.seek(-1, 2)
        return file.read() == b";"


def _shown(header: Any) -> range:
    """The frames; of a PNG not the picture for those that cannot show animations."""
    return range(int(_has_stand_in(header)), header.n_frames)


def _has_stand_in(header: Any) -> bool:
    return bool(getattr(header, "default_image", False))


def _plays(header: Any) -> int:
    """How often an animation is shown; a GIF says how often it is repeated, or nothing."""
    if header.format != "GIF":
        return int(header.info.get("loop", 0))
    repeats = header.info.get("loop")
    return 1 if repeats is None else repeats and int(repeats) + 1


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
    options = OPTIONS[kind] | _looping(kind, animation.plays)
    notes: tuple[str, ...] = ()
    for name in ("icc_profile", "exif"):
        if value := getattr(animation, name):
            if kind == "GIF":
                notes += (f"left out {name}",)
            else:
                options[name] = value
    if kind == "GIF":
        notes += (REDUCED,)
        options["disposal"] = 1 if animation.shape[2] == 3 else 2
    first, *rest = map(palette_image if kind == "GIF" else Image.fromarray, frames)
    durations = list(map(round, animation.durations))
    try:
        first.save(file, kind, save_all=True, append_images=rest, duration=durations, **options)
    except (ValueError, SyntaxError) as error:
        raise ImageError(f"the encoder of {suffix} files refuses: {error}") from error
    return notes


def _looping(kind: str, plays: int) -> dict[str, int]:
    if kind == "AVIF":
        return {}
    if kind != "GIF":
        return {"loop": plays}
    return {} if plays == 1 else {"loop": max(0, plays - 1)}
