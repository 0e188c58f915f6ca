"""Bicubic resizing as MATLAB's imresize does it: each axis by a few taps a pixel.

Cubic kernel with a = −0.5 (Keys, 1981), widened by the factor when reducing (antialiasing),
mirrored borders, weights normalised. The reductions of the paper's tables were made so.
"""

from functools import lru_cache
from math import ceil

import numpy as np

BLOCK = 2**15
"""Pixels resized at a time, so that they stay in cache while their taps are added."""


def imresize(
    image: np.ndarray, scale: float | None = None, size: tuple[int, int] | None = None
) -> np.ndarray:
    """Resize an image.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Floating-point image of any range.
    scale : float, optional
        Factor for both axes, for example 3 or 1/3; the output's sides are ⌈scale · side⌉.
    size : (int, int), optional
        Rows and columns of the output, instead of `scale`.

    Returns
    -------
    ndarray of shape (rows, columns) or (rows, columns, C)
        Of the dtype of `image`; not clipped.

    Raises
    ------
    TypeError
        If `image` is not floating point.
    ValueError
        If its shape does not fit, or not exactly one of `scale` and `size` is given and positive.
    """
    if not np.issubdtype(image.dtype, np.floating):
        raise TypeError(f"image has dtype {image.dtype}, but must be floating point: divide by 255.0 first")
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"image has shape {image.shape}, but must be (H, W) or (H, W, C), none of them 0")
    if scale is not None and size is None:
        factor, targets = scale, tuple(scaled(side, scale) for side in image.shape[:2])
    elif size is not None and scale is None:
        factor, targets = None, size
    else:
        raise ValueError("exactly one of scale and size must be given")
    if min(targets) <= 0:
        raise ValueError(f"scale or size is {size or scale}, but must be positive")
    for axis, target in enumerate(targets):
        rows = np.moveaxis(image, axis, 0)
        image = np.moveaxis(resize_rows(rows, target, factor or target / len(rows)), 0, axis)
    return np.ascontiguousarray(image)


def resize_rows(image: np.ndarray, target: int, scale: float, shift: float = 0) -> np.ndarray:
    """Resize the first axis.

    Parameters
    ----------
    image : ndarray of shape (H, …)
        Floating-point image of any range.
    target : int
        Rows of the output.
    scale : float
        Factor.
    shift : float
        Output row j (from 0) is centred on input coordinate (j + ½)/scale − ½ + shift.

    Returns
    -------
    ndarray of shape (target, …)
    """
    return weigh_rows(image, *taps(len(image), target, scale, shift))


def weigh_rows(image: np.ndarray, weights: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows as weighted sums of others, `weights` and `places` as `taps` gives them, or some of theirs."""
    rows = image.reshape(len(image), -1)
    weights = weights.astype(image.dtype)
    resized = np.zeros((len(weights), rows.shape[1]), image.dtype)
    step = max(1, BLOCK // max(1, rows.shape[1]))
    for start in range(0, len(weights), step):
        block = slice(start, start + step)
        for weight, place in zip(weights[block].T, places[block].T, strict=True):
            resized[block] += weight[:, None] * rows[place]
    return resized.reshape(len(weights), *image.shape[1:])


@lru_cache(maxsize=16)
def taps(side: int, target: int, scale: float, shift: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weights and places (target, taps) of the input rows that each output row is the sum of."""
    squeeze = min(scale, 1.0)
    support = 4 / squeeze
    centre = (np.arange(target) + 0.5) / scale - 0.5 + shift
    first = np.floor(centre - support / 2).astype(np.intp)
    reached = first[:, None] + np.arange(ceil(support) + 2)
    weights = cubic(squeeze * (centre[:, None] - reached))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = reached % (2 * side)
    mirrored = np.minimum(mirrored, 2 * side - 1 - mirrored)
    needed = weights.any(axis=0)
    return weights[:, needed], mirrored[:, needed]


def cubic(t: np.ndarray) -> np.ndarray:
    """The cubic convolution kernel with a = −0.5, zero from |t| = 2 on."""
    t = np.abs(t)
    inner = (1.5 * t - 2.5) * t**2 + 1
    outer = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, inner, np.where(t < 2, outer, 0.0))


def scaled(side: int, scale: float) -> int:
    """A side of the output, ⌈scale · side⌉."""
    # A factor such as 1/3 is not exact: 99 · (1/3) must give 33, not 34.
    return ceil(side * scale - 1e-9)
