"""Properties that several exercises are checked by, and the inputs they are checked on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import Hints, judge
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import SINGLE, close
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
ROUNDED = (
    "It is right for small whole numbers in float64, and wrong here: is something rounded, cut to a range, "
    "left out because it is small, or kept as int, float16 or (of float64) float32?"
)
ZEROS = (
    "Here the first argument is 0 everywhere, which is no special case: nothing may be left out (a bias?), "
    "and nothing be divided by it."
)
UNEVEN = 0.36787944117144233
"""1/e: what it is multiplied with has neither few binary nor few decimal places."""


def numbers(
    function: str,
    names: str,
    cases: Sequence[Case],
    arguments: Callable[..., Arguments],
    want: Callable[..., Any],
    hints: Callable[..., dict[str, Hints]],
    single: bool = True,
) -> list[Check]:
    """Checks that a function's numbers are those of the formula, case after case.

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
        One a case: with the numbers drawn in float64, with uneven and large ones in float32, and with
        uneven ones in arrays that are strided in memory. And one for the second case's numbers in another
        order and for zeros.
    """

    def compare(student: Student, inputs: Arguments) -> None:
        got = student(function, *inputs)
        low = any(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in inputs)
        double = [a.astype(np.float64) if _is(a, np.float32) else a for a in inputs]
        right = want(*double)
        rounding = None
        if low:
            rounding = _tolerances(want, double)
            right = _as_single(right)
        judge(names, got, right, hints(*inputs), rounding)

    def checked(one: Case) -> Check:
        def run(student: Student, rng: np.random.Generator) -> None:
            drawn = arguments(rng, **one.sizes)
            compare(student, drawn)
            if single:
                try:
                    compare(student, tuple(map(_single, drawn)))
                except Wrong as wrong:
                    raise Wrong(wrong.what, wrong.hint or ROUNDED) from None
            try:
                compare(student, tuple(_strided(_uneven(a)) for a in drawn))
            except Wrong as wrong:
                try:
                    compare(student, tuple(map(_uneven, drawn)))
                except Wrong as uneven:
                    raise Wrong(uneven.what, uneven.hint or ROUNDED) from None
                raise Wrong(wrong.what, STRIDED) from None

        hint = (
            f"No typical mistake gives these numbers. New in this case: {one.new}. Work one number by hand."
        )
        return Check(function, one.new, run, hint)

    def again(student: Student, rng: np.random.Generator) -> None:
        first, *others = arguments(rng, **cases[1].sizes)
        compare(student, (first, *others))
        compare(student, (first.ravel()[::-1].reshape(first.shape).copy(), *others))
        try:
            compare(student, (0 * first, *others))
        except Wrong as wrong:
            raise Wrong(wrong.what, ZEROS) from None

    hint = "It is right for other numbers of this shape: is something kept from call to call?"
    return [*map(checked, cases), Check(function, "the same numbers in another order; zeros", again, hint)]


def linear(function: str, place: int, arguments: Callable[[np.random.Generator], Arguments]) -> Check:
    """A check that all results are linear in one argument while the others stay, tiny and large."""

    def run(student: Student, rng: np.random.Generator) -> None:
        first, second = arguments(rng), arguments(rng)

        def found(value: np.ndarray) -> list[np.ndarray]:
            got = student(function, *first[:place], value, *first[place + 1 :])
            return [arrays_of("result", a)[0] for a in (got if isinstance(got, tuple | list) else [got])]

        a, b = found(first[place]), found(second[place])
        mixed = found(3 * first[place] - 2 * second[place])
        if not all(close(both, 3 * p - 2 * q) for both, p, q in zip(mixed, a, b, strict=True)):
            raise Wrong(f"{function}(3a − 2b) is not 3 {function}(a) − 2 {function}(b)")
        for power in (-40, 40):  # exact: a power of two changes no digit
            scaled = found(first[place] * 2.0**power)
            if not all(close(p * 2.0**-power, q) for p, q in zip(scaled, a, strict=True)):
                raise Wrong(f"{function}(a · 2^{power}) is not {function}(a) · 2^{power}")

    hint = (
        "It must be linear: nothing may be clipped, rounded or left out because it is small, and nothing may "
        "depend on signs."
    )
    return Check(function, "linearity", run, hint)


def _is(value: Any, dtype: type) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == dtype


def _uneven(value: Any) -> Any:
    return value * UNEVEN if _is(value, np.float64) else value


def _single(value: Any) -> Any:
    return (value * (1000 * UNEVEN)).astype(np.float32) if _is(value, np.float64) else value


def _as_single(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_as_single, value))
    return value.astype(np.float32) if _is(value, np.float64) else value


def _tolerances(want: Callable[..., Any], inputs: Sequence[Any]) -> list[float]:
    """Of float32, for each part; larger where terms cancel: a sum is rounded as its terms are."""
    right = _sizes(want(*inputs))
    terms = np.zeros(len(right))
    for first, others in ((1, 1), (-1, -1), (1, -1)):  # in one of these nothing cancels
        signs = [first, *[others] * (len(inputs) - 1)]
        alike = [s * abs(a) if _is(a, np.float64) else a for s, a in zip(signs, inputs, strict=True)]
        with np.errstate(invalid="ignore"):  # the root of a mean of squares that is made negative
            terms = np.fmax(terms, _sizes(want(*alike)))
    return [float(SINGLE * max(1.0, most / 5 / size)) for most, size in zip(terms, right, strict=True)]


def _sizes(result: Any) -> list[float]:
    parts = result if isinstance(result, tuple) else (result,)
    return [max(1.0, float(np.abs(part).max(initial=0))) for part in parts]


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
