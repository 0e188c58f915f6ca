"""Results in words, and the hints that kinds, shapes, dtypes and bare numbers give."""

from typing import Any

import numpy as np

from npsr.exercises.ground.rounding import EXACT, LOOSE, SINGLE, close
from npsr.exercises.ground.wire import Other

COLLECTIONS = (
    *("generator", "map", "filter", "zip", "set", "frozenset"),
    *("dict_keys", "dict_values", "dict_items"),
)
"""Types from which `list` makes a list."""


MADE = "np.array(…, dtype=x.dtype) has the dtype of the input"
NEARLY = "Nearly right: is something rounded, or kept in a smaller dtype than that of the input?"


def named(value: Any) -> str:
    """A value by its kind, in words."""
    if value is None:
        return "None"
    if isinstance(value, Other):
        return f"of type {value.type}"
    return (
        f"an array of shape {value.shape}"
        if isinstance(value, np.ndarray)
        else f"of type {type(value).__name__}"
    )


def no_array_hint(got: Any) -> str:
    """The hint for what is no array where one is asked for."""
    match got:
        case None:
            return "Nothing comes back: is the `return` missing?"
        case list() | tuple():
            several = any(isinstance(one, np.ndarray) for one in got)
            return "Return the array alone." if several else f"Make an array of it: {MADE}."
        case str():
            return "Return the array itself, not its text."
        case Other(name) if name in COLLECTIONS:
            return f"Make a list of it, and an array of that: {MADE}."
        case Other("MaskedArray" | "matrix" | "recarray" | "memmap"):
            return "Return a plain array: np.array(…) makes one."
    return "Return an array as the task describes it."


def no_number_hint(got: Any) -> str:  # noqa: PLR0911
    """The hint for what is no number where one is asked for."""
    match got:
        case None:
            return "Nothing comes back: is the `return` missing?"
        case str():
            return "Return the number itself, not its text."
        case np.ndarray() if got.size == 1:
            return (
                f"It is an array of shape {got.shape} with one number in it: float(…) makes a number of it."
            )
        case np.ndarray():
            return "One number is asked for: is a sum, a mean or a maximum missing?"
        case list() | tuple() | dict():
            return "Return the number alone."
        case Other("Fraction" | "Decimal" | "MaskedConstant"):
            return "float(…) makes a plain number of it."
    return "Return a plain number, as float(…) makes it."


def no_list_hint(got: Any) -> str:
    """The hint for what is no list where one is asked for."""
    if got is None:
        return "Nothing comes back: is the `return` missing?"
    if isinstance(got, Other) and got.type in COLLECTIONS:
        return "list(…) makes a list of it."
    return "Return a list of names: [] if there is none."


def shape_hint(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """A hint from the shapes alone."""
    if len(want) == 1 == len(got):
        return f"There must be {want[0]}: look at what is summed over, and what each number belongs to."
    if len(got) != len(want):
        return "An axis is missing or left over: look at the shapes in the task, and at what was summed over."
    if sorted(got) == sorted(want):
        return "The axes are in another order than the task asks for."
    if all(abs(a - b) <= 1 for a, b in zip(got, want, strict=True)):
        return "A size is off by one: count the places of the first and of the last window by hand."
    return "Work the output's size out by hand for a row of five pixels."


def dtype_hint(got: np.dtype, want: np.dtype) -> str:
    """A hint from the dtypes alone."""
    if got == np.float64:
        return (
            "float64 leaks in: np.zeros and np.array make float64 unless told `dtype=x.dtype`; so do "
            "NumPy's own float64 scalars in a product."
        )
    return f"Numbers are kept as {got}: make arrays with the dtype of the input."


def number_hint(got: np.ndarray, want: np.ndarray) -> str:  # noqa: PLR0911
    """A hint from the numbers alone: a factor, a sign, a cut, something added, nothing at all."""
    if got.dtype.kind not in "biuf":
        return f"Numbers of type {got.dtype} came out."
    if not np.isfinite(got).all():
        return (
            "Some numbers are not finite: a division by 0, an array of np.empty that is not filled, or a "
            "dtype that is too small for them (float16 ends at 65504)?"
        )
    if not got.any() and np.count_nonzero(want) > 2:
        return "Everything is 0: is the result ever written, or written into a copy?"
    rounding = SINGLE if np.float32 in (got.dtype, want.dtype) else EXACT
    single_whole = got.size == 1 and want.dtype.kind in "iu"
    got, want = got.astype(np.float64), want.astype(np.float64)
    if cut := _cut(got, want):
        return cut
    if not single_whole and (factor := _factor(got, want, rounding)):
        return factor
    if got.size > 2 and close(got - (got - want).flat[0], want, rounding):
        return f"Every number is off by {(got - want).flat[0]:.6g}: is something added or forgotten?"
    if got.ndim > 1 and close(got[..., ::-1, ::-1], want, rounding):
        return "The result is right but turned by 180°: mind the rotation."
    if got.ndim > 1 and close(got.swapaxes(-1, -2), want, rounding):
        return "Rows and columns are exchanged."
    return NEARLY if got.size > 1 and close(got, want, 1e-4) else ""


def _factor(got: np.ndarray, want: np.ndarray, rounding: float) -> str:
    if not want.any():
        return ""
    factor = float((got * want).sum() / (want * want).sum())
    near = abs(factor - 1) < (0.05 if got.size > 1 else 2e-3)
    if np.count_nonzero(want) < 3 and not near:  # of so few, a factor says nothing
        return ""
    if abs(factor) < 1e-6 or not close(got, factor * want, LOOSE if abs(factor - 1) > 1e-3 else rounding):
        return ""
    if abs(factor + 1) < 1e-6:
        return "The sign is wrong everywhere."
    why = "is something scaled or rounded" if near else "a mean for a sum, a forgotten 2"
    return f"{'It' if got.size == 1 else 'Every number'} is {factor:.9g} times what it must be: {why}?"


def _cut(got: np.ndarray, want: np.ndarray) -> str:
    low, high = got.min(), got.max()
    below, above = bool(want.min() < low), bool(want.max() > high)
    margin = 1e-3 * np.abs(want).max()  # less is rounding
    cut = np.count_nonzero((want < low - margin) | (want > high + margin))
    if cut < 2 or low == high or not close(got, np.clip(want, low, high), LOOSE):  # one may be by chance
        return ""
    ends = [f"below {low:.6g}"] * below + [f"above {high:.6g}"] * above
    return f"What lies {' or '.join(ends)} is cut off: nothing may be clipped."
