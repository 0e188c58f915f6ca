"""Sub-images cut out of planes that lie one after the other in a flat array."""

import numpy as np

from npsr_kernels.compiled import compiled


def cut(pixels: np.ndarray, places: np.ndarray, side: int) -> np.ndarray:
    """Copy N squares.

    Parameters
    ----------
    pixels : ndarray of shape (P,)
        All planes.
    places : ndarray of shape (N, 3), integer
        For each square the index of its first pixel, and the steps to the next row and column;
        negative steps and exchanged ones are flips and rotations.
    side : int
        Side of the squares.

    Returns
    -------
    ndarray of shape (N, 1, side, side)
        Of the dtype of `pixels`.
    """
    squares = np.empty((len(places), 1, side, side), pixels.dtype)
    copy(pixels, places, squares)
    return squares


@compiled
def copy(pixels, places, squares):
    """Assign squares."""
    N, _, H, W = squares.shape
    for n in range(N):
        first, down, across = places[n]
        for i in range(H):
            for j in range(W):
                squares[n, 0, i, j] = pixels[first + i * down + j * across]
