"""Typical mistakes of exercise 10: what comes out, and the hint for it; and bugs planted in a network."""

from typing import Any

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Mistake


def bowl(c: np.ndarray, theta: np.ndarray) -> float:
    """Σ c θ³ + (Σ θ)², which no one-sided difference gets right."""
    return float((c * theta**3).sum() + theta.sum() ** 2)


def difference(c: np.ndarray, theta: np.ndarray, step: float) -> np.ndarray:
    """The central difference of `bowl`."""
    return 3 * c * theta**2 + c * step**2 + 2 * theta.sum()


def numerical_hints(c: np.ndarray, theta: np.ndarray, step: float) -> list[Mistake]:
    """Typical mistakes of the central difference."""
    right, one_sided = difference(c, theta, step), 3 * c * theta * step + step
    together = (bowl(c, theta + step) - bowl(c, theta - step)) / (2 * step)
    sides = "That is the one-sided difference: take f(θ + ε) − f(θ − ε), over 2ε."
    near = "One side alone is ε away, not 2ε: take f(θ + ε) − f(θ − ε)."
    return [
        (sides, lambda: right + one_sided),
        (sides, lambda: right - one_sided),
        (near, lambda: (right + one_sided) / 2),
        (near, lambda: (right - one_sided) / 2),
        ("The difference is divided by ε; both sides together are 2ε apart.", lambda: 2 * right),
        ("The difference is not divided by 2ε.", lambda: 2 * step * right),
        ("Divide by 2ε: this is multiplied, or divided by ε/2.", lambda: 4 * right),
        ("The sign is wrong: f(θ + ε) − f(θ − ε).", lambda: -right),
        ("All entries are moved at once: one at a time gives one entry of the gradient.",
         lambda: np.full_like(right, together)),
        ("The step is ignored: use the one that is given.", lambda: 3 * c * theta**2 + 2 * theta.sum()),
    ]  # fmt: skip


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """The relative error."""
    size = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / size) if size else 0.0


def relative_hints(a: np.ndarray, b: np.ndarray) -> list[Mistake]:
    """Typical mistakes of the relative error."""
    apart, of_a, of_b = np.abs(a - b), np.abs(a).max(), np.abs(b).max()
    size = max(of_a, of_b)
    return [
        ("Both are 0 everywhere: the error is 0 then, not 0/0.", lambda: float("nan")),
        ("The difference is absolute: divide by the larger tensor's size.", lambda: np.max(apart)),
        ("Take the larger of both sizes, not their sum.", lambda: apart.max() / (of_a + of_b)),
        ("Take the larger of both sizes, not that of a alone.", lambda: apart.max() / of_a),
        ("Take the larger of both sizes, not that of b alone.", lambda: apart.max() / of_b),
        ("The largest difference is asked for, not the mean.", lambda: apart.mean() / size),
        ("The largest difference is asked for, not the sum.", lambda: apart.sum() / size),
        ("Take absolute values: a − b may be negative.", lambda: (a - b).max() / size),
        ("Take absolute values: a − b may be negative.", lambda: max(0, (a - b).max()) / size),
        ("Take absolute values before the maximum of each tensor.", lambda: apart.max() / max(a.max(), b.max())),
        ("Divide the largest difference by the largest size; entry by entry, an entry near 0 would decide.",
         lambda: np.max(apart / np.maximum(np.abs(a), np.abs(b)))),
        ("A small number is added to the size: tiny tensors are then never wrong.",
         lambda: apart.max() / (size + 1e-8)),
    ]  # fmt: skip


NAMES = ("first.weight", "first.bias", "first.slope", "last.weight", "last.bias")
"""The tensors of `problem`, in their order."""


def problem(rng: np.random.Generator, scale: float = 1.0) -> tuple[layers.Arrays, np.ndarray, np.ndarray]:
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


def planted(
    bugs: Any, names: Any, x: np.ndarray, target: np.ndarray, parameters: layers.Arrays
) -> tuple[float, layers.Arrays]:
    """Loss and gradients of the problem's network, with bugs in the tensors named.

    `names` are those of the five tensors of `problem`; further ones have no part in the loss.
    """
    r, p, (weight, bias, slope, last, last_bias) = layers, parameters, names
    z = r.conv2d(x, p[weight], p[bias])
    hidden = r.prelu(z, p[slope])
    value, dy = r.loss(r.deconv2d(hidden, p[last], p[last_bias], 2), target)
    found = {name: np.zeros_like(theta) for name, theta in p.items()}
    dy, found[last], found[last_bias] = r.deconv2d_backward(dy, hidden, p[last], 2)
    dy, found[slope] = r.prelu_backward(dy, z, p[slope])
    _, found[weight], found[bias] = r.conv2d_backward(dy, x, p[weight])
    for name, bug in bugs:
        match bug:
            case "turned":
                found[name] = found[name][..., ::-1, ::-1].copy()
            case "zero":
                found[name] = 0 * found[name]
            case int(place):  # one entry, by 0.15 % of the tensor's size
                found[name].flat[place] += 1.5e-3 * np.abs(found[name]).max()
            case _:
                found[name] = found[name] * bug
    return value, found
