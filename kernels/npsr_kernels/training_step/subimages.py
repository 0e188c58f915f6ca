"""Sub-images cut out of planes that lie one after the other in a flat array."""

import numpy as np

from npsr_kernels.compiling.compiled import compiled


def cut(pixels: np.ndarray, places: np.ndarray, channels: int, side: int) -> np.ndarray:
    """Copy N squares of C channels.

    Parameters
    ----------
    pixels : ndarray of shape (P,)
        All planes.
    places : ndarray of shape (N, 4), integer
        For each square the index of its first pixel, and the steps to the next channel, row and
        column; negative steps and exchanged ones are flips and rotations.
    channels, side : int
        Channels and side of the squares.

    Returns
    -------
    ndarray of shape (N, C, side, side)
        Of the dtype of `pixels`.
    """
    squares = np.empty((len(places), channels, side, side), pixels.dtype)
    copy(pixels, places, squares)
    return squares


@compiled
def copy(pixels, places, squares):
    """Assign squares."""
    N, C, H, W = squares.shape
    for n in range(N):
        first, deeper, down, across = places[n]
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    squares[n, c, i, j] = pixels[first + c * deeper + i * down + j * across]
