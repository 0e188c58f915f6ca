"""What an image file holds, where it comes from, and what is wrong with it."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import EINVAL
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from npsr.images.metadata.items import Item, left_out
from npsr.system import windows
from npsr.system.defects import is_defect
from npsr.system.locking import lock_across_forks

Source = Path | bytes
"""A file, or the content of one that came through a pipe."""

MAX_PIXELS = 2 * 89_478_485
"""Pixels decoded at once at most, unless asked for more: where Pillow, too, speaks of an attack."""

UNSUPPORTED = re.compile(r"(?i)unsupported|not (supported|implemented)|unknown (compression|raw mode)")
"""What decoders say of files that they do not know, which may be sound."""

_ONE_AT_A_TIME = lock_across_forks()


class ImageError(ValueError):
    """An image file is missing, damaged, of an unsupported kind, or cannot be written.

    Examples
    --------
    >>> try:
    ...     npsr.read_image(Path("missing.png"))
    ... except npsr.ImageError as error:
    ...     print(error)
    missing.png does not exist: check the name
    """


@dataclass(frozen=True)
class Photograph:
    """Pixels, and what else a file says of them.

    Attributes
    ----------
    pixels : ndarray of shape (H, W) or (H, W, C)
        Grey, grey with alpha, RGB or RGBA for C = 2, 3, 4; uint8 or uint16, floating point of a raw
        file; upright (EXIF orientation applied). Or what gives such rows for a slice.
    icc_profile, exif : bytes or None
        Colour profile and EXIF without the orientation, which is applied; passed on to the output.
    notes : tuple of str
        What was done to the picture, or left out, on the way here.
    others : tuple of Item
        What else the file says of it, which each output holds or names.
    """

    pixels: Any
    icc_profile: bytes | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()
    others: tuple[Item, ...] = ()


def items_of(picture: Any) -> list[Item]:
    """All that a `Photograph` or an `Animation` says besides pixels."""
    items = list(picture.others)
    if picture.exif:
        items.insert(0, Item("exif", "EXIF", picture.exif.removeprefix(b"Exif\0\0")))
    if picture.icc_profile:
        items.insert(0, Item("icc", "the colour profile", picture.icc_profile))
    return items


def described(items: list[Item]) -> dict[str, Any]:
    """Of what a file says, the attributes of a `Photograph` or an `Animation`."""
    found = {item.kind: item.content for item in items}
    others = tuple(item for item in items if item.kind not in ("icc", "exif", "lost", "note"))
    said = left_out([item for item in items if item.kind in ("lost", "note")])
    return {"icc_profile": found.get("icc"), "exif": found.get("exif"), "notes": said, "others": others}


def called(source: Source) -> str:
    """What a message calls a source."""
    return "standard input" if isinstance(source, bytes) else str(source)


def opened(source: Source) -> BinaryIO:
    """A source as a binary file, for reading."""
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def too_long(source: Source) -> str:
    """What a message adds for a path that Windows may not find because of its length."""
    if isinstance(source, bytes) or windows.long_form(source) == source:
        return ""
    rule = f"Windows may not find paths above {windows.LONGEST} characters"
    return f", or bring it nearer to its drive's root: {rule}"


def check_pixels(source: Source, pixels: int, most: int) -> None:
    """Refuse what would fill the memory when it is decoded.

    Raises
    ------
    ImageError
        If there are more pixels than `most`.
    """
    if pixels > most:
        raise ImageError(_too_many(source, str(pixels), most))


def _too_many(source: Source, pixels: str, most: int) -> str:
    return (
        f"{called(source)} has {pixels} pixels to be decoded at once, but against decompression bombs "
        f"the limit is {most}: raise it with --max-pixels of npsr upscale, or reduce the image"
    )


@contextmanager
def errors(source: Source, most: int | None = None) -> Iterator[None]:
    """Turn what decoders raise for missing and damaged files into an ImageError; defects of ours pass.

    Pillow, too, is held to `most` pixels at once: the frames of some files are larger than their
    headers say. It is not where no limit is given, because only rows, or headers, are read.
    """
    try:
        with warnings.catch_warnings(), pillow_limited_to(most):
            warnings.simplefilter("ignore")
            yield
    except (ImageError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(_too_many(source, "too many", most or 0)) from error
    except FileNotFoundError as error:
        raise ImageError(f"{called(source)} does not exist: check the name{too_long(source)}") from error
    except IsADirectoryError as error:
        raise ImageError(f"{called(source)} is a folder: name an image file") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, … for damaged files
        if is_defect(error):
            raise
        if isinstance(error, OSError) and error.errno not in (None, EINVAL):  # EINVAL: a wrong offset
            raise ImageError(f"{called(source)} cannot be read: {error.strerror}") from error
        empty = not source if isinstance(source, bytes) else source.is_file() and source.stat().st_size == 0
        reason = "it is empty" if empty else str(error)
        if isinstance(error, UnidentifiedImageError) and not empty:
            raise ImageError(
                f"{called(source)} is no image or is damaged, or its format is not read: convert it to PNG"
            ) from error
        if isinstance(error, NotImplementedError) or UNSUPPORTED.search(reason):
            raise ImageError(
                f"{called(source)} is of a kind that is not read ({reason}): convert it to PNG"
            ) from error
        raise ImageError(f"{called(source)} is no image or is damaged: {reason}") from error


@contextmanager
def pillow_limited_to(most: int | None) -> Iterator[None]:
    """Pillow warns at its limit, and refuses at twice as much."""
    with _ONE_AT_A_TIME:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most and most // 2 + 1
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
