"""Stochastic gradient descent, a rate per kind of parameter (Section 4.1); and Adam instead of it."""

import numpy as np

from npsr.networks.layers import is_sparse_coding
from npsr.networks.network import Arrays, Network

SPARSE_CODING = {"lista": 0.2, "decoding": 0.2, "combining": 0.05}
"""Shares of the rate in SCN: maps and encoding learn at the whole of it."""


def paper_rates(
    net: Network, rate: float | None = None, share: float = 0.1, slopes: float = 1.0
) -> dict[str, float]:
    """The paper's learning rates, for half of Equation 3.

    FSRCNN and the transition states: 1e-3 for convolutions and slopes, a tenth of it for the
    deconvolution and for biases. SRCNN: 1e-4, and a tenth of it for the last layer. SCN, under Adam: shares
    of our own, whatever `share` says.

    Parameters
    ----------
    net : Network
        Its parameters' names give the kinds.
    rate : float, optional
        The larger rate, instead of the paper's.
    share : float
        Share of it for the slower parameters, instead of the paper's tenth.
    slopes : float
        Share of it for slopes; may be above 1.

    Returns
    -------
    dict of str to float
        A rate for every parameter.

    Examples
    --------
    >>> rates = npsr.paper_rates(npsr.fsrcnn())
    >>> rates["feature.weight"], rates["deconvolution.weight"]
    (0.001, 0.0001)
    """
    rate = rate or (1e-3 if net.enlarges else 1e-4)
    if is_sparse_coding(net.layers):
        return {key: rate * SPARSE_CODING.get(key.partition(".")[0], 1.0) for key in net.parameters}
    last = net.layers[-1].name

    def share_of(key: str) -> float:
        if key.endswith(".slope"):
            return slopes
        return share if key.startswith(f"{last}.") or (net.enlarges and key.endswith(".bias")) else 1.0

    return {key: rate * share_of(key) for key in net.parameters}


def rates_by_kind(net: Network, rates: dict[str, float]) -> dict[str, float]:
    """The rates of `paper_rates` in short: of convolutions, of biases, and of the last layer's weights."""
    first = next(key for key in net.parameters if key.endswith(".weight")).removesuffix(".weight")
    last = net.layers[-1].name
    if is_sparse_coding(net.layers):
        return {key.removesuffix(".weight"): rate for key, rate in rates.items() if key.endswith(".weight")}
    short = {"convolutions": f"{first}.weight", "biases": f"{first}.bias"} if first != last else {}
    return {kind: rates[key] for kind, key in (short | {last: f"{last}.weight"}).items()}


def sgd_step(
    parameters: Arrays, gradients: Arrays, velocity: Arrays, rates: dict[str, float], momentum: float
) -> None:
    """One step of SGD, in place: v ← μ v − η ∂L/∂θ, then θ ← θ + v.

    Parameters
    ----------
    parameters, velocity : dict of str to ndarray
        θ and v; both change.
    gradients : dict of str to ndarray
        ∂L/∂θ.
    rates : dict of str to float
        η for each parameter.
    momentum : float
        μ.

    Examples
    --------
    >>> theta, g, v = ({"w": np.array([x])} for x in (1.0, 0.5, 0.0))
    >>> npsr.sgd_step(theta, g, v, rates={"w": 0.1}, momentum=0.9)
    >>> theta["w"]
    array([0.95])
    """
    for key, theta in parameters.items():
        v = velocity[key]
        v *= momentum
        v -= theta.dtype.type(rates[key]) * gradients[key]
        np.add(theta, v, out=theta)


def adam_step(
    parameters: Arrays,
    gradients: Arrays,
    velocity: Arrays,
    square: Arrays,
    rates: dict[str, float],
    step: int,
) -> None:
    """One step of Adam (Kingma and Ba, 2015), in place, with β₁ = 0.9, β₂ = 0.999, ε = 1e-8.

    v ← β₁ v + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², θ ← θ − η v̂ / (√ŝ + ε), where the hats undo the
    start from 0: v̂ = v/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ).

    Parameters
    ----------
    parameters, velocity, square : dict of str to ndarray
        θ, v and s; all change.
    gradients : dict of str to ndarray
        g.
    rates : dict of str to float
        η for each parameter.
    step : int
        t, from 1.

    Examples
    --------
    >>> theta, g, v, s = ({"w": np.array([x])} for x in (1.0, 0.5, 0.0, 0.0))
    >>> npsr.adam_step(theta, g, v, s, rates={"w": 0.1}, step=1)
    >>> theta["w"].round(6)
    array([0.9])
    """
    first, second = 0.9, 0.999
    for key, theta in parameters.items():
        v, s, g, kind = velocity[key], square[key], gradients[key], theta.dtype.type
        v += kind(1 - first) * (g - v)
        s += kind(1 - second) * (g * g - s)
        rate = kind(rates[key] / (1 - first**step))
        np.subtract(theta, rate * v / (np.sqrt(s / kind(1 - second**step)) + kind(1e-8)), out=theta)
