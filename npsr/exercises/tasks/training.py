"""Training: momentum, decay, Adam; overfit one sub-image; resume to the same bit.

You learn: what an optimiser keeps between steps, and that a run which is stopped and resumed must
not differ from one that was not.
Time: about 60 minutes.
Explorer: panel "train": a network learns your own picture while you watch; change the rate and the
rule.

SGD with momentum keeps a velocity v for every parameter θ (g is the gradient, η the rate, μ the
momentum):

    v ← μ v − η g            θ ← θ + v

By hand: θ = 1, g = 2, v = 0.5, η = 0.1, μ = 0.9: v = 0.45 − 0.2 = 0.25, θ = 1.25.

Adam keeps two means that fade, of g and of g². At step t, counted from 1, with β₁ = 0.9, β₂ =
0.999, ε = 10⁻⁸:

    m ← β₁ m + (1 − β₁) g          s ← β₂ s + (1 − β₂) g²
    θ ← θ − η · (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)

The divisions undo that m and s start at 0: the first step has size η, whatever g is.

A rate that decays along a cosine, from η at step 0 to 0 at step T: η_t = η · ½ (1 + cos(π t / T))

Then train: steps `first`, first + 1, …, first + steps − 1 of TOTAL, by SGD with MOMENTUM and each
step's own rate, RATE decayed along the cosine. What one call returns is what the next takes, so
that 12 steps give the same bits as 5 and then 7. npsr's own `gradients(parameters, x, target, n)`,
`forward(parameters, x, n)` and `loss(y, target)` of exercise 9 are imported below.

Return new arrays everywhere, with the dtype of what came in.
"""

import numpy as np

from npsr.exercises.ground.layers import forward, gradients, loss

RATE, MOMENTUM, TOTAL = 2e-3, 0.9, 60


def sgd_step(
    theta: np.ndarray, gradient: np.ndarray, velocity: np.ndarray, rate: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of SGD with momentum, for one parameter.

    Returns
    -------
    theta, velocity : ndarray
    """
    raise NotImplementedError


def adam_step(
    theta: np.ndarray, gradient: np.ndarray, mean: np.ndarray, square: np.ndarray, rate: float, step: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step of Adam, for one parameter; `step` is t, from 1.

    Returns
    -------
    theta, mean, square : ndarray
        θ, m and s.
    """
    raise NotImplementedError


def cosine_rate(rate: float, step: int, total: int) -> float:
    """The rate η_t of step t of T."""
    raise NotImplementedError


def train(
    parameters: dict[str, np.ndarray],
    velocity: dict[str, np.ndarray],
    x: np.ndarray,
    target: np.ndarray,
    n: int,
    first: int,
    steps: int,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[float]]:
    """Train a network on one batch.

    Parameters
    ----------
    parameters, velocity : dict of str to ndarray
        The network's parameters and their velocities (zeros at the very start).
    x, target, n
        As in exercise 9.
    first, steps : int
        The first step's number, from 0, and how many to do.

    Returns
    -------
    parameters, velocity : dict of str to ndarray
    losses : list of float
        The loss before each step.
    """
    raise NotImplementedError


# --- How it is checked ---

from typing import Any

from npsr.exercises.ground import layers
from npsr.exercises.ground.calling import same
from npsr.exercises.ground.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.ground.properties import case, numbers
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.mistakes.training import (
    adam,
    adam_hints,
    cosine_hints,
    decayed,
    losses_hints,
    sgd,
    sgd_hints,
    train_hints,
    trained,
)

Arrays = dict[str, np.ndarray]
SHAPES = (
    case("one number", shape=(1,), zero=True),
    case("a velocity that is not 0", shape=(3,), zero=False),
    case("a filter", shape=(2, 1, 3, 3), zero=False),
)
SMALL = case("small gradients", shape=(3,), zero=True, size=2**-10)  # beside which ε is not nothing


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1, 1], shape) * rng.integers(1, 25, shape) / 8


def sgd_arguments(rng: np.random.Generator, shape: tuple[int, ...], zero: bool) -> tuple:
    """Eighths; rates and momenta that are powers of two."""
    theta, gradient, velocity = (_eighths(rng, shape) for _ in range(3))
    return theta, gradient, 0 * velocity if zero else velocity, 0.125, 0.75


def adam_arguments(rng: np.random.Generator, shape: tuple[int, ...], zero: bool, size: float = 1) -> tuple:
    """The first step from 0, or a later one."""
    theta, g, m = (_eighths(rng, shape) for _ in range(3))
    g = g * size
    return (theta, g, 0 * m, 0 * m, 0.125, 1) if zero else (theta, g, m, np.abs(m) + 1, 0.25, 7)


def _cosine(student: Student, _: np.random.Generator) -> None:
    for rate, t, total in ((1.0, 0, 10), (1.0, 5, 10), (0.5, 10, 10), (2e-3, 3, 60), (0.1, 7, 9)):
        judge(
            "rate",
            student("cosine_rate", rate, t, total),
            decayed(rate, t, total),
            cosine_hints(rate, t, total),
        )


def problem(rng: np.random.Generator, dtype: Any) -> Any:
    """A small network, its velocities, one sub-image and its label."""
    drawn = layers.fsrcnn_parameters(2, 1, 1, rng, f=5)
    parameters = {key: p.astype(dtype) for key, p in drawn.items()}
    velocity = {key: np.zeros_like(p) for key, p in parameters.items()}
    n = 2 if dtype == np.float64 else 3
    x, target = rng.random((1, 1, 5, 4)), rng.random((1, 1, 5 * n, 4 * n))
    return parameters, velocity, x.astype(dtype), target.astype(dtype), n


def _train(student: Student, rng: np.random.Generator) -> None:
    for dtype in (np.float64, np.float32):
        inputs = problem(rng, dtype)
        got = student("train", *inputs, 0, 12)
        _require_result(got, inputs)
        parameters, velocity, losses = trained(inputs, 0, 12)
        _losses(np.array(got[2], np.float64), np.array(losses), inputs, dtype)
        for part, name, right in ((0, "parameters", parameters), (1, "velocity", velocity)):
            for key, must in right.items():
                label = f"{name}['{key}']"
                judge(label, got[part][key], must, {label: train_hints(inputs, part, key)})


def _require_result(got: Any, inputs: Any) -> None:
    """Refuse what is not three parts with every key and with numbers."""
    if not isinstance(got, tuple | list) or len(got) != 3 or not all(isinstance(d, dict) for d in got[:2]):
        raise Wrong("what is returned must be (parameters, velocity, losses), two dicts and a list")
    for name, part, came_in in zip(("parameters", "velocity"), got, inputs, strict=False):
        for key, before in came_in.items():
            if key not in part:
                raise Wrong(f"{name} has no {key}", "Return every key that came in.")
            arrays_of(f"{name}['{key}']", part[key], before.shape)
    losses = got[2]
    if not isinstance(losses, list | tuple | np.ndarray) or not all(
        isinstance(value, int | float | np.number) for value in losses
    ):
        raise Wrong("the losses are no list of numbers", "Append one number a step.")


def _losses(got: np.ndarray, right: np.ndarray, inputs: Any, dtype: Any) -> None:
    if dtype == np.float32 and got.shape == right.shape and np.allclose(got, right, rtol=1e-4):
        return
    judge("losses", got, right, {"losses": losses_hints(inputs)})


def _resume(student: Student, rng: np.random.Generator) -> None:
    inputs = problem(rng, np.float32)
    whole = student("train", *inputs, 0, 12)
    first = student("train", *inputs, 0, 5)
    _require_result(whole, inputs)
    _require_result(first, inputs)
    parameters, velocity, losses = whole
    first_parameters, first_velocity, first_losses = first
    x, target, n = inputs[2:]
    again = student("train", first_parameters, first_velocity, x, target, n, 5, 7)
    _require_result(again, inputs)
    if not same([parameters, velocity, list(losses)], [again[0], again[1], [*first_losses, *again[2]]]):
        from_0 = trained((first_parameters, first_velocity, x, target, n), 0, 7)
        no_velocity = {k: 0 * v for k, v in first_velocity.items()}
        lost = trained((first_parameters, no_velocity, x, target, n), 5, 7)
        hint = "Everything that a step depends on must come in and go out: parameters, velocity, and the number of the step."
        if all(close(again[0][k], p) for k, p in from_0[0].items()):
            hint = "The rate begins anew: the first step of the second call is number `first`, not 0."
        if all(close(again[0][k], p) for k, p in lost[0].items()):
            hint = "The velocity is lost between the calls: start from the one that is given."
        raise Wrong("12 steps do not give the same bits as 5 and then 7", hint)


def _overfits(student: Student, rng: np.random.Generator) -> None:
    inputs = problem(rng, np.float64)
    got = student("train", *inputs, 0, TOTAL)
    _require_result(got, inputs)
    losses = got[2]
    if len(losses) != TOTAL or not losses[-1] < 0.6 * losses[0]:
        raise Wrong(
            f"after {TOTAL} steps on one sub-image the loss is {losses[-1]:.4g}, at the start {losses[0]:.4g}"
        )


CHECKS: list[Check] = [
    *numbers("sgd_step", "theta velocity", SHAPES, sgd_arguments, sgd, sgd_hints),
    *numbers("adam_step", "theta mean square", (*SHAPES, SMALL), adam_arguments, adam, adam_hints),
    Check("cosine_rate", "from η to 0", _cosine, "η · ½ (1 + cos(π t / T))."),
    Check("train", "twelve steps", _train, "Do one step by hand with sgd_step and cosine_rate."),
    Check("train", "resumed to the same bits", _resume),
    Check(
        "train", "one sub-image overfitted", _overfits, "The loss must fall: is the sign right, and the rate?"
    ),
]
