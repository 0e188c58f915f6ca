"""How a network's first weights are drawn: as the paper does, or by He's rule throughout."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from npsr.networks.layers import Border, Conv, DeConv, Layer, parameter_shapes, weight_shape, with_border
from npsr.networks.network import Network


def initialise(
    name: str,
    scale: int,
    layers: Sequence[Layer],
    seed: int = 0,
    dtype: Any = "float32",
    border: Border = "zero",
) -> Network:
    """A network of any layers, with parameters drawn as the paper does.

    Convolutions of a network with a deconvolution: N(0, 2/(f² n)) (He et al.), for PReLU; those of
    SRCNN and every deconvolution: N(0, 0.001²). Biases 0. Slopes 0.25 (He et al.).

    Parameters
    ----------
    name : str
        What to call it.
    scale : int
        Upscaling factor n.
    layers : sequence of Layer
        In forward order; each has a name, from which its parameters' names are made.
    seed, dtype, border
        As in `fsrcnn`.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the dtype or the border is unknown.

    Examples
    --------
    >>> layers = (npsr.Conv("a", f=5, n=8, c=1), npsr.PReLU("a", 8), npsr.Conv("b", f=3, n=1, c=8))
    >>> net = npsr.initialise("small", 1, layers, seed=0, dtype="float32", border="zero")
    >>> list(net.parameters)
    ['a.weight', 'a.bias', 'a.slope', 'b.weight', 'b.bias']
    """
    if np.dtype(dtype) not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f"dtype is {dtype!r}, but must be float32 or float64")
    rng = np.random.default_rng(seed)
    he = isinstance(layers[-1], DeConv)
    parameters = {}
    for key, shape in parameter_shapes(tuple(layers)).items():
        if key.endswith(".bias"):
            values = np.zeros(shape)
        elif key.endswith(".slope"):
            values = np.full(shape, 0.25)
        elif he and not key.startswith("deconvolution."):
            values = rng.normal(0, np.sqrt(2 / (shape[0] * prod(shape[2:]))), shape)
        else:
            values = rng.normal(0, 0.001, shape)
        parameters[key] = values.astype(dtype)
    return Network(name, scale, with_border(tuple(layers), border), parameters)


def he_initialised(net: Network, seed: int = 0) -> Network:
    """The network with its convolutions but the last drawn anew: N(0, 2/(f² c)), c the channels read.

    Then the features of every layer have about the same strength (He et al.). The paper draws very small
    weights for SRCNN. From these, Adam's first steps move all features of a layer to the same side, and those
    that fall below 0 are lost behind ReLU.

    Parameters
    ----------
    net : Network
        The network; its last layer, biases and slopes stay.
    seed : int
        Seed of the weights.

    Returns
    -------
    Network

    Examples
    --------
    >>> weight = npsr.he_initialised(npsr.srcnn(), seed=0).parameters["extraction.weight"]
    >>> bool(weight.std() > 50 * npsr.srcnn().parameters["extraction.weight"].std())
    True
    """
    rng = np.random.default_rng(seed)
    drawn = {
        f"{layer.name}.weight": rng.normal(0, np.sqrt(2 / (layer.f**2 * layer.c)), weight_shape(layer))
        for layer in net.layers[:-1]
        if isinstance(layer, Conv)
    }
    drawn = {key: values.astype(net.dtype) for key, values in drawn.items()}
    return replace(net, parameters=net.parameters | drawn)
