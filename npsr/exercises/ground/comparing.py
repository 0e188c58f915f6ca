"""What a submission returned, held against what must hold; and which typical mistake it looks like.

For each exercise the checker holds results of typical mistakes ("what it would be without the
rotation"), made by our own layers from the same input; the one that equals the submission's result
names the hint.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from npsr.exercises.ground.checking import Wrong
from npsr.exercises.ground.rounding import LOOSE, apart, close
from npsr.exercises.ground.wording import (
    dtype_hint,
    named,
    no_array_hint,
    no_number_hint,
    number_hint,
    shape_hint,
)

Mistake = tuple[str, Callable[[], Any]]
"""A hint, and what a submission returns that deserves it."""

Hints = Iterable[Mistake]


def judge(
    names: str,
    got: Any,
    want: Any,
    hints: dict[str, Hints],
    rounding: float | Sequence[float] | None = None,
) -> None:
    """Compare what a function returned with what must hold.

    Parameters
    ----------
    names : str
        Name of the result; of a tuple, the names of its parts, parted by spaces.
    got : object
        What the submission returned.
    want : ndarray, number, or tuple of them
        What it must be.
    hints : dict
        Hints for each name.
    rounding : float or sequence of float, optional
        Tolerance relative to the largest number, or one for each part; by default that of the dtypes.

    Raises
    ------
    Wrong
        For the first number that is wrong.
    """
    parts = names.split()
    each = list(rounding) if isinstance(rounding, Sequence) else [rounding] * len(parts)
    if not isinstance(want, tuple):
        _compare(names, got, want, hints.get(names, ()), each[0])
        return
    got = parts_of(parts, got)
    if any(not _right(g, w, r) for g, w, r in zip(got, want, each, strict=True)) and all(
        any(_right(g, w, r) for g in got) for w, r in zip(want, each, strict=True)
    ):
        raise Wrong(
            f"the results are right, but in another order than {_listed(parts)}",
            "Mind the order of what is returned.",
        )
    for name, g, w, r in zip(parts, got, want, each, strict=True):
        _compare(name, g, w, hints.get(name, ()), r)


def parts_of(names: list[str], got: Any) -> list[Any]:
    """What a submission returned, as a list of so many parts.

    Raises
    ------
    Wrong
        If it is no tuple or list of so many.
    """
    if not isinstance(got, tuple | list) or len(got) != len(names):
        count = f"{len(got)} values" if isinstance(got, tuple | list) else named(got)
        hint = no_array_hint(None) if got is None else f"Return all of them: return {', '.join(names)}."
        raise Wrong(f"what is returned is {count}, but must be {_listed(names)}", hint)
    return list(got)


def _listed(names: list[str]) -> str:
    return f"({', '.join(names)})"


def _right(got: Any, want: Any, rounding: float | None) -> bool:
    if isinstance(want, np.ndarray):
        return isinstance(got, np.ndarray) and got.dtype == want.dtype and close(got, want, rounding)
    return _is_number(got) and close(got, want, rounding)


def _is_number(got: Any) -> bool:
    return isinstance(got, int | float | np.number) and not isinstance(got, bool)


def _compare(name: str, got: Any, want: Any, hints: Hints, rounding: float | None) -> None:
    if _right(got, want, rounding):
        return
    if isinstance(want, np.ndarray) and not isinstance(got, np.ndarray):
        raise Wrong(f"{name} is {named(got)}, but must be a NumPy array", _one_number(got, want, hints))
    if not isinstance(want, np.ndarray) and not _is_number(got):
        raise Wrong(f"{name} is {named(got)}, but must be a number", no_number_hint(got))
    found, must = np.asarray(got), np.asarray(want)
    hint = recognised(found, must, hints, rounding)
    if found.shape != must.shape:
        hint = hint or shape_hint(found.shape, must.shape)
        raise Wrong(f"{name} has shape {found.shape}, but must have {must.shape}", hint)
    if isinstance(want, np.ndarray) and found.dtype != must.dtype and _rounded(found, must):
        raise Wrong(
            f"{name} has dtype {found.dtype}, but must have that of the input, {must.dtype}",
            dtype_hint(found.dtype, must.dtype),
        )
    raise Wrong(_first_wrong(name, found, must, rounding), hint or number_hint(found, must))


def _rounded(found: np.ndarray, must: np.ndarray) -> bool:
    """Whether numbers are right but for what another dtype can hold."""
    if found.dtype.kind in "iu" and must.dtype.kind == "f":
        return any(close(found, whole(must)) for whole in (np.round, np.trunc, np.floor))
    return close(found, must, 4e-3 if found.dtype == np.float16 else LOOSE)


def recognised(got: np.ndarray, want: np.ndarray, hints: Hints, rounding: float | None = None) -> str:
    """The hint whose wrong result this is: to the last digits, or else nearly."""
    made = []
    for text, make in hints:
        try:
            with np.errstate(all="ignore"):  # a mistake may divide by 0
                made.append((text, np.asarray(make())))
        except (ValueError, IndexError):  # a mistake that these sizes do not allow
            continue
    for tolerance in (rounding, LOOSE):
        for text, wrong in made:
            if not close(wrong, want, tolerance) and close(got, wrong, tolerance):
                return text
    return ""


def _first_wrong(name: str, got: np.ndarray, want: np.ndarray, rounding: float | None) -> str:
    if got.dtype.kind not in "biuf":
        return f"{name} is of type {got.dtype}, but must hold real numbers"
    wrong = apart(got, want, rounding)
    wrong = wrong if wrong.any() else apart(got, want, 0)
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    count = f" ({wrong.sum()} of {wrong.size} numbers are wrong)" if wrong.size > 1 else ""
    for digits in (8, 12, 17):  # as many as it takes to see a difference
        found, must = (f"{value[place]:.{digits}g}" for value in (got, want))
        if found != must:
            break
    return f"{where} is {found}, but must be {must}{count}"


def _one_number(got: Any, want: np.ndarray, hints: Hints) -> str:
    if not _is_number(got):
        return no_array_hint(got)
    if want.size == 1 and close(got, want.flat[0], LOOSE):
        return f"The number is right, but an array of shape {want.shape} is asked for: keep that axis."
    return recognised(np.asarray(got), want, hints) or (
        f"One number came out, where an array of shape {want.shape} is asked for: is too much summed up?"
    )
