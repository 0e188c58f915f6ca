"""Resizing as MATLAB's imresize does it: each axis by a few taps a pixel.

A kernel, widened by the factor when reducing (antialiasing), mirrored borders, weights normalised. The
reductions of the paper's tables were made so, with the cubic kernel with a = −0.5 (Keys, 1981).
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import ceil
from typing import Literal

import numpy as np

Kernel = Literal["bicubic", "lanczos", "area"]
"""The cubic one with a = −0.5; Lanczos' with three lobes; the box, which takes the mean."""
MATLAB, OPENCV = -0.5, -0.75
"""a of the cubic kernel in both programs."""
BLOCK = 2**15
"""Pixels resized at a time, so that they stay in cache while their taps are added."""


def imresize(
    image: np.ndarray,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    kernel: Kernel | float = "bicubic",
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
    kernel : {"bicubic", "lanczos", "area"} or float
        What weighs the pixels; a number is a of another cubic kernel.

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

    Examples
    --------
    >>> image = np.random.default_rng(0).random((30, 40))
    >>> npsr.imresize(image, 3).shape, npsr.imresize(image, size=(10, 20)).shape
    ((90, 120), (10, 20))
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
        image = np.moveaxis(resize_rows(rows, target, factor or target / len(rows), kernel=kernel), 0, axis)
    return np.ascontiguousarray(image)


def resize_rows(
    image: np.ndarray, target: int, scale: float, shift: float = 0, kernel: Kernel | float = "bicubic"
) -> np.ndarray:
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
    kernel : {"bicubic", "lanczos", "area"} or float
        What weighs the rows.

    Returns
    -------
    ndarray of shape (target, …)
    """
    return weigh_rows(image, *taps(len(image), target, scale, shift, kernel))


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
def taps(
    side: int, target: int, scale: float, shift: float = 0, kernel: Kernel | float = "bicubic"
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and places (target, taps) of the input rows that each output row is the sum of."""
    weigh, width = KERNELS[kernel] if isinstance(kernel, str) else (partial(cubic, a=kernel), 4)
    squeeze = min(scale, 1.0)
    support = width / squeeze
    centre = (np.arange(target) + 0.5) / scale - 0.5 + shift
    first = np.floor(centre - support / 2).astype(np.intp)
    reached = first[:, None] + np.arange(ceil(support) + 2)
    weights = weigh(squeeze * (centre[:, None] - reached))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = reached % (2 * side)
    mirrored = np.minimum(mirrored, 2 * side - 1 - mirrored)
    needed = weights.any(axis=0)
    return weights[:, needed], mirrored[:, needed]


def cubic(t: np.ndarray, a: float = MATLAB) -> np.ndarray:
    """The cubic convolution kernel, zero from |t| = 2 on."""
    t = np.abs(t)
    inner = ((a + 2) * t - (a + 3)) * t**2 + 1
    outer = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, inner, np.where(t < 2, outer, 0.0))


def lanczos(t: np.ndarray) -> np.ndarray:
    """Lanczos' kernel with three lobes, zero from |t| = 3 on."""
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0.0)


def box(t: np.ndarray) -> np.ndarray:
    """1 from −½ to below ½, 0 elsewhere."""
    return ((t >= -0.5) & (t < 0.5)).astype(float)


KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "bicubic": (cubic, 4),
    "lanczos": (lanczos, 6),
    "area": (box, 1),
}
"""Each with its width."""


def scaled(side: int, scale: float) -> int:
    """A side of the output, ⌈scale · side⌉."""
    # A factor such as 1/3 is not exact: 99 · (1/3) must give 33, not 34.
    return ceil(side * scale - 1e-9)
