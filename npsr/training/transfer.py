"""Parts of networks: what a network starts from, and its deconvolution alone.

Only the deconvolution depends on the factor n. So the convolutions of a network can be used for another
factor (Section 3.3). While they are fixed, the features of an image are computed once, and the
deconvolution is trained as a network of its own that reads these features.
"""

from dataclasses import replace
from typing import Literal

import numpy as np

from npsr.degradation.degrading import Reduce
from npsr.models.weights import load
from npsr.networks.architectures import build, with_shared_slopes
from npsr.networks.cascade import with_second_stage
from npsr.networks.initialisation import he_initialised
from npsr.networks.layers import DeConv
from npsr.networks.network import Network, layer_forward


def starting_network(
    model: str,
    scale: int,
    seed: int,
    start: str = "",
    initialisation: Literal["paper", "he", "dictionary"] = "paper",
    slopes: Literal["channel", "layer"] = "channel",
    cascade: bool = False,
) -> Network:
    """The network that a run starts from.

    Parameters
    ----------
    model : str
        Name of the architecture, as in `build`.
    scale : int
        Upscaling factor n.
    seed : int
        Seed of what is new.
    start : str
        An .npz network, or a released one: ``fsrcnn`` for the same factor, ``fsrcnn_x3`` for ×3. From
        another factor it gives its convolutions, and the deconvolution is new. Empty for a network
        that is new throughout.
    initialisation : {"paper", "he", "dictionary"}
        What is new is drawn as the paper does, or by `he_initialised`; a dictionary needs images, and is
        learnt by the run.
    slopes : {"channel", "layer"}
        PReLU slopes of a network that is new throughout: one a channel, or one that a layer shares.
    cascade : bool
        A copy of `start` is to enlarge what that makes, as the second stage of a cascade.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there is no such network, it is of another architecture, or not for the factor.

    Examples
    --------
    >>> net = npsr.starting_network("fsrcnn", scale=4, seed=0, start="fsrcnn_x3")
    >>> theirs = npsr.load("fsrcnn", 3).parameters
    >>> net.scale, np.array_equal(net.parameters["feature.weight"], theirs["feature.weight"])
    (4, True)
    """
    new = build(model, scale, seed)
    if initialisation == "he":
        new = he_initialised(new, seed)
    if cascade:
        return _second_stage(start, scale, new.name)
    if not start:
        return with_shared_slopes(new) if slopes == "layer" else new
    old = _start(start, scale, new.name)
    if old.scale == scale:
        return old
    if old.first:
        raise ValueError(f"start is a cascade for ×{old.scale}, but scale is {scale}: use -s {old.scale}")
    if not new.enlarges:
        return replace(old, scale=scale)
    last = new.layers[-1]
    inherited = {key: p for key, p in old.parameters.items() if not key.startswith(f"{last.name}.")}
    own = {key: p for key, p in new.parameters.items() if key.startswith(f"{last.name}.")}
    layers = (*old.with_border("zero").layers[:-1], last)
    return replace(old, scale=scale, layers=layers, parameters=inherited | own)


def _start(start: str, scale: int, expected: str) -> Network:
    """The network that a run starts from, of the name expected."""
    name, _, factor = start.rpartition("_x")
    if start.endswith(".npz"):
        old = load(start)
    else:
        old = load(name, int(factor)) if factor.isdecimal() else load(start, scale)
    if old.name != expected:
        raise ValueError(f"start is {old.name}, but model is {expected}: name the same network")
    return old


def _second_stage(start: str, scale: int, expected: str) -> Network:
    """A cascade of a network and a copy of it that is to be trained."""
    if not start:
        raise ValueError("start is missing, but cascade is true: name the network of the first stage")
    net = with_second_stage(_start(start, scale, expected))
    if net.scale != scale:
        raise ValueError(
            f"scale is {scale}, but the cascade that {start} begins makes ×{net.scale}: use -s {net.scale}"
        )
    return net


def deconvolution_of(net: Network) -> Network:
    """The deconvolution as a network that reads feature maps; it shares the parameters of `net`.

    Raises
    ------
    ValueError
        If the network has none.
    """
    last = net.layers[-1]
    if not isinstance(last, DeConv):
        raise ValueError(f"{net.name} has no deconvolution: use FSRCNN or a transition state")
    own = {key: p for key, p in net.parameters.items() if key.startswith(f"{last.name}.")}
    return replace(net, layers=(last,), parameters=own)


def features(net: Network, low: np.ndarray) -> np.ndarray:
    """What the last layer reads when the network enlarges a plane.

    Parameters
    ----------
    net : Network
        The network, with a border rule that keeps the plane's size.
    low : ndarray of shape (H, W)
        Its input.

    Returns
    -------
    ndarray of shape (C, H, W)
        Of the network's dtype.
    """
    x = np.ascontiguousarray(low[None, None], net.dtype)
    for layer in net.layers[:-1]:
        x = layer_forward(layer, net.parameters, x)[0]
    return x[0]


def reduced_features(
    net: Network, reduce: Reduce, high: np.ndarray, n: int, numbers: tuple[int, ...]
) -> np.ndarray:
    """The features of an HR plane's reduction."""
    return features(net, reduce(high, n, numbers))
