"""PNG with 16-bit colour, which Pillow would reduce to 8 bits."""

import struct
import zlib
from typing import BinaryIO

import numpy as np

from npsr.images.decoding import read_header
from npsr.images.packages import package
from npsr.images.photograph import ImageError, Photograph, Source, called, opened

CHUNKS_AT = 8 + 25
"""Where a PNG's first chunk, IHDR, ends."""


def read_deep_png(source: Source) -> np.ndarray:
    """Pixels, uint16.

    Raises
    ------
    ImageError
        If imagecodecs is missing, or the kind is none that can be kept.
    """
    codec = package("imagecodecs", f"{called(source)}, PNG with 16-bit colour,")
    with read_header(source) as header:
        if "transparency" in header.info:
            raise ImageError(f"{called(source)} has a transparent 16-bit colour: give it an alpha channel")
        header.verify()  # checksums, which the codec passes over
    with opened(source) as file:
        pixels = codec.png_decode(file.read())
    if pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise ImageError(f"{called(source)} decodes to {pixels.dtype} {pixels.shape}: convert it to 8 bits")
    return pixels


def write_deep_png(file: BinaryIO, photograph: Photograph) -> None:
    """Write pixels of shape (H, W, 2 to 4), uint16, with profile and EXIF."""
    codec = package("imagecodecs", "PNG with 16-bit colour")
    content = codec.png_encode(np.ascontiguousarray(photograph.pixels))
    file.write(content[:CHUNKS_AT])
    if photograph.icc_profile:
        file.write(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(photograph.icc_profile)))
    if photograph.exif:
        file.write(_chunk(b"eXIf", photograph.exif.removeprefix(b"Exif\0\0")))
    file.write(content[CHUNKS_AT:])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
