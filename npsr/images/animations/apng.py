"""Frames of an animated PNG: each is a PNG of its own, put onto what was there before."""

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from npsr.images.animations.compositing import Part, composed
from npsr.images.decoding import decode_png
from npsr.images.formats.png import HEAD, SIGNATURE, chunk
from npsr.images.photograph import Source

OVER = 1
"""A frame is laid over what is there, instead of replacing it."""


class Frame(NamedTuple):
    """A part of the picture, for some milliseconds."""

    width: int
    height: int
    left: int
    top: int
    milliseconds: Fraction
    disposal: int
    blend: int
    parts: list[bytes]


class Apng(NamedTuple):
    """An animated PNG: its content, frames, how often they play, and whether another picture stands in."""

    content: bytes
    frames: list[Frame]
    plays: int
    stand_in: bool


def read_apng(content: bytes) -> Apng | None:
    """The frames of a PNG, or None if it does not move.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    at, frames, count, plays, stand_in = len(SIGNATURE), [], 0, 0, False
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"IDAT" and not count:
            return None
        body = content[at + 8 : at + 8 + length]
        if kind in (b"acTL", b"fcTL", b"fdAT"):
            (stored_crc,) = struct.unpack_from(">I", content, at + 8 + length)
            if zlib.crc32(kind + body) != stored_crc:
                raise ValueError(f"the checksum of a chunk {kind.decode()} is wrong")
        if kind == b"acTL":
            count, plays = struct.unpack(">II", body)
        elif kind == b"fcTL":
            frames.append(_frame(body))
        elif kind == b"IDAT" and frames:
            frames[-1].parts.append(body)
        elif kind == b"fdAT" and frames:
            frames[-1].parts.append(body[4:])
        stand_in |= kind == b"IDAT" and not frames
        at += 12 + length
    if count + stand_in < 2:
        return None
    width, height = struct.unpack_from(">II", content, 16)
    if len(frames) != count or not all(frame.parts for frame in frames):
        raise ValueError(f"there are {len(frames)} frames of {count}")
    if any(f.left + f.width > width or f.top + f.height > height for f in frames):
        raise ValueError("a frame is larger than the picture")
    return Apng(content, frames, plays, stand_in)


def _frame(body: bytes) -> Frame:
    _, width, height, left, top, numerator, denominator, disposal, blend = struct.unpack(">IIIIIHHBB", body)
    return Frame(
        width, height, left, top, Fraction(1000 * numerator, denominator or 100), disposal, blend, []
    )


def shown(source: Source, apng: Apng) -> Iterator[np.ndarray]:
    """The whole picture, RGBA of 8 bits, while each frame is shown."""
    width, height = struct.unpack_from(">II", apng.content, 16)
    parts = (
        Part(
            _in_colours(decode_png(source, _alone(apng.content, f))),
            f.left,
            f.top,
            f.disposal,
            f.blend == OVER,
        )
        for f in apng.frames
    )
    return composed(height, width, parts)


def _alone(content: bytes, frame: Frame) -> bytes:
    """A frame as a PNG: with its own sides, and the palette and transparency of all."""
    head = struct.pack(">II", frame.width, frame.height) + content[24:29]
    parts, at = [SIGNATURE, chunk(b"IHDR", head)], HEAD
    while content[at + 4 : at + 8] not in (b"IDAT", b""):
        (length,) = struct.unpack_from(">I", content, at)
        if content[at + 4 : at + 8] in (b"PLTE", b"tRNS"):
            parts.append(content[at : at + 12 + length])
        at += 12 + length
    return b"".join([*parts, chunk(b"IDAT", b"".join(frame.parts)), chunk(b"IEND", b"")])


def _in_colours(pixels: np.ndarray) -> np.ndarray:
    """RGBA of grey or RGB, with alpha or without."""
    pixels = np.atleast_3d(pixels)
    channels = pixels.shape[2]
    colours = pixels[..., : channels - 1 + channels % 2]
    alpha = pixels[..., -1:] if channels % 2 == 0 else np.full_like(pixels[..., :1], 255)
    return np.dstack([colours if channels > 2 else np.repeat(colours, 3, axis=2), alpha])


def set_times(content: bytes, milliseconds: list[Fraction]) -> bytes:
    """An animated PNG in which a frame of k milliseconds lasts as long as the next k of a list.

    The encoder joins equal frames and adds their times: given 1 ms each, it tells how many it joined.
    """
    data, at, used = bytearray(content), len(SIGNATURE), 0
    owed = Fraction(0)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"fcTL":
            numerator, denominator = struct.unpack_from(">HH", data, at + 8 + 20)
            joined = round(1000 * numerator / denominator)
            owed += sum(milliseconds[used : used + joined], Fraction(0)) / 1000
            used += joined
            duration = _in_16_bits(owed)
            owed -= duration
            struct.pack_into(">HH", data, at + 8 + 20, *duration.as_integer_ratio())
            checksum = zlib.crc32(data[at + 4 : at + 8 + length])
            struct.pack_into(">I", data, at + 8 + length, checksum)
        at += 12 + length
    return bytes(data)


def _in_16_bits(seconds: Fraction) -> Fraction:
    """The nearest fraction that a frame's time has room for."""
    limit = 2**16 - 1
    if seconds > limit:
        return Fraction(limit)
    while (near := max(Fraction(0), seconds).limit_denominator(limit)).numerator > 2**16 - 1:
        limit //= 2
    return near
