"""Pixels of whole images, kept as they are or refused: by Pillow, or by others in its place."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from npsr.images.formats.png import bare
from npsr.images.packages import package
from npsr.images.photograph import ImageError, Source, called, opened

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
"""Pillow's names of the formats that are read; it knows more, some of which run other programs."""
MODES: dict[str, str] = {
    **{"1": "L", "L": "L", "LA": "LA", "La": "LA", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA"},
    **{"I;16": "I;16", "I;16B": "I;16"},
}
"""Pillow's modes that are read, and the mode each is read as; "P" depends on its transparency."""
DEEP, TWELVE = 0x40, 0x20
"""Flags of an AV1 configuration: more than 8 bits, and 12."""
GREY, COLOUR = 0, 2
"""PNG's colour types that may name one shade or colour as transparent."""


@contextmanager
def read_header(source: Source) -> Iterator[Any]:
    """A Pillow image of which only the header is read, so far."""
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]
    with opened(source) as file, Image.open(file, formats=known) as header:
        yield header


def decode(source: Source, header: Any) -> tuple[np.ndarray, bytes | None, tuple[str, ...]]:
    """Pixels as they are stored, the profile that they have instead of the file's, and what was done to them.

    Raises
    ------
    ImageError
        If the pixels cannot be kept whole.
    """
    if header.mode == "CMYK":
        image, profile = _from_cmyk(source, header, header.info.get("icc_profile"))
        return np.array(image), profile, ("CMYK, converted to sRGB by its profile",)
    if header.format == "MPO":
        header.seek(0)
    if header.format == "AVIF" and is_deep_avif(header):
        pixels, bits = _deep_avif(source, header)
        return pixels, None, (spread_note(bits),)
    return pixels_of(source, header), None, ()


def pixels_of(source: Source, image: Any) -> np.ndarray:
    """A Pillow image's pixels in the mode that keeps them whole."""
    mode = _mode(source, image)
    pixels = np.array(image if image.mode == mode else image.convert(mode))
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))


def _mode(source: Source, header: Any) -> str:
    """The mode to read pixels as, or an error that says why they cannot be kept whole."""
    transparent = "transparency" in header.info
    if header.mode in ("YCbCr", "LAB", "HSV"):
        raise ImageError(
            f"{called(source)} is {header.mode}, but must be grey or RGB: convert it in an image editor"
        )
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


def is_deep_avif(header: Any) -> bool:
    """The flag high_bitdepth of the first AV1 configuration."""
    header.fp.seek(0)
    head = header.fp.read(2**16)
    at = head.find(b"av1C")
    return at >= 0 and len(head) > at + 6 and bool(head[at + 6] & DEEP)


def _deep_avif(source: Source, header: Any) -> tuple[np.ndarray, int]:
    """Pixels of an AVIF of 10 or 12 bits, spread over 16, and which of both."""
    codec = package("imagecodecs", f"{called(source)}, AVIF with more than 8 bits a channel,")
    header.fp.seek(0)
    content = header.fp.read()
    pixels = codec.avif_decode(content)
    if pixels.dtype != np.uint16 or pixels.ndim > 3:
        raise ImageError(f"{called(source)} decodes to {pixels.dtype} {pixels.shape}: convert it to PNG")
    bits = 12 if content[content.find(b"av1C") + 6] & TWELVE else 10
    return spread(pixels, bits), bits


def spread(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Numbers of so many bits, as those of 16 bits from black to white."""
    return (pixels.astype(np.float64) * (65535 / (2**bits - 1))).round().astype(np.uint16)


def spread_note(bits: int) -> str:
    """What is said of that."""
    return f"{bits} bits a channel, spread over 16"


def decode_png(source: Source, content: bytes) -> np.ndarray:
    """Pixels of a PNG, of its picture that does not move.

    Raises
    ------
    ImageError
        If imagecodecs is missing, which 16-bit colour needs.
    """
    depth, colour = content[24], content[25]
    key = _transparent(content) if colour in (GREY, COLOUR) else None
    plain = bare(content, without=(b"tRNS",) if key else ())
    if depth == 16 and colour != GREY:
        codec = package("imagecodecs", f"{called(source)}, PNG with 16-bit colour,")
        with read_header(plain) as header:
            header.verify()  # checksums, which the codec passes over
        pixels = codec.png_decode(plain)
        if pixels.dtype != np.uint16 or pixels.ndim != 3:
            raise ImageError(
                f"{called(source)} decodes to {pixels.dtype} {pixels.shape}: convert it to 8 bits"
            )
    else:
        with read_header(plain) as header:
            pixels = pixels_of(source, header)
    if key is None:
        return pixels
    most = 2**depth - 1
    scale = 255 // most if depth < 8 else 1  # shades of few bits are spread over 8
    shades = np.array([(value & most) * scale for value in key], pixels.dtype)
    hidden = (np.atleast_3d(pixels) == shades).all(axis=-1)
    alpha = np.where(hidden, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return np.dstack([pixels, alpha])


def _transparent(content: bytes) -> tuple[int, ...] | None:
    """The shade or colour that a PNG names as transparent."""
    at = content.find(b"tRNS", 0, content.find(b"IDAT"))
    size = 2 if content[25] == GREY else 6
    if at < 0 or int.from_bytes(content[at - 4 : at], "big") != size:
        return None
    return struct.unpack_from(f">{size // 2}H", content, at + 4)


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


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation, 1 to 8 (others are taken as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
