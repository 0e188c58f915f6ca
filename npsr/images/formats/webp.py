"""WebP: chunks of a RIFF file."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from npsr.images.metadata.items import Item, lost

PIXELS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF")
KNOWN = {b"ICCP": ("icc", "the colour profile"), b"EXIF": ("exif", "EXIF"), b"XMP ": ("xmp", "XMP")}


def read_webp(file: BinaryIO) -> Iterator[Item]:
    """What a WebP holds besides pixels; Pillow writes it."""
    end = file.seek(0, 2)
    at = 12
    while at + 8 <= end:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind in KNOWN:
            yield Item(*KNOWN[kind], file.read(length))
        elif kind == b"ANIM":
            blue, green, red, alpha = file.read(4)
            yield Item("background", "the colour to show behind it", (red, green, blue, alpha))
        elif kind not in PIXELS:
            yield lost(f"the WebP chunk {kind.decode('ascii', 'replace')!r}")
        at += 8 + length + length % 2
