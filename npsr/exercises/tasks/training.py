"""Training: momentum, decay, Adam; overfit one sub-image; resume to the same bit.

You learn: what an optimiser keeps between steps, and that a run which is stopped and resumed must not differ from one that was not.
Time: about 60 minutes.
Explorer: panel "train": a network learns your own picture while you watch; change the rate and the rule.

SGD with momentum keeps a velocity v for every parameter θ (g is the gradient, η the rate, μ the momentum):

    v ← μ v − η g            θ ← θ + v

By hand: θ = 1, g = 2, v = 0.5, η = 0.1, μ = 0.9: v = 0.45 − 0.2 = 0.25, θ = 1.25.

Adam keeps two means that fade, of g and of g². At step t, counted from 1, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸:

    m ← β₁ m + (1 − β₁) g          s ← β₂ s + (1 − β₂) g²
    θ ← θ − η · (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)

The divisions undo that m and s start at 0: the first step has size η, whatever g is.

A rate that decays along a cosine, from η at step 0 to 0 at step T:   η_t = η · ½ (1 + cos(π t / T))

Then train: steps `first`, first + 1, …, first + steps − 1 of TOTAL, by SGD with the decayed rate of each step, starting at RATE. What one call returns is
what the next takes, so that 12 steps give the same bits as 5 and then 7. npsr's own `gradients(parameters, x, target, n)`,
`forward(parameters, x, n)` and `loss(y, target)` of exercise 9 are imported below.

Return new arrays everywhere, with the dtype of what came in.
"""

import numpy as np

from npsr.exercises.reference import forward, gradients, loss

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

from math import cos, pi
from typing import Any

from npsr.exercises import reference
from npsr.exercises.calling import same
from npsr.exercises.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.properties import case, numbers

Arrays = dict[str, np.ndarray]
SHAPES = (
    case("one number", shape=(1,), zero=True),
    case("a velocity that is not 0", shape=(3,), zero=False),
    case("a filter", shape=(2, 1, 3, 3), zero=False),
)


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-1, 1], shape) * rng.integers(1, 25, shape) / 8


def sgd_arguments(rng: np.random.Generator, shape: tuple[int, ...], zero: bool) -> tuple:
    """Eighths; rates and momenta that are powers of two."""
    theta, gradient, velocity = (_eighths(rng, shape) for _ in range(3))
    return theta, gradient, 0 * velocity if zero else velocity, 0.125, 0.75


def sgd(theta: np.ndarray, g: np.ndarray, v: np.ndarray, rate: float, momentum: float) -> tuple:
    """The rule."""
    v = momentum * v - rate * g
    return theta + v, v


def sgd_hints(theta: np.ndarray, g: np.ndarray, v: np.ndarray, rate: float, momentum: float) -> dict[str, Hints]:
    """Typical mistakes."""
    new = momentum * v - rate * g
    torch = momentum * v + g
    return {
        "theta": [
            ("The momentum is ignored: this is plain SGD.", lambda: theta - rate * g),
            ("The sign is wrong: this climbs.", lambda: theta + momentum * v + rate * g),
            ("The sign is wrong: θ + v.", lambda: theta - new),
            ("The old velocity is used: θ moves by the new one.", lambda: theta + v),
            ("That is PyTorch's form, v ← μ v + g, θ ← θ − η v: here v holds the rate already.",
             lambda: theta - rate * torch),
            ("The gradient is scaled by 1 − μ as well: here it is not.", lambda: theta + momentum * v - (1 - momentum) * rate * g),
            ("That is Nesterov's form.", lambda: theta + momentum * new - rate * g),
            ("The rate is ignored.", lambda: theta + momentum * v - g),
            ("The velocity is not faded: μ v.", lambda: theta + v - rate * g),
            ("The velocity is faded by 1 − μ instead of μ.", lambda: theta + (1 - momentum) * v - rate * g),
            ("The momentum is taken as 0.9.", lambda: theta + 0.9 * v - rate * g),
            ("The parameter is not changed.", lambda: theta),
        ],
        "velocity": [
            ("The old velocity is returned: the next step needs the new one.", lambda: v),
            ("That is PyTorch's form, v ← μ v + g, θ ← θ − η v: here v holds the rate already.", lambda: torch),
            ("velocity: the sign is wrong: θ is added v.", lambda: -new),
            ("velocity: it is forgotten: the next step needs it.", lambda: 0 * v),
        ],
    }  # fmt: skip


def adam_arguments(rng: np.random.Generator, shape: tuple[int, ...], zero: bool) -> tuple:
    """The first step from 0, or a later one."""
    theta, g, m = (_eighths(rng, shape) for _ in range(3))
    return (theta, g, 0 * m, 0 * m, 0.125, 1) if zero else (theta, g, m, np.abs(m) + 1, 0.25, 7)


def adam(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int,
    b1: float = 0.9, b2: float = 0.999, correct: int = 3, root: int = 0, square_of: Any = np.square,
) -> tuple:
    """The rule, or with other constants, without a correction (bits 1 and 2), with ε under the root."""
    m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * square_of(g)
    mean, square = (m / (1 - b1**t) if correct & 1 else m), (s / (1 - b2**t) if correct & 2 else s)
    size = np.sqrt(square) + 1e-8 if root == 0 else np.sqrt(square + 1e-8) if root == 1 else square + 1e-8
    return theta - rate * mean / size, m, s  # fmt: skip


def adam_hints(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int
) -> dict[str, Hints]:
    """Typical mistakes."""
    def other(**mistake: Any) -> Any:
        return lambda: adam(theta, g, m, s, rate, t, **mistake)[0]

    right = adam(theta, g, m, s, rate, t)
    return {
        "theta": [
            ("The divisions by 1 − βᵗ are missing: m and s start at 0.", other(correct=0)),
            ("Only m is corrected: s starts at 0 as well.", other(correct=1)),
            ("Only s is corrected: m starts at 0 as well.", other(correct=2)),
            ("The root of s is missing.", other(root=2)),
            ("g is not squared for s.", other(square_of=lambda g: g)),
            ("|g| is not g²: s is the mean of squares.", other(square_of=np.abs)),
            ("β₁ and β₂ are exchanged.", other(b1=0.999, b2=0.9)),
            ("The sign is wrong: this climbs.", lambda: 2 * theta - right[0]),
            ("The step is counted from 0: t is from 1, as it is given.", lambda: adam(theta, g, m, s, rate, t + 1)[0]),
            ("The step is taken as 1.", lambda: adam(theta, g, m, s, rate, 1)[0]),
            ("One is subtracted from the step: t is from 1, as it is given.",
             lambda: adam(theta, g, m, s, rate, t - 1)[0]),
            ("The old means are used: first they are moved, then θ.", lambda: theta - rate
             * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)),
            ("g is used for its mean m.", lambda: theta - rate * g / (np.sqrt(right[2] / (1 - 0.999**t)) + 1e-8)),
            ("This is SGD.", lambda: theta - rate * g),
        ],
        "mean": [
            ("mean: the corrected one is returned; the next step needs the one that is not.",
             lambda: right[1] / (1 - 0.9**t)),
            ("mean: 1 − β₁ is missing before g.", lambda: 0.9 * m + g),
            ("mean: the old one is returned.", lambda: m),
        ],
        "square": [
            ("square: the corrected one is returned; the next step needs the one that is not.",
             lambda: right[2] / (1 - 0.999**t)),
            ("square: 1 − β₂ is missing before g².", lambda: 0.999 * s + g * g),
            ("square: g is not squared.", lambda: 0.999 * s + 0.001 * g),
            ("square: |g| is not g².", lambda: 0.999 * s + 0.001 * np.abs(g)),
            ("square: the old one is returned.", lambda: s),
        ],
    }  # fmt: skip


def decayed(rate: float, step: int, total: int) -> float:
    """The cosine."""
    return rate * 0.5 * (1 + cos(pi * step / total))


def _cosine(student: Student, _: np.random.Generator) -> None:
    for rate, t, total in ((1.0, 0, 10), (1.0, 5, 10), (0.5, 10, 10), (2e-3, 3, 60), (0.1, 7, 9)):
        wrong: Hints = [
            ("It falls along a line: the cosine is meant.", lambda r=rate, t=t, n=total: r * (1 - t / n)),
            ("½ is missing: at step 0 the rate is η.", lambda r=rate, t=t, n=total: 2 * decayed(r, t, n)),
            ("1 is missing: ½ (1 + cos …).", lambda r=rate, t=t, n=total: r * cos(pi * t / n)),
            ("It rises: ½ (1 + cos …), not ½ (1 − cos …).", lambda r=rate, t=t, n=total: r - decayed(r, t, n)),
            ("It ends half-way: π t / T.", lambda r=rate, t=t, n=total: r * cos(pi * t / n / 2)),
            ("Degrees are taken for radians, or π is missing.", lambda r=rate, t=t, n=total: r * 0.5 * (1 + cos(t / n))),
            ("It runs through a whole period: π t / T, not 2 π t / T.",
             lambda r=rate, t=t, n=total: r * 0.5 * (1 + cos(2 * pi * t / n))),
            ("It is one step behind or ahead: step 0 has η, step T has 0.",
             lambda r=rate, t=t, n=total: decayed(r, t + 1, n)),
        ]  # fmt: skip
        judge("rate", student("cosine_rate", rate, t, total), decayed(rate, t, total), {"rate": wrong})


def problem(rng: np.random.Generator, dtype: Any) -> tuple:
    """A small network, its velocities, one sub-image and its label."""
    drawn = reference.fsrcnn_parameters(2, 1, 1, rng, f=5)
    parameters = {key: p.astype(dtype) for key, p in drawn.items()}
    velocity = {key: np.zeros_like(p) for key, p in parameters.items()}
    return parameters, velocity, rng.random((1, 1, 5, 5)).astype(dtype), rng.random((1, 1, 10, 10)).astype(dtype), 2


def trained(
    parameters: Arrays, velocity: Arrays, x: np.ndarray, target: np.ndarray, n: int, first: int, steps: int,
    decay: bool = True, offset: int = 0, keep: bool = True, momentum: float = 0.9,
) -> tuple[Arrays, Arrays, list[float]]:
    """The training, or with a mistake."""
    losses = []
    for step in range(first, first + steps):
        losses.append(reference.loss(reference.forward(parameters, x, n), target)[0])
        found = reference.gradients(parameters, x, target, n)
        rate = decayed(RATE, step + offset, TOTAL) if decay else RATE
        moved = {key: sgd(p, found[key], velocity[key] if keep else 0 * p, rate, momentum) for key, p in parameters.items()}
        parameters = {key: both[0] for key, both in moved.items()}
        velocity = {key: both[1] for key, both in moved.items()}
    return parameters, velocity, losses  # fmt: skip


MISTAKES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("The rate does not decay: each step has its own, cosine_rate(RATE, step, TOTAL).", {"decay": False}),
    ("The velocity does not live from step to step.", {"keep": False}),
    ("The decay is one step ahead: the steps are counted from `first`, which is 0 at the start.", {"offset": 1}),
    ("The momentum is ignored.", {"momentum": 0.0}),
)


def _train(student: Student, rng: np.random.Generator) -> None:
    for dtype in (np.float64, np.float32):
        given = problem(rng, dtype)
        got = student("train", *given, 0, 12)
        if not isinstance(got, tuple | list) or len(got) != 3 or not all(isinstance(d, dict) for d in got[:2]):
            raise Wrong("what is returned must be (parameters, velocity, losses), two dicts and a list")
        right = trained(*given, 0, 12)
        losses = np.array(got[2], np.float64)
        _losses(losses, np.array(right[2]), given, dtype)
        for part, name in ((0, "parameters"), (1, "velocity")):
            for key, must in right[part].items():
                if key not in got[part]:
                    raise Wrong(f"{name} has no {key}", "Return every key that came in.")
                label = f"{name}['{key}']"
                judge(label, got[part][key], must, {label: [
                    (text, lambda m=m, part=part, key=key: trained(*given, 0, 12, **m)[part][key]) for text, m in MISTAKES
                ]})  # fmt: skip


def _losses(got: np.ndarray, right: np.ndarray, given: tuple, dtype: Any) -> None:
    hints: list = [(text, lambda m=m: np.array(trained(*given, 0, 12, **m)[2])) for text, m in MISTAKES]
    hints += [
        ("The losses are those after each step: the loss before it is asked for.",
         lambda: np.array(trained(*given, 0, 13)[2][1:])),
        ("Nothing is learned: do the parameters change from step to step?", lambda: np.full(12, right[0])),
        ("One loss too many: one before each step.", lambda: np.array(trained(*given, 0, 13)[2])),
    ]  # fmt: skip
    if dtype == np.float32 and got.shape == right.shape and np.allclose(got, right, rtol=1e-4):
        return
    judge("losses", got, right, {"losses": hints})


def _resume(student: Student, rng: np.random.Generator) -> None:
    given = problem(rng, np.float32)
    parameters, velocity, losses = student("train", *given, 0, 12)
    first_parameters, first_velocity, first_losses = student("train", *given, 0, 5)
    again = student("train", first_parameters, first_velocity, *given[2:], 5, 7)
    if not same([parameters, velocity, list(losses)], [again[0], again[1], [*first_losses, *again[2]]]):
        from_0 = trained(first_parameters, first_velocity, *given[2:], 0, 7)
        lost = trained(first_parameters, {k: 0 * v for k, v in first_velocity.items()}, *given[2:], 5, 7)
        hint = "Everything that a step depends on must come in and go out: parameters, velocity, and the number of the step."
        if all(close(again[0][k], p) for k, p in from_0[0].items()):
            hint = "The rate begins anew: the first step of the second call is number `first`, not 0."
        if all(close(again[0][k], p) for k, p in lost[0].items()):
            hint = "The velocity is lost between the calls: start from the one that is given."
        raise Wrong("12 steps do not give the same bits as 5 and then 7", hint)


def _overfits(student: Student, rng: np.random.Generator) -> None:
    _, _, losses = student("train", *problem(rng, np.float64), 0, TOTAL)
    if len(losses) != TOTAL or not losses[-1] < 0.6 * losses[0]:
        raise Wrong(f"after {TOTAL} steps on one sub-image the loss is {losses[-1]:.4g}, at the start {losses[0]:.4g}")


CHECKS: list[Check] = [
    *numbers("sgd_step", "theta velocity", SHAPES, sgd_arguments, sgd, sgd_hints),
    *numbers("adam_step", "theta mean square", SHAPES, adam_arguments, adam, adam_hints),
    Check("cosine_rate", "from η to 0", _cosine, "η · ½ (1 + cos(π t / T))."),
    Check("train", "twelve steps", _train, "Do one step by hand with sgd_step and cosine_rate."),
    Check("train", "resumed to the same bits", _resume),
    Check("train", "one sub-image overfitted", _overfits, "The loss must fall: is the sign right, and the rate?"),
]
