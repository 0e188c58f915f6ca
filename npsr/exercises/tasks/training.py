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
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge, recognised
from npsr.exercises.ground.properties import case, numbers
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
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
    case("one number, with the velocity 0", shape=(1,), start=True, rate=0.125, momentum=0.75),
    case("a velocity that is not 0", shape=(3,), start=False, rate=0.125, momentum=0.75),
    case("another rate and momentum", shape=(3,), start=False, rate=0.5, momentum=0.5),
    case("a filter", shape=(2, 1, 3, 3), start=False, rate=0.0625, momentum=0.875),
)
ADAM = (
    case("one number, at the first step", shape=(1,), rate=0.125, step=1),
    case("a later step", shape=(3,), rate=0.125, step=7),
    case("another rate, and a filter", shape=(2, 1, 3, 3), rate=0.5, step=2),
    case("a much later step", shape=(3,), rate=0.25, step=700),
    case("small gradients", shape=(3,), rate=0.125, step=1, size=2**-20),  # beside which ε is not nothing
    case("small gradients at a later step", shape=(4,), rate=0.25, step=5, size=2**-20),
)


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1, 1], shape) * rng.integers(1, 25, shape) / 8


def sgd_arguments(
    rng: np.random.Generator, shape: tuple[int, ...], start: bool, rate: float, momentum: float
) -> tuple:
    """Eighths."""
    theta, gradient, velocity = (_eighths(rng, shape) for _ in range(3))
    return theta, gradient, 0 * velocity if start else velocity, rate, momentum


def adam_arguments(
    rng: np.random.Generator, shape: tuple[int, ...], rate: float, step: int, size: float = 1
) -> tuple:
    """The first step from 0, or a later one."""
    theta, g, m = (_eighths(rng, shape) for _ in range(3))
    g, m = g * size, m * size
    return (
        (theta, g, 0 * m, 0 * m, rate, 1) if step == 1 else (theta, g, m, (np.abs(m) + size) ** 2, rate, step)
    )


def _cosine(student: Student, rng: np.random.Generator) -> None:
    fixed = (
        (1.0, 0, 10),
        (1.0, 5, 10),
        (0.5, 10, 10),
        (2e-3, 3, 60),
        (0.1, 7, 9),
        (3.0, 1, 1),
        (1e3, 77, 100),
    )
    totals = rng.integers(2, 5000, 4)
    drawn = [(float(rng.uniform(0.1, 2)), int(rng.integers(total)), int(total)) for total in totals]
    for rate, t, total in (*fixed, *drawn):
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
    x, target = rng.random((2, 1, 5, 4)), rng.random((2, 1, 5 * n, 4 * n))
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
        raise Wrong(
            "what is returned must be (parameters, velocity, losses), two dicts and a list",
            "Return all three, in this order.",
        )
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
    hints = list(losses_hints(inputs))
    if got.shape != right.shape:
        hint = recognised(got, right, hints) or "Append one loss for each step: that before it."
        raise Wrong(f"there are {len(got)} losses, but must be {len(right)}", hint)
    judge("losses", got, right, {"losses": hints})


def _resume(student: Student, rng: np.random.Generator) -> None:
    inputs = problem(rng, np.float32)
    whole = student("train", *inputs, 0, 12)
    first = student("train", *inputs, 0, 5)
    _require_result(whole, inputs)
    _require_result(first, inputs)
    parameters, velocity, losses = whole
    ordered = ({key: part[key] for key in inputs[0]} for part in first[:2])  # a dict in any order is right
    (first_parameters, first_velocity), first_losses = ordered, first[2]
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
    *numbers("adam_step", "theta mean square", ADAM, adam_arguments, adam, adam_hints),
    Check("cosine_rate", "from η to 0", _cosine, "η · ½ (1 + cos(π t / T))."),
    Check("train", "twelve steps", _train, "Do one step by hand with sgd_step and cosine_rate."),
    Check("train", "resumed to the same bits", _resume),
    Check(
        "train", "one sub-image overfitted", _overfits, "The loss must fall: is the sign right, and the rate?"
    ),
]
