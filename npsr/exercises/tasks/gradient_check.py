"""The gradient check: find the planted bug.

You learn: to test any derivative without knowing the right answer, and why an error must be
relative.
Time: about 50 minutes.
Explorer: panel "gradient-check": sweep ε and see truncation give way to rounding; plant a bug and
see which tensors turn red.

A derivative is a limit of differences. The *central* one is right up to ε², the one-sided one only
up to ε:

    ∂f/∂θ_k ≈ (f(θ + ε e_k) − f(θ − ε e_k)) / 2ε            e_k: 1 at place k, else 0

For f(θ) = θ³ at θ = 2 with ε = 0.5: (15.625 − 3.375)/1 = 12.25, where the derivative is 12;
one-sided, (15.625 − 8)/0.5 = 15.25.

Two gradients of one tensor are compared by one number, their difference in units of their own size:

    error = max |a − b| / max(max |a|, max |b|)             0 if both are 0 everywhere

For a = 1 −4 and b = 1.1 −4: 0.1/4 = 0.025. An absolute error would say little: 0.1 is nothing for
gradients of 1000, and everything for gradients of 0.001.

Then find the bug. You get a function that returns a network's loss and its gradients, some of which
may be wrong: turned, averaged, or just 0.05 % too large. Name the tensors that are wrong. In
float64 a step ε between 10⁻⁶ and 10⁻³ is good for it. A function f may only be called; restore what
you change.
"""

from collections.abc import Callable

import numpy as np


def numerical_gradient(f: Callable[[np.ndarray], float], theta: np.ndarray, step: float) -> np.ndarray:
    """Gradient of f at theta by central differences.

    Parameters
    ----------
    f : callable
        Takes an array of theta's shape, returns a number.
    theta : ndarray of any shape, float64
    step : float
        ε.

    Returns
    -------
    ndarray of theta's shape, float64
    """
    raise NotImplementedError


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """The difference of two gradients in units of their size, as above."""
    raise NotImplementedError


def wrong_tensors(
    loss_and_gradients: Callable[[dict[str, np.ndarray]], tuple[float, dict[str, np.ndarray]]],
    parameters: dict[str, np.ndarray],
    tolerance: float,
) -> list[str]:
    """Names of the parameters whose gradient is wrong.

    Parameters
    ----------
    loss_and_gradients : callable
        Takes such a dict, returns the loss and a dict of gradients.
    parameters : dict of str to ndarray, float64
    tolerance : float
        Largest relative error that is right.

    Returns
    -------
    list of str
    """
    raise NotImplementedError


# --- How it is checked ---

from typing import Any

from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.wire import Made
from npsr.exercises.ground.wording import named as worded
from npsr.exercises.ground.wording import no_list_hint
from npsr.exercises.mistakes.gradient_check import (
    NAMES,
    difference,
    numerical_hints,
    problem,
    relative,
    relative_hints,
)

MISTAKES = "npsr.exercises.mistakes.gradient_check"
Arrays = dict[str, np.ndarray]


def _numerical(student: Student, rng: np.random.Generator) -> None:
    for shape, step in (
        ((1,), 0.5),
        ((4,), 0.25),
        ((2, 3), 0.125),
        ((2, 1, 3, 2), 0.0625),
        ((3, 2), 2.0**-10),
        ((5, 4, 3), 0.5),
    ):
        c, theta = rng.integers(1, 5, shape).astype(float), rng.integers(-8, 9, shape) / 4
        got = student("numerical_gradient", Made(MISTAKES, "bowl", (c,)), theta, step)
        judge("gradient", got, difference(c, theta, step), {"gradient": numerical_hints(c, theta, step)})


PAIRS = (
    ("three numbers", [1.0, -4, 2], [1.5, -5, 2]),
    ("a tiny tensor", [1e-9, 2e-9], [1e-9, 2.5e-9]),
    ("a larger first tensor", [-7.0, 1], [2, 2.5]),
    ("the example", [1.0, -4], [1.1, -4]),
    ("a larger second tensor", [1.0, 1], [1.0, 5]),
    ("equal", [2.0, 3], [2.0, 3]),
    ("both 0", [0.0, 0], [0.0, 0]),
    ("one is 0", [0.0, 0], [0.0, 2]),
    ("a large number of the other sign", [3.0, -3], [-3.0, 3]),
    ("a 0 in one place", [0.0, 8], [0.5, 8]),
    ("a negative largest", [-8.0, 1], [-8.0, 3]),
    ("tensors near 1e-15", [1e-15, 2e-15], [1e-15, 2.5e-15]),
    ("tensors near 1e-20", [1e-20, 2e-20], [1e-20, 1e-20]),
    ("huge tensors", [1e200, 2e200], [1e200, -1e200]),
    ("two rows and columns", [[1.0, -2], [3, 4]], [[1.0, -2], [3.5, 4]]),
    ("rows of unlike size", [[9.0, -7, 1], [0, 0, 0.5]], [[9.0, -7, 1], [0, 0, 1]]),
    ("gradients that differ by 1e-8 of their size", [1.0, 0.5], [1 + 1e-8, 0.5]),
    ("one number", [3.0], [2.0]),
    ("many numbers, of which one differs", [1.0] * 50 + [-2] + [1] * 50, [1.0] * 50 + [-2.5] + [1] * 50),
)
"""Titles and tensors; the error of each pair is its own."""


def _relative(student: Student, _: np.random.Generator) -> None:
    for title, first, second in PAIRS:
        a, b = np.array(first), np.array(second)
        label = f"error of {title}"
        for p, q in ((a, b), (a[None, ..., None], b[None, ..., None]), (b, a)):
            got = student("relative_error", p, q)
            with np.errstate(all="ignore"):
                judge(label, got, relative(p, q), {label: relative_hints(p, q)}, 1e-12)


BUGS: tuple[tuple[str, list], ...] = (
    ("nothing is wrong", []),
    ("a filter is turned", [["first.weight", "turned"]]),
    ("a sign", [["first.slope", -1.0]]),
    ("a mean for a sum", [["last.bias", 1 / 70]]),
    ("twice too large", [["last.weight", 2.0]]),
    ("never filled", [["first.bias", "zero"]]),
    ("0.05 % too large", [["first.slope", 1.0005]]),
    ("0.05 % too small", [["first.weight", 0.9995]]),
    ("two at once", [["first.bias", 0.5], ["last.weight", "turned"]]),
    ("everything", [[name, 1.5] for name in NAMES]),
)
ONE = "one entry of many"
MISSED = {
    "": "Its error is relative to its own size: is it compared absolutely, or not at all?",
    "0.05 % too large": "0.05 % is a relative error of 5e-4: compare relatively, with the tolerance that is given.",
    "0.05 % too small": "0.05 % is a relative error of 5e-4: compare relatively, with the tolerance that is given.",
    ONE: "One entry is wrong: look at the largest difference of all entries, not at a mean or at some of them.",
    "a sign": "The sign is wrong: compare the numbers, not their sizes.",
}


def _bugs(student: Student, rng: np.random.Generator) -> None:
    for place, (title, bugs) in enumerate(BUGS):
        scale = 1e-3 if place % 2 else 1.0  # small filters at the end make the first layer's gradients tiny
        _find(student, problem(rng, scale), title, bugs)


def _one_entry(student: Student, rng: np.random.Generator) -> None:
    """In each of five problems another entry of both filters, and of a vector."""
    for k, (first, last) in enumerate(zip(rng.permutation(18)[:5], rng.permutation(18)[:5], strict=True)):
        vector = ["first.bias", "first.slope"][k % 2]
        bugs = [["first.weight", int(first)], ["last.weight", int(last)], [vector, k // 2 % 2]]
        _find(student, problem(rng), ONE, bugs)


def _other_names(student: Student, rng: np.random.Generator) -> None:
    names = ("w", "feature/bias:0", "α", "7", "bias of the last")
    parameters, x, target = problem(rng)
    renamed = dict(zip(names, parameters.values(), strict=True))
    renamed = {"unused": np.ones((2, 2))} | {name: renamed[name] for name in names[::-1]}
    for bugs in ([["α", 1.01]], [["7", 4], ["w", -1.0]], []):
        _find(
            student,
            (renamed, x, target),
            "tensors with other names",
            bugs,
            names=names,
            hint="Take the names and shapes from the dict that is given.",
        )


def _tolerances(student: Student, rng: np.random.Generator) -> None:
    """Errors on both sides of the tolerance, whether a gradient is too large or too small."""
    for tolerance in (1e-2, 0.1, 1e-3):
        for share, name in (
            (1.3, "first.weight"),
            (0.8, "last.weight"),
            (-1.3, "first.slope"),
            (-0.8, "last.bias"),
        ):
            error = (
                abs(share) * tolerance
            )  # of a gradient that is 1 / (1 − error) or 1 − error times as large
            bugs = [[name, 1 / (1 - error) if share > 0 else 1 - error]]
            title = f"a relative error of {error:.3g}"
            _find(student, problem(rng), title, bugs, tolerance, named=abs(share) > 1,
                  hint="Compare the relative error with the tolerance that is given, and with nothing else.")  # fmt: skip


def _find(
    student: Student,
    given: tuple[Arrays, np.ndarray, np.ndarray],
    title: str,
    bugs: list,
    tolerance: float = 1e-4,
    names: tuple[str, ...] = NAMES,
    named: bool = True,
    hint: str = "",
) -> None:
    """Require that the wrong tensors are named and no other ones."""
    parameters, x, target = given
    got = student("wrong_tensors", Made(MISTAKES, "planted", (bugs, names, x, target)), parameters, tolerance)
    if not isinstance(got, list | tuple):
        raise Wrong(f"what is returned is {worded(got)}, but must be a list of names", no_list_hint(got))
    if not all(isinstance(name, str) for name in got):
        raise Wrong(
            "what is returned is no list of names", "Return the keys of the wrong tensors: [] if none is."
        )
    wrong = {name for name, _ in bugs} if named else set()
    at = f"{title}; the tolerance is {tolerance:g}"
    if missed := [name for name in parameters if name in wrong and name not in got]:
        raise Wrong(f"{missed[0]} is wrong ({at}), but is not named", hint or MISSED.get(title, MISSED[""]))
    if accused := [name for name in got if name not in wrong]:
        raise Wrong(f"{accused[0]} is named, but its gradient is right ({at})", hint or ACCUSED)
    if len(got) > len(wrong):
        raise Wrong(f"{got[-1]} is named twice", "Name each tensor once.")


ACCUSED = (
    "Is the difference central, are parameters restored after each step, is ε between 1e-6 and 1e-3, is the error "
    "0 if both gradients are 0, and is it compared with the tolerance that is given?"
)
CHECKS: list[Check] = [
    Check("numerical_gradient", "a cubic function", _numerical, "Move one entry, call f twice, restore it."),
    Check("relative_error", "pairs of tensors", _relative, "max |a − b| / max(max |a|, max |b|)."),
    Check("wrong_tensors", "planted bugs", _bugs),
    Check("wrong_tensors", ONE, _one_entry),
    Check("wrong_tensors", "tensors with other names", _other_names),
    Check("wrong_tensors", "other tolerances", _tolerances),
]
