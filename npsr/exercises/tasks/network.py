"""The network: forward, loss and backward by hand.

You learn: how a whole network's gradient is nothing but each layer's backward, called in reverse
order with what its forward kept.
Time: about 75 minutes.
Explorer: panel "map": the layers with their shapes; click one to descend.

The layers are npsr's own, in plain NumPy. Each `_backward` takes the gradient of its layer's output
first:

    conv_same(x, weight, bias)              conv_same_backward(dy, x, weight)      → dx, dweight, dbias
    prelu(x, slope)                         prelu_backward(dy, x, slope)           → dx, dslope
    deconv_cut(x, weight, bias, n)          deconv_cut_backward(dy, x, weight, n)  → dx, dweight, dbias

conv_same keeps the size of its input; deconv_cut makes it n times as large. The parameters are a
dict in forward order:

    feature.weight, feature.bias, feature.slope, shrinking.…, mapping_1.…, …, mapping_m.…, expanding.…,
    deconvolution.weight, deconvolution.bias

Every convolution is followed by its PReLU; the deconvolution, which is last, is not. m may be any
number, 0 too: find the layers by the names in the dict. convolutions(parameters) lists them:
["feature", "shrinking", "mapping_1", …, "expanding"].

The loss is Equation 3 of the paper: squared differences, *summed* over the pixels of a sample,
*averaged* over the N samples:

    L = (1/N) Σ_n Σ_i Σ_j (y[n,0,i,j] − target[n,0,i,j])²        dy = ∂L/∂y

By hand, N = 2 samples of 1 × 2 pixels: y − target = 1 2 and 0 3 give L = (1 + 4 + 0 + 9)/2 = 7, dy
= 1 2 and 0 3.

prelu_backward wants the *input* of the PReLU, conv_same_backward that of the convolution: keep both
on the way forward.
"""

import numpy as np

from npsr.exercises.ground.layers import (
    conv_same,
    conv_same_backward,
    convolutions,
    deconv_cut,
    deconv_cut_backward,
    prelu,
    prelu_backward,
)


def forward(parameters: dict[str, np.ndarray], x: np.ndarray, n: int) -> np.ndarray:
    """Run the network.

    Parameters
    ----------
    parameters : dict of str to ndarray
    x : ndarray of shape (N, 1, H, W)
    n : int
        Upscaling factor.

    Returns
    -------
    ndarray of shape (N, 1, n·H, n·W)
    """
    raise NotImplementedError


def loss(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Equation 3 and its gradient.

    Parameters
    ----------
    y, target : ndarray of shape (N, 1, H, W)

    Returns
    -------
    L : float
    dy : ndarray of the shape and dtype of y
    """
    raise NotImplementedError


def gradients(
    parameters: dict[str, np.ndarray], x: np.ndarray, target: np.ndarray, n: int
) -> dict[str, np.ndarray]:
    """∂L/∂θ for every parameter θ.

    Parameters
    ----------
    parameters, x, n
        As for forward.
    target : ndarray of shape (N, 1, n·H, n·W)

    Returns
    -------
    dict of str to ndarray
        A gradient for every key of `parameters`, of its shape and dtype.
    """
    raise NotImplementedError


# --- How it is checked ---

from collections.abc import Callable
from typing import Any

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Hints, Student, Wrong, judge
from npsr.exercises.ground.properties import case, numbers, whole
from npsr.exercises.mistakes.network import forward_hints, gradient_hints, loss_hints, mistaken, other_forward

Arrays = dict[str, np.ndarray]
NETWORKS = ((2, 1, 0, 3, 1), (3, 2, 1, 2, 1), (3, 2, 5, 2, 2), (2, 3, 2, 4, 3))
"""d, s, m, n, N from the simplest to one with several samples."""


def problem(
    rng: np.random.Generator, d: int, s: int, m: int, n: int, N: int, dtype: Any = np.float64
) -> tuple:
    """Parameters, inputs and labels of a small network; 5 × 4 pixels."""
    parameters = {k: p.astype(dtype) for k, p in layers.fsrcnn_parameters(d, s, m, rng, spread=1.0).items()}
    return parameters, rng.random((N, 1, 5, 4)).astype(dtype), rng.random((N, 1, 5 * n, 4 * n)).astype(dtype)


def _forward(student: Student, rng: np.random.Generator) -> None:
    for sizes in NETWORKS:
        for dtype in (np.float64, np.float32):
            parameters, x, _ = problem(rng, *sizes, dtype=dtype)
            n = sizes[3]
            judge("y", student("forward", parameters, x, n), layers.forward(parameters, x, n),
                  {"y": forward_hints(parameters, x, n)})  # fmt: skip


LOSSES = (
    case("one sample", N=1, H=3, W=3),
    case("a picture that is not square", N=1, H=2, W=5),
    case("two samples", N=2, H=3, W=2),
    case("four samples", N=4, H=2, W=2),
)


def loss_arguments(rng: np.random.Generator, N: int, H: int, W: int) -> tuple:
    """Whole numbers."""
    return whole(rng, N, 1, H, W), whole(rng, N, 1, H, W)


def numeric(
    parameters: Arrays, x: np.ndarray, target: np.ndarray, n: int, key: str, step: float = 1e-5
) -> np.ndarray:
    """∂L/∂θ by central differences, of a few entries of a tensor; the others are NaN."""
    theta = parameters[key]
    found = np.full(theta.shape, np.nan)
    chosen = np.unique(np.linspace(0, theta.size - 1, 6).astype(int))
    for place in (np.unravel_index(k, theta.shape) for k in chosen):
        value = theta[place]
        losses = []
        for moved in (value + step, value - step):
            theta[place] = moved
            losses.append(layers.loss(layers.forward(parameters, x, n), target)[0])
        theta[place] = value
        found[place] = (losses[0] - losses[1]) / (2 * step)
    return found


def _gradients(student: Student, rng: np.random.Generator) -> None:
    for sizes in NETWORKS:
        for dtype in (np.float64, np.float32):
            parameters, x, target = problem(rng, *sizes, dtype=dtype)
            n = sizes[3]
            got = student("gradients", parameters, x, target, n)
            if not isinstance(got, dict):
                raise Wrong("what is returned is no dict, but must be one: a gradient for every parameter")
            if missing := [key for key in parameters if key not in got]:
                raise Wrong(f"there is no gradient of {missing[0]}", "Every key of `parameters` needs one.")
            found = layers.gradients(parameters, x, target, n)
            for key in reversed(parameters):  # from the loss back: the first wrong one is where it went wrong
                judge(key, got[key], found[key], {key: gradient_hints(key, found, parameters, x, target, n)})


def _differences(student: Student, rng: np.random.Generator) -> None:
    parameters, x, target = problem(rng, 3, 2, 2, 2, 2)
    got = student("gradients", parameters, x, target, 2)
    for key in reversed(parameters):
        by_hand = numeric(parameters, x, target, 2, key)
        wrong = np.abs(got[key] - by_hand) > 1e-4 * max(1, float(np.nanmax(np.abs(by_hand))))
        if wrong.any():  # NaN compares false
            place = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise Wrong(
                f"∂L/∂{key}{list(place)} is {got[key][place]:.6g}, by central differences {by_hand[place]:.6g}"
            )


CHECKS: list[Check] = [
    Check("forward", "small networks", _forward, "Print the shape after every layer."),
    *numbers("loss", "L dy", LOSSES, loss_arguments, layers.loss, loss_hints),
    Check("gradients", "small networks, from the last layer back", _gradients, "The layers behind it are right: look at "
          "what this layer's backward is given."),
    Check("gradients", "central differences", _differences, "(L(θ + ε) − L(θ − ε)) / 2ε."),
]  # fmt: skip
