"""Frames of an animated GIF: each is a picture of its own, put onto what was there before."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from npsr.images.animations.compositing import BACKGROUND, NONE, PREVIOUS, Part, composed
from npsr.images.decoding import read_header
from npsr.images.formats.gif import LOOPS, colours_at, join_blocks, screen

CONTROL, APPLICATION, EXTENSION, IMAGE, END = 0xF9, 0xFF, 0x21, 0x2C, 0x3B
DISPOSALS = {0: NONE, 1: NONE, 2: BACKGROUND, 3: PREVIOUS}


class Frame(NamedTuple):
    """A part of the picture, for some milliseconds, as a GIF of its own."""

    left: int
    top: int
    milliseconds: Fraction
    disposal: int
    content: bytes


class Gif(NamedTuple):
    """A GIF: the sides that its frames need, the frames, how often they play, whether its end is there, and
    what colour lies behind them, RGBA.
    """

    rows: int
    columns: int
    frames: list[Frame]
    plays: int
    ends: bool
    behind: bytes

    def shown(self) -> Iterator[np.ndarray]:
        """The whole picture, RGBA of 8 bits, while each frame is shown."""
        parts = (Part(_pixels(f.content), f.left, f.top, f.disposal, True) for f in self.frames)
        return composed(self.rows, self.columns, parts, self.behind)


def read_gif_frames(content: bytes) -> Gif:
    """The frames of a GIF. Frames beyond the screen enlarge it.

    Raises
    ------
    ValueError, IndexError, struct.error
        If it is cut in the middle of a frame.
    """
    columns, rows = screen(content)
    at, frames, plays, control = 13 + colours_at(content[10]), list[Frame](), 1, b""
    opaque = True
    while at < len(content) and content[at] != END:
        if content[at] == EXTENSION:
            kind, start = content[at + 1], at + 2
            body, at = join_blocks(content, start)
            if kind == CONTROL and len(body) >= 4:
                control = content[start - 2 : at]
            elif kind == APPLICATION and body[:11] in LOOPS and len(body) >= 14 and body[11] == 1:
                repeats = int.from_bytes(body[12:14], "little")
                plays = repeats and repeats + 1
        elif content[at] == IMAGE:
            left, top, width, height, flags = struct.unpack_from("<HHHHB", content, at + 1)
            _, end = join_blocks(content, at + 10 + colours_at(flags) + 1)
            flag, hundredths = struct.unpack_from("<BH", control, 3) if control else (0, 0)
            disposal = DISPOSALS.get(flag >> 2 & 7, NONE)
            opaque &= bool(frames) or not flag & 1
            alone = content[:6] + struct.pack("<HH", width, height) + content[10:13]
            alone += content[13 : 13 + colours_at(content[10])] + control
            alone += content[at : at + 1] + bytes(4) + content[at + 5 : end] + b";"
            frames.append(Frame(left, top, Fraction(10 * hundredths), disposal, alone))
            columns, rows = max(columns, left + width), max(rows, top + height)
            control, at = b"", end
        else:  # a byte that means nothing, as some encoders leave
            at += 1
    return Gif(rows, columns, frames, plays, at < len(content), _behind(content, opaque))


def _behind(content: bytes, opaque: bool) -> bytes:
    """The background, which no frame covers; clear if the first one has transparent pixels."""
    colour = content[13 : 13 + colours_at(content[10])][3 * content[11] :][:3]
    return colour + b"\xff" if opaque and len(colour) == 3 else bytes(4)


def _pixels(content: bytes) -> np.ndarray:
    """A GIF of one frame that fills it, RGBA."""
    with read_header(content) as header:
        return np.array(header.convert("RGBA"))
