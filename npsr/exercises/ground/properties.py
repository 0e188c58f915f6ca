"""Properties that several exercises are checked by, and the inputs they are checked on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npsr.exercises.ground.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.ground.replies import part_of
from npsr.exercises.ground.wire import strided

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Case:
    """Sizes of an input, and what is new in it: cases go from the simplest to the last subtlety."""

    new: str
    sizes: dict[str, Any]


def case(new: str, **sizes: Any) -> Case:
    """A case in one line."""
    return Case(new, sizes)


def whole(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Whole numbers from −4 to 4, so that sums of products are exact in float32, in any order."""
    return rng.integers(-4, 5, shape).astype(np.float64)


def biases(rng: np.random.Generator, D: int) -> np.ndarray:
    """Different whole numbers, none 0."""
    return (rng.permutation(D) + 2.0) * rng.choice([-1, 1], D)


STRIDED = (
    "It is right for arrays that lie in one piece, and wrong for slices of larger ones: use indices, or "
    "the array's own `strides`."
)


def numbers(
    function: str,
    names: str,
    cases: Sequence[Case],
    arguments: Callable[..., Arguments],
    want: Callable[..., Any],
    hints: Callable[..., dict[str, Hints]],
    single: bool = True,
) -> list[Check]:
    """Checks that a function's numbers are those of the formula, exactly, case after case.

    Parameters
    ----------
    function, names : str
        The function, and the names of what it returns.
    cases : sequence of Case
        Sizes.
    arguments : callable
        Makes arguments from a random generator and a case's sizes.
    want : callable
        What must come out for these arguments.
    hints : callable
        Typical mistakes for these arguments.
    single : bool
        Whether float32 is asked for as well as float64.

    Returns
    -------
    list of Check
        One a case; each in float64, in float32, and with arrays that are strided in memory.
    """

    def checked(one: Case) -> Check:
        def run(student: Student, rng: np.random.Generator) -> None:
            for form in (_double, _single, _strided) if single else (_double, _strided):
                inputs = tuple(form(a) for a in arguments(rng, **one.sizes))
                got = student(function, *inputs)
                try:
                    judge(names, got, want(*inputs), hints(*inputs))
                except Wrong as wrong:
                    raise (Wrong(wrong.what, STRIDED) if form is _strided else wrong) from None

        hint = f"No typical mistake gives these numbers. New in this case: {one.new}. Work one pixel by hand."
        return Check(function, one.new, run, hint)

    return [checked(one) for one in cases]


def linear(
    function: str, place: int, arguments: Callable[[np.random.Generator], Arguments], part: int | None = None
) -> Check:
    """A check that a result is linear in one argument when the others stay."""

    def run(student: Student, rng: np.random.Generator) -> None:
        first, second = arguments(rng), arguments(rng)
        mixed = [*first]
        mixed[place] = 3 * first[place] - 2 * second[place]
        other = [*first]
        other[place] = second[place]
        a, b, ab = (part_of(student(function, *inputs), part) for inputs in (first, other, mixed))
        if not close(ab, 3 * a - 2 * b):
            raise Wrong(f"{function}(3a − 2b) is not 3 {function}(a) − 2 {function}(b)")

    hint = "It must be linear: nothing may be clipped or rounded, and nothing may depend on signs."
    return Check(function, "linearity", run, hint)


def _double(value: Any) -> Any:
    return value


def _single(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def _strided(value: Any) -> Any:
    return strided(value) if isinstance(value, np.ndarray) and value.ndim else value


def differences(f: Callable[[], np.ndarray], x: np.ndarray, dy: np.ndarray, step: float = 0.5) -> np.ndarray:
    """∂/∂x of Σ dy·f by central differences, entry by entry; exact where f is linear or quadratic in x."""
    found = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        middle = x[place]
        x[place] = middle + step
        above = f()
        x[place] = middle - step
        found[place] = np.sum(dy * (above - f())) / (2 * step)
        x[place] = middle
    return found
