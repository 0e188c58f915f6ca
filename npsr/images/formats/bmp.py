"""BMP: its resolution, and how its colours are meant."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from npsr.images.metadata.items import METRE, Item, Resolution, in_unit, lost

FILE_HEAD, V4, V5 = 14, 108, 124


def read_bmp(file: BinaryIO) -> Iterator[Item]:
    """What a BMP holds besides pixels."""
    head = file.read(FILE_HEAD + V5)
    (size,) = struct.unpack_from("<I", head, FILE_HEAD)
    if size < 40:
        return
    across, down = struct.unpack_from("<ii", head, FILE_HEAD + 24)
    if across > 0 and down > 0:
        yield Item("resolution", "the resolution", Resolution(across, down, METRE))
    space = head[FILE_HEAD + 56 : FILE_HEAD + 60] if size >= V4 else b"BGRs"
    if space == b"DEBM" and size >= V5:
        start, length = struct.unpack_from("<II", head, FILE_HEAD + 112)
        file.seek(FILE_HEAD + start)
        yield Item("icc", "the colour profile", file.read(length))
    elif space == bytes(4) and any(head[FILE_HEAD + 60 : FILE_HEAD + V4]):
        yield lost("its primaries and gamma")
    elif space == b"KNIL":
        yield lost("the colour profile, which lies in another file")


def write_bmp(content: bytes, items: list[Item]) -> bytes:
    """A BMP with a resolution."""
    head = bytearray(content[: FILE_HEAD + 40])
    for item in items:
        sides = in_unit(item.content, METRE) if item.content.inches else (0, 0)
        struct.pack_into("<ii", head, FILE_HEAD + 24, *map(round, sides))
    return bytes(head) + content[len(head) :]
