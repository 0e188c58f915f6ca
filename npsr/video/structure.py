"""What a file's own sizes say: whether its end is missing, and which of its boxes nobody reads."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CONTENT = (b"moov", b"mdat", b"moof")
"""Boxes of .mp4 and .mov without whose end something is missing."""
READ = {b"meta", b"name", b"chpl", b"loci", b"titl", b"dscp", b"cprt", b"perf", b"auth", b"gnre", b"albm"}
READ |= {
    b"yrrc",
    b"kywd",
    b"rtng",
    b"hinf",
    b"hnti",
    b"FIRM",
    b"@PRM",
    b"@PRQ",
    b"manu",
    b"modl",
    b"\0\0\0\0",
}
"""User data that libavformat turns into tags, beside those whose names begin with ©."""
SEGMENT, UNKNOWN_RIFF = 0x18538067, 0x7FFF0000
"""The element of Matroska that holds all; sizes from which on a recorder has not written its own."""


def missing_bytes(path: Path) -> int:
    """How many bytes lie beyond the file's end by its own account; 0 if it is whole, or does not tell."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"\x1aE\xdf\xa3":
            return max(0, _segment_end(file) - size)
        if head[:4] == b"RIFF":
            return max(0, _riff_end(file, size) - size)
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return max(0, *(end - size for kind, _, end in _boxes(file, 0, size) if kind in CONTENT), 0)
    return 0


def unread_boxes(path: Path) -> list[str]:
    """Boxes of an .mp4 or .mov that hold what libavformat does not read: XMP, makers' own data."""
    size, found = path.stat().st_size, []
    with path.open("rb") as file:
        if file.read(8)[4:] not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return []
        for kind, start, end in _boxes(file, 0, size):
            found += ["uuid"] if kind == b"uuid" else []
            for inner, begin, stop in _boxes(file, start, min(end, size)) if kind == b"moov" else ():
                found += ["moov/uuid"] if inner == b"uuid" else []
                for entry, _, _ in _boxes(file, begin, stop) if inner == b"udta" else ():
                    if entry not in READ and entry[:1] != b"\xa9":
                        found.append(f"moov/udta/{entry.decode('latin-1')}")
    return found


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of the content, and end, of each box from one place to another."""
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        size, start = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(head[8:16], "big"), at + 16
        if size and size < start - at:
            return
        stop = at + size if size else end
        yield head[4:8], start, stop
        at = stop


def _segment_end(file: BinaryIO) -> int:
    """Where the first segment ends; 0 if it does not tell."""
    at = 0
    for _ in range(8):
        file.seek(at)
        head = file.read(12)
        id_length = 9 - (head[0].bit_length() if head else 9)
        if not 1 <= id_length <= 4 or len(head) <= id_length or not head[id_length]:
            return 0
        length = 9 - head[id_length].bit_length()
        value = int.from_bytes(head[id_length : id_length + length], "big") & (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:
            return 0
        at += id_length + length + value
        if int.from_bytes(head[:id_length], "big") == SEGMENT:
            return at
    return 0


def _riff_end(file: BinaryIO, size: int) -> int:
    """Where the last chunk that is named RIFF ends."""
    at = 0
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length >= UNKNOWN_RIFF:
            return 0 if at == 0 else at
        at = at + 8 + length + length % 2 if length else size + 1
    return at - 1
