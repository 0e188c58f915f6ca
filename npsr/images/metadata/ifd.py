"""Tables of tags (image file directories), as TIFF and EXIF are made of: read, and written, byte by byte.

Values stay the bytes that they are in the file, whatever their type; only where a table moves into a file of
the other byte order, the bytes of each number are turned round.
"""

import struct
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import numpy as np

SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value of each type."""
NUMBERS = {
    1: "B",
    3: "H",
    4: "I",
    5: "I",
    6: "b",
    8: "h",
    9: "i",
    10: "i",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
}
"""`struct`'s code of the numbers that a value is made of: one, or two for a fraction."""
RATIONALS = (5, 10)
LARGEST = 2**26
"""Bytes of a value at most: what is larger is no description."""


class Layout(NamedTuple):
    """How numbers are written: "<" or ">", and whether the file is a BigTIFF."""

    order: str
    big: bool = False

    @property
    def width(self) -> int:
        """Bytes of an offset, and of a value that lies in its entry."""
        return 8 if self.big else 4

    @property
    def entry(self) -> str:
        """`struct`'s format of an entry but for its value."""
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def counted(self) -> str:
        """`struct`'s format of the number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def offset(self) -> str:
        """`struct`'s format of an offset."""
        return self.order + ("Q" if self.big else "I")


class Entry(NamedTuple):
    """One tag: its number, type, how many values, and their bytes; `at` and `value_at` are where they lie."""

    tag: int
    type: int
    length: int
    value: bytes
    at: int = 0
    value_at: int = 0


class Table(NamedTuple):
    """A table: where it lies, what it holds, entries whose values are not there, and where the next lies.

    `whole` tells whether all entries that it counts are there.
    """

    at: int
    entries: list[Entry]
    broken: list[Entry]
    next: int
    whole: bool


def read_head(file: BinaryIO) -> tuple[Layout, int]:
    """The layout of a TIFF or EXIF stream, and where its first table lies.

    Raises
    ------
    ValueError
        If it is none.
    """
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise ValueError("it begins with no byte order")
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    if version == 43 and len(head) == 16:
        return Layout(order, True), struct.unpack_from(f"{order}Q", head, 8)[0]
    if version != 42:
        raise ValueError(f"it is of version {version}")
    return Layout(order), struct.unpack_from(f"{order}I", head, 4)[0]


def read_table(file: BinaryIO, layout: Layout, at: int) -> Table:
    """The table at a place.

    Raises
    ------
    ValueError
        If there is none.
    """
    end = file.seek(0, 2)
    head, size = struct.calcsize(layout.counted), struct.calcsize(layout.entry) + layout.width
    if not 0 < at <= end - head:
        raise ValueError(f"a table should lie at {at}, but the file has {end} bytes")
    file.seek(at)
    (counted,) = struct.unpack(layout.counted, file.read(head))
    there = min(counted, (end - at - head) // size, 2**16)
    records = file.read(there * size)
    after = file.read(layout.width)
    entries: list[Entry] = []
    broken: list[Entry] = []
    for k in range(there):
        record, place = records[k * size : (k + 1) * size], at + head + k * size
        entry = _read_entry(file, layout, record, place, end)
        (broken if entry.value is None else entries).append(entry)
    following = struct.unpack(layout.offset, after)[0] if len(after) == layout.width else 0
    return Table(at, entries, broken, following, there == counted and len(after) == layout.width)


def _read_entry(file: BinaryIO, layout: Layout, record: bytes, place: int, end: int) -> Entry:
    """An entry; its value is None if it is not in the file."""
    tag, kind, count = struct.unpack_from(layout.entry, record)
    value: bytes | None = record[-layout.width :]
    length, start = SIZES.get(kind, 0) * count, place + len(record) - layout.width
    if kind == 0:
        value = None
    elif length > layout.width:
        (start,) = struct.unpack(layout.offset, record[-layout.width :])
        value = None
        if start + length <= end and length <= LARGEST:
            file.seek(start)
            value = file.read(length)
    elif kind in SIZES:
        value = record[-layout.width :][:length]
    return Entry(tag, kind, count, value, place, start)  # type: ignore[arg-type]


def numbers(entry: Entry, order: str) -> tuple[float, ...]:
    """The numbers of a value, two for each fraction; none if it is not made of numbers."""
    code = NUMBERS.get(entry.type)
    if code is None:
        return ()
    count = len(entry.value) // struct.calcsize(f"<{code}")
    return struct.unpack(f"{order}{count}{code}", entry.value[: count * struct.calcsize(f"<{code}")])


def in_order(entry: Entry, given: str, wanted: str) -> Entry:
    """An entry with the bytes of its numbers in another order; text and what is undefined stay."""
    code = NUMBERS.get(entry.type, "B")
    size = struct.calcsize(f"<{code}")
    if given == wanted or size == 1 or len(entry.value) % size:
        return entry
    turned = np.frombuffer(entry.value, f"u{size}").byteswap().tobytes()
    return entry._replace(value=turned)


def write_table(entries: Iterable[Entry], layout: Layout, at: int) -> bytes:
    """A table that lies at a place, its values behind it, the last of its chain.

    An entry of an unknown type, or one that has its value's place instead of its value, as `Entry.value`
    of the very width of an offset, is written as it is.
    """
    entries = sorted(entries, key=lambda entry: entry.tag)
    head, size = struct.calcsize(layout.counted), struct.calcsize(layout.entry) + layout.width
    behind = at + head + size * len(entries) + layout.width
    records, values = struct.pack(layout.counted, len(entries)), b""
    for entry in entries:
        value = entry.value
        if len(value) > layout.width:
            place = behind + len(values)
            values += value + bytes(len(value) % 2)
            value = struct.pack(layout.offset, place)
        records += struct.pack(layout.entry, entry.tag, entry.type, entry.length) + value.ljust(
            layout.width, b"\0"
        )
    return records + bytes(layout.width) + values
