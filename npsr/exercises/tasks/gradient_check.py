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

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Hints, Student, Wrong, judge
from npsr.exercises.ground.wire import Made
from npsr.exercises.mistakes.gradient_check import (
    difference,
    numerical_hints,
    relative,
    relative_hints,
)

HERE, MISTAKES = "npsr.exercises.tasks.gradient_check", "npsr.exercises.mistakes.gradient_check"
Arrays = dict[str, np.ndarray]


def _numerical(student: Student, rng: np.random.Generator) -> None:
    for shape, step in (
        ((1,), 0.5),
        ((4,), 0.25),
        ((2, 3), 0.125),
        ((2, 1, 3, 2), 0.0625),
        ((3, 2), 2.0**-10),
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
)


def _relative(student: Student, _: np.random.Generator) -> None:
    for title, first, second in PAIRS:
        for shape in ((len(first),), (1, len(first), 1)):
            a, b = np.reshape(first, shape), np.reshape(second, shape)
            label = f"error of {title}"
            with np.errstate(all="ignore"):
                judge(label, student("relative_error", a, b), relative(a, b), {label: relative_hints(a, b)})


def problem(rng: np.random.Generator, scale: float = 1.0) -> tuple[Arrays, np.ndarray, np.ndarray]:
    """A convolution, a PReLU and a deconvolution, with inputs and labels; far from kinks."""
    while True:
        parameters = {
            "first.weight": rng.normal(0, 0.5, (2, 1, 3, 3)),
            "first.bias": rng.normal(0, 0.5, 2),
            "first.slope": np.array([0.25, -0.5]),
            "last.weight": rng.normal(0, 0.5, (2, 1, 3, 3)) * scale,
            "last.bias": rng.normal(0, 0.5, 1),
        }
        x, target = rng.random((2, 1, 4, 5)), rng.random((2, 1, 5, 7))
        z = layers.conv2d(x, parameters["first.weight"], parameters["first.bias"])
        signs = (z > 0).sum((0, 2, 3))  # of 12 pixels a channel, both sides must be there
        if np.abs(z).min() > 0.03 and signs.min() >= 2 and signs.max() <= 10:
            return parameters, x, target


def planted(bugs: Any, x: np.ndarray, target: np.ndarray, parameters: Arrays) -> tuple[float, Arrays]:
    """Loss and gradients of the problem's network, with bugs in the tensors named."""
    p, r = parameters, layers
    z = r.conv2d(x, p["first.weight"], p["first.bias"])
    hidden = r.prelu(z, p["first.slope"])
    value, dy = r.loss(r.deconv2d(hidden, p["last.weight"], p["last.bias"], 2), target)
    found: Arrays = {}
    dy, found["last.weight"], found["last.bias"] = r.deconv2d_backward(dy, hidden, p["last.weight"], 2)
    dy, found["first.slope"] = r.prelu_backward(dy, z, p["first.slope"])
    _, found["first.weight"], found["first.bias"] = r.conv2d_backward(dy, x, p["first.weight"])
    for name, bug in bugs:
        match bug:
            case "turned":
                found[name] = found[name][..., ::-1, ::-1].copy()
            case "zero":
                found[name] = 0 * found[name]
            case "one entry":
                found[name].flat[-1] *= 1.01
            case _:
                found[name] = found[name] * bug
    return value, {name: found[name] for name in parameters}


BUGS: tuple[tuple[str, list], ...] = (
    ("nothing is wrong", []),
    ("a filter is turned", [["first.weight", "turned"]]),
    ("a sign", [["first.slope", -1.0]]),
    ("a mean for a sum", [["last.bias", 1 / 70]]),
    ("twice too large", [["last.weight", 2.0]]),
    ("never filled", [["first.bias", "zero"]]),
    ("one entry of many", [["last.weight", "one entry"]]),
    ("0.05 % too large", [["first.slope", 1.0005]]),
    ("0.05 % too small", [["first.weight", 0.9995]]),
    ("two at once", [["first.bias", 0.5], ["last.weight", "turned"]]),
    (
        "everything",
        [[name, 1.5] for name in ("first.weight", "first.bias", "first.slope", "last.weight", "last.bias")],
    ),
)


MISSED = {
    "": "Its error is relative to its own size: is it compared absolutely, or not at all?",
    "0.05 % too large": "0.05 % is a relative error of 5e-4: compare relatively, with the tolerance that is given.",
    "0.05 % too small": "0.05 % is a relative error of 5e-4: compare relatively, with the tolerance that is given.",
    "one entry of many": "One entry is wrong: look at the largest difference, not at a mean or at some entries.",
    "a sign": "The sign is wrong: compare the numbers, not their sizes.",
}


def _bugs(student: Student, rng: np.random.Generator) -> None:
    for place, (title, bugs) in enumerate(BUGS):
        scale = 1e-3 if place % 2 else 1.0  # small filters at the end make the first layer's gradients tiny
        parameters, x, target = problem(rng, scale)
        got = student("wrong_tensors", Made(HERE, "planted", (bugs, x, target)), parameters, 1e-4)
        if not isinstance(got, list | tuple) or not all(isinstance(name, str) for name in got):
            raise Wrong(
                "what is returned is no list of names", "Return the keys of the wrong tensors: [] if none is."
            )
        wrong = {name for name, _ in bugs}
        if missed := [name for name in parameters if name in wrong and name not in got]:
            raise Wrong(f"{missed[0]} is wrong ({title}), but is not named", MISSED.get(title, MISSED[""]))
        if accused := [name for name in got if name not in wrong]:
            raise Wrong(
                f"{accused[0]} is named, but its gradient is right ({title})",
                "Is the difference central, are parameters restored after each step, and is ε between 1e-6 and 1e-3?",
            )
        if len(got) > len(wrong):
            raise Wrong(f"{got[-1]} is named twice", "Name each tensor once.")


def _tolerance(student: Student, rng: np.random.Generator) -> None:
    for factor, tolerance, named in ((1.0005, 1e-2, []), (1.3, 0.1, ["first.weight"]), (1.3, 0.5, [])):
        parameters, x, target = problem(rng)
        planting = Made(HERE, "planted", ([["first.weight", factor]], x, target))
        got = student("wrong_tensors", planting, parameters, tolerance)
        if list(got) != named:
            raise Wrong(
                f"at the tolerance {tolerance} it names {list(got)}", "Use the tolerance that is given."
            )


CHECKS: list[Check] = [
    Check("numerical_gradient", "a cubic function", _numerical, "Move one entry, call f twice, restore it."),
    Check("relative_error", "pairs of tensors", _relative, "max |a − b| / max(max |a|, max |b|)."),
    Check("wrong_tensors", "planted bugs", _bugs),
    Check("wrong_tensors", "other tolerances", _tolerance),
]
