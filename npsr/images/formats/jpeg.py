"""JPEG: segments before and between the scans, and what follows the picture."""

import io
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from npsr.images.metadata import photoshop
from npsr.images.metadata.ifd import numbers, read_head, read_table
from npsr.images.metadata.items import CENTIMETRE, INCH, Item, Resolution, in_unit, lost

XMP, EXTENDED = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
ICC, EXIF, PHOTOSHOP = b"ICC_PROFILE\0", b"Exif\0\0", b"Photoshop 3.0\0"
GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
LOST = {
    EXTENDED: "the further part of XMP",
    GAIN_MAP: "the gain map for HDR displays",
    b"JP": "content credentials or other JUMBF boxes",
    b"FPXR\0": "FlashPix data",
    b"JFXX\0": "JFIF's thumbnail",
    b"Ducky": "the quality that Photoshop notes",
}
UNITS = {1: INCH, 2: CENTIMETRE}
"""JFIF's units of length."""
LONGEST = 65533
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a scan: what is neither a value nor a restart."""
APP0, APP1, APP2, APP13, APP14, COMMENT, SCAN, END = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDA, 0xD9


def read_jpeg(file: BinaryIO) -> Iterator[Item]:
    """What a JPEG holds besides pixels."""
    content = file.read()
    parts: dict[bytes, list[bytes]] = {EXIF: [], ICC: [], PHOTOSHOP: []}
    end = 0
    for marker, body, stop in _segments(content):
        end = stop
        name = next((name for name in parts if body.startswith(name)), b"")
        if name and marker in (APP1, APP2, APP13):
            parts[name].append(body[len(name) :])
        elif marker == COMMENT:
            yield Item("comment", "the comment", body)
        elif marker >= APP0:
            yield from _of_segment(marker, body)
    if parts[EXIF]:
        first, *others = parts[EXIF]
        more = [body for body in others if not body.startswith((b"II*\0", b"MM\0*"))]  # of the first
        yield Item("exif", "EXIF", b"".join([first, *more]))
        if len(more) < len(others):
            yield lost("further EXIF segments")
    if parts[ICC]:
        yield _profile(parts[ICC])
    yield from photoshop.open_resources(b"".join(parts[PHOTOSHOP]))
    behind = content[end:].strip(b"\0\xff\r\n")
    if behind and not (behind.startswith(b"\xd8\xff") and b"MPF\0" in content):  # those are named already
        yield lost("what follows the picture in its file, such as a film")


def _segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, body and end of each segment, to the end of the picture."""
    at = 2
    while at + 2 <= len(content):
        found = MARKER.search(content, at)
        if found is None:
            return
        marker, at = content[found.start() + 1], found.end()
        if marker == END:
            yield 0, b"", at
            return
        if marker == 0x01 or at + 2 > len(content):
            continue
        (length,) = struct.unpack_from(">H", content, at)
        yield marker, content[at + 2 : at + length], at + length
        at += length


def _of_segment(marker: int, body: bytes) -> Iterator[Item]:
    if marker == APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        unit, across, down, *thumbnail = struct.unpack_from(">BHHBB", body, 7)
        if across and down and (unit in (1, 2) or across != down):
            inches = UNITS.get(unit, 0.0)
            yield Item("resolution", "the resolution", Resolution(across, down, inches))
        if all(thumbnail):
            yield lost("JFIF's thumbnail")
    elif marker == APP1 and body.startswith(XMP):
        yield Item("xmp", "XMP", body[len(XMP) :])
    elif marker == APP2 and body.startswith(b"MPF\0"):
        yield lost(_further_pictures(body[4:]))
    elif marker <= 0xEF and not (marker == APP14 and body.startswith(b"Adobe")):
        known = next((LOST[name] for name in LOST if body.startswith(name)), None)
        label = re.match(rb"[\x20-\x7e]*", body[:20]).group().decode()  # type: ignore[union-attr]
        yield lost(known or f"the JPEG segment APP{marker - APP0} {label!r}")


def _further_pictures(content: bytes) -> str:
    """What the index of several pictures says (CIPA DC-007)."""
    file = io.BytesIO(content)
    try:
        layout, at = read_head(file)
        entries = {entry.tag: entry for entry in read_table(file, layout, at).entries}
        return f"{int(numbers(entries[0xB001], layout.order)[0]) - 1} further pictures of the file"
    except (ValueError, LookupError):
        return "further pictures of the file"


def _profile(parts: list[bytes]) -> Item:
    """A profile that lies in numbered parts."""
    count = parts[0][1]
    numbered = {part[0]: part[2:] for part in parts}
    if sorted(numbered) != list(range(1, count + 1)):
        return lost("the colour profile, which is not whole")
    return Item("icc", "the colour profile", b"".join(numbered[k] for k in range(1, count + 1)))


def write_jpeg(content: bytes, items: list[Item]) -> tuple[bytes, list[Item]]:
    """A JPEG with items behind its first segment, and those that have no room in one segment.

    Parameters
    ----------
    content : bytes
        As Pillow writes it: JFIF's segment comes first.
    items : list of Item
        Of the kinds "exif", "xmp", "icc", "photoshop", "comment", "resolution".
    """
    head, segments, without_room = bytearray(content[:20]), b"", []
    for item in items:
        if item.kind == "resolution":
            densities = _densities(item.content)
            without_room += [] if densities else [item]
            struct.pack_into(">BHH", head, 13, *(densities or (0, 1, 1)))
        elif item.kind == "icc":
            size = LONGEST - len(ICC) - 2
            parts = [item.content[k : k + size] for k in range(0, len(item.content), size)]
            for number, part in enumerate(parts, 1):
                segments += _segment(APP2, ICC + bytes((number, len(parts))) + part)
        else:
            marker, name = WRITTEN[item.kind]
            if len(name) + len(item.content) > LONGEST:
                without_room.append(item._replace(name=f"{item.name}, which is too long for JPEG"))
            else:
                segments += _segment(marker, name + item.content)
    return bytes(head) + segments + content[20:], without_room


WRITTEN = {
    "exif": (APP1, EXIF),
    "xmp": (APP1, XMP),
    "photoshop": (APP13, PHOTOSHOP),
    "comment": (COMMENT, b""),
}


def _densities(resolution: Resolution) -> tuple[int, int, int] | None:
    """JFIF's unit, and densities of 16 bits: in the unit that they have, or one that has room for them."""
    units = sorted(UNITS, key=lambda unit: UNITS[unit] != resolution.inches) if resolution.inches else [0]
    for unit in units:
        across, down = in_unit(resolution, UNITS.get(unit, 0.0))
        if max(across, down) < 2**16 - 1 and min(across, down) >= 1:
            return unit, round(across), round(down)
    return None


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
