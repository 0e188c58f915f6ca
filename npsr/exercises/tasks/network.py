"""The network: forward, loss and backward by hand.

You learn: how a whole network's gradient is nothing but each layer's backward, called in reverse order with what its forward kept.
Time: about 75 minutes.
Explorer: panel "map": the layers with their shapes; click one to descend.

The layers are npsr's own, in plain NumPy. Each `_backward` takes the gradient of its layer's output first:

    conv_same(x, weight, bias)              conv_same_backward(dy, x, weight)      → dx, dweight, dbias
    prelu(x, slope)                         prelu_backward(dy, x, slope)           → dx, dslope
    deconv_cut(x, weight, bias, n)          deconv_cut_backward(dy, x, weight, n)  → dx, dweight, dbias

conv_same keeps the size of its input; deconv_cut makes it n times as large. The parameters are a dict in forward order:

    feature.weight, feature.bias, feature.slope, shrinking.…, mapping_1.…, …, mapping_m.…, expanding.…,
    deconvolution.weight, deconvolution.bias

Every convolution is followed by its PReLU; the deconvolution, which is last, is not. m may be any number, 0 too: find the layers by
the names in the dict. convolutions(parameters) lists them: ["feature", "shrinking", "mapping_1", …, "expanding"].

The loss is Equation 3 of the paper: squared differences, *summed* over the pixels of a sample, *averaged* over the N samples:

    L = (1/N) Σ_n Σ_i Σ_j (y[n,0,i,j] − target[n,0,i,j])²        dy = ∂L/∂y

By hand, N = 2 samples of 1 × 2 pixels: y − target = 1 2 and 0 3 give L = (1 + 4 + 0 + 9)/2 = 7, dy = 1 2 and 0 3.

prelu_backward wants the *input* of the PReLU, conv_same_backward that of the convolution: keep both on the way forward.
"""

import numpy as np

from npsr.exercises.reference import (
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
        A gradient for every key of `parameters`, of its shape.
    """
    raise NotImplementedError


# --- How it is checked ---

from collections.abc import Callable
from typing import Any

from npsr.exercises import reference
from npsr.exercises.checking import Check, Hints, Student, Wrong, judge
from npsr.exercises.properties import case, numbers, whole

Arrays = dict[str, np.ndarray]
NETWORKS = ((2, 1, 0, 3, 1), (3, 2, 1, 2, 1), (3, 2, 3, 2, 2), (2, 3, 2, 4, 3))
"""d, s, m, n, N from the simplest to one with several samples."""


def problem(rng: np.random.Generator, d: int, s: int, m: int, n: int, N: int, dtype: Any = np.float64) -> tuple:
    """Parameters, inputs and labels of a small network; 5 × 4 pixels."""
    parameters = {k: p.astype(dtype) for k, p in reference.fsrcnn_parameters(d, s, m, rng, spread=1.0).items()}
    return parameters, rng.random((N, 1, 5, 4)).astype(dtype), rng.random((N, 1, 5 * n, 4 * n)).astype(dtype)


def other_forward(
    parameters: Arrays, x: np.ndarray, n: int, rectified: Callable[[str], bool] = lambda name: True,
    renamed: Callable[[str], str] = lambda name: name, left: tuple[str, ...] = (), biases: float = 1,
) -> np.ndarray:
    """The forward pass with a mistake."""
    for layer in reference.convolutions(parameters):
        if layer in left:
            continue
        name = renamed(layer)
        x = reference.conv_same(x, parameters[f"{name}.weight"], biases * parameters[f"{name}.bias"])
        x = reference.prelu(x, parameters[f"{name}.slope"]) if rectified(layer) else x
    return reference.deconv_cut(
        x, parameters["deconvolution.weight"], biases * parameters["deconvolution.bias"], n
    )  # fmt: skip


def forward_hints(parameters: Arrays, x: np.ndarray, n: int) -> Hints:
    """Typical mistakes of the forward pass."""
    def other(**mistake: Any) -> Callable[[], np.ndarray]:
        return lambda: other_forward(parameters, x, n, **mistake)

    names = reference.convolutions(parameters)
    mapping = tuple(name for name in names if name.startswith("mapping"))
    right = reference.forward(parameters, x, n)
    weight, bias = parameters["deconvolution.weight"], parameters["deconvolution.bias"]
    return [
        ("The PReLUs are forgotten.", other(rectified=lambda name: False)),
        *[(f"The PReLU after {k} is forgotten.", other(rectified=lambda name, k=k: name != k)) for k in names],
        ("The PReLUs of the mapping layers are forgotten.", other(rectified=lambda name: name not in mapping)),
        ("Every mapping layer uses the parameters of the first.",
         other(renamed=lambda name: "mapping_1" if name in mapping else name)),
        ("The mapping layers are left out.", other(left=mapping)),
        ("Only the first mapping layer is used: m of them are in the dict.", other(left=mapping[1:])),
        ("One mapping layer is left out at the end of the list.", other(left=mapping[-1:])),
        ("The biases are forgotten.", other(biases=0)),
        ("The deconvolution's bias is forgotten.", lambda: right - bias),
        ("The output is cut at 0: behind the deconvolution there is no activation and no clipping.",
         lambda: np.maximum(right, 0)),
        ("There is no PReLU after the deconvolution.",
         lambda: reference.prelu(right, parameters["expanding.slope"][:1])),
        ("The output is clipped to [0, 1]: the network does not do that.", lambda: np.clip(right, 0, 1)),
        ("n is taken as 3.", lambda: reference.forward(parameters, x, 3)),
        ("The deconvolution's output is not cut to n times the input: use deconv_cut.",
         lambda: reference.deconv2d(x, weight, bias, n)),
        ("Only the first sample is used.", lambda: right[:1]),
        ("The slopes are ignored: this is ReLU.",
         lambda: reference.forward({k: 0 * p if k.endswith("slope") else p for k, p in parameters.items()}, x, n)),
    ]  # fmt: skip


def _forward(student: Student, rng: np.random.Generator) -> None:
    for sizes in NETWORKS:
        for dtype in (np.float64, np.float32):
            parameters, x, _ = problem(rng, *sizes, dtype=dtype)
            n = sizes[3]
            judge("y", student("forward", parameters, x, n), reference.forward(parameters, x, n),
                  {"y": forward_hints(parameters, x, n)})  # fmt: skip


def loss_hints(y: np.ndarray, target: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the loss."""
    difference = y - target
    squares, N, size = float(np.sum(difference.astype(np.float64) ** 2)), len(y), y.size
    mean = "The mean over the pixels is taken: Equation 3 sums over pixels and averages over the samples alone."
    average = "The average over the samples is forgotten: divide by N."
    return {
        "L": [
            (mean, lambda: squares / size), (average, lambda: squares),
            (mean, lambda: squares / size * N),
            ("Half of it is computed: Equation 3 has no ½.", lambda: squares / N / 2),
            ("Half of it is computed, and not averaged.", lambda: squares / 2),
            ("The square is forgotten.", lambda: float(np.abs(difference).sum()) / N),
            ("A root is taken.", lambda: float(np.sqrt(squares / N))),
            ("A root is taken.", lambda: float(np.sqrt(squares))),
            ("Positive and negative differences cancel: square first, then sum.", lambda: float(difference.sum()) ** 2 / N),
        ],
        "dy": [
            ("dy: the factor 2 of the square's derivative is forgotten.", lambda: difference / N),
            ("dy: " + average, lambda: 2 * difference),
            ("dy: the factor 2 and the average over the samples are forgotten.", lambda: difference),
            ("dy: " + mean, lambda: 2 * difference / size),
            ("dy: " + mean, lambda: difference / size),
            ("dy: the sign is wrong: y − target, not target − y.", lambda: -2 * difference / N),
            ("dy: the sign alone is not the derivative of a square.", lambda: np.sign(difference) / N),
        ],
    }  # fmt: skip


LOSSES = (
    case("one sample", N=1, H=3, W=3),
    case("a picture that is not square", N=1, H=2, W=5),
    case("two samples", N=2, H=3, W=2),
    case("four samples", N=4, H=2, W=2),
)


def loss_arguments(rng: np.random.Generator, N: int, H: int, W: int) -> tuple:
    """Whole numbers."""
    return whole(rng, N, 1, H, W), whole(rng, N, 1, H, W)


def gradient_hints(key: str, found: Arrays, parameters: Arrays, x: np.ndarray, target: np.ndarray, n: int) -> Hints:
    """Typical mistakes of one parameter's gradient."""
    right, N = found[key], len(x)
    half = "The loss's derivative lacks its factor 2 (or the batch of two its average)."
    return [
        ("The average over the samples is forgotten: the gradient is that of the sum.", lambda: right * N),
        (half, lambda: right / 2),
        ("The average over the samples and the factor 2 are forgotten.", lambda: right * N / 2),
        ("The mean over the pixels is taken: Equation 3 sums over them.", lambda: right / (target.size / N)),
        ("The average over the samples is taken twice.", lambda: right / N),
        ("The gradient is 0: it is never filled.", lambda: 0 * right),
        ("The sign is wrong: dy points from the target to y.", lambda: -right),
        ("PReLU's backward is left out.", lambda: mistaken(parameters, x, target, n, "skip")[key]),
        ("prelu_backward is given the output of the PReLU: it wants its input, whose sign differs where a slope is negative.",
         lambda: mistaken(parameters, x, target, n, "output")[key]),
        ("The gradient of the layers' inputs stops: is dx passed on from layer to layer?",
         lambda: mistaken(parameters, x, target, n, "stop")[key]),
        ("conv_same_backward is given the convolution's output (or the next layer's input) for its input.",
         lambda: mistaken(parameters, x, target, n, "next")[key]),
    ]  # fmt: skip


def mistaken(parameters: Arrays, x: np.ndarray, target: np.ndarray, n: int, mistake: str) -> Arrays:
    """The backward pass with a mistake."""
    kept, r = [], reference
    for name in r.convolutions(parameters):
        z = r.conv_same(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])
        kept.append((name, x, z))
        x = r.prelu(z, parameters[f"{name}.slope"])
    weight = parameters["deconvolution.weight"]
    top = r.loss(r.deconv_cut(x, weight, parameters["deconvolution.bias"], n), target)[1]
    found: Arrays = {}
    dy, found["deconvolution.weight"], found["deconvolution.bias"] = r.deconv_cut_backward(top, x, weight, n)
    for name, entered, z in reversed(kept):
        slope, weight = parameters[f"{name}.slope"], parameters[f"{name}.weight"]
        seen = r.prelu(z, slope) if mistake == "output" else z
        dz, found[f"{name}.slope"] = r.prelu_backward(dy, seen, slope)
        dz = dy if mistake == "skip" else dz
        x = z if mistake == "next" and z.shape == entered.shape else entered
        dx, found[f"{name}.weight"], found[f"{name}.bias"] = r.conv_same_backward(dz, x, weight)
        dy = dx if mistake != "stop" else dy
    return found


def numeric(parameters: Arrays, x: np.ndarray, target: np.ndarray, n: int, key: str, step: float = 1e-5) -> np.ndarray:
    """∂L/∂θ by central differences, of a few entries of a tensor; the others are NaN."""
    theta = parameters[key]
    found = np.full(theta.shape, np.nan)
    chosen = np.unique(np.linspace(0, theta.size - 1, 6).astype(int))
    for place in (np.unravel_index(k, theta.shape) for k in chosen):
        value = theta[place]
        losses = []
        for moved in (value + step, value - step):
            theta[place] = moved
            losses.append(reference.loss(reference.forward(parameters, x, n), target)[0])
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
            found = reference.gradients(parameters, x, target, n)
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
            raise Wrong(f"∂L/∂{key}{list(place)} is {got[key][place]:.6g}, by central differences {by_hand[place]:.6g}")


CHECKS: list[Check] = [
    Check("forward", "small networks", _forward, "Print the shape after every layer."),
    *numbers("loss", "L dy", LOSSES, loss_arguments, reference.loss, loss_hints),
    Check("gradients", "small networks, from the last layer back", _gradients, "The layers behind it are right: look at "
          "what this layer's backward is given."),
    Check("gradients", "central differences", _differences, "(L(θ + ε) − L(θ − ε)) / 2ε."),
]  # fmt: skip
