"""Typical mistakes of exercise 11: what would come out, and the hint for it."""

from collections.abc import Callable
from math import cos, pi
from typing import Any

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake

RATE, TOTAL = 2e-3, 60


def sgd(theta: np.ndarray, g: np.ndarray, v: np.ndarray, rate: float, momentum: float) -> tuple:
    """The rule."""
    v = momentum * v - rate * g
    return theta + v, v


def sgd_hints(
    theta: np.ndarray, g: np.ndarray, v: np.ndarray, rate: float, momentum: float
) -> dict[str, Hints]:
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


def adam(
    theta: np.ndarray,
    g: np.ndarray,
    m: np.ndarray,
    s: np.ndarray,
    rate: float,
    t: int,
    mistake: str = "",
    betas: tuple[float, float] = (0.9, 0.999),
) -> tuple:
    """The rule, or with a mistake."""
    b1, b2 = betas
    squared = {"not squared": g, "absolute": np.abs(g)}.get(mistake, g * g)
    m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * squared
    mean = m if mistake in ("uncorrected", "square alone") else m / (1 - b1**t)
    square = s if mistake in ("uncorrected", "mean alone") else s / (1 - b2**t)
    size = square if mistake == "no root" else np.sqrt(square)
    epsilon = {"no epsilon": 0.0, "1e-7": 1e-7, "1e-6": 1e-6, "1e-10": 1e-10}.get(mistake, 1e-8)
    size = np.sqrt(square + 1e-8) if mistake == "inside" else size + epsilon
    return theta - rate * mean / size, m, s  # fmt: skip


def adam_hints(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int
) -> dict[str, Hints]:
    """Typical mistakes."""
    arguments = theta, g, m, s, rate, t
    return {"theta": of_theta(*arguments), "mean": of_mean(*arguments), "square": of_square(*arguments)}


def of_theta(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int
) -> list[Mistake]:
    """In the parameter."""

    def other(mistake: str) -> Callable[[], np.ndarray]:
        return lambda: adam(theta, g, m, s, rate, t, mistake)[0]

    right = adam(theta, g, m, s, rate, t)
    return [
        ("The divisions by 1 − βᵗ are missing: m and s start at 0.", other("uncorrected")),
        ("Only m is corrected: s starts at 0 as well.", other("mean alone")),
        ("Only s is corrected: m starts at 0 as well.", other("square alone")),
        ("The root of s is missing.", other("no root")),
        ("ε is inside the root: it is added to the root.", other("inside")),
        ("ε is forgotten: it is added to the root.", other("no epsilon")),
        *[(f"ε is 10⁻⁸, not {epsilon}.", other(epsilon)) for epsilon in ("1e-7", "1e-6", "1e-10")],
        ("ε is added before s is corrected: it is added to the root of the corrected s.",
         lambda: theta - rate * right[1] / (1 - 0.9**t) / ((np.sqrt(right[2]) + 1e-8) / np.sqrt(1 - 0.999**t))),
        ("g is not squared for s.", other("not squared")),
        ("|g| is not g²: s is the mean of squares.", other("absolute")),
        ("β₁ and β₂ are exchanged.", lambda: adam(theta, g, m, s, rate, t, betas=(0.999, 0.9))[0]),
        ("The sign is wrong: this climbs.", lambda: 2 * theta - right[0]),
        ("The step is counted from 0: t is from 1, as it is given.", lambda: adam(theta, g, m, s, rate, t + 1)[0]),
        ("The step is taken as 1.", lambda: adam(theta, g, m, s, rate, 1)[0]),
        ("One is subtracted from the step: t is from 1, as it is given.",
         lambda: adam(theta, g, m, s, rate, t - 1)[0]),
        ("The old means are used: first they are moved, then θ.", lambda: theta - rate
         * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)),
        ("g is used for its mean m.", lambda: theta - rate * g / (np.sqrt(right[2] / (1 - 0.999**t)) + 1e-8)),
        ("This is SGD.", lambda: theta - rate * g),
    ]  # fmt: skip


def of_mean(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int
) -> list[Mistake]:
    """In the mean of gradients."""
    right = adam(theta, g, m, s, rate, t)
    return [
        ("mean: the corrected one is returned; the next step needs the one that is not.",
         lambda: right[1] / (1 - 0.9**t)),
        ("mean: 1 − β₁ is missing before g.", lambda: 0.9 * m + g),
        ("mean: the old one is returned.", lambda: m),
    ]  # fmt: skip


def of_square(
    theta: np.ndarray, g: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float, t: int
) -> list[Mistake]:
    """In the mean of squares."""
    right = adam(theta, g, m, s, rate, t)
    return [
        ("square: the corrected one is returned; the next step needs the one that is not.",
         lambda: right[2] / (1 - 0.999**t)),
        ("square: 1 − β₂ is missing before g².", lambda: 0.999 * s + g * g),
        ("square: g is not squared.", lambda: 0.999 * s + 0.001 * g),
        ("square: |g| is not g².", lambda: 0.999 * s + 0.001 * np.abs(g)),
        ("square: the old one is returned.", lambda: s),
    ]  # fmt: skip


def decayed(rate: float, step: int, total: int) -> float:
    """The cosine."""
    return rate * 0.5 * (1 + cos(pi * step / total))


def trained(
    problem: tuple,
    first: int,
    steps: int,
    *,
    decay: bool = True,
    offset: int = 0,
    velocity_lives: bool = True,
    momentum: float = 0.9,
    total: int = TOTAL,
) -> tuple[Any, ...]:
    """Parameters, velocities and losses of the training, or of one with a mistake."""
    parameters, velocity, x, target, n = problem
    losses = []
    for step in range(first, first + steps):
        losses.append(layers.loss(layers.forward(parameters, x, n), target)[0])
        found = layers.gradients(parameters, x, target, n)
        rate = decayed(RATE, step + offset, total) if decay else RATE
        moved = {
            key: sgd(p, found[key], velocity[key] if velocity_lives else 0 * p, rate, momentum)
            for key, p in parameters.items()
        }
        parameters = {key: both[0] for key, both in moved.items()}
        velocity = {key: both[1] for key, both in moved.items()}
    return parameters, velocity, losses  # fmt: skip


def cosine_hints(rate: float, t: int, total: int) -> dict[str, Hints]:
    """Typical mistakes of the decay."""
    right = decayed(rate, t, total)
    return {
        "rate": [
            ("It falls along a line: the cosine is meant.", lambda: rate * (1 - t / total)),
            ("½ is missing: at step 0 the rate is η.", lambda: 2 * right),
            ("1 is missing: ½ (1 + cos …).", lambda: rate * cos(pi * t / total)),
            ("It rises: ½ (1 + cos …), not ½ (1 − cos …).", lambda: rate - right),
            ("It ends half-way: π t / T.", lambda: rate * cos(pi * t / total / 2)),
            ("Degrees are taken for radians, or π is missing.", lambda: rate * 0.5 * (1 + cos(t / total))),
            ("It runs through a whole period: π t / T, not 2 π t / T.",
             lambda: rate * 0.5 * (1 + cos(2 * pi * t / total))),
            ("It is one step behind or ahead: step 0 has η, step T has 0.", lambda: decayed(rate, t + 1, total)),
        ]
    }  # fmt: skip


MISTAKES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("The rate does not decay: each step has its own, cosine_rate(RATE, step, TOTAL).", {"decay": False}),
    (
        "The decay ends with this call: it ends at TOTAL, however many steps a call does.",
        {"total": 12},
    ),
    ("The velocity does not live from step to step.", {"velocity_lives": False}),
    (
        "The decay is one step ahead: the steps are counted from `first`, which is 0 at the start.",
        {"offset": 1},
    ),
    ("The momentum is ignored.", {"momentum": 0.0}),
)


def train_hints(problem: Any, part: int, key: str) -> list[Mistake]:
    """Typical mistakes of twelve steps, in one parameter (part 0) or its velocity (part 1)."""

    def other(mistake: dict[str, Any]) -> Callable[[], np.ndarray]:
        return lambda: trained(problem, 0, 12, **mistake)[part][key]

    return [(text, other(mistake)) for text, mistake in MISTAKES]


def losses_hints(problem: Any) -> list[Mistake]:
    """Typical mistakes of twelve steps, in the losses."""

    def losses(steps: int, **mistake: Any) -> np.ndarray:
        return np.array(trained(problem, 0, steps, **mistake)[2], np.float64)

    def other(mistake: dict[str, Any]) -> Callable[[], np.ndarray]:
        return lambda: losses(12, **mistake)

    return [
        *[(text, other(mistake)) for text, mistake in MISTAKES],
        ("The losses are those after each step: the loss before it is asked for.", lambda: losses(13)[1:]),
        (
            "Nothing is learned: do the parameters change from step to step?",
            lambda: np.full(12, losses(1)[0]),
        ),
        ("One loss too many: one before each step.", lambda: losses(13)),
    ]
