"""Any factor or size: which networks to run, and what is left for bicubic interpolation.

Networks are for whole factors. Of all products of released factors that are not below the one asked for,
those of the fewest networks are looked at, and of these the smallest is taken; MATLAB's bicubic then
reduces to the very size. So detail is made by networks and none is asked of bicubic, as little as possible is
made in vain, and as few networks as possible run on other networks' output. ×2.5 is ×3 reduced, ×5 is ×2
and ×3 reduced, ×6 is ×2 and ×3.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement, count
from math import prod
from numbers import Real
from typing import NamedTuple

from npsr.images.resize import scaled

LARGEST = 64
"""Largest factor."""


class Size(NamedTuple):
    """Rows and columns of an output, and by which factors it is larger than the input."""

    sides: tuple[int, int]
    factors: tuple[float, float]


def by_factor(shape: Sequence[int], scale: float) -> Size:
    """The size for a factor: ⌈scale · side⌉, as MATLAB's imresize.

    Raises
    ------
    ValueError
        If the factor is not 1 to `LARGEST`.
    """
    if not isinstance(scale, Real) or not 1 <= scale <= LARGEST:
        raise ValueError(f"scale is {scale!r}, but must be a number from 1 to {LARGEST}")
    factor = float(scale)
    return Size((scaled(shape[0], factor), scaled(shape[1], factor)), (factor, factor))


def by_sides(shape: Sequence[int], rows: int | None, columns: int | None) -> Size:
    """The size for given sides; one that is None follows from the other.

    Raises
    ------
    ValueError
        If a factor is above `LARGEST`.
    """
    if rows is None and columns is None:
        raise ValueError("size is (None, None), but must have rows, columns or both")
    if rows is None:
        rows = max(1, round(shape[0] * (columns or 0) / shape[1]))
    if columns is None:
        columns = max(1, round(shape[1] * rows / shape[0]))
    if min(rows, columns) < 1:
        raise ValueError(f"size is {rows} rows × {columns} columns, but each must be at least 1")
    factors = rows / shape[0], columns / shape[1]
    if max(factors) > LARGEST:
        raise ValueError(f"{columns}×{rows} is ×{max(factors):.4g}, but ×{LARGEST} is the largest factor")
    return Size((rows, columns), factors)


def networks_for(factor: float, available: Sequence[int]) -> tuple[int, ...]:
    """The networks to run one after the other, by their factors, the smallest and cheapest first.

    Parameters
    ----------
    factor : float
        The factor asked for, at most `LARGEST`.
    available : sequence of int
        Factors for which there are networks.

    Returns
    -------
    tuple of int
        Empty for factors up to 1 and if no network enlarges.
    """
    enlarging = sorted(n for n in set(available) if n > 1)
    if factor <= 1 or not enlarging:
        return ()
    for networks in count(1):
        chains = [c for c in combinations_with_replacement(enlarging, networks) if prod(c) >= factor]
        if chains:
            return min(chains, key=prod)
    raise AssertionError("products grow without end")
