"""Samples to learn matrices from, image by image, so that a pool of millions takes an image's memory.

n upscaling factor, p features, q = 9n² details of a patch.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from npsr.evaluation.protocol import crop_to_multiple, low_resolution
from npsr.images.resize import imresize
from npsr.rivals.features import SIDE, features, patches_of


class Pair(NamedTuple):
    """An LR plane (H, W), and what its bicubic enlargement lacks (nH, nW), float32."""

    low: np.ndarray
    details: np.ndarray


def pairs(images: Sequence[np.ndarray], n: int, scales: Sequence[float] = (1.0,)) -> Iterator[Pair]:
    """Every image at the first scale, then every one at the next, as pairs; too small ones are left out.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W), uint8
        Luma.
    n : int
        Upscaling factor.
    scales : sequence of float
        Factors in (0, 1] by which the images are reduced first.
    """
    for scale in scales:
        for image in images:
            high = image / 255.0
            high = crop_to_multiple(high if scale == 1 else imresize(high, scale), n)
            if min(high.shape) >= 5 * n:
                low = low_resolution(high, n)
                yield Pair(low.astype(np.float32), (high - imresize(low, n)).astype(np.float32))


def samples(pair: Pair, filters: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, p) and details (N, q) of the LR pixels whose patch keeps n pixels from the border."""
    found = features(pair.low, filters, -2)
    return found.reshape(-1, found.shape[2]), patches_of(pair.details, n).reshape(found[..., 0].size, -1)


def window_gram(found: Iterator[Pair], every: int) -> np.ndarray:
    """Sum of w wᵀ (81, 81) over the 9 × 9 windows w of every so manieth LR pixel, by rows and columns."""
    total = np.zeros((SIDE**2, SIDE**2))
    for pair in found:
        wide = np.pad(pair.low, 2, mode="symmetric").astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE))[::every, ::every]
        flat = windows.reshape(-1, SIDE**2)
        total += flat.T @ flat
    return total
