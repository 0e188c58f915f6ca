"""Kinds, shapes and dtypes of results in words, and the hints that they alone give."""

from typing import Any

import numpy as np

from npsr.exercises.ground.wire import Other


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


def nothing(got: Any) -> str:
    """The hint for a function that returns nothing."""
    return "Nothing comes back: is the `return` missing?" if got is None else ""


def shape_hint(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """A hint from the shapes alone."""
    if len(got) != len(want):
        return "An axis is missing or left over: look at the shapes in the task, and at what was summed over."
    if sorted(got) == sorted(want):
        return "The axes are in another order than the task asks for."
    if all(abs(a - b) <= 1 for a, b in zip(got, want, strict=True)):
        return "A size is off by one: count the places of the first and of the last window by hand."
    if len(want) == 1:
        return f"There must be {want[0]}: look at what is summed over, and what each number belongs to."
    return "Work the output's size out by hand for a row of five pixels."


def dtype_hint(got: np.dtype, want: np.dtype) -> str:
    """A hint from the dtypes alone."""
    if got == np.float64:
        return (
            "float64 leaks in: np.zeros and np.array make float64 unless told `dtype=x.dtype`; so do "
            "NumPy's own float64 scalars in a product."
        )
    return f"Numbers are kept as {got}: make arrays with the dtype of the input."
