"""The fast engine for training: which networks it takes, and its description of them."""

from functools import lru_cache

import numpy as np

from npsr.networks.layers import Conv, DeConv, Layer, PReLU, ReLU
from npsr_kernels.compiling.compiled import INSTALLED, available

if INSTALLED:  # else only `supports` is called
    from npsr_kernels.training_step import step as training_step

LARGEST_SIDE = 64
"""Of a sub-image. A vector's maps of FSRCNN(56,12,4) then take 60 MB, far beyond any cache."""


def supports(layers: tuple[Layer, ...]) -> bool:
    """Whether the fast engine can train a network of these layers.

    It trains the training form (border "valid") of every network of the paper, and a deconvolution
    alone: one channel out, a rectifier after every layer but the last. It trains none if Numba is missing or
    disabled.
    """
    if not available() or len(layers) % 2 == 0:
        return False
    *inner, last = layers
    convolutions, rectifiers = inner[::2], inner[1::2]
    return (
        all(
            isinstance(layer, Conv) and layer.border != "replicate" and layer.biased for layer in convolutions
        )
        and all(isinstance(layer, PReLU | ReLU) for layer in rectifiers)
        and isinstance(last, Conv | DeConv)
        and last.border == "valid"
        and last.n == 1
    )


def suits(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> bool:
    """Whether the fast engine is the one to train a network of these layers on images of this shape:
    it supports them, and they are sub-images, square and so small that a vector of them fits in cache.
    """
    return supports(layers) and shape[2] == shape[3] <= LARGEST_SIDE


def loss_and_gradients(
    layers: tuple[Layer, ...],
    parameters: dict[str, np.ndarray],
    x: np.ndarray,
    target: np.ndarray,
    floor: float = 0.0,
) -> tuple[float, dict[str, np.ndarray]]:
    """The loss and its gradient; see `npsr.networks.network.loss_and_gradients`, which converts and checks.

    `floor` is that of the PSNR loss, 0 for Equation 3.

    Raises
    ------
    ValueError
        If the layers or the shape of x or target are not those that the engine takes.
    """
    if not supports(layers):
        raise ValueError(
            'engine is "fast", but this network is not in training form, or Numba is missing or disabled: '
            'use net.with_border("valid") or engine="numpy"'
        )
    plan = plan_for(layers, x.shape[2], np.dtype(x.dtype), floor)
    loss, gradients = training_step.loss_and_gradients(plan, list(parameters.values()), x, target)
    return loss, dict(zip(parameters, gradients, strict=True))


@lru_cache(maxsize=8)
def plan_for(
    layers: tuple[Layer, ...], side: int, dtype: np.dtype, floor: float = 0.0
) -> "training_step.Plan":
    """The plan of a network that the engine supports, for sub-images of a side and a loss; made once."""
    return training_step.make_plan(describe(layers), side, dtype, floor)


def describe(layers: tuple[Layer, ...]) -> "tuple[training_step.ConvLayer | training_step.DeconvLayer, ...]":
    """The layers in the kernels' terms: each convolution together with its rectifier."""
    described: list[training_step.ConvLayer | training_step.DeconvLayer] = []
    for layer, rectifier in zip(layers, (*layers[1:], None), strict=True):
        match layer:
            case Conv():
                slopes = {PReLU: getattr(rectifier, "slopes", None), ReLU: 0}.get(type(rectifier))
                described.append(training_step.ConvLayer(layer.f, layer.n, layer.c, layer.padding, slopes))
            case DeConv():
                described.append(training_step.DeconvLayer(layer.f, layer.c, layer.stride, layer.f // 2))
    return tuple(described)
