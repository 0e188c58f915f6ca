"""Checks of arguments that every room makes."""

from operator import index
from typing import Any


def whole(name: str, value: Any, lowest: int = 1) -> int:
    """The value as an int, NumPy's integers included.

    Raises
    ------
    ValueError
        If it is no whole number, or below `lowest`.
    """
    try:
        number = index(value)
    except TypeError:
        raise ValueError(f"{name} is {value!r}, but must be a whole number") from None
    if number < lowest:
        raise ValueError(f"{name} is {number}, but must be at least {lowest}")
    return number
