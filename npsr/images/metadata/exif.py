"""EXIF, carried as the bytes that it was: entries are taken out or set where they lie, nothing is moved.

So every other value keeps its type, its bytes and its place, and a maker's note, which counts places from the
beginning of all, still finds what it names. Only from or into a TIFF, whose own table it is, EXIF is written
anew; the values' bytes stay all the same.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO, NamedTuple

from npsr.images.metadata.ifd import SIZES, Entry, Layout, Table, numbers, read_head, read_table, write_table
from npsr.images.metadata.items import Item, lost

FIRST, EXIF, GPS, INTEROP = 0, 0x8769, 0x8825, 0xA005
"""The tables, by the tags that point to them."""
INSIDE: dict[int, tuple[int, ...]] = {FIRST: (EXIF, GPS), EXIF: (INTEROP,), GPS: (), INTEROP: ()}
NAMES = {EXIF: "of how it was taken", GPS: "of the place", INTEROP: "of interoperability"}
ORIENTATION, MAKER_NOTE = 0x0112, 0x927C
UPRIGHT = 1
STALE: dict[int, set[int]] = {
    FIRST: {ORIENTATION, 0x100, 0x101, 0x111, 0x116, 0x117, 0x120, 0x121, *range(0x142, 0x146), 0x201, 0x202},
    EXIF: {0xA002, 0xA003},
    GPS: set(),
    INTEROP: {0x1001, 0x1002},
}
"""The orientation, which is applied, sides of the old picture, and where its pixels lay."""
RESOLUTIONS, UNIT = (0x011A, 0x011B), 0x0128
SUBJECT = (0x9214, 0xA214)
"""Where the subject is, in pixels of the picture as it is stored."""
SCALED = {
    **{0x011A: "a", 0x011B: "d", 0xA20E: "a", 0xA20F: "d"},  # pixels an inch, on paper and on the sensor
    **dict.fromkeys(SUBJECT, "adad"),
}
"""Tags of which numbers grow with the picture: each across or down."""


class Exif(NamedTuple):
    """EXIF without what no longer holds, the orientation that is to be applied, and what was left out."""

    content: bytes | None
    orientation: int
    lost: list[Item]


def open_exif(content: bytes, given: int | None = None) -> Exif:
    """Take orientation, old sides, thumbnail and what is damaged out of EXIF.

    Parameters
    ----------
    content : bytes
        A TIFF stream, behind the word "Exif" or not.
    given : int, optional
        The orientation, where the file tells it elsewhere.
    """
    data = bytearray(content.removeprefix(b"Exif\0\0"))
    try:
        layout, tables = _found(data)
    except ValueError:
        return Exif(None, given or UPRIGHT, [lost("EXIF, which is damaged")])
    order, costs = layout.order, []
    own = orientation_of(tables[FIRST].entries, order)
    orientation = given or own
    turned = max(orientation, own) > UPRIGHT
    for tag, table in tables.items():
        dangling = [entry for entry in table.entries if entry.tag in INSIDE[tag] and entry.tag not in tables]
        moved = [entry for entry in table.entries if entry.tag in SUBJECT and turned]
        stale = [entry for entry in table.entries if entry.tag in STALE[tag]]
        costs += [lost(f"EXIF's table {NAMES[entry.tag]}, which is damaged") for entry in dangling]
        costs += [
            lost(f"EXIF's tag {entry.tag:#06x}, which is damaged") for entry in table.broken if entry.type
        ]
        costs += [lost("where EXIF says that the subject is")] if moved else []
        costs += [] if table.whole else [lost("the end of EXIF, which is damaged")]
        _take_out(data, order, table, [*dangling, *moved, *stale, *table.broken])
    pair = [entry for entry in tables[FIRST].entries if entry.tag in RESOLUTIONS and len(entry.value) == 8]
    if orientation > 4 and len(pair) == 2:  # across is down in a picture that was turned
        for entry, other in (pair, pair[::-1]):
            data[entry.value_at : entry.value_at + 8] = other.value
    _take_out_thumbnail(data, layout, tables[FIRST])
    empty = not any(table.entries for table in _found(data)[1].values())
    return Exif(None if empty else bytes(data), orientation, costs)


def orientation_of(entries: list[Entry], order: str) -> int:
    """1 to 8; what is no such number counts as upright."""
    for entry in entries:
        if entry.tag == ORIENTATION and entry.type in (1, 3, 4) and entry.length:
            value = int(numbers(entry, order)[0])
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT


def scale_exif(content: bytes, across: float, down: float) -> tuple[bytes, list[Item]]:
    """EXIF of a picture that has more pixels: resolutions and the subject's place follow."""
    data, costs = bytearray(content), []
    layout, tables = _found(data)
    for table in tables.values():
        gone = []
        for entry in [entry for entry in table.entries if entry.tag in SCALED]:
            factors = [across if axis == "a" else down for axis in SCALED[entry.tag]]
            value = _scaled(entry, layout.order, factors)
            if value is None:
                gone.append(entry)
            else:
                data[entry.value_at : entry.value_at + len(value)] = value
        costs += [lost(f"EXIF's tag {entry.tag:#06x}, which cannot be scaled") for entry in gone]
        _take_out(data, layout.order, table, gone)
    return bytes(data), costs


def _scaled(entry: Entry, order: str, factors: list[float]) -> bytes | None:
    """A value whose numbers are multiplied, in the room that it has, or None."""
    found = [int(number) for number in numbers(entry, order)] if entry.type in (3, 4, 5) else []
    if entry.type == 5 and len(found) == 2:
        if found[1] == 0:
            return entry.value
        result = Fraction(*found) * Fraction(factors[0]).limit_denominator(10**4)
        result = result if max(result.as_integer_ratio()) < 2**32 else result.limit_denominator(2**16)
        return struct.pack(f"{order}2I", *result.as_integer_ratio()) if result < 2**32 else None
    large = [round(number * factor) for number, factor in zip(found, factors, strict=False)]
    code, most = ("H", 2**16) if entry.type == 3 else ("I", 2**32)
    if not large or len(large) != len(found) or max(large) >= most:
        return None
    return struct.pack(f"{order}{len(large)}{code}", *large)


def read_tree(file: BinaryIO, layout: Layout, at: int) -> dict[int, Table]:
    """The table at a place and those inside it, by their tags; pointers that lead nowhere give none.

    Raises
    ------
    ValueError
        If there is no table.
    """
    return dict(_walk(file, layout, at, FIRST))


def _walk(file: BinaryIO, layout: Layout, at: int, tag: int) -> Iterator[tuple[int, Table]]:
    table = read_table(file, layout, at)
    yield tag, table
    for entry in table.entries:
        if entry.tag in INSIDE[tag] and entry.type in (4, 13, 16) and entry.length == 1:
            place = int(numbers(entry, layout.order)[0])
            try:
                if place != at:
                    yield from _walk(file, layout, place, entry.tag)
            except ValueError:
                continue


def build_exif(tree: dict[int, list[Entry]], order: str) -> bytes:
    """EXIF of tables, by their tags, the first of all under `FIRST`."""
    layout = Layout(order)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return head + write_tree(tree, layout, len(head))


def write_tree(tree: dict[int, list[Entry]], layout: Layout, at: int) -> bytes:
    """The first table, which lies at a place, and those inside it behind."""
    tables = {
        tag: [entry for entry in tree[tag] if entry.tag not in INSIDE[tag]] for tag in INSIDE if tag in tree
    }
    kind, size = (16, 8) if layout.big else (4, 4)
    written, places = b"", dict.fromkeys(tables, bytes(size))
    for _ in range(2):  # first to see how long each is
        written = b""
        for tag, entries in tables.items():
            inner = [Entry(inside, kind, 1, places[inside]) for inside in INSIDE[tag] if inside in tables]
            places[tag] = struct.pack(layout.offset, at + len(written))
            written += write_table([*entries, *inner], layout, at + len(written))
            written += bytes(len(written) % 2)
    return written


def _found(data: bytearray) -> tuple[Layout, dict[int, Table]]:
    file = io.BytesIO(data)
    layout, first = read_head(file)
    if layout.big:
        raise ValueError("EXIF is no BigTIFF")
    return layout, read_tree(file, layout, first)


def _take_out(data: bytearray, order: str, table: Table, entries: list[Entry]) -> None:
    """Remove entries from a table that stays where it is, and let it end where it is cut off."""
    count = len(table.entries) + len(table.broken)
    end = table.at + 2 + 12 * count + 4
    if not table.whole:
        data.extend(bytes(max(0, end - len(data))))
        data[end - 4 : end] = bytes(4)
    for place in sorted({entry.at for entry in entries}, reverse=True):
        data[place:end] = data[place + 12 : end] + bytes(12)
        count -= 1
    struct.pack_into(f"{order}H", data, table.at, count)


def _take_out_thumbnail(data: bytearray, layout: Layout, first: Table) -> None:
    """Blank the second table and the small picture that it names; cut off what of it lies at the end."""
    kept = read_table(io.BytesIO(data), layout, first.at)
    pointer = kept.at + 2 + 12 * len(kept.entries)
    data[pointer : pointer + 4] = bytes(4)
    blank = []
    try:
        second = read_table(io.BytesIO(data), layout, first.next)
        found = {
            entry.tag: int(numbers(entry, layout.order)[0]) for entry in second.entries if entry.type == 4
        }
        count = len(second.entries) + len(second.broken)
        blank = [(second.at, second.at + 2 + 12 * count + 4)]
        blank += [(e.value_at, e.value_at + len(e.value)) for e in second.entries if len(e.value) > 4]
        if 0x201 in found and 0x202 in found:
            blank.append((found[0x201], found[0x201] + found[0x202]))
    except (ValueError, IndexError):
        return
    used = _used(data)
    for start, told in sorted(blank, reverse=True):
        stop = min(told, len(data))
        if any(start < other and begin < stop for begin, other in used):
            continue
        if len(data) - stop <= 1:
            del data[start:]
        elif start < stop:
            data[start:stop] = bytes(stop - start)


def _used(data: bytearray) -> list[tuple[int, int]]:
    """Where the head, the tables that stay and their values lie."""
    _, tables = _found(data)
    parts = [(0, 8)]
    for table in tables.values():
        parts.append((table.at, table.at + 2 + 12 * len(table.entries) + 4))
        parts += [(e.value_at, e.value_at + len(e.value)) for e in table.entries if SIZES.get(e.type)]
    return parts
