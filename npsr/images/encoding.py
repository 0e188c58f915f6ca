"""Arrays → bytes of image files: what a format cannot hold is refused, or named."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from npsr.images.formats.adapting import adapt
from npsr.images.formats.inventory import encoder_options, fitting, put
from npsr.images.formats.names import KINDS, LONGEST, NO_GREY, RAW, SAVING
from npsr.images.formats.palette import REDUCED_COLOURS, palette_image
from npsr.images.metadata.items import Item
from npsr.images.packages import package
from npsr.images.photograph import ImageError, Photograph, items_of
from npsr.images.row_files import write_npy, write_tiff

WHOLE_TIFF = 2**31
"""Bytes of pixels from which on a TIFF is written by rows: Pillow's have no room for more than twice that."""
HOLDS_PROFILES = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF")


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
    content = encoded(image, suffix, SAVING[kind] | encoder_options(kind, items))
    return notes + put(file, kind, content, items)


def encoded(image: Image.Image, suffix: str, options: dict[str, Any]) -> bytes:
    """What Pillow's encoder for a suffix makes of an image.

    Raises
    ------
    ImageError
        If it refuses.
    """
    content = io.BytesIO()
    try:
        image.save(content, KINDS[suffix], **options)
    except (ValueError, SyntaxError, RuntimeError) as error:
        raise ImageError(f"the encoder of {suffix} files refuses: {error}") from error
    return content.getvalue()


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
