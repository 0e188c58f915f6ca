"""Boxes, of which AVIF, HEIC and JPEG XL files are made (ISO/IEC 14496-12 and 23008-12)."""

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from npsr.images.metadata.items import Item, lost

SRGB = (1, 13)
"""Primaries and transfer function, as numbers of H.273; 2 is unknown."""
TRANSFORMS = {0: 1, 1: 8, 2: 3, 3: 6}
"""EXIF's orientation for each number of quarters to the left that a picture is turned."""
MIRRORED = {1: 2, 3: 4, 6: 5, 8: 7}
"""…and then mirrored with left becoming right."""
PARENTS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"edts": 0}
"""Boxes that hold boxes, after so many bytes."""
AUXILIARY = {
    "alpha": "",
    "hdrgainmap": "the gain map for HDR displays",
    "depth": "the depth map",
    "disparity": "the depth map",
}
"""What auxiliary pictures are for, by a part of their type; alpha is part of the picture."""


class Box(NamedTuple):
    """A box: its path of kinds, where its content lies, and where it ends."""

    path: tuple[bytes, ...]
    at: int
    end: int


def boxes(content: bytes, at: int = 0, end: int | None = None, path: tuple[bytes, ...] = ()) -> Iterator[Box]:
    """Each box and those inside it."""
    end = len(content) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", content, at + 8)[0], 16
        size = size or end - at
        if size < head or at + size > end:
            return
        yield Box((*path, kind), at + head, at + size)
        if kind in PARENTS:
            yield from boxes(content, at + head + PARENTS[kind], at + size, (*path, kind))
        at += size


def read_avif(file: BinaryIO) -> Iterator[Item]:
    """What an AVIF holds besides pixels."""
    content = file.read()
    found: dict[tuple[bytes, ...], Box] = {}
    for box in boxes(content):
        found.setdefault(box.path, box)
    if (b"meta",) not in found:
        return
    primary = _primary(content, found)
    kinds = _items(content, found)
    for number, kind in kinds.items():
        if kind == "Exif":
            raw = _extent(content, found, number)
            yield Item("exif", "EXIF", raw[4 + int.from_bytes(raw[:4], "big") :])
        elif kind == "application/rdf+xml":
            yield Item("xmp", "XMP", _extent(content, found, number))
        elif kind == "tmap":
            yield lost("the gain map for HDR displays")
        elif kind not in ("av01", "grid", "iden", "hvc1"):
            yield lost(f"the item {kind!r} of the file")
    yield from _of_properties(content, found, primary)
    yield from _references(content, found, primary, kinds)


def _primary(content: bytes, found: dict[tuple[bytes, ...], Box]) -> int:
    box = found[b"meta", b"pitm"]
    return struct.unpack_from(">I" if content[box.at] else ">H", content, box.at + 4)[0]


def _items(content: bytes, found: dict[tuple[bytes, ...], Box]) -> dict[int, str]:
    """What each item is, by its number."""
    box = found[b"meta", b"iinf"]
    kinds = {}
    for inner in boxes(content, box.at + (8 if content[box.at] else 6), box.end):
        version = content[inner.at]
        number, _, kind = struct.unpack_from(">IH4s" if version > 2 else ">HH4s", content, inner.at + 4)
        rest = content[inner.at + (14 if version > 2 else 12) : inner.end].split(b"\0")
        name = kind.decode("latin-1")
        kinds[number] = rest[1].decode("latin-1") if name == "mime" else name
    return kinds


def _extent(content: bytes, found: dict[tuple[bytes, ...], Box], wanted: int) -> bytes:
    """The bytes of an item, which may lie in several parts."""
    box = found[b"meta", b"iloc"]
    version, sizes, more = content[box.at], content[box.at + 4], content[box.at + 5]
    widths = sizes >> 4, sizes & 15, more >> 4, (more & 15 if version else 0)
    at = box.at + 6

    def number(width: int) -> int:
        nonlocal at
        at += width
        return int.from_bytes(content[at - width : at], "big")

    wide = 4 if version == 2 else 2
    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(widths[2])
        parts = [(number(widths[3]), number(widths[0]), number(widths[1])) for _ in range(number(2))]
        if item == wanted:
            inner = found.get((b"meta", b"idat"))
            start = inner.at if method == 1 and inner else 0
            return b"".join(content[start + base + at_ : start + base + at_ + size] for _, at_, size in parts)
    raise ValueError(f"item {wanted} lies nowhere")


def _properties(
    content: bytes, found: dict[tuple[bytes, ...], Box], item: int
) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each property of an item, in their order."""
    container, box = found[b"meta", b"iprp", b"ipco"], found[b"meta", b"iprp", b"ipma"]
    listed = list(boxes(content, container.at, container.end))
    version, flags = content[box.at], content[box.at + 3]
    at = box.at + 8
    for _ in range(struct.unpack_from(">I", content, box.at + 4)[0]):
        number, count = struct.unpack_from(">IB" if version else ">HB", content, at)
        at += 5 if version else 3
        width = 2 if flags & 1 else 1
        for _ in range(count):
            index = int.from_bytes(content[at : at + width], "big") & (0x7FFF if width == 2 else 0x7F)
            at += width
            if number == item and index:
                inner = listed[index - 1]
                yield inner.path[-1], content[inner.at : inner.end]


def _of_properties(content: bytes, found: dict[tuple[bytes, ...], Box], primary: int) -> Iterator[Item]:
    orientation = 1
    for kind, body in _properties(content, found, primary):
        if kind == b"colr" and body[:4] in (b"prof", b"rICC"):
            yield Item("icc", "the colour profile", body[4:])
        elif kind == b"colr" and body[:4] == b"nclx":
            yield from of_nclx(*struct.unpack_from(">HH", body, 4))
        elif kind == b"irot":
            orientation = TRANSFORMS[body[0] & 3]
        elif kind == b"imir":
            orientation = MIRRORED.get(orientation, orientation) if body[0] & 1 else _upside_down(orientation)
        elif kind in (b"clli", b"mdcv", b"amve"):
            yield lost(f"how light its display is to be ({kind.decode()})")
        elif kind == b"clap":
            yield lost("the part of it that is to be shown (clap)")
        elif kind == b"pasp" and body[:4] != body[4:8]:
            yield lost("the ratio of its pixels' sides")
    yield Item("orientation", "the orientation", orientation)


def _upside_down(orientation: int) -> int:
    """An orientation, and then top becoming bottom."""
    return {1: 4, 3: 2, 6: 7, 8: 5}.get(orientation, orientation)


def of_nclx(primaries: int, transfer: int) -> Iterator[Item]:
    """How colours are meant, unless it is what is assumed anyway."""
    if (primaries in (1, 2)) and transfer in (1, 2, 6, 13):
        return
    yield Item("cicp", f"how its colours are meant (cICP {primaries}/{transfer})", (primaries, transfer))


def _references(content: bytes, found: Any, primary: int, kinds: dict[int, str]) -> Iterator[Item]:
    """Auxiliary pictures and thumbnails of the primary, and further pictures."""
    told = set()
    if (b"meta", b"iref") in found:
        box = found[b"meta", b"iref"]
        wide = 4 if content[box.at] else 2
        for inner in boxes(content, box.at + 4, box.end):
            source = int.from_bytes(content[inner.at : inner.at + wide], "big")
            kind = inner.path[-1]
            if kind == b"thmb":
                yield lost("the thumbnail")
            elif kind == b"auxl":
                types = [body for name, body in _properties(content, found, source) if name == b"auxC"]
                label = types[0][4:].split(b"\0")[0].decode("latin-1") if types else "an unknown kind"
                name = next(
                    (AUXILIARY[part] for part in AUXILIARY if part in label), f"the picture of {label}"
                )
                if name:
                    yield lost(name)
            if kind in (b"thmb", b"auxl", b"dimg", b"cdsc"):
                told |= {source}
            if kind == b"dimg":
                count = struct.unpack_from(">H", content, inner.at + wide)[0]
                at = inner.at + wide + 2
                told |= {
                    int.from_bytes(content[at + k * wide : at + (k + 1) * wide], "big") for k in range(count)
                }
    further = [
        n for n, kind in kinds.items() if kind in ("av01", "hvc1", "grid") and n not in told | {primary}
    ]
    if further:
        yield lost(f"{len(further)} further pictures of the file")


def set_nclx(content: bytes, primaries: int, transfer: int) -> bytes:
    """An AVIF that says how its colours are meant; matrix and range stay."""
    data = bytearray(content)
    at = data.find(b"colrnclx")
    while at >= 0:
        struct.pack_into(">HH", data, at + 8, primaries, transfer)
        at = data.find(b"colrnclx", at + 8)
    return bytes(data)


def repetitions(content: bytes) -> int:
    """How often an animation in a track is shown, 0 for ever."""
    found = {box.path: box for box in boxes(content)}
    head, edits = found.get((b"moov", b"trak", b"tkhd")), found.get((b"moov", b"trak", b"edts", b"elst"))
    if head is None or edits is None or not content[edits.at + 3] & 1:
        return 1 if edits is not None else 0
    wide = content[head.at] == 1
    form, at = (">Q", head.at + 28) if wide else (">I", head.at + 20)
    (whole,) = struct.unpack_from(form, content, at)
    (part,) = struct.unpack_from(">Q" if content[edits.at] == 1 else ">I", content, edits.at + 8)
    if whole >= 2 ** (64 if wide else 32) - 1 or not part:
        return 0
    return -(-whole // part)


def read_jxl(file: BinaryIO) -> Iterator[Item]:
    """What a JPEG XL holds besides pixels; its orientation is applied when it is decoded."""
    content = file.read()
    for box in boxes(content) if content[4:8] == b"JXL " else ():
        kind, body = box.path[-1], content[box.at : box.end]
        if kind == b"Exif":
            begins = body[:4] in (
                b"II*\0",
                b"MM\0*",
            )  # as some write it, without the length of what is before
            yield Item("exif", "EXIF", body if begins else body[4 + int.from_bytes(body[:4], "big") :])
        elif kind == b"xml ":
            yield Item("xmp", "XMP", body)
        elif kind == b"jhgm":
            yield lost("the gain map for HDR displays")
        elif kind not in (b"JXL ", b"ftyp", b"jxlc", b"jxlp", b"jxll", b"jxli", b"jbrd"):
            yield lost(f"the box {kind.decode('latin-1')!r}")
