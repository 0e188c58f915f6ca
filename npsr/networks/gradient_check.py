"""The gradient checker: hand-written gradients against central differences in float64.

While the signs of all pre-activations stay the same, the output is linear in each single parameter tensor
and the loss is quadratic in it. So a central difference is exact, except for rounding, at any step size.
A step that changes a sign has crossed PReLU's kink. Then a shorter step is tried; if that also fails, the
entry is skipped. Soft thresholds have kinks of their own. Where a network divides by norms, its output is
not linear, and the steps are small.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from npsr.networks.layers import Layer, Lista, Normalise, PReLU, ReLU, SoftThreshold
from npsr.networks.network import Arrays, Network, forward, loss_and_gradients

STEPS = (1e-2, 1e-4, 1e-6)
"""Steps tried, in units of the tensor's largest entry."""

SMALL_STEPS = (1e-5, 1e-6)
"""The same for networks that divide by norms, whose error grows with the step's square."""

LossAndGradients = Callable[[Network, np.ndarray, np.ndarray], tuple[float, Arrays]]

plain: LossAndGradients = partial(loss_and_gradients, engine="plain")


@dataclass(frozen=True)
class TensorReport:
    """Outcome of the check of one parameter tensor.

    Attributes
    ----------
    name : str
        Key in ``net.parameters``.
    shape : tuple of int
        Its shape.
    checked, skipped : int
        Differences compared (sampled entries, and one random projection of the whole tensor), and
        differences skipped because of a kink.
    error : float
        Largest relative error.
    passed : bool
        True if at least one difference was checked and `error` is within the tolerance.

    Examples
    --------
    >>> report = npsr.TensorReport("a.weight", (4, 1, 3, 3), 33, 0, 2e-9, True)
    >>> report.name, report.passed
    ('a.weight', True)
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    skipped: int
    error: float
    passed: bool


def gradcheck(
    net: Network,
    x: np.ndarray,
    target: np.ndarray,
    tolerance: float = 1e-6,
    entries: int = 24,
    seed: int = 0,
    gradient: LossAndGradients = plain,
) -> list[TensorReport]:
    """Check the gradient of every parameter tensor of a network.

    Parameters
    ----------
    net : Network
        The network; checked in float64 whatever its dtype.
    x, target : ndarray
        As in `loss_and_gradients`.
    tolerance : float
        Largest relative error that passes. A relative error is the difference of analytic and numeric over
        the larger of both, or over a thousandth of the tensor's largest gradient if that is more.
    entries : int
        Entries sampled of each tensor; smaller tensors are checked whole.
    seed : int
        Seed of the sampling and of the projections.
    gradient : callable
        The function under test: `loss_and_gradients` with one of its engines, by default the plain
        one, or your own.

    Returns
    -------
    list of TensorReport
        In forward order.

    Examples
    --------
    >>> net = npsr.fsrcnn(8, 4, 1, border="valid")
    >>> rng = np.random.default_rng(0)
    >>> x, target = rng.random((1, 1, 11, 11)), rng.random((1, 1, 19, 19))
    >>> all(report.passed for report in npsr.gradcheck(net, x, target))
    True
    """
    net = net.astype(np.float64)
    rng = np.random.default_rng(seed)
    _, gradients = gradient(net, x, target)

    def report(name: str, analytic: np.ndarray) -> TensorReport:
        directions = _directions(analytic, entries, rng)
        floor = 1e-3 * float(np.abs(analytic).max())
        errors = [
            abs(numeric - slope) / max(abs(numeric), abs(slope), floor, 1e-300)
            for direction in directions
            if (numeric := _difference(net, name, direction, x, target)) is not None
            for slope in [float(np.sum(analytic * direction))]
        ]
        error = max(errors, default=float("inf"))
        skipped = len(directions) - len(errors)
        return TensorReport(name, analytic.shape, len(errors), skipped, error, error <= tolerance)

    return [report(name, analytic) for name, analytic in gradients.items()]


def _directions(analytic: np.ndarray, entries: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Unit vectors of sampled entries, and one random direction of all entries."""
    chosen = rng.choice(analytic.size, min(entries, analytic.size), replace=False)
    units = [np.zeros(analytic.size) for _ in chosen]
    for unit, entry in zip(units, chosen, strict=True):
        unit[entry] = 1
    return [u.reshape(analytic.shape) for u in (*units, rng.choice([-1.0, 1.0], analytic.size))]


def _difference(
    net: Network, name: str, direction: np.ndarray, x: np.ndarray, target: np.ndarray
) -> float | None:
    """Central difference of the loss along a direction; None if every step crosses a kink."""
    theta = net.parameters[name]
    original = theta.copy()
    size = float(np.abs(original).max()) or 1e-3
    bends = any(isinstance(layer, Normalise) for layer in net.layers)
    try:
        for step in (relative * size for relative in (SMALL_STEPS if bends else STEPS)):
            theta[...] = original + step * direction
            above, signs_above = _output_and_signs(net, x)
            theta[...] = original - step * direction
            below, signs_below = _output_and_signs(net, x)
            if all(np.array_equal(a, b) for a, b in zip(signs_above, signs_below, strict=True)):
                # ‖above − t‖² − ‖below − t‖², factored so that the losses do not cancel.
                change = np.sum((above - below) * (above + below - 2 * target))
                return float(change) / len(x) / (2 * step)
        return None
    finally:
        theta[...] = original


def _output_and_signs(net: Network, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The network's output, and on which side of its kinks every pre-activation is."""
    caches: list[Any] = []
    y = forward(net, x, caches)
    pairs = zip(net.layers, caches, strict=True)
    return y, [side for layer, cache in pairs for side in _sides(net, layer, cache)]


def _sides(net: Network, layer: Layer, cache: Any) -> list[np.ndarray]:
    match layer:
        case PReLU() | ReLU():
            return [cache > 0]
        case SoftThreshold() | Lista():
            threshold = net.parameters[f"{layer.name}.threshold"][:, None, None]
            return [np.abs(x) > threshold for x in (cache if isinstance(layer, Lista) else [cache])]
        case _:
            return []
