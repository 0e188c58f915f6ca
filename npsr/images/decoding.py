"""What Pillow reads: a file's header, what it says besides pixels, and pixels kept whole or refused."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import imageio.v3 as iio
import numpy as np
from PIL import Image, ImageCms

from npsr.images.photograph import ImageError, Source, called, opened

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
"""Pillow's names of the formats that are read; it knows more, some of which run other programs."""
ORIENTATION, BITS_PER_SAMPLE = 0x0112, 0x0102
DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
"""Description, maker, model, software, date, artist, copyright."""
SUB_TABLES = (0x8769, 0x8825)
"""EXIF proper, and the place."""
SIDES = (0xA002, 0xA003)
"""Of the picture before it was enlarged."""

MODES: dict[str, str] = {
    **{"1": "L", "L": "L", "LA": "LA", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA"},
    **{"I;16": "I;16", "I;16B": "I;16B"},
}
"""Pillow's modes that are read, and the mode each is read as; "P" depends on its transparency."""


@contextmanager
def read_header(source: Source) -> Iterator[Any]:
    """A Pillow image of which only the header is read, so far."""
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    with opened(source) as file, Image.open(file, formats=known) as header:
        yield header


def has_deep_colour(header: Any) -> bool:
    """Whether a file has more than 8 bits a channel of what is not plain grey: Pillow would read 8."""
    if header.format == "TIFF":
        deep = max(header.tag_v2.get(BITS_PER_SAMPLE, (8,))) > 8
    elif header.format == "AVIF":
        deep = _is_deep_avif(header)
    else:
        decoders = [tile[3] for tile in getattr(header, "tile", [])]
        deep = any(isinstance(raw_mode, str) and ";16" in raw_mode for raw_mode in decoders)
    return deep and header.mode not in ("I;16", "I;16B", "I", "F")


def _is_deep_avif(header: Any) -> bool:
    """The flag high_bitdepth of the first AV1 configuration."""
    header.fp.seek(0)
    head = header.fp.read(2**16)
    at = head.find(b"av1C")
    return at >= 0 and len(head) > at + 6 and bool(head[at + 6] & 0x40)


def decode(source: Source, header: Any) -> tuple[np.ndarray, bytes | None, tuple[str, ...]]:
    """Pixels as they are stored, the colour profile that they have now, and what was done to them.

    Raises
    ------
    ImageError
        If the pixels cannot be kept whole.
    """
    profile = header.info.get("icc_profile")
    if header.mode == "CMYK":
        image, profile = _from_cmyk(source, header, profile)
        return np.array(image), profile, ("CMYK, converted to sRGB by its profile",)
    notes: tuple[str, ...] = ()
    if getattr(header, "n_frames", 1) > 1 and header.format == "MPO":
        notes = (f"left out {header.n_frames - 1} further pictures of the file",)
        header.seek(0)
    mode = _mode(source, header)
    with opened(source) as file:
        pixels = iio.imread(file, plugin="pillow", index=0, mode=None if header.mode == mode else mode)
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("=")), profile, notes


def _mode(source: Source, header: Any) -> str:
    """The mode to read pixels as, or an error that says why they cannot be kept whole."""
    transparent = "transparency" in header.info
    if header.mode in ("YCbCr", "LAB", "HSV"):
        raise ImageError(
            f"{called(source)} is {header.mode}, but must be grey or RGB: convert it in an image editor"
        )
    if header.mode.startswith("I") and transparent:
        raise ImageError(f"{called(source)} has a transparent shade of 16-bit grey: give it an alpha channel")
    if header.mode == "I" and header.format == "PNG":
        return "I;16"
    if header.mode == "P":
        return "RGBA" if transparent or header.palette.mode == "RGBA" else "RGB"
    if header.mode not in MODES:
        raise ImageError(
            f"{called(source)} has pixels of kind {header.mode}, but must have 8 or 16 bits a channel"
        )
    if transparent and header.mode in ("1", "L", "RGB"):
        return "RGBA" if header.mode == "RGB" else "LA"
    return MODES[header.mode]


def _from_cmyk(source: Source, header: Any, profile: bytes | None) -> tuple[Any, bytes]:
    """A CMYK image in sRGB, and sRGB's profile; without a profile nobody knows what its inks look like."""
    if not profile:
        raise ImageError(
            f"{called(source)} is CMYK without a colour profile, so its colours are unknown: "
            "convert it to RGB in an image editor"
        )
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        image = ImageCms.profileToProfile(
            header, io.BytesIO(profile), standard, renderingIntent=intent, outputMode="RGB", flags=flags
        )
    except ImageCms.PyCMSError as error:
        raise ImageError(f"{called(source)} is CMYK with an unusable colour profile: {error}") from error
    return image, standard.tobytes()


def read_exif(header: Any) -> tuple[bytes | None, int]:
    """EXIF without what no longer holds of the enlarged picture, and the orientation, 1 to 8."""
    exif = header.getexif()
    if header.format == "TIFF":  # where it shares a table with the pixels' layout
        described = Image.Exif()
        for tag in (ORIENTATION, *DESCRIPTIVE):
            if tag in exif:
                described[tag] = exif[tag]
        for tag in SUB_TABLES:
            if table := exif.get_ifd(tag):
                described[tag] = dict(table)
        exif = described
    orientation = exif.pop(ORIENTATION, 1)
    if SUB_TABLES[0] in exif:
        for side in SIDES:
            exif.get_ifd(SUB_TABLES[0]).pop(side, None)
    return exif.tobytes() if len(exif) else None, orientation


def exif_of(texts: dict[int, str]) -> bytes | None:
    """EXIF that says what some of a TIFF's texts say of the picture."""
    exif = Image.Exif()
    exif.update({tag: text for tag, text in texts.items() if tag in DESCRIPTIVE})
    return exif.tobytes() if len(exif) else None


def exif_texts(content: bytes | None) -> tuple[dict[int, str], bool]:
    """What EXIF says in words, by tag, and whether there is more."""
    exif = Image.Exif()
    exif.load(content or b"")
    texts = {tag: exif[tag] for tag in DESCRIPTIVE if isinstance(exif.get(tag), str)}
    return {tag: text for tag, text in texts.items() if text.isascii()}, len(exif) > len(texts)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation, 1 to 8 (others are taken as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
