"""Samples to learn matrices from, image by image, so that a pool of millions takes an image's memory.

n upscaling factor, p features, q = 9n² details of a patch.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from npsr.evaluation.protocol import crop_to_multiple, low_resolution
from npsr.images.resize import imresize
from npsr.rivals.features import SIDE, features, patches_of, principal
from npsr.system.blas import one_blas_thread

SMALLEST = 5
"""LR rows and columns of an image that can be learnt from."""


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
            if min(high.shape) >= SMALLEST * n:
                low = low_resolution(high, n)
                yield Pair(low.astype(np.float32), (high - imresize(low, n)).astype(np.float32))


def samples(pair: Pair, filters: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, p) and details (N, q) of the LR pixels whose patch keeps n pixels from the border."""
    found = features(pair.low, filters, -2)
    return found.reshape(-1, found.shape[2]), patches_of(pair.details, n).reshape(found[..., 0].size, -1)


def all_samples(
    images: Sequence[np.ndarray], filters: np.ndarray, n: int, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, p) and details (N, q) of all images; if these are more than `most`, of as many at random.

    No more memory is taken than for these and an image.
    """
    sides = [(image.shape[0] // n, image.shape[1] // n) for image in images]
    counts = [(rows - 4) * (columns - 4) for rows, columns in sides if min(rows, columns) >= SMALLEST]
    kept = [int(count * min(1, most / sum(counts))) for count in counts]
    x = np.empty((sum(kept), len(filters)), np.float32)
    y = np.empty((sum(kept), 9 * n * n), np.float32)
    ends = np.cumsum(kept)
    for pair, count, end in zip(pairs(images, n), kept, ends, strict=True):
        found, details = samples(pair, filters, n)
        if count < len(found):
            chosen = np.sort(rng.choice(len(found), count, replace=False))
            found, details = found[chosen], details[chosen]
        x[end - count : end], y[end - count : end] = found, details
    return x, y


def learnt_filters(images: Sequence[np.ndarray], n: int, every: int) -> np.ndarray:
    """Filters (p, 9, 9), float32, whose values are the principal components of the images' derivatives.

    Parameters
    ----------
    images, n
        As for `pairs`.
    every : int
        Every so manieth LR pixel counts, by rows and columns.

    Raises
    ------
    ValueError
        If the images are too small or flat.
    """
    if max((min(image.shape) for image in images), default=0) < SMALLEST * n:
        raise ValueError(
            f"every image is smaller than {SMALLEST * n} × {SMALLEST * n} pixels: use larger photographs"
        )
    with one_blas_thread():
        return principal(window_gram(pairs(images, n), every), n).astype(np.float32)


def window_gram(found: Iterator[Pair], every: int) -> np.ndarray:
    """Sum of w wᵀ (81, 81) over the 9 × 9 windows w of every so manieth LR pixel, by rows and columns."""
    total = np.zeros((SIDE**2, SIDE**2))
    for pair in found:
        wide = np.pad(pair.low, 2, mode="symmetric").astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE))[::every, ::every]
        flat = windows.reshape(-1, SIDE**2)
        total += flat.T @ flat
    return total
