"""GIF: comments and application blocks."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from npsr.images.metadata.items import Item, lost

XMP, ICC = b"XMP DataXMP", b"ICCRGBG1012"
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
XMP_TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"
"""By which readers of blocks that know no XMP find its end, wherever they are in it."""


def read_gif(file: BinaryIO) -> Iterator[Item]:
    """What a GIF holds besides frames."""
    content = file.read()
    if content[12] not in (0, 49):
        yield lost("the ratio of its pixels' sides")
    at = 13 + colours_at(content[10])
    reach = columns, rows = screen(content)
    while at < len(content) and content[at] in (0x21, 0x2C):
        if content[at] == 0x2C:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", content, at + 1)
            reach = max(reach[0], left + width), max(reach[1], top + height)
            at = join_blocks(content, at + 10 + colours_at(flags) + 1)[1]
            continue
        kind, start = content[at + 1], at + 2
        body, at = join_blocks(content, start)
        if kind == 0xFE:
            yield Item("comment", "the comment", body)
        elif kind == 0x01:
            yield lost("a block of plain text")
        elif kind == 0xFF:
            yield from _application(content, start, at, body)
    if reach != (columns, rows):
        size = f"{columns}×{rows}"
        yield Item("note", f"frames reach beyond the {size} of the file: shown whole, browsers cut them")
    if content[at + 1 :].strip(b"\0"):
        yield lost("what follows the picture in its file")


def screen(content: bytes) -> tuple[int, int]:
    """Columns and rows of a GIF, by its head."""
    columns, rows = struct.unpack_from("<HH", content, 6)
    return columns, rows


def _application(content: bytes, start: int, end: int, body: bytes) -> Iterator[Item]:
    name = content[start + 1 : start + 12]
    if name == XMP:
        yield Item("xmp", "XMP", content[start + 12 : end - len(XMP_TRAILER)])
    elif name == ICC:
        yield Item("icc", "the colour profile", body[11:])
    elif name not in LOOPS:
        yield lost(f"the GIF block {name.decode('ascii', 'replace')!r}")


def colours_at(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def join_blocks(content: bytes, at: int) -> tuple[bytes, int]:
    """Blocks put together, and where the next thing begins."""
    parts = []
    while length := content[at]:
        parts.append(content[at + 1 : at + 1 + length])
        at += 1 + length
    return b"".join(parts), at + 1


def write_gif(content: bytes, items: list[Item]) -> bytes:
    """A GIF with items of the kinds "comment" and "xmp" before its end."""
    added = b""
    for item in items:
        if item.kind == "xmp":
            added += b"\x21\xff\x0b" + XMP + item.content + XMP_TRAILER
        else:
            parts = [item.content[k : k + 255] for k in range(0, len(item.content), 255)]
            added += b"\x21\xfe" + b"".join(bytes((len(part),)) + part for part in parts) + b"\0"
    version = b"GIF89a" if added else content[:6]  # the first that knows such blocks
    return version + content[6:-1] + added + content[-1:]
