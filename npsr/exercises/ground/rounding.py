"""When two numbers agree: as well as honest rounding lets them, whatever the order of the sums."""

from typing import Any

import numpy as np

EXACT, SINGLE, LOOSE = 1e-9, 2e-6, 2e-5
"""Tolerances, relative to the largest number: of float64, of float32, and of what only looks like a mistake.

Sums of an exercise's size differ by up to 3e-7 in float32, and by 1e-15 in float64, between loops,
matrix products and fast Fourier transforms.
"""


def close(a: Any, b: Any, rounding: float | None = None) -> bool:
    """Whether numbers agree.

    Parameters
    ----------
    a, b : array_like
        What is compared; it agrees only if the shapes are equal.
    rounding : float, optional
        Tolerance relative to the largest number of b; by default that of the dtypes.
    """
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype.kind in "biuf" and not apart(a, b, rounding).any()


def apart(a: np.ndarray, b: np.ndarray, rounding: float | None = None) -> np.ndarray:
    """Which numbers disagree."""
    if rounding is None:
        rounding = SINGLE if np.float32 in (a.dtype, b.dtype) else EXACT
    a, b = a.astype(np.float64), b.astype(np.float64)
    size = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= rounding * size
    return ~(near | (a == b) | (np.isnan(a) & np.isnan(b)))
