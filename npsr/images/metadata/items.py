"""One thing that a file holds besides pixels."""

from typing import Any, NamedTuple


class Item(NamedTuple):
    """One thing that a file holds besides pixels.

    Attributes
    ----------
    kind : str
        What it is, whatever the format: "icc", "exif", "xmp", "photoshop", "resolution", "comment", "text",
        "chunk", "colour", "cicp", "tag", "background"; "lost" is what no output has a place for; a "note" is
        only said.
    name : str
        What a note calls it.
    content : object
        By kind: bytes of a profile, of EXIF as a TIFF stream, of XMP, of Photoshop's resources, of a comment;
        a `Resolution`; for a PNG's "text", "chunk" and "colour" its kind and body; for "cicp" the numbers of
        primaries and transfer function; for "tag" a TIFF's `Entry` and its byte order; for "background" red,
        green, blue and alpha.
    """

    kind: str
    name: str
    content: Any = None


class Resolution(NamedTuple):
    """Pixels a unit of length, across and down; `inches` is the unit, 0 if only the ratio is told."""

    across: float
    down: float
    inches: float


INCH, CENTIMETRE, METRE = 1.0, 1 / 2.54, 100 / 2.54


def in_unit(resolution: Resolution, inches: float) -> tuple[float, float]:
    """Pixels across and down another unit."""
    factor = inches / resolution.inches if resolution.inches else 1.0
    return resolution.across * factor, resolution.down * factor


def lost(name: str) -> Item:
    """What no output has a place for."""
    return Item("lost", name)


def left_out(items: list[Item]) -> tuple[str, ...]:
    """Notes that name some items, each once."""
    return tuple(
        dict.fromkeys(item.name if item.kind == "note" else f"left out {item.name}" for item in items)
    )
