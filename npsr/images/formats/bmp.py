"""BMP: its resolution, and how its colours are meant."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from npsr.images.metadata.items import METRE, Item, Resolution, in_unit, lost

FILE_HEAD, V4, V5 = 14, 108, 124
UNUSED = "a fourth byte of each pixel, which it does not call alpha"


def read_bmp(file: BinaryIO) -> Iterator[Item]:
    """What a BMP holds besides pixels."""
    content = file.read()
    (size,) = struct.unpack_from("<I", content, FILE_HEAD)
    taken = [_pixels(content, size)]
    if size >= 40:
        across, down = struct.unpack_from("<ii", content, FILE_HEAD + 24)
        if across > 0 and down > 0:
            yield Item("resolution", "the resolution", Resolution(across, down, METRE))
        bits, compression = struct.unpack_from("<HI", content, FILE_HEAD + 14)
        if (bits, compression) == (32, 0) and set(content[slice(*taken[0])][3::4]) - {0, 255}:
            yield lost(UNUSED)
    space = content[FILE_HEAD + 56 : FILE_HEAD + 60] if size >= V4 else b"BGRs"
    if space in (b"DEBM", b"KNIL") and size >= V5:
        start, length = (n + FILE_HEAD * (k == 0) for k, n in enumerate(_profile(content)))
        taken.append((start, start + length))
    if space == b"DEBM" and size >= V5:
        yield Item("icc", "the colour profile", content[slice(*taken[1])])
    elif space == bytes(4) and any(content[FILE_HEAD + 60 : FILE_HEAD + V4]):
        yield lost("its primaries and gamma")
    elif space == b"KNIL":
        yield lost("the colour profile, which lies in another file")
    if _between(content, size, taken).strip(b"\0"):
        yield lost("what lies before or behind the pixels in its file")


def _profile(content: bytes) -> tuple[int, int]:
    """Where the profile lies, counted from the header, and its length."""
    start, length = struct.unpack_from("<II", content, FILE_HEAD + 112)
    return start, length


def _pixels(content: bytes, size: int) -> tuple[int, int]:
    """Where pixels begin and end."""
    (start,) = struct.unpack_from("<I", content, 10)
    if size < 16:
        columns, rows, _, bits = struct.unpack_from("<HHHH", content, FILE_HEAD + 4)
        compression = length = 0
    else:
        columns, rows, _, bits = struct.unpack_from("<iiHH", content, FILE_HEAD + 4)
        compression, length = struct.unpack_from("<II", content, FILE_HEAD + 16) if size >= 40 else (0, 0)
    if compression in (0, 3, 6):
        length = (abs(columns) * bits + 31) // 32 * 4 * abs(rows)
    return start, start + length


def _between(content: bytes, size: int, taken: list[tuple[int, int]]) -> bytes:
    """What is neither head, palette, pixels nor profile."""
    bits, used = struct.unpack_from("<H", content, FILE_HEAD + 14)[0], 0
    if size >= 40:
        (used,) = struct.unpack_from("<I", content, FILE_HEAD + 32)
    entry = 3 if size < 16 else 4
    at, parts = FILE_HEAD + size + entry * (used or (1 << bits if bits <= 8 else 0)), []
    at += 16 if size == 40 else 0  # masks
    for start, end in sorted(taken):
        parts.append(content[at:start])
        at = max(at, end)
    return b"".join([*parts, content[at:]])


def write_bmp(content: bytes, items: list[Item]) -> bytes:
    """A BMP with a resolution."""
    head = bytearray(content[: FILE_HEAD + 40])
    for item in items:
        sides = in_unit(item.content, METRE) if item.content.inches else (0, 0)
        struct.pack_into("<ii", head, FILE_HEAD + 24, *map(round, sides))
    return bytes(head) + content[len(head) :]
