"""PNG: chunks."""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from npsr.images.metadata.items import METRE, Item, Resolution, in_unit, lost

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = 8 + 25
"""Where a PNG's first chunk, IHDR, ends."""
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT")
"""What the picture is made of."""
COLOUR = {
    b"gAMA": "its gamma",
    b"cHRM": "its primaries",
    b"sRGB": "that its colours are sRGB",
    b"mDCV": "the display that it was mastered on",
    b"cLLI": "how light it is",
}
LENGTHS = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"pHYs": 9}
"""Bytes of chunks that have always as many."""
LOST = {
    b"sBIT": "how many bits were significant",
    b"bKGD": "the colour to show behind it",
    b"hIST": "how often each colour of the palette occurs",
    b"sPLT": "the suggested palette",
    b"tIME": "when it was last changed",
    b"oFFs": "its place on a page",
    b"vpAg": "the sides of its page",
    b"caNv": "the sides of its page",
    b"npTc": "the parts that may be stretched",
    b"npOl": "the outline of a nine-patch",
    b"npLb": "the bounds of a nine-patch",
}
"""Also what counts the old picture's pixels, though its name says that it may be copied."""
XMP = b"XML:com.adobe.xmp"
PROFILES = (b"Raw profile type exif", b"Raw profile type APP1")
STALE = re.compile(rb"(?i)Thumb::|(exif|tiff):(ExifImage|Image|Pixel|Orientation|[XY]Resolution)|Raw profile")
"""Keywords of texts that tell of the old picture, or of a thumbnail's."""
LARGEST = 2**26
"""Bytes of what is compressed at most."""


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk, IDAT's and fdAT's left empty; no checksums are tested."""
    end = file.seek(0, 2)
    at = len(SIGNATURE)
    while at + 12 <= end:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if at + 12 + length > end:
            return
        yield kind, b"" if kind in (b"IDAT", b"fdAT") else file.read(length)
        at += 12 + length


def bare(content: bytes, without: tuple[bytes, ...] = ()) -> bytes:
    """A PNG of its pixels alone, so that nothing else troubles a decoder; what is damaged stays."""
    at, parts = len(SIGNATURE), [content[: len(SIGNATURE)]]
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        pixels = kind in PIXELS and kind not in without
        if pixels or at + 12 + length > len(content) or not kind.isalpha() or kind[:1].isupper():
            parts.append(content[at : at + 12 + length])
        at += 12 + length
    return b"".join([*parts, content[at:]])


def read_png(file: BinaryIO) -> Iterator[Item]:
    """What a PNG holds besides pixels; a damaged chunk costs itself."""
    for kind, body in chunks(file):
        if kind == b"IEND":
            file.seek(file.tell() + 4)
            if file.read().strip(b"\0\r\n"):
                yield lost("what follows the picture in its file")
            return
        if kind in PIXELS:
            continue
        if len(body) != LENGTHS.get(kind, len(body)):
            yield lost(f"the PNG chunk {kind.decode()}, which is damaged")
        else:
            yield _of_chunk(kind, body)


def _of_chunk(kind: bytes, body: bytes) -> Item:
    name = kind.decode("ascii", "replace")
    match kind:
        case b"iCCP":
            item = _profile(body)
        case b"eXIf":
            item = Item("exif", "EXIF", body)
        case b"pHYs":
            across, down, unit = struct.unpack(">IIB", body)
            item = Item("resolution", "the resolution", Resolution(across, down, METRE if unit == 1 else 0.0))
        case b"cICP":
            item = Item("cicp", _cicp(body), (body[0], body[1])) if body[2:] == b"\0\1" else lost(_cicp(body))
        case b"tEXt" | b"zTXt" | b"iTXt":
            item = _text(kind, body)
        case _ if kind in COLOUR:
            item = Item("colour", f"{COLOUR[kind]} (PNG's {name})", (kind, body))
        case _ if kind in LOST:
            item = lost(f"{LOST[kind]} (PNG's {name})")
        case _:  # the last letter tells whether it is safe to copy
            item = Item("chunk" if kind[3:].islower() else "lost", f"the PNG chunk {name}", (kind, body))
    return item


def _cicp(body: bytes) -> str:
    return f"how its colours are meant (cICP {'/'.join(map(str, body))})"


def _profile(body: bytes) -> Item:
    try:
        return Item("icc", "the colour profile", inflated(body[body.index(0) + 2 :]))
    except (ValueError, zlib.error):
        return lost("the colour profile, which is damaged")


def inflated(content: bytes) -> bytes:
    """What was deflated, up to `LARGEST` bytes.

    Raises
    ------
    ValueError, zlib.error
        If there is more, or it is damaged.
    """
    stream = zlib.decompressobj()
    whole = stream.decompress(content, LARGEST)
    if not stream.eof:
        raise ValueError("it is not whole, or too large")
    return whole


def _text(kind: bytes, body: bytes) -> Item:
    """A text: XMP, EXIF in hexadecimal digits, or words."""
    keyword, _, rest = body.partition(b"\0")
    name = f"the text {keyword.decode('latin-1')!r}"
    try:
        if kind == b"iTXt" and keyword == XMP:
            packed, text = rest[0], rest[2:].split(b"\0", 2)[2]
            return Item("xmp", "XMP", inflated(text) if packed else text)
        if keyword in PROFILES:
            digits = inflated(rest[1:]) if kind == b"zTXt" else rest
            raw = bytes.fromhex(b"".join(digits.split()[2:]).decode())
            return Item("exif", "EXIF", raw)
    except (ValueError, IndexError, zlib.error):
        return lost(f"{name}, which is damaged")
    return lost(name) if STALE.match(keyword) else Item("text", name, (kind, body))


def chunk(kind: bytes, body: bytes) -> bytes:
    """The bytes of a chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write_png(content: bytes, items: Iterable[Item]) -> bytes:
    """A PNG with items behind its first chunk.

    Parameters
    ----------
    content : bytes
        As an encoder writes it.
    items : iterable of Item
        Of the kinds "icc", "exif", "xmp", "resolution", "cicp", "colour", "text", "chunk".
    """
    added = b"".join(chunk(*_written(item)) for item in items)
    return content[:HEAD] + added + content[HEAD:]


def _written(item: Item) -> tuple[bytes, bytes]:
    match item.kind:
        case "icc":
            return b"iCCP", b"ICC profile\0\0" + zlib.compress(item.content)
        case "exif":
            return b"eXIf", item.content
        case "xmp":
            return b"iTXt", XMP + b"\0\0\0\0\0" + item.content
        case "cicp":
            return b"cICP", bytes((*item.content, 0, 1))
        case "resolution":
            sides = in_unit(item.content, METRE)
            return b"pHYs", struct.pack(">IIB", *map(round, sides), item.content.inches > 0)
    kind, body = item.content
    return kind, body
