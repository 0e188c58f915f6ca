"""Photoshop's resources, which carry IPTC: what agencies write of a picture."""

import struct
from collections.abc import Iterator

from npsr.images.metadata.items import Item, lost

IPTC, DIGEST = 1028, 1061


def open_resources(content: bytes) -> Iterator[Item]:
    """IPTC as it is; thumbnails, guides and the like speak of the old picture."""
    kept, others, at = b"", False, 0
    while content[at : at + 4] == b"8BIM" and at + 12 <= len(content):
        (kind,) = struct.unpack_from(">H", content, at + 4)
        start = at + 6 + (content[at + 6] + 2) // 2 * 2
        if start + 4 > len(content):
            break
        (size,) = struct.unpack_from(">I", content, start)
        end = start + 4 + size
        if end > len(content):
            break
        if kind in (IPTC, DIGEST):
            kept += content[at:end] + bytes(size % 2)
        else:
            others = True
        at = end + size % 2
    if kept:
        yield Item("photoshop", "IPTC", kept)
    if content[at:].strip(b"\0"):
        yield lost("the end of Photoshop's resources, which is damaged")
    if others:
        yield lost("Photoshop's resources besides IPTC")


def iptc_of(content: bytes) -> bytes:
    """IPTC alone, out of what `open_resources` keeps."""
    at = content.find(b"8BIM" + struct.pack(">HH", IPTC, 0))
    size = int.from_bytes(content[at + 8 : at + 12], "big")
    return content[at + 12 : at + 12 + size] if at >= 0 else b""


def of_iptc(content: bytes) -> Item:
    """IPTC that stands alone."""
    head = b"8BIM" + struct.pack(">HHI", IPTC, 0, len(content))
    return Item("photoshop", "IPTC", head + content + bytes(len(content) % 2))
