"""Image files ↔ arrays: nothing is reduced, dropped or reinterpreted silently."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from npsr.images.decoding import decode, exif_of, exif_texts, has_deep_colour, read_exif, read_header, upright
from npsr.images.deep_png import read_deep_png, write_deep_png
from npsr.images.packages import MissingPackageError, package
from npsr.images.palette import REDUCED, palette_image
from npsr.images.photograph import (
    MAX_PIXELS,
    ImageError,
    Photograph,
    Source,
    called,
    check_pixels,
    errors,
    opened,
    pillow_limited_to,
)
from npsr.images.row_files import NpyRows, TiffRows, write_npy, write_tiff
from npsr.system.files import atomic_write

__all__ = ["ImageError", "Photograph", "encode", "open_image", "read_image", "write_image"]

SAVING: dict[str, dict[str, Any]] = {
    ".png": {"compress_level": 2},  # 4 times as fast as 6, for a sixth more bytes
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True, "exact": True, "method": 1},  # as small as 4 in two thirds of the time
    ".tif": {"compression": "tiff_adobe_deflate"},
    ".tiff": {"compression": "tiff_adobe_deflate"},
    ".bmp": {},
    ".gif": {},
    ".avif": {"quality": 90, "subsampling": "4:4:4"},
}
SUFFIXES = frozenset(SAVING)
"""Names of images that Pillow reads and writes end so."""
TIFF, RAW = (".tif", ".tiff"), ".npy"
LONGEST = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500, ".gif": 65535, ".avif": 65536}
"""Sides in pixels at most."""
NO_GREY = (".webp", ".avif", ".gif")
WHOLE_TIFF = 2**31
"""Bytes of pixels from which on a TIFF is written by rows: Pillow's have no room for more than twice that."""


def open_image(source: Source, most: int = MAX_PIXELS) -> Photograph:
    """Read an image file, or, if it can be read by rows, prepare to.

    Parameters
    ----------
    source : Path or bytes
        PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF or .npy, told by the content.
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
            start = file.read(6)
        if start == b"\x93NUMPY":
            return Photograph(NpyRows(source))
        if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return _open_tiff(source, most)
        with read_header(source) as header:
            return _read_whole(source, header, most)


def read_image(source: Source, most: int = MAX_PIXELS) -> Photograph:
    """As `open_image`, its pixels an array in any case."""
    photograph = open_image(source, most)
    check_pixels(source, photograph.pixels.shape[0] * photograph.pixels.shape[1], most)
    if isinstance(photograph.pixels, np.ndarray):
        return photograph
    with errors(source):
        return dataclasses.replace(photograph, pixels=photograph.pixels[:])


def _open_tiff(source: Source, most: int) -> Photograph:
    """By rows where that can be, which keeps 16 bits and bounds the memory; else by Pillow."""
    rows = _tiff_rows(source, most)
    try:
        with pillow_limited_to(most if rows is None else None), read_header(source) as header:
            if rows is None and not has_deep_colour(header):
                return _read_whole(source, header, most)
            exif, profile = read_exif(header)[0], header.info.get("icc_profile")
    except UnidentifiedImageError:  # such as 16-bit planes one after the other
        exif = exif_of(rows.texts) if rows else None
        profile = rows.icc_profile if rows else None
    if rows is None:
        package("tifffile", f"{called(source)}, TIFF with 16-bit colour,")
        raise ImageError(f"{called(source)} is a TIFF that cannot be kept whole: save it as plain RGB")
    if rows.orientation == 1:
        return Photograph(rows, profile, exif)
    check_pixels(source, rows.shape[0] * rows.shape[1], most)
    return Photograph(upright(rows[:], rows.orientation), profile, exif)


def _tiff_rows(source: Source, most: int) -> TiffRows | None:
    """None if the TIFF is of a kind that is not read by rows, or the package for it is missing."""
    try:
        return TiffRows(source, most)
    except (NotImplementedError, MissingPackageError):
        return None


def _read_whole(source: Source, header: Any, most: int) -> Photograph:
    """What Pillow reads, or imagecodecs in its place."""
    frames = getattr(header, "n_frames", 1)
    if frames > 1 and header.format != "MPO":
        raise ImageError(f"{called(source)} has {frames} frames, but must have one: save one frame")
    check_pixels(source, header.width * header.height, most)
    if not has_deep_colour(header):
        pixels, profile, notes = decode(source, header)
    elif header.format == "PNG":
        pixels, profile, notes = read_deep_png(source), header.info.get("icc_profile"), ()
    else:
        raise ImageError(
            f"{called(source)} has more than 8 bits a channel, which would be reduced to 8: "
            "convert it to 16-bit PNG or TIFF, or to 8 bits"
        )
    exif, orientation = read_exif(header)
    if "xmp" in header.info or "XML:com.adobe.xmp" in header.info:
        notes += ("left out XMP",)
    return Photograph(upright(pixels, orientation), profile, exif, notes)


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
        return tuple(f"left out {name}" for name in ("icc_profile", "exif") if getattr(photograph, name))
    profile, notes = _fitting_profile(suffix, photograph)
    if suffix in TIFF and by_rows(like, shape):
        texts, others = exif_texts(photograph.exif)
        write_tiff(file, like.dtype, shape, bands, profile, texts)
        return (*notes, "left out EXIF besides its texts") if others else notes
    pixels = _whole(bands)
    if _is_deep_colour(pixels):
        write_deep_png(file, dataclasses.replace(photograph, pixels=pixels, icc_profile=profile))
        return notes
    extras = {"icc_profile": profile, "exif": photograph.exif}
    options = SAVING[suffix] | {key: value for key, value in extras.items() if value}
    image = Image.fromarray(pixels)
    if suffix == ".gif":
        image, notes = palette_image(pixels), (*notes, REDUCED)
    try:
        image.save(file, Image.registered_extensions()[suffix], **options)
    except (ValueError, SyntaxError) as error:
        raise ImageError(f"the encoder of {suffix} files refuses: {error}") from error
    return notes


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
    if suffix not in SUFFIXES:
        known = ", ".join(sorted((*SUFFIXES, RAW)))
        raise ImageError(f"{path} ends in {suffix!r}, but must end in one of {known}")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{name}: pixels of {pixels.dtype} are written as .npy only")
    if pixels.dtype == np.uint16 and suffix not in (".png", *TIFF):
        raise ImageError(f"{name}: 16 bits a channel are written as .png or .tif only: choose one of them")
    if len(shape) == 3 and shape[2] % 2 == 0 and suffix in (".jpg", ".jpeg", ".bmp"):
        raise ImageError(f"{name}: {suffix} cannot hold transparency: write .png, .webp or .tif")
    if max(shape[:2]) > LONGEST.get(suffix, 2**31 - 1):
        raise ImageError(
            f"{name}: {shape[1]}×{shape[0]} is more than the {LONGEST[suffix]} pixels a side that {suffix} "
            "can hold: write .png or .tif"
        )
    if suffix in TIFF and by_rows(pixels, shape):
        package("tifffile", f"{name}, TIFF with 16-bit colour or by rows,")
    elif _is_deep_colour(pixels):
        package("imagecodecs", f"{name}, PNG with 16-bit colour,")
    if suffix not in Image.registered_extensions():
        raise ImageError(f"{name}: this Pillow cannot write {suffix}: install another, or choose .png")
    return suffix


def _is_deep_colour(pixels: Any) -> bool:
    return bool(pixels.dtype == np.uint16) and len(pixels.shape) == 3


def _fitting_profile(suffix: str, photograph: Photograph) -> tuple[bytes | None, tuple[str, ...]]:
    """The colour profile, unless it is for grey and the format knows only colour."""
    profile, channels = photograph.icc_profile, (*photograph.pixels.shape, 1)[2]
    if profile is None or suffix in (".bmp", ".gif"):
        return None, ("left out the colour profile",) if profile else ()
    written_grey = channels < 3 and suffix not in NO_GREY
    if profile[16:20] in (b"GRAY", b"RGB ") and (profile[16:20] == b"GRAY") != written_grey:
        return None, ("left out the colour profile, which is for grey",)
    return profile, ()


def _whole(bands: Iterable[np.ndarray]) -> np.ndarray:
    parts = list(bands)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
