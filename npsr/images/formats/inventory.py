"""All that each format holds besides pixels, and what each has a place for: the two tables that decide.

An item is read, adapted, and then either written or named in a note: `READERS` yields an item for each thing
that it finds, and what `HOLDS` does not list for the output is said to be left out.
"""

import io
import struct
import zlib
from typing import Any, BinaryIO, NamedTuple

from npsr.images.formats.bmp import read_bmp, write_bmp
from npsr.images.formats.boxes import read_avif, read_jxl, set_nclx
from npsr.images.formats.gif import read_gif, write_gif
from npsr.images.formats.jpeg import read_jpeg, write_jpeg
from npsr.images.formats.png import read_png, write_png
from npsr.images.formats.tiff import read_tiff, write_tiff_tags
from npsr.images.formats.webp import read_webp
from npsr.images.metadata.exif import FIRST, RESOLUTIONS, UNIT, UPRIGHT, open_exif, read_tree
from npsr.images.metadata.ifd import read_head
from npsr.images.metadata.items import METRE, Item, in_unit, left_out, lost
from npsr.images.metadata.xmp import RESOLUTION, open_xmp

READERS = {
    "JPEG": read_jpeg,
    "MPO": read_jpeg,
    "PNG": read_png,
    "WEBP": read_webp,
    "GIF": read_gif,
    "BMP": read_bmp,
    "DIB": read_bmp,
    "TIFF": read_tiff,
    "AVIF": read_avif,
    "JXL": read_jxl,
}
"""By Pillow's names of the formats."""
HOLDS: dict[str, tuple[str, ...]] = {
    "PNG": ("icc", "colour", "cicp", "exif", "xmp", "resolution", "text", "chunk"),
    "JPEG": ("exif", "xmp", "icc", "photoshop", "resolution", "comment"),
    "WEBP": ("icc", "exif", "xmp", "background"),
    "AVIF": ("icc", "exif", "xmp", "cicp"),
    "TIFF": ("icc", "exif", "xmp", "photoshop", "resolution", "tag"),
    "GIF": ("xmp", "comment"),
    "BMP": ("resolution",),
    "NPY": (),
}
"""The kinds of items that each format has a place for."""
ONCE = ("icc", "exif", "xmp", "photoshop", "resolution", "cicp", "background")
"""Kinds of which a file has one; a second is named."""
CLEAR = (0, 0, 0, 0)
"""A background that is none."""
DAMAGE = (ValueError, IndexError, KeyError, OverflowError, struct.error, zlib.error)


class Inventory(NamedTuple):
    """What a file holds besides pixels: items, and the orientation that is to be applied, 1 to 8."""

    items: list[Item]
    orientation: int


def inventory(file: BinaryIO, kind: str) -> Inventory:
    """Read what a file holds besides pixels; what is damaged costs itself and is an item that is lost.

    Parameters
    ----------
    file : binary file
        The file.
    kind : str
        One of `READERS`.
    """
    raw: list[Item] = []
    try:
        for item in READERS[kind](file):
            again = item.kind in ONCE and any(other.kind == item.kind for other in raw)
            raw.append(lost(f"a second time {item.name}") if again else item)
    except DAMAGE:
        raw.append(lost("the rest of what its file says of it, which is damaged"))
    return opened(raw)


def opened(raw: list[Item]) -> Inventory:
    """Items without what no longer holds of the picture when it is upright and enlarged."""
    items: list[Item] = []
    orientation = None
    for item in raw:
        if item.kind == "orientation":
            orientation = item.content
        elif item.kind == "xmp":
            items.append(open_xmp(item.content))
            repeated = any(other.kind in ("exif", "resolution") for other in raw)
            items += (
                [] if repeated or not RESOLUTION.search(item.content) else [lost("the resolution in XMP")]
            )
        elif item.kind != "exif":
            items.append(item)
    for item in raw:
        if item.kind == "exif":
            exif = open_exif(item.content, orientation)
            items += ([item._replace(content=exif.content)] if exif.content else []) + exif.lost
            orientation = exif.orientation
    orientation = orientation or UPRIGHT
    return Inventory([_turned(_in_range(item), orientation) for item in items], orientation)


def _in_range(item: Item) -> Item:
    """The same, but no resolution that is none."""
    if item.kind != "resolution" or all(1 <= side <= 2**24 for side in in_unit(item.content, METRE)):
        return item
    return lost("the resolution, whose numbers cannot be meant")


def _turned(item: Item, orientation: int) -> Item:
    """What becomes of an item when the picture is turned upright."""
    if item.kind == "resolution" and orientation > 4:
        old = item.content
        return item._replace(content=old._replace(across=old.down, down=old.across))
    if item.kind == "tag" and orientation != UPRIGHT:
        return lost(f"{item.name}, as the picture was turned")
    return item


def fitting(kind: str, items: list[Item]) -> tuple[list[Item], tuple[str, ...]]:
    """Of some items those that a format has a place for, in its order, and notes on the others."""
    kinds = HOLDS[kind]
    held = sorted((item for item in items if item.kind in kinds), key=lambda item: kinds.index(item.kind))
    has_profile = any(item.kind == "icc" for item in held)
    others = []
    for item in items:
        if item.kind in kinds or item.content == CLEAR or _is_repeated(item, items, kinds):
            continue
        shifts = item.kind == "cicp" or (item.kind == "colour" and item.content[0] in (b"gAMA", b"cHRM"))
        hint = ": colours may look different, .png keeps them" if shifts and not has_profile else ""
        others.append(item._replace(name=item.name + hint))
    return held, left_out(others)


def _is_repeated(item: Item, items: list[Item], kinds: tuple[str, ...]) -> bool:
    """Whether what has no place of its own is a resolution that EXIF has too, or the other way round."""
    found = {other.kind: other for other in items}
    tags = _first_tags(found["exif"].content) if "exif" in found else set()
    if item.kind == "resolution":
        return "exif" in kinds and bool(tags & set(RESOLUTIONS))
    return item.kind == "exif" and {"resolution"} <= {*kinds} & {*found} and tags <= {*RESOLUTIONS, UNIT}


def _first_tags(content: bytes) -> set[int]:
    """The tags of EXIF's first table."""
    file = io.BytesIO(content)
    return {entry.tag for entry in read_tree(file, *read_head(file))[FIRST].entries}


def encoder_options(kind: str, items: list[Item]) -> dict[str, Any]:
    """Items as options of Pillow's encoders, for the formats whose encoders put them into the file."""
    if kind not in ("WEBP", "AVIF"):
        return {}
    names = {"icc": "icc_profile", "exif": "exif", "xmp": "xmp", "background": "background"}
    return {names[item.kind]: item.content for item in items if item.kind in names}


def put(file: BinaryIO, kind: str, content: bytes, items: list[Item]) -> tuple[str, ...]:
    """Write what an encoder made, with items.

    Parameters
    ----------
    file : binary file
        What is written; for a TIFF, it may hold the encoder's result already.
    kind : str
        One of `HOLDS`.
    content : bytes
        What the encoder made, with `encoder_options`.
    items : list of Item
        Of the kinds that the format holds.

    Returns
    -------
    tuple of str
        Notes on what had no room after all.
    """
    without_room: list[Item] = []
    if kind == "PNG":
        content = write_png(content, items)
    elif kind == "JPEG":
        content, without_room = write_jpeg(content, items)
    elif kind == "GIF":
        content = write_gif(content, items)
    elif kind == "BMP":
        content = write_bmp(content, items)
    elif kind == "AVIF":
        for item in items:
            if item.kind == "cicp":
                content = set_nclx(content, *item.content)
    file.write(content)
    if kind == "TIFF" and items:
        without_room = write_tiff_tags(file, items)
    return left_out(without_room)
