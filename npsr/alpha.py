"""Transparency: a plane of its own, enlarged as luma is, by which colours are multiplied and divided.

Colours are multiplied by alpha before they are enlarged, so that those hidden under transparent pixels do
not bleed into edges, and divided by the enlarged alpha afterwards. Alpha goes through the network in luma's
scale, so that it overshoots at an edge as the premultiplied colours do, and is divided by before its
overshoot is clipped. Where a picture is opaque as far as the network sees, it is as if it had no alpha.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

CLEAR = 0.5 / 255
"""At this alpha and below, a pixel's colour is not what it was multiplied from."""


class Surroundings(NamedTuple):
    """What is around each pixel of an alpha plane, (H, W).

    Attributes
    ----------
    lowest, highest : ndarray of float
        Of the nearest pixels: the enlarged alpha stays between them, so opaque stays opaque.
    opaque : ndarray of bool
        Whether all is, as far as the networks see.
    """

    lowest: np.ndarray
    highest: np.ndarray
    opaque: np.ndarray

    def at(self, rows: np.ndarray, columns: np.ndarray) -> "Surroundings":
        """Those of some rows and columns."""
        return Surroundings(*(plane[rows[:, None], columns] for plane in self))


def surroundings(alpha: np.ndarray, reach: int, nearest: int) -> Surroundings:
    """What is around each pixel.

    Parameters
    ----------
    alpha : ndarray of shape (H, W)
        In [0, 1].
    reach : int
        How far the networks see, in pixels.
    nearest : int
        How far the nearest pixels are away.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    near, seen = 2 * nearest + 1, 2 * reach + 1
    return Surroundings(
        minimum_filter(alpha, near, mode="nearest"),
        maximum_filter(alpha, near, mode="nearest"),
        minimum_filter(alpha, seen, mode="nearest") == 1,
    )


def divided(
    premultiplied: np.ndarray, sharp: np.ndarray, around: Surroundings, plain: Callable[[], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Straight colours and alpha.

    Parameters
    ----------
    premultiplied : ndarray of shape (H, W, C)
        Enlarged.
    sharp : ndarray of shape (H, W)
        Enlarged alpha, not clipped.
    around : Surroundings
        Of the pixels that were enlarged.
    plain : callable
        Gives colours, (H, W, C), for where alpha is too small to divide by.
    """
    alpha = np.clip(sharp, around.lowest, around.highest)
    visible = (np.minimum(sharp, alpha) > CLEAR)[..., None]
    colours = np.zeros_like(premultiplied) if visible.all() else plain()
    np.divide(premultiplied, np.where(around.opaque, 1, sharp)[..., None], where=visible, out=colours)
    return colours, alpha
