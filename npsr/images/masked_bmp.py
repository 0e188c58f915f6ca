"""BMP whose channels lie anywhere in a pixel's bits, and of 2 bits, which Pillow does not read."""

import struct

import numpy as np

from npsr.images.formats.bmp import FILE_HEAD
from npsr.images.photograph import ImageError, Source, called, check_pixels

BITFIELDS, ALPHABITFIELDS = 3, 6
"""Compressions that are none: masks tell where the channels are."""
DEFAULT = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
"""Masks where the file has none."""


def read_masked_bmp(source: Source, content: bytes, most: int) -> np.ndarray | None:
    """Pixels of a BMP with 2, 16 or 32 bits a pixel, RGB or RGBA; None for others.

    Channels of more than 8 bits give 16, fewer are spread over 8.

    Raises
    ------
    ImageError
        If there are too many pixels, or not as many as the file says.
    """
    if len(content) < FILE_HEAD + 40:
        return None
    (start,) = struct.unpack_from("<I", content, 10)
    size, columns, rows, _, bits, compression = struct.unpack_from("<IiiHHI", content, FILE_HEAD)
    masked = compression in (BITFIELDS, ALPHABITFIELDS)
    if bits not in (2, 16, 32) or size < 40 or not (masked or compression == 0) or (masked and bits == 2):
        return None
    width = (columns * bits + 31) // 32 * 4
    if columns <= 0 or rows == 0 or start + width * abs(rows) > len(content):
        raise ImageError(f"{called(source)} is damaged: its pixels are not whole; get it anew")
    check_pixels(source, columns * abs(rows), most)
    lines = np.frombuffer(content, np.uint8, width * abs(rows), start).reshape(abs(rows), width)
    lines = lines[:: -1 if rows > 0 else 1]
    if bits == 2:
        colours = _palette(content, FILE_HEAD + size)
        indices = (lines[..., None] >> np.array([6, 4, 2, 0], np.uint8) & 3).reshape(abs(rows), -1)
        return colours[indices[:, :columns]]
    values = lines.copy().view(f"<u{bits // 8}")[:, :columns]
    masks = DEFAULT[bits]
    if masked:
        has_alpha = compression == ALPHABITFIELDS or size >= 56
        masks = (*struct.unpack_from(f"<{3 + has_alpha}I", content, FILE_HEAD + 40), 0)[:4]
    if 0 in masks[:3]:
        raise ImageError(f"{called(source)} is a BMP with a channel of no bits: convert it to PNG")
    channels = [_channel(values, mask) for mask in masks if mask]
    deep = any(mask.bit_count() > 8 for mask in masks)
    top, dtype = (65535, np.uint16) if deep else (255, np.uint8)
    return np.stack([(channel * top).round().astype(dtype) for channel in channels], axis=-1)


def _palette(content: bytes, at: int) -> np.ndarray:
    """Four colours, black where there are fewer."""
    (used,) = struct.unpack_from("<I", content, FILE_HEAD + 32)
    stored = np.frombuffer(content[at : at + 4 * min(used or 4, 4)], np.uint8).reshape(-1, 4)
    colours = np.zeros((4, 3), np.uint8)
    colours[: len(stored)] = stored[:, 2::-1]
    return colours


def _channel(values: np.ndarray, mask: int) -> np.ndarray:
    """What a mask cuts out, from 0 to 1."""
    lowest = mask & -mask
    return (values & mask) // lowest / (mask // lowest)
