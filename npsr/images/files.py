"""Image files → arrays: nothing is reduced, dropped or reinterpreted silently. Writing is `encoding.py`'s."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np

from npsr.images.decoding import decode, decode_png, read_header, upright
from npsr.images.encoding import check_writable, encode
from npsr.images.formats.inventory import Inventory, inventory
from npsr.images.formats.pixel_layout import read_pixel_layout
from npsr.images.formats.png import SIGNATURE
from npsr.images.formats.tiff import MASK, REDUCED
from npsr.images.masked_bmp import read_masked_bmp
from npsr.images.packages import MissingPackageError
from npsr.images.photograph import (
    MAX_PIXELS,
    ImageError,
    Photograph,
    Source,
    called,
    check_pixels,
    described,
    errors,
    opened,
)
from npsr.images.plugins import is_heif, is_jxl, read_heif, read_jxl
from npsr.images.row_files import NpyRows, TiffRows
from npsr.images.whole_tiff import read_whole_tiff
from npsr.system.files import atomic_write

__all__ = ["ImageError", "Photograph", "open_image", "read_image", "write_image"]

NPY_START, TIFF_STARTS = b"\x93NUMPY", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_image(source: Source, most: int = MAX_PIXELS) -> Photograph:
    """Read an image file, or, if it can be read by rows, prepare to.

    Parameters
    ----------
    source : Path or bytes
        PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF, HEIC, JPEG XL or .npy, told by the content.
    most : int
        Pixels decoded at once at most: of the image, or a tile or strip of a TIFF.

    Returns
    -------
    Photograph
        Its pixels an array, or an `NpyRows` or `TiffRows`.

    Raises
    ------
    ImageError
        If the file is missing, empty, truncated, no image, animated, of a kind that cannot be kept
        whole, or needs a package that is missing.
    """
    with errors(source, most):
        if isinstance(source, Path) and source.exists() and not source.is_file() and not source.is_dir():
            raise ImageError(f"{source} is not a regular file: name an image file")
        with opened(source) as file:
            start = file.read(64)
            rest = b"" if start[:4] in TIFF_STARTS or start.startswith(NPY_START) else file.read()
        if start.startswith(NPY_START):
            return Photograph(NpyRows(source))
        if start[:4] in TIFF_STARTS:
            return _open_tiff(source, most)
        if is_heif(start):
            return read_heif(source, start + rest, most)
        if is_jxl(start):
            return read_jxl(source, start + rest, most)
        return _read_whole(source, start + rest, most)


def read_image(source: Source, most: int = MAX_PIXELS) -> Photograph:
    """As `open_image`, its pixels an array in any case.

    Examples
    --------
    >>> photograph = npsr.read_image(Path("my.png"))
    >>> photograph.pixels.shape, photograph.pixels.dtype
    ((60, 72, 3), dtype('uint8'))
    """
    photograph = open_image(source, most)
    check_pixels(source, photograph.pixels.shape[0] * photograph.pixels.shape[1], most)
    if isinstance(photograph.pixels, np.ndarray):
        return photograph
    with errors(source):
        return dataclasses.replace(photograph, pixels=photograph.pixels[:])


def _open_tiff(source: Source, most: int) -> Photograph:
    """By rows where that can be, which keeps 16 bits and bounds the memory; else whole."""
    with opened(source) as file:
        try:
            layout = read_pixel_layout(file)
        except ValueError as error:
            raise ImageError(f"{called(source)} {error}") from error
        found = inventory(file, "TIFF")
    if any(not flags & (REDUCED | MASK) for flags in layout.further):
        raise ImageError(
            f"{called(source)} has {len(layout.further) + 1} frames, but must have one: save one frame"
        )
    attributes = described(found.items)
    if layout.further:
        masks = sum(bool(flags & MASK) for flags in layout.further)
        reduced = len(layout.further) - masks
        attributes["notes"] += (f"left out {reduced} reduced copies of the picture",) if reduced else ()
        attributes["notes"] += (f"left out {masks} masks of the picture",) if masks else ()
    try:
        rows: Any = TiffRows(source, most, layout.page)
    except (NotImplementedError, MissingPackageError):
        pixels, profile, notes = read_whole_tiff(source, layout, attributes["icc_profile"], most)
        attributes["icc_profile"] = profile
        attributes["notes"] += notes
        return Photograph(upright(pixels, found.orientation), **attributes)
    if found.orientation > 1:
        check_pixels(source, rows.shape[0] * rows.shape[1], most)
        rows = upright(rows[:], found.orientation)
    return Photograph(rows, **attributes)


def _read_whole(source: Source, content: bytes, most: int) -> Photograph:
    """What Pillow reads, or imagecodecs in its place."""
    if content.startswith(SIGNATURE):
        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
        check_pixels(source, width * height, most)
        return _photograph(decode_png(source, content), inventory(io.BytesIO(content), "PNG"))
    masked = read_masked_bmp(source, content, most) if content[:2] == b"BM" else None
    if masked is not None:
        deep = ("more than 8 bits a channel, spread over 16",) if masked.dtype == np.uint16 else ()
        return _photograph(masked, inventory(io.BytesIO(content), "BMP"), notes=deep)
    with read_header(content) as header:
        frames = getattr(header, "n_frames", 1)
        if frames > 1 and header.format != "MPO":
            raise ImageError(f"{called(source)} has {frames} frames, but must have one: save one frame")
        check_pixels(source, header.width * header.height, most)
        pixels, profile, notes = decode(source, header)
        found = inventory(io.BytesIO(content), header.format)
    return _photograph(pixels, found, profile, notes)


def _photograph(
    pixels: np.ndarray, found: Inventory, profile: bytes | None = None, notes: tuple[str, ...] = ()
) -> Photograph:
    """Pixels upright, with what their file says; a profile that they have now replaces the file's."""
    attributes = described(found.items)
    attributes["icc_profile"] = profile or attributes["icc_profile"]
    attributes["notes"] = notes + attributes["notes"]
    return Photograph(upright(pixels, found.orientation), **attributes)


def write_image(path: Path, photograph: Photograph, force: bool = False) -> tuple[str, ...]:
    """Write an image file, atomically, in the format that its name tells.

    Returns
    -------
    tuple of str
        What the format has no place for.

    Raises
    ------
    ImageError
        If the format is unknown or cannot hold the pixels.
    FileExistsError
        If the file exists and `force` is False.
    OSError
        If the file cannot be written.
    """
    suffix = check_writable(path, photograph.pixels, photograph.pixels.shape)
    with atomic_write(path, force) as file:
        return encode(file, suffix, photograph, photograph.pixels.shape, [photograph.pixels])
