"""Count: weights, multiplications, and what runs in real time.

You learn: why FSRCNN is forty times as fast as what came before it, from four small formulas and
without a stopwatch.
Time: about 40 minutes.
Explorer: panel "design": move d, s, m and n, and see weights, multiplications and the receptive
field follow.

FSRCNN(d, s, m) at factor n, a layer a line; Conv(f, filters, channels):

    Conv(5, d, 1)                  feature extraction
    Conv(1, s, d)                  shrinking
    Conv(3, s, s)   m times        mapping
    Conv(1, d, s)                  expanding
    DeConv(9, 1, d)                deconvolution with stride n

A layer has f · f · filters · channels weights (the paper counts no biases and no slopes). Every
layer works on the low-resolution (LR) picture, and every weight is used once for each LR pixel:
also those of the deconvolution, as each LR pixel paints its 9 × 9 filters once, whatever n is.
Equation 2 of the paper is just that: (25d + sd + 9ms² + ds + 81d) · S_LR.

SRCNN-Ex, which the paper compares with, has 57184 weights, but works on the enlarged picture: each
is used for every one of the n² pixels that one LR pixel becomes. The speed-up is the ratio of
multiplications: for FSRCNN(56, 12, 4) at ×3

    weights = 12464        57184 · 9 / 12464 = 41.3

The receptive field is how many LR pixels, along one axis, have a part in the n output pixels of one
LR pixel. Start with that pixel, 1; a convolution of side f adds (f − 1)/2 on each side; the
deconvolution lets the output reach further by ⌊(8 − p)/n⌋ before and ⌊(n − 1 + p)/n⌋ after, where p
= ⌈(9 − n)/2⌉. For FSRCNN(56, 12, 4) at ×3: 1 + 4 + 8 + 1 + 1 = 15.

SRCNN has 8032 weights and enlarges 1.32 pictures a second on the authors' machine. If time is
proportional to multiplications, a network on the LR picture may have 8032 · n² · 1.32 / 24 weights
for 24 pictures a second: 3975 at ×3. Such a number is the `budget` of largest_d: with s = 5 and
m = 1 it allows d = 32.
"""


def weights(d: int, s: int, m: int) -> int:
    """Number of weights of FSRCNN(d, s, m)."""
    raise NotImplementedError


def multiplications(d: int, s: int, m: int, rows: int, columns: int) -> int:
    """Multiplications for an LR picture of rows × columns: Equation 2."""
    raise NotImplementedError


def speed_up(d: int, s: int, m: int, n: int) -> float:
    """Multiplications of SRCNN-Ex over those of FSRCNN(d, s, m) at factor n, not rounded."""
    raise NotImplementedError


def receptive_field(d: int, s: int, m: int, n: int) -> int:
    """LR pixels along one axis that the n output pixels of one LR pixel depend on."""
    raise NotImplementedError


def largest_d(s: int, m: int, budget: int) -> int:
    """The largest d for which FSRCNN(d, s, m) has at most `budget` weights; 0 if none has."""
    raise NotImplementedError


# --- How it is checked ---

from collections.abc import Callable
from typing import Any

import numpy as np

from npsr.exercises.ground.checking import Check, Student
from npsr.exercises.ground.comparing import judge
from npsr.exercises.mistakes.counting import (
    count,
    field,
    field_hints,
    largest_hints,
    multiplication_hints,
    speed_up_hints,
    weight_hints,
)

PAPER = {
    (56, 12, 4): 12464, (32, 5, 1): 3937, (48, 12, 2): 8832, (48, 12, 3): 10128, (48, 12, 4): 11424,
    (56, 12, 2): 9872, (56, 12, 3): 11168, (48, 16, 2): 11232, (48, 16, 3): 13536, (48, 16, 4): 15840,
    (56, 16, 2): 12336, (56, 16, 3): 14640, (56, 16, 4): 16944,
}  # fmt: skip
"""Weights that the paper prints: its networks, and its grid of settings."""

OTHERS = ((1, 1, 0), (2, 1, 1), (1, 2, 1), (3, 5, 2), (10, 3, 7))


class Counted:
    """A number that counts the products of two such numbers."""

    products = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def __mul__(self, other: "Counted") -> "Counted":
        Counted.products += 1
        return Counted(self.value * other.value)

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.value + other.value)


def executed(d: int, s: int, m: int, n: int, rows: int, columns: int) -> int:
    """Products that a network really executes: its layers as loops, on numbers that count."""

    def picture(*shape: int) -> Any:
        return np.frompyfunc(Counted, 1, 1)(np.ones(shape))

    nothing: Any = Counted(0)
    before, x = Counted.products, picture(1, rows, columns)
    for f, filters in ((5, d), (1, s), *[(3, s)] * m, (1, d)):
        x = _conv(
            np.pad(x, ((0, 0), (f // 2, f // 2), (f // 2, f // 2)), constant_values=nothing),
            picture(filters, len(x), f, f),
        )
    weight, y = picture(d, 9, 9), picture(n * rows + 9, n * columns + 9)
    for h, w in np.ndindex(rows, columns):
        for c in range(d):
            y[n * h : n * h + 9, n * w : n * w + 9] += weight[c] * x[c, h, w]
    return Counted.products - before  # fmt: skip


def _conv(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    D, _, f, _ = weight.shape
    y = np.empty((D, x.shape[1] - f + 1, x.shape[2] - f + 1), object)
    for d, i, j in np.ndindex(y.shape):
        y[d, i, j] = (weight[d] * x[:, i : i + f, j : j + f]).sum()
    return y


def _drawn(rng: np.random.Generator, most: tuple[int, ...], times: int) -> list[tuple[int, ...]]:
    """Whole numbers from 1 to the given ones."""
    return [tuple(row) for row in rng.integers(1, most, (times, len(most)), endpoint=True).tolist()]


def _weights(student: Student, rng: np.random.Generator) -> None:
    for d, s, m in (*PAPER, *OTHERS, *_drawn(rng, (200, 40, 15), 6)):
        printed = PAPER.get((d, s, m), count(d, s, m))
        label = f"weights({d}, {s}, {m})"
        judge(label, student("weights", d, s, m), printed, {label: weight_hints(d, s, m)})


def _multiplications(student: Student, rng: np.random.Generator) -> None:
    for d, s, m, n, rows, columns in (
        (2, 1, 1, 2, 2, 2),
        (3, 2, 2, 3, 2, 3),
        (1, 1, 0, 3, 1, 4),
        (4, 3, 1, 2, 3, 1),
    ):
        got, right = student("multiplications", d, s, m, rows, columns), executed(d, s, m, n, rows, columns)
        judge("multiplications", got, right, multiplication_hints(d, s, m, n, rows, columns))
    for d, s, m, rows, columns in ((56, 12, 4, 1080, 1920), *_drawn(rng, (200, 40, 15, 5000, 5000), 4)):
        got, right = student("multiplications", d, s, m, rows, columns), count(d, s, m) * rows * columns
        judge("multiplications", got, right, multiplication_hints(d, s, m, 3, rows, columns))


def _speed_up(student: Student, rng: np.random.Generator) -> None:
    paper = ((32, 5, 1, 3), (56, 12, 4, 3), (56, 12, 4, 2), (48, 16, 2, 4), (1, 1, 0, 1))
    for d, s, m, n in (*paper, *_drawn(rng, (200, 40, 15, 8), 6)):
        right = 57184 * n * n / count(d, s, m)
        judge("speed-up", student("speed_up", d, s, m, n), right, speed_up_hints(d, s, m, n))


def _field(student: Student, rng: np.random.Generator) -> None:
    for m, n in (
        (7, 1),  # first, as here each mistake gives a number of its own
        (0, 3),
        (4, 3),
        (1, 3),
        (4, 2),
        (4, 4),
        (7, 2),
        (2, 1),
        (3, 9),
        (3, 5),
        (0, 6),
        (1, 7),
        (2, 8),
        (30, 4),
    ):
        for d, s in ((56, 12), (1, 1), *_drawn(rng, (200, 40), 1)):
            label = f"receptive_field({d}, {s}, {m}, {n})"
            judge(label, student("receptive_field", d, s, m, n), field(m, n), {label: field_hints(m, n)})


def _largest(student: Student, rng: np.random.Generator) -> None:
    cases = [
        (12, 4, 200_000),  # first, as here each mistake gives a number of its own
        (5, 1, 3975),
        (5, 1, 3937),
        (5, 1, 3936),
        (12, 4, 12464),
        (12, 4, 12463),
        (12, 4, 5313),
        (16, 4, 100),
    ]
    for s, m, budget in (*cases, *_drawn(rng, (20, 6, 30_000), 8), *_drawn(rng, (60, 12, 2_000_000), 4)):
        right = max(0, (budget - 9 * m * s * s) // (106 + 2 * s))
        label = f"largest_d({s}, {m}, {budget})"
        judge(label, student("largest_d", s, m, budget), right, {label: largest_hints(s, m, budget)})


CHECKS: list[Check] = [
    Check("weights", "the paper's networks", _weights, "Count one layer of the list after another."),
    Check(
        "multiplications",
        "products counted in a network that runs",
        _multiplications,
        "Equation 2: every weight, once for each of rows · columns pixels.",
    ),
    Check(
        "speed_up",
        "the paper's column",
        _speed_up,
        "Both in multiplications for one LR pixel: 57184 · n² over yours.",
    ),
    Check("receptive_field", "the paper's networks", _field, "Follow the sum of the task, term by term."),
    Check("largest_d", "budgets", _largest, "weights(d) ≤ budget < weights(d + 1)."),
]
