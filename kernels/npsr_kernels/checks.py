"""Checks of kernel arguments, made once, outside compiled code."""

import numpy as np

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def require(name: str, array: np.ndarray, letters: str, **sides: int) -> None:
    """Refuse an array that a kernel cannot take.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    array : ndarray
        The argument.
    letters : str
        Its axes, for example ``"N C H W"``.
    **sides : int
        Required lengths of some of those axes.

    Raises
    ------
    TypeError
        If `array` is not a NumPy array of float32 or float64 (object arrays pass: the proof of
        Equation 2 runs the kernels' bodies on numbers that count their multiplications).
    ValueError
        If its axes are not as `letters` and `sides` say.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} is {type(array).__name__}, but must be a NumPy array: use np.asarray")
    if array.dtype not in FLOATS and array.dtype != object:
        raise TypeError(f"{name} has dtype {array.dtype}, but must be float32 or float64: use {name}.astype")
    axes = letters.split()
    if array.ndim != len(axes):
        raise ValueError(f"{name} has shape {array.shape}, but must have the axes ({', '.join(axes)})")
    for axis, side in zip(axes, array.shape, strict=True):
        if axis in sides and side != sides[axis]:
            raise ValueError(f"{name} has shape {array.shape}, but its axis {axis} must be {sides[axis]}")


def require_same_dtype(**arrays: np.ndarray) -> None:
    """Refuse arrays of mixed precision, which would promote silently.

    Raises
    ------
    TypeError
        If the dtypes differ.
    """
    if len({array.dtype for array in arrays.values()}) > 1:
        found = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"dtypes differ ({found}), but must be the same: use astype on one of them")


def require_stride(stride: int) -> None:
    """Refuse a stride below 1.

    Raises
    ------
    ValueError
        If `stride` is below 1.
    """
    if stride < 1:
        raise ValueError(f"stride is {stride}, but must be at least 1")
