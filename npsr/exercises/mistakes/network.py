"""Typical mistakes of exercise 9: what would come out, and the hint for it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints

ALPHABET = (
    "The mapping layers are sorted as text, in which mapping_10 comes before mapping_2: keep the order of the "
    "dict, or sort by the number."
)


def other_forward(
    parameters: layers.Arrays,
    x: np.ndarray,
    n: int,
    rectified: Callable[[str], bool] = lambda name: True,
    renamed: Callable[[str], str] = lambda name: name,
    left: tuple[str, ...] = (),
    ordered: Callable[[list[str]], list[str]] = list,
    biases: float = 1,
) -> np.ndarray:
    """The forward pass with a mistake."""
    for layer in ordered(layers.convolutions(parameters)):
        if layer in left:
            continue
        name = renamed(layer)
        x = layers.conv_same(x, parameters[f"{name}.weight"], biases * parameters[f"{name}.bias"])
        x = layers.prelu(x, parameters[f"{name}.slope"]) if rectified(layer) else x
    return layers.deconv_cut(
        x, parameters["deconvolution.weight"], biases * parameters["deconvolution.bias"], n
    )  # fmt: skip


def forward_hints(parameters: layers.Arrays, x: np.ndarray, n: int) -> Hints:
    """Typical mistakes of the forward pass."""

    def other(**mistake: Any) -> Callable[[], np.ndarray]:
        return lambda: other_forward(parameters, x, n, **mistake)

    names = layers.convolutions(parameters)
    mapping = tuple(name for name in names if name.startswith("mapping"))
    right = layers.forward(parameters, x, n)
    weight, bias = parameters["deconvolution.weight"], parameters["deconvolution.bias"]
    return [
        ("The PReLUs are forgotten.", other(rectified=lambda name: False)),
        *[(f"The PReLU after {k} is forgotten.", other(rectified=lambda name, k=k: name != k)) for k in names],
        ("The PReLUs of the mapping layers are forgotten.", other(rectified=lambda name: name not in mapping)),
        ("Every mapping layer uses the parameters of the first.",
         other(renamed=lambda name: "mapping_1" if name in mapping else name)),
        (ALPHABET, other(ordered=lambda names: [*names[:2], *sorted(names[2:-1]), names[-1]])),
        ("The mapping layers come in reverse order: mapping_1 is the first.",
         other(ordered=lambda names: [*names[:2], *names[-2:1:-1], names[-1]])),
        ("The mapping layers are left out.", other(left=mapping)),
        ("Only the first mapping layer is used: m of them are in the dict.", other(left=mapping[1:])),
        ("One mapping layer is left out at the end of the list.", other(left=mapping[-1:])),
        *[(f"Only the first {k} mapping layers are used: all of those in the dict follow each other.",
           other(left=mapping[k:])) for k in range(2, len(mapping) - 1)],
        ("The biases are forgotten.", other(biases=0)),
        ("The deconvolution's bias is forgotten.", lambda: right - bias),
        ("The output is cut at 0: behind the deconvolution there is no activation and no clipping.",
         lambda: np.maximum(right, 0)),
        ("There is no PReLU after the deconvolution.",
         lambda: layers.prelu(right, parameters["expanding.slope"][:1])),
        ("The output is clipped to [0, 1]: the network does not do that.", lambda: np.clip(right, 0, 1)),
        ("n is taken as 3.", lambda: layers.forward(parameters, x, 3)),
        ("The deconvolution's output is not cut to n times the input: use deconv_cut.",
         lambda: layers.deconv2d(x, weight, bias, n)),
        ("Only the first sample is used.", lambda: right[:1]),
        ("The slopes are ignored: this is ReLU.",
         lambda: layers.forward({k: 0 * p if k.endswith("slope") else p for k, p in parameters.items()}, x, n)),
    ]  # fmt: skip


def loss_hints(y: np.ndarray, target: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the loss."""
    difference = y - target
    squares, N, size = float(np.sum(difference.astype(np.float64) ** 2)), len(y), y.size
    mean = (
        "The mean over the pixels is taken: Equation 3 sums over pixels and averages over the samples alone."
    )
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


def gradient_hints(
    key: str, found: layers.Arrays, parameters: layers.Arrays, x: np.ndarray, target: np.ndarray, n: int
) -> Hints:
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
        (ALPHABET, lambda: mistaken(parameters, x, target, n, "alphabet")[key]),
    ]  # fmt: skip


def mistaken(
    parameters: layers.Arrays, x: np.ndarray, target: np.ndarray, n: int, mistake: str
) -> layers.Arrays:
    """The backward pass with a mistake."""
    activations, r = [], layers
    names = r.convolutions(parameters)
    if mistake == "alphabet":
        names[2:-1] = sorted(names[2:-1])
    for name in names:
        z = r.conv_same(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])
        activations.append((name, x, z))
        x = r.prelu(z, parameters[f"{name}.slope"])
    weight = parameters["deconvolution.weight"]
    top = r.loss(r.deconv_cut(x, weight, parameters["deconvolution.bias"], n), target)[1]
    found: layers.Arrays = {}
    dy, found["deconvolution.weight"], found["deconvolution.bias"] = r.deconv_cut_backward(top, x, weight, n)
    for name, entered, z in reversed(activations):
        slope, weight = parameters[f"{name}.slope"], parameters[f"{name}.weight"]
        seen = r.prelu(z, slope) if mistake == "output" else z
        dz, found[f"{name}.slope"] = r.prelu_backward(dy, seen, slope)
        dz = dy if mistake == "skip" else dz
        x = z if mistake == "next" and z.shape == entered.shape else entered
        dx, found[f"{name}.weight"], found[f"{name}.bias"] = r.conv_same_backward(dz, x, weight)
        dy = dx if mistake != "stop" else dy
    return found
