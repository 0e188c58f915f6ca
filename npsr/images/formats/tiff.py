"""TIFF: the tags of its first table, which EXIF shares with the layout of the pixels."""

import io
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from npsr.images.metadata import photoshop
from npsr.images.metadata.exif import (
    EXIF,
    FIRST,
    INSIDE,
    MAKER_NOTE,
    NAMES,
    build_exif,
    orientation_of,
    read_tree,
    write_tree,
)
from npsr.images.metadata.ifd import SIZES, Entry, Layout, in_order, numbers, read_head, read_table
from npsr.images.metadata.items import CENTIMETRE, INCH, Item, Resolution, in_unit, lost
from npsr.images.metadata.ome import describes_one_picture

ICC, XMP, IPTC, PHOTOSHOP, DESCRIPTION = 34675, 700, 33723, 34377, 270
LAYOUT = {
    *range(254, 260), *range(262, 267), 273, 274, 277, 278, 279, 284, 288, 289, 292, 293, 317, 320,
    *range(322, 329), 332, 334, 338, 339, 346, 347, *range(512, 522), *range(529, 533), 559, 32997, 50674,
}  # fmt: skip
"""What tells how the pixels are stored; the output has its own."""
ELSEWHERE = {ICC, XMP, IPTC, PHOTOSHOP}
RESOLUTION = (282, 283, 296)
DESCRIPTIVE = {
    269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, 0x4746, 0x4749, *range(0x9C9B, 0x9CA0), 0xC4A5,
    33434, 33437, 34850, 34855, *range(36864, 37522),
}  # fmt: skip
"""What is said of the picture, also in other formats' EXIF."""
TIFF_ONLY = {
    301: "its transfer function",
    318: "its white point",
    319: "its primaries",
    33550: "GeoTIFF's size of a pixel",
    33922: "GeoTIFF's tie points",
    34264: "GeoTIFF's transformation",
    34735: "GeoTIFF's coordinate system",
    34736: "GeoTIFF's numbers",
    34737: "GeoTIFF's names",
    42112: "GDAL's metadata",
    42113: "GDAL's value of no data",
}
LOST = {
    330: "further pictures of the file (SubIFDs)",
    37724: "Photoshop's layers",
    50838: "ImageJ's metadata",
    50839: "ImageJ's metadata",
    290: "what its greys measure",
    291: "what its greys measure",
    297: "the number of its page",
    321: "the halftone's limits",
}
REFERENCE, USUAL_REFERENCES = 532, ((0, 255, 0, 255, 0, 255), (0, 255, 128, 255, 128, 255))
"""ReferenceBlackWhite, and what is meant by it in full range: RGB's and YCbCr's."""
REDUCED, MASK = 1, 4
"""Flags of NewSubfileType."""
MOVED = Item(
    "note", "the maker's note in EXIF is kept, but lies elsewhere: places that it counts no longer hold"
)
MOST_PAGES = 10**4
"""Pages that are looked at, at most."""
OF_SIDES = re.compile(
    rb"\{\"shape\"|<OME|(?i:\b(mpp|appmag)\s*=)"
    rb"|(?i:\b(size[xyzct]|width|height|shape|physical ?size|pixel ?size)\b[\"']?\s*[=:])"
)
"""Descriptions that programs write, with sides or a scale in them."""


class Pages(NamedTuple):
    """A TIFF's pages: how numbers are written, where each table lies, and each NewSubfileType.

    `main` is the number of the picture: the first page that is neither a reduced copy nor a mask.
    """

    layout: Layout
    places: list[int]
    kinds: list[int]

    @property
    def main(self) -> int:
        """Its number, from 0."""
        whole = (number for number, kind in enumerate(self.kinds) if not kind & (REDUCED | MASK))
        return next(whole, 0)

    @property
    def at(self) -> int:
        """Where the table of the picture lies."""
        return self.places[self.main]


def read_pages(file: BinaryIO) -> Pages:
    """The pages of a TIFF.

    Raises
    ------
    ValueError
        If there is none.
    """
    layout, at = read_head(file)
    pages = Pages(layout, [], [])
    while at and at not in pages.places and len(pages.places) < MOST_PAGES:
        try:
            table = read_table(file, layout, at)
        except ValueError:
            if not pages.places:
                raise
            break
        flags = [numbers(entry, layout.order) for entry in table.entries if entry.tag == 254]
        pages.places.append(at)
        pages.kinds.append(int(flags[0][0]) if flags and flags[0] else 0)
        at = table.next
    if not pages.places:
        raise ValueError("it has no page")
    return pages


def read_tiff(file: BinaryIO) -> Iterator[Item]:
    """What the table of a TIFF's picture holds besides the layout of the pixels."""
    pages = read_pages(file)
    layout, at = pages.layout, pages.at
    tree = read_tree(file, layout, at)
    entries = {entry.tag: entry for entry in tree[FIRST].entries}
    yield Item("orientation", "the orientation", orientation_of(tree[FIRST].entries, layout.order))
    yield from (
        lost(f"the TIFF tag {e.tag}, which is damaged") for e in tree[FIRST].broken if e.tag not in LAYOUT
    )
    for tag, kind, name in ((ICC, "icc", "the colour profile"), (XMP, "xmp", "XMP")):
        if tag in entries:
            yield Item(kind, name, entries[tag].value)
    if PHOTOSHOP in entries:
        yield from photoshop.open_resources(entries[PHOTOSHOP].value)
    if IPTC in entries and b"8BIM\4\4" not in entries.get(PHOTOSHOP, Entry(0, 0, 0, b"")).value:
        yield photoshop.of_iptc(entries[IPTC].value)
    if REFERENCE in entries and tuple(_quotients(entries[REFERENCE], layout.order)) not in USUAL_REFERENCES:
        yield lost("which numbers are black and white (ReferenceBlackWhite): colours may look different")
    yield from _resolution(entries, layout.order)
    descriptive = []
    says_nothing = all(
        set(numbers(entries[tag], layout.order)) <= {1} for tag in RESOLUTION if tag in entries
    )
    for tag, entry in entries.items():
        if tag in TIFF_ONLY:
            yield Item("tag", TIFF_ONLY[tag], (entry, layout.order))
        elif tag == DESCRIPTION and describes_one_picture(entry.value):
            yield Item("tag", "its OME-XML", (entry, layout.order))
        elif tag == DESCRIPTION and (
            OF_SIDES.search(entry.value) or _names_sides(entry.value, entries, layout)
        ):
            yield lost("the description, in which a program states the old sides")
        elif tag in DESCRIPTIVE or (tag in RESOLUTION and not says_nothing):
            descriptive.append(entry)
        elif tag not in LAYOUT | ELSEWHERE | set(INSIDE) | set(RESOLUTION):
            yield lost(LOST.get(tag, f"the TIFF tag {tag}"))
    yield from _exif(tree, descriptive, layout)


def _names_sides(text: bytes, entries: dict[int, Entry], layout: Layout) -> bool:
    """Whether a description has the picture's columns and rows in it, as 640x480."""
    sides = [int(*numbers(entries[tag], layout.order)[:1] or (0,)) for tag in (256, 257) if tag in entries]
    return len(sides) == 2 and bool(re.search(rb"\b%d\s*[xX]\s*%d\b" % tuple(sides), text))


def _quotients(entry: Entry, order: str) -> list[float]:
    """The numbers of a value, fractions divided."""
    found = numbers(entry, order)
    if entry.type not in (5, 10):
        return list(found)
    return [above / below if below else 0.0 for above, below in zip(found[::2], found[1::2], strict=True)]


def _resolution(entries: dict[int, Entry], order: str) -> Iterator[Item]:
    sides = []
    for tag in RESOLUTION[:2]:
        found = numbers(entries[tag], order) if tag in entries else ()
        if len(found) == 2 and found[1]:
            sides.append(found[0] / found[1])
    unit = numbers(entries[296], order)[:1] if 296 in entries else (2,)
    if len(sides) == 2 and min(sides) > 0:
        inches = {1: 0.0, 2: INCH, 3: CENTIMETRE}.get(int(*unit or (2,)), 0.0)
        if inches or sides[0] != sides[1]:
            yield Item("resolution", "the resolution", Resolution(sides[0], sides[1], inches))


def _exif(tree: dict, entries: list[Entry], layout: Layout) -> Iterator[Item]:
    """EXIF of a TIFF: what its table says of the picture, and the tables inside it."""
    written = {FIRST: entries} | {tag: table.entries for tag, table in tree.items() if tag != FIRST}
    dangling = [
        e.tag for table in tree.values() for e in table.entries if e.tag in NAMES and e.tag not in tree
    ]
    yield from (lost(f"EXIF's table {NAMES[tag]}, which is damaged") for tag in dangling)
    for tag, table in tree.items():
        if tag != FIRST:
            yield from (lost(f"EXIF's tag {e.tag:#06x}, which is damaged") for e in table.broken if e.type)
    if any(entry.tag == MAKER_NOTE for entry in written.get(EXIF, ())):
        yield MOVED
    if entries or len(written) > 1:
        yield Item("exif", "EXIF", build_exif(written, layout.order))


def write_tiff_tags(file: BinaryIO, items: list[Item]) -> list[Item]:
    """Give a TIFF that was written a new first table, with items beside the pixels' layout.

    Parameters
    ----------
    file : binary file
        Read and written; the new table lies at its end.
    items : list of Item
        Of the kinds "exif", "icc", "xmp", "photoshop", "resolution", "tag".

    Returns
    -------
    list of Item
        Those that have no room in it.
    """
    layout, at = read_head(file)
    own = _records(file, layout, at)
    tree: dict[int, list[Entry]] = {FIRST: []}
    without_room: list[Item] = []
    for item in items:
        if item.kind == "exif":
            tree |= _tables(item.content, layout.order, without_room)
    added = [entry for item in items for entry in _entries(item, layout.order)]
    have = {entry.tag for entry in tree[FIRST]}
    tree[FIRST] += [entry for entry in added if entry.tag not in have]
    taken = {entry.tag for entry in tree[FIRST]}
    tree[FIRST] += [entry for entry in own if entry.tag not in taken]
    end = file.seek(0, 2)
    file.write(bytes(-end % 8))
    place = file.tell()
    file.write(write_tree(tree, layout, place))
    file.seek(8 if layout.big else 4)
    file.write(struct.pack(layout.offset, place))
    file.seek(0, 2)
    return without_room


def _records(file: BinaryIO, layout: Layout, at: int) -> list[Entry]:
    """A table's entries with their values' places in place of the values, which stay where they are."""
    found = []
    table = read_table(file, layout, at)
    for entry in (*table.entries, *table.broken):  # also those whose values are too long to be read
        start = entry.at + struct.calcsize(layout.entry)
        file.seek(start)
        found.append(entry._replace(value=file.read(layout.width)))
    return found


def _tables(content: bytes, order: str, without_room: list[Item]) -> dict[int, list[Entry]]:
    """EXIF's tables in another byte order."""
    source = io.BytesIO(content)
    layout, at = read_head(source)
    tables = {}
    for tag, table in read_tree(source, layout, at).items():
        known = [entry for entry in table.entries if entry.type in SIZES and entry.length]
        if tag == FIRST:
            known = [entry for entry in known if entry.tag not in LAYOUT | ELSEWHERE | {330}]
        without_room += [
            lost(f"EXIF's tag {e.tag:#06x}, of an unknown type") for e in table.entries if e.type not in SIZES
        ]
        tables[tag] = [in_order(entry, layout.order, order) for entry in known]
    if any(entry.tag == MAKER_NOTE for entry in tables.get(EXIF, ())):
        without_room.append(MOVED)
    return tables


def _entries(item: Item, order: str) -> Iterator[Entry]:
    match item.kind:
        case "icc":
            yield Entry(ICC, 7, len(item.content), item.content)
        case "xmp":
            yield Entry(XMP, 1, len(item.content), item.content)
        case "photoshop":
            yield Entry(PHOTOSHOP, 1, len(item.content), item.content)
            if raw := photoshop.iptc_of(item.content):
                yield Entry(IPTC, 7, len(raw), raw)
        case "tag":
            entry, old_order = item.content
            yield in_order(entry, old_order, order)
        case "resolution":
            inches = CENTIMETRE if item.content.inches == 100 / 2.54 else item.content.inches
            for tag, side in zip(RESOLUTION[:2], in_unit(item.content, inches), strict=True):
                fraction = _fraction(side)
                yield Entry(tag, 5, 1, struct.pack(f"{order}II", *fraction))
            unit = {0.0: 1, INCH: 2, CENTIMETRE: 3}[inches]
            yield Entry(RESOLUTION[2], 3, 1, struct.pack(f"{order}H", unit))


def _fraction(value: float) -> tuple[int, int]:
    scale = next(
        scale
        for scale in (1, 100, 10**4)
        if abs(round(value * scale) - value * scale) < 1e-6 or scale == 10**4
    )
    return min(round(value * scale), 2**32 - 1), scale
