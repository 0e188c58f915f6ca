"""Image files ↔ arrays: nothing is reduced, dropped or reinterpreted silently."""

import dataclasses
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from npsr.images.decoding import decode, decode_png, read_header, upright
from npsr.images.formats.adapting import adapt
from npsr.images.formats.inventory import Inventory, encoder_options, fitting, inventory, put
from npsr.images.formats.names import KINDS, LONGEST, NO_GREY, RAW, SAVING
from npsr.images.formats.palette import REDUCED_COLOURS, palette_image
from npsr.images.formats.pixel_layout import REDUCED, read_pixel_layout
from npsr.images.formats.png import SIGNATURE
from npsr.images.metadata.items import Item
from npsr.images.packages import MissingPackageError, package
from npsr.images.photograph import (
    MAX_PIXELS,
    ImageError,
    Photograph,
    Source,
    called,
    check_pixels,
    described,
    errors,
    items_of,
    opened,
)
from npsr.images.plugins import is_heif, is_jxl, read_heif, read_jxl
from npsr.images.row_files import NpyRows, TiffRows, write_npy, write_tiff
from npsr.images.whole_tiff import read_whole_tiff
from npsr.system.files import atomic_write

__all__ = ["ImageError", "Photograph", "encode", "open_image", "read_image", "write_image"]

WHOLE_TIFF = 2**31
"""Bytes of pixels from which on a TIFF is written by rows: Pillow's have no room for more than twice that."""
HOLDS_PROFILES = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF")
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
    """As `open_image`, its pixels an array in any case."""
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
    if any(not flags & REDUCED for flags in layout.further):
        raise ImageError(
            f"{called(source)} has {len(layout.further) + 1} frames, but must have one: save one frame"
        )
    attributes = described(found.items)
    if layout.further:
        attributes["notes"] += (f"left out {len(layout.further)} reduced copies of the picture",)
    try:
        rows: Any = TiffRows(source, most)
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


def encode(
    file: Any, suffix: str, photograph: Photograph, shape: Sequence[int], bands: Iterable[np.ndarray]
) -> tuple[str, ...]:
    """Write an image that comes in bands from the first row to the last: .tif and .npy without ever
    holding the whole of it, where need be.

    Parameters
    ----------
    file : binary file
        What is written.
    suffix : str
        From `check_writable`.
    photograph : Photograph
        Whose dtype, profile and EXIF the image has.
    shape : sequence of int
        The image's.
    bands : iterable of ndarray
        Its rows.

    Returns
    -------
    tuple of str
        What the format has no place for.

    Raises
    ------
    ImageError
        If the encoder refuses.
    """
    like = photograph.pixels
    if suffix == RAW:
        write_npy(file, like.dtype, shape, bands)
        return fitting("NPY", items_of(photograph))[1]
    kind = KINDS[suffix]
    items, notes = fitted(kind, photograph, like.shape, shape)
    if kind == "TIFF" and by_rows(like, shape):
        write_tiff(file, like.dtype, shape, bands)
        return notes + put(file, kind, b"", items)
    pixels = _whole(bands)
    if _is_deep_colour(pixels):
        codec = package("imagecodecs", "PNG with 16-bit colour")
        return notes + put(file, kind, codec.png_encode(np.ascontiguousarray(pixels)), items)
    image = Image.fromarray(pixels)
    if kind == "GIF":
        image, notes = palette_image(pixels), (*notes, REDUCED_COLOURS)
    encoded = io.BytesIO()
    try:
        image.save(encoded, kind, **SAVING[kind] | encoder_options(kind, items))
    except (ValueError, SyntaxError, RuntimeError) as error:
        raise ImageError(f"the encoder of {suffix} files refuses: {error}") from error
    return notes + put(file, kind, encoded.getvalue(), items)


def fitted(
    kind: str, picture: Any, old: Sequence[int], new: Sequence[int]
) -> tuple[list[Item], tuple[str, ...]]:
    """What a picture says of itself that an enlargement in some format holds, and notes on the rest.

    Parameters
    ----------
    kind : str
        One of `SAVING`.
    picture : Photograph or Animation
        The picture.
    old, new : sequence of int
        Its shape, and its enlargement's.
    """
    items = adapt(items_of(picture), new[1] / old[1], new[0] / old[0])
    held, notes = fitting(kind, [item for item in items if item.kind != "icc" or _fits(kind, item, new)])
    if picture.icc_profile and kind in HOLDS_PROFILES and not any(item.kind == "icc" for item in held):
        notes = ("left out the colour profile, which is for grey", *notes)
    return held, notes


def _fits(kind: str, item: Item, shape: Sequence[int]) -> bool:
    """Whether a profile is for grey as the file is, or for colour as it is; for others no one asks."""
    space = item.content[16:20]
    written_grey = (*shape, 1)[2] < 3 and kind not in NO_GREY
    return kind not in HOLDS_PROFILES or space not in (b"GRAY", b"RGB ") or (space == b"GRAY") == written_grey


def by_rows(pixels: Any, shape: Sequence[int]) -> bool:
    """Whether a TIFF for such pixels, enlarged to a shape, is written by rows."""
    size = int(np.prod(shape, dtype=np.int64)) * pixels.dtype.itemsize
    return _is_deep_colour(pixels) or not isinstance(pixels, np.ndarray) or size >= WHOLE_TIFF


def check_writable(path: Path, pixels: Any, shape: Sequence[int]) -> str:
    """The suffix of an output file for such pixels, enlarged to a shape, in lower case.

    Raises
    ------
    ImageError
        If no format is known for it, it cannot hold them, or needs a package that is missing.
    """
    suffix, name = path.suffix.lower(), path.name
    if suffix == RAW:
        return suffix
    if suffix not in KINDS:
        known = ", ".join(sorted((*KINDS, RAW)))
        raise ImageError(f"{path} ends in {suffix!r}, but must end in one of {known}")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{name}: pixels of {pixels.dtype} are written as .npy only")
    kind = KINDS[suffix]
    if pixels.dtype == np.uint16 and kind not in ("PNG", "TIFF"):
        raise ImageError(f"{name}: 16 bits a channel are written as .png or .tif only: choose one of them")
    if len(shape) == 3 and shape[2] % 2 == 0 and kind in ("JPEG", "BMP"):
        raise ImageError(f"{name}: {suffix} cannot hold transparency: write .png, .webp or .tif")
    if max(shape[:2]) > LONGEST.get(kind, 2**31 - 1):
        raise ImageError(
            f"{name}: {shape[1]}×{shape[0]} is more than the {LONGEST[kind]} pixels a side that {suffix} "
            "can hold: write .png or .tif"
        )
    if kind == "TIFF" and by_rows(pixels, shape):
        package("tifffile", f"{name}, TIFF with 16-bit colour or by rows,")
    elif _is_deep_colour(pixels):
        package("imagecodecs", f"{name}, PNG with 16-bit colour,")
    Image.init()
    if kind not in Image.SAVE:
        raise ImageError(f"{name}: this Pillow cannot write {suffix}: install another, or choose .png")
    return suffix


def _is_deep_colour(pixels: Any) -> bool:
    return bool(pixels.dtype == np.uint16) and len(pixels.shape) == 3


def _whole(bands: Iterable[np.ndarray]) -> np.ndarray:
    parts = list(bands)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
