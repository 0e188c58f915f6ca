"""Typical mistakes of exercise 10: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground.checking import Mistake


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
