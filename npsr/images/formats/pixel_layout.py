"""How a TIFF says that its pixels are stored, and which ways of that are tested; others are refused."""

import io
import struct
from typing import BinaryIO, NamedTuple

from npsr.images.formats.tiff import ICC, LAYOUT, read_pages
from npsr.images.metadata.ifd import Entry, Layout, numbers, read_table, write_table

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
"""Channels of each photometric interpretation, alpha not counted."""
JPEG, OLD_JPEG = 7, 6
PREMULTIPLIED, STRAIGHT = 1, 2
"""ExtraSamples of an alpha channel."""
BITS = {
    WHITE_IS_ZERO: (1, 2, 4, 8, 10, 12, 14, 16),
    BLACK_IS_ZERO: (1, 2, 4, 8, 10, 12, 14, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    CMYK: (8,),
    YCBCR: (8,),
}
"""Bits a channel that are tested."""
WITH_ALPHA = {BLACK_IS_ZERO: (8, 16), RGB: (8, 16)}


class PixelLayout(NamedTuple):
    """How pixels are stored: TIFF's photometric interpretation and bits a channel; which page they are, and
    NewSubfileType of each other one.
    """

    photometric: int
    bits: int
    samples: int
    page: int
    further: list[int]
    sides: tuple[int, int]
    premultiplied: bool
    unusual: bool

    @property
    def is_for_pillow(self) -> bool:
        """Whether Pillow reads it, and all of its bits."""
        plain_grey = (self.photometric, self.bits, self.samples) == (BLACK_IS_ZERO, 16, 1)
        return (self.bits <= 8 or plain_grey) and not self.unusual

    @property
    def notes(self) -> tuple[str, ...]:
        """What is done to the pixels."""
        spread = (f"{self.bits} bits a channel, spread over 16",) if self.bits in (10, 12, 14) else ()
        return (*spread, "premultiplied alpha, made straight") if self.premultiplied else spread


def read_pixel_layout(file: BinaryIO) -> PixelLayout:
    """The layout of a TIFF's picture.

    Raises
    ------
    ValueError
        If it is none of those that are tested; the message says why, and a remedy.
    """
    pages = read_pages(file)
    layout, table = pages.layout, read_table(file, pages.layout, pages.at)
    entries = {entry.tag: entry for entry in table.entries}

    def found(tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(map(int, numbers(entries[tag], layout.order))) if tag in entries else default

    if (slices := found(32997, (1,))[0]) > 1:
        raise ValueError(f"is a volume of {slices} slices, but must be one picture: save one slice")
    samples = found(277, (1,))[0]
    bits, formats = found(258, (1,)), set(found(339, (1,)))
    kind, extra = found(262, (-1,))[0], found(338, ())
    if len(set(bits)) != 1 or len(bits) not in (1, samples):
        raise ValueError(f"has channels of {bits} bits: save it with as many bits for each")
    if formats != {1}:
        names = {2: "signed numbers", 3: "floating point"}
        what = names.get(max(formats), "numbers of an unknown kind")
        raise ValueError(
            f"holds {what}, whose black and white nobody knows: save it with 8 or 16 bits a channel"
        )
    if kind not in COLOURS:
        raise ValueError(f"has the photometric interpretation {kind}, but must be grey or RGB: convert it")
    allowed = BITS[kind]
    if samples != COLOURS[kind]:
        allowed = WITH_ALPHA.get(kind, ())
        named = samples == COLOURS[kind] + 1 and len(extra) == 1 and extra[0] in (PREMULTIPLIED, STRAIGHT)
        if not allowed or not named:
            raise ValueError(
                f"has {samples} channels, but must have {COLOURS[kind]}"
                f"{', or one more that it says is straight alpha' if allowed else ''}: save it without others"
            )
    if bits[0] not in allowed:
        raise ValueError(f"has {bits[0]} bits a channel: convert it to 8 or 16 bits")
    compression = found(259, (1,))[0]
    if compression == OLD_JPEG or (kind == YCBCR and compression != JPEG):
        raise ValueError("holds YCbCr in a way that is not tested: save it as RGB")
    sides = found(256, (0,))[0], found(257, (0,))[0]
    unusual = layout == Layout(">", True) or (found(266, (1,))[0] != 1 and bits[0] >= 8)  # Pillow knows fewer
    unusual |= kind == PALETTE and max(found(320, (256,))) < 256  # a map of 8 bits, as libtiff takes it
    further = pages.kinds[: pages.main] + pages.kinds[pages.main + 1 :]
    return PixelLayout(kind, bits[0], samples, pages.main, further, sides, extra == (PREMULTIPLIED,), unusual)


def bare_tiff(content: bytes, profile: bytes | None = None) -> bytes:
    """A TIFF whose only table says nothing but how the pixels are stored, and if need be how inks look."""
    file = io.BytesIO(content)
    layout, _, _ = pages = read_pages(file)
    entries: list[Entry] = []
    for entry in read_table(file, layout, pages.at).entries:
        if entry.tag in LAYOUT - {274}:
            start = entry.at + struct.calcsize(layout.entry)
            entries.append(entry._replace(value=content[start : start + layout.width]))
    if profile:
        entries.append(Entry(ICC, 7, len(profile), profile))
    data = bytearray(content + bytes(-len(content) % 8))
    struct.pack_into(layout.offset, data, 8 if layout.big else 4, len(data))
    return bytes(data) + write_table(entries, layout, len(data))
