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
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge, parts_of
from npsr.exercises.ground.properties import case, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.network import forward_hints, gradient_hints, loss_hints, mistaken, other_forward

Arrays = dict[str, np.ndarray]
NETWORKS = (
    (2, 1, 0, 3, 1),
    (3, 2, 1, 2, 1),
    (3, 2, 5, 2, 2),
    (2, 3, 2, 4, 3),
    (2, 2, 11, 2, 1),
    (5, 4, 1, 3, 4),
)
"""d, s, m, n, N from the simplest to several samples, and to a mapping_10, which stands after mapping_9."""
PRECISIONS = ((np.float64, None), (np.float32, 1e-4))
"""A dtype, and the tolerance for numbers that went through so many layers in it."""


def problem(
    rng: np.random.Generator, d: int, s: int, m: int, n: int, N: int, dtype: Any = np.float64
) -> tuple:
    """Parameters, inputs and labels of a small network; 5 × 4 pixels."""
    parameters = {k: p.astype(dtype) for k, p in layers.fsrcnn_parameters(d, s, m, rng, spread=1.0).items()}
    return parameters, rng.random((N, 1, 5, 4)).astype(dtype), rng.random((N, 1, 5 * n, 4 * n)).astype(dtype)


def _forward(student: Student, rng: np.random.Generator) -> None:
    for sizes in NETWORKS:
        for dtype, rounding in PRECISIONS:
            parameters, x, _ = problem(rng, *sizes, dtype=dtype)
            n = sizes[3]
            hints = {"y": forward_hints(parameters, x, n)}
            for seen in (x, x[:, :, ::-1].copy()):
                judge("y", student("forward", parameters, seen, n), layers.forward(parameters, seen, n),
                      hints if seen is x else {}, rounding)  # fmt: skip


def _scaled(parameters: Arrays, factor: float) -> Arrays:
    return {key: p * factor if key.endswith("bias") else p for key, p in parameters.items()}


def _scales(student: Student, rng: np.random.Generator) -> None:
    parameters, x, _ = problem(rng, 3, 2, 2, 3, 2)
    right = layers.forward(parameters, x, 3)
    for factor in (2.0**-30, 2.0**20):
        (y,) = arrays_of("y", student("forward", _scaled(parameters, factor), x * factor, 3), right.shape)
        if not close(y / factor, right):
            raise Wrong(
                f"with x and all biases {factor:.6g} times as large, y is not {factor:.6g} times as large"
            )


def _loss_scales(student: Student, rng: np.random.Generator) -> None:
    y, target = rng.normal(size=(2, 3, 1, 4, 5))
    right, dright = layers.loss(y, target)
    for power in (-20, 20):
        got = student("loss", y * 2.0**power, target * 2.0**power)
        value, (dy,) = parts_of(["L", "dy"], got)[0], arrays_of("dy", parts_of(["L", "dy"], got)[1], y.shape)
        judge("L", value, right * 4.0**power, {}, 1e-9 * 4.0 ** min(power, 0))
        if not close(dy * 2.0**-power, dright):
            raise Wrong(f"with y and target 2^{power} times as large, dy is not 2^{power} times as large")


def _gradients_scale(student: Student, rng: np.random.Generator) -> None:
    parameters, x, target = problem(rng, 3, 2, 2, 3, 2)
    right = layers.gradients(parameters, x, target, 3)
    for factor in (2.0**-20, 2.0**20):
        got = student("gradients", _scaled(parameters, factor), x * factor, target * factor, 3)
        _require_gradients(got, parameters)
        for key, must in right.items():
            (gradient,) = arrays_of(key, got[key], must.shape)
            times = factor if key.endswith("bias") else factor**2
            if not close(gradient / times, must):
                raise Wrong(
                    f"with x, target and all biases {factor:.6g} times as large, ∂L/∂{key} is not {times:.6g} times as large"
                )


LOSSES = (
    case("one sample", N=1, H=3, W=3),
    case("a picture that is not square", N=1, H=2, W=5),
    case("two samples", N=2, H=3, W=2),
    case("four samples", N=4, H=2, W=2),
    case("many pixels, three samples", N=3, H=11, W=8),
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
        for dtype, rounding in PRECISIONS:
            parameters, x, target = problem(rng, *sizes, dtype=dtype)
            n = sizes[3]
            for seen in (x, x[:, :, ::-1].copy()):
                got = student("gradients", parameters, seen, target, n)
                _require_gradients(got, parameters)
                found = layers.gradients(parameters, seen, target, n)
                for key in reversed(
                    parameters
                ):  # from the loss back: the first wrong one is where it went wrong
                    hints = {key: gradient_hints(key, found, parameters, seen, target, n)}
                    judge(key, got[key], found[key], hints, rounding)


def _require_gradients(got: Any, parameters: layers.Arrays) -> None:
    if not isinstance(got, dict):
        raise Wrong(
            "what is returned is no dict, but must be one: a gradient for every parameter",
            "Return a dict with the keys of `parameters`.",
        )
    if missing := [key for key in parameters if key not in got]:
        raise Wrong(f"there is no gradient of {missing[0]}", "Every key of `parameters` needs one.")


def _differences(student: Student, rng: np.random.Generator) -> None:
    parameters, x, target = problem(rng, 3, 2, 2, 2, 2)
    got = student("gradients", parameters, x, target, 2)
    _require_gradients(got, parameters)
    for key in reversed(parameters):
        (gradient,) = arrays_of(key, got[key], parameters[key].shape)
        by_hand = numeric(parameters, x, target, 2, key)
        wrong = np.abs(gradient - by_hand) > 1e-4 * max(1, float(np.nanmax(np.abs(by_hand))))
        if wrong.any():  # NaN compares false
            place = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise Wrong(
                f"∂L/∂{key}{list(place)} is {gradient[place]:.6g}, by central differences {by_hand[place]:.6g}"
            )


SCALES = (
    "Layers have no scale of their own: nothing may be clipped, rounded, or left out because it is small."
)
CHECKS: list[Check] = [
    Check("forward", "small networks", _forward, "Print the shape after every layer."),
    Check("forward", "tiny and large numbers", _scales, SCALES),
    *numbers("loss", "L dy", LOSSES, loss_arguments, layers.loss, loss_hints),
    Check("loss", "tiny and large numbers", _loss_scales, SCALES),
    Check("gradients", "small networks, from the last layer back", _gradients, "The layers behind it are right: look at "
          "what this layer's backward is given."),
    Check("gradients", "tiny and large numbers", _gradients_scale, SCALES),
    Check("gradients", "central differences", _differences, "(L(θ + ε) − L(θ − ε)) / 2ε."),
]  # fmt: skip
