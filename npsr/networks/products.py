"""Linear over-parameterisation: a layer's weight trained as a product of two.

A k × k convolution to p channels, directly followed by a 1 × 1 convolution, is one convolution. With the
weights as matrices, W = B A: B (n, p) belongs to the 1 × 1 layer, A (p, c k²) to the other. So the network
runs on W. The chain rule gives the gradients of the factors, dB = dW Aᵀ and dA = Bᵀ dW. In a deconvolution
the 1 × 1 layer comes first: B (c, p), A (p, k²). The inner layers have no biases. The network is still the
paper's; only its training differs (Arora et al., 2018; Bhardwaj et al., 2022).
"""

from math import sqrt

import numpy as np

from npsr.networks.network import Arrays

OUTER, INNER = ".outer", ".inner"
"""Ends of the names of B and A, after that of the weight."""

WEAKEST = 1e-3
"""Factors of weaker weights are drawn for this strength: factors of zeros would never move."""


def factorised(parameters: Arrays, channels: int, seed: int) -> Arrays:
    """Factors of every weight. Their product is the weight, except for rounding.

    Both are drawn with one standard deviation, so that their product has the weight's strength. Then A is
    changed by as little as possible so that the product is the weight. Of uneven factors, a step of the
    optimiser would move one by a larger share than the other.

    Parameters
    ----------
    parameters : dict of str to ndarray
        Of a network.
    channels : int
        p, the channels between the two factors.
    seed : int
        Seed of the draw.

    Returns
    -------
    dict of str to ndarray
        B and A for each weight, as matrices of its dtype.

    Raises
    ------
    ValueError
        If p is smaller than the rows of a weight, because then not every weight is a product.
    """
    rng = np.random.default_rng(seed)
    factors: Arrays = {}
    for key, weight in parameters.items():
        if not key.endswith(".weight"):
            continue
        target = weight.reshape(len(weight), -1).astype(np.float64)
        if channels < len(target):
            raise ValueError(
                f"inner_channels is {channels}, but must be at least {len(target)} for {key}: use more, or 0"
            )
        strength = max(sqrt(np.mean(target**2)), WEAKEST)
        spread = sqrt(strength / sqrt(channels))
        outer = rng.normal(0, spread, (len(target), channels))
        inner = rng.normal(0, spread, (channels, target.shape[1]))
        inner += np.linalg.lstsq(outer, target - outer @ inner, rcond=None)[0]
        factors |= {key + OUTER: outer.astype(weight.dtype), key + INNER: inner.astype(weight.dtype)}
    return factors


def multiply_out(factors: Arrays, parameters: Arrays) -> None:
    """Set every weight to the product of its factors, in place."""
    for key, parameter in parameters.items():
        if key + OUTER in factors:
            product = factors[key + OUTER] @ factors[key + INNER]
            parameter[...] = product.reshape(parameter.shape)


def pulled_back(factors: Arrays, gradients: Arrays) -> Arrays:
    """Gradients with those of the factors, dB = dW Aᵀ and dA = Bᵀ dW, in place of their weights'."""
    pulled: Arrays = {}
    for key, gradient in gradients.items():
        if key + OUTER in factors:
            outer, inner = factors[key + OUTER], factors[key + INNER]
            matrix = gradient.reshape(len(outer), -1)
            pulled |= {key + OUTER: matrix @ inner.T, key + INNER: outer.T @ matrix}
        else:
            pulled[key] = gradient
    return pulled


def weight_of(key: str) -> str:
    """The name of the weight that a factor belongs to; any other name unchanged."""
    return key.removesuffix(OUTER).removesuffix(INNER)
