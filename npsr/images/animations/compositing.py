"""Frames that are parts of a picture, each put onto what was there before."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

NONE, BACKGROUND, PREVIOUS = 0, 1, 2
"""What becomes of a part's place when its time is over: it stays, is cleared, or is as before."""


class Part(NamedTuple):
    """Pixels, RGBA of 8 bits, where they lie, what becomes of them, and whether they are laid over others."""

    pixels: np.ndarray
    left: int
    top: int
    disposal: int
    over: bool


def composed(
    rows: int, columns: int, parts: Iterable[Part], behind: bytes = bytes(4)
) -> Iterator[np.ndarray]:
    """The whole picture, RGBA of 8 bits, while each part is shown.

    Parameters
    ----------
    rows, columns : int
        Sides of the picture, in which all parts lie.
    parts : iterable of Part
        One after the other.
    behind : bytes
        Red, green, blue and alpha of what is there before.
    """
    canvas = np.empty((rows, columns, 4), np.uint8)
    canvas[...] = np.frombuffer(behind, np.uint8)
    for k, part in enumerate(parts):
        height, width = part.pixels.shape[:2]
        place = canvas[part.top : part.top + height, part.left : part.left + width]
        before = place.copy()
        place[...] = _over(part.pixels, before) if part.over else part.pixels
        yield canvas.copy()
        if part.disposal == BACKGROUND or (part.disposal == PREVIOUS and k == 0):
            place[...] = 0
        elif part.disposal == PREVIOUS:
            place[...] = before


def _over(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Pixels laid over others, as the PNG specification computes it, rounded once."""
    above = upper[..., 3:] / 255.0
    below = lower[..., 3:] / 255.0 * (1 - above)
    alpha = above + below
    colours = (upper[..., :3] * above + lower[..., :3] * below) / np.where(alpha == 0, 1, alpha)
    return np.dstack([colours, 255 * alpha]).round().astype(np.uint8)
