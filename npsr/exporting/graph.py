"""Networks as graphs of a few operations that every runtime has: convolution, padding, shuffle, …

A format's own class writes the operations; what a network is made of stands here, once for all formats. A
graph in RGB converts to YCbCr, runs the network on luma, enlarges chroma by MATLAB's bicubic, and converts
back, as `npsr.upscale` does.

Shape letters: n upscaling factor, d channels, f filter side, t side of a convolution for n² phases.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from npsr.exporting.sub_pixel import sub_pixel_reach, sub_pixel_weight
from npsr.images.colour import FROM_YCBCR, OFFSET, TO_YCBCR
from npsr.images.resize import taps
from npsr.networks.cascade import require_one_stage
from npsr.networks.layers import Conv, DeConv, Layer, PReLU, ReLU
from npsr.networks.network import Arrays, Network
from npsr_kernels.shapes import replicated_reach

Axis = Literal["channels", "rows", "columns"]

BICUBIC_REACH = 2
"""Pixels on either side that a pixel of the bicubic enlargement is the sum of."""


class Graph(Protocol):
    """A graph under construction. Every operation takes the names of its inputs and gives its output's."""

    def convolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, pads: tuple[int, int], groups: int = 1
    ) -> str:
        """Convolve with zeros before and after; `weight` is (d, d/groups, f, f)."""
        ...

    def deconvolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, stride: int, cut: tuple[int, int]
    ) -> str:
        """Convolve transposed, and cut off before and after; `weight` is (d, 1, f, f)."""
        ...

    def prelu(self, name: str, x: str, slopes: np.ndarray) -> str:
        """PReLU with a slope for each channel."""
        ...

    def relu(self, x: str) -> str:
        """ReLU."""
        ...

    def replicate(self, x: str, before: int, after: int) -> str:
        """Continue rows and columns by their first and last pixel."""
        ...

    def shuffle(self, x: str, n: int) -> str:
        """Interleave: channel n²·c + n·a + b holds the pixels (n·i + a, n·j + b) of channel c."""
        ...

    def part(self, x: str, axis: Axis, start: int, stop: int) -> str:
        """From `start` to before `stop`, both counted from the end if negative."""
        ...

    def joined(self, parts: Sequence[str], axis: Axis) -> str:
        """One after the other."""
        ...

    def clipped(self, x: str) -> str:
        """Clip to [0, 1]."""
        ...


def add_network(graph: Graph, net: Network, x: str, sub_pixel: bool = False) -> str:
    """Append the layers of a network.

    Parameters
    ----------
    graph : Graph
        The graph.
    net : Network
        The network; its border rule is the graph's.
    x : str
        Its input, luma as a network here takes it.
    sub_pixel : bool
        Write the deconvolution as a convolution with n² outputs and a shuffle: the same function.

    Raises
    ------
    ValueError
        If a layer has no such form, or the network is a cascade.
    """
    require_one_stage(net, "other runtimes are given")
    channels = net.channels
    for layer in net.layers:
        x = _add_layer(graph, layer, net.parameters, x, channels, sub_pixel)
        channels = layer.n if isinstance(layer, Conv | DeConv) else channels
    return x


def add_rgb(graph: Graph, net: Network, x: str, sub_pixel: bool = False) -> str:
    """Append conversion, network, chroma and conversion back: RGB in [0, 1] to n times as many pixels.

    Parameters and errors as in `add_network`; and the network must keep its input's sides, n times.
    """
    ycbcr = graph.convolution("to_ycbcr", x, _as_weight(TO_YCBCR), OFFSET, (0, 0))
    if not net.enlarges:
        ycbcr = add_bicubic(graph, ycbcr, 3, net.scale)
    luma, chroma = graph.part(ycbcr, "channels", 0, 1), graph.part(ycbcr, "channels", 1, 3)
    if net.enlarges:
        chroma = add_bicubic(graph, chroma, 2, net.scale)
    large = add_network(graph, net, luma, sub_pixel)
    if any(isinstance(layer, Conv) and layer.border == "valid" for layer in net.layers):
        raise ValueError(
            f'{net.name} has border "valid", which makes luma smaller than chroma: '
            'use net.with_border("replicate")'
        )
    large = graph.joined([large, chroma], "channels")
    rgb = graph.convolution("from_ycbcr", large, _as_weight(FROM_YCBCR), -FROM_YCBCR @ OFFSET, (0, 0))
    return graph.clipped(rgb)


def add_bicubic(graph: Graph, x: str, channels: int, n: int) -> str:
    """Append MATLAB's bicubic enlargement: a convolution with n² outputs a channel on a mirrored plane.

    Mirrored means …, x₁, x₀, x₀, x₁, …: the border pixel first, which `replicate` adds, then the one beside
    it. Runtimes have no such padding; their own bicubic continues borders in other ways.
    """
    line = bicubic_phases(n)
    t = line.shape[1]
    weight = np.einsum("ai,bj->abij", line, line).reshape(n * n, 1, t, t)
    x = graph.replicate(x, 1, 1)
    axes: tuple[Axis, Axis] = ("rows", "columns")
    for axis in axes:
        x = graph.joined([graph.part(x, axis, 2, 3), x, graph.part(x, axis, -3, -2)], axis)
    weights, bias = np.tile(weight, (channels, 1, 1, 1)), np.zeros(channels * n * n)
    return graph.shuffle(graph.convolution("bicubic", x, weights, bias, (0, 0), channels), n)


def bicubic_phases(n: int) -> np.ndarray:
    """Weights (n, 5) of an axis' pixels from −2 to 2 around pixel i, for the pixels n·i to n·i + n − 1."""
    middle, side = 8, 16
    weights, places = taps(side, n * side, n)
    phases = np.zeros((n, 2 * BICUBIC_REACH + 1))
    for a in range(n):
        here = weights[n * middle + a] != 0
        phases[a, places[n * middle + a][here] - middle + BICUBIC_REACH] = weights[n * middle + a][here]
    return phases


def _as_weight(matrix: np.ndarray) -> np.ndarray:
    return matrix[:, :, None, None]


def _add_layer(graph: Graph, layer: Layer, parameters: Arrays, x: str, channels: int, sub_pixel: bool) -> str:
    """Append one layer; the counterpart of `npsr.networks.network.layer_forward`."""
    match layer:
        case Conv():
            pads = layer.padding, layer.padding
            if layer.border == "replicate" and layer.padding:
                x, pads = graph.replicate(x, *pads), (0, 0)
            weight, bias = (parameters[f"{layer.name}.{kind}"] for kind in ("weight", "bias"))
            return graph.convolution(layer.name, x, weight, bias, pads)
        case PReLU():
            # One slope a channel even where a layer shares one: not every runtime broadcasts it.
            slopes = np.broadcast_to(parameters[f"{layer.name}.slope"], (channels,))
            return graph.prelu(layer.name, x, slopes)
        case ReLU():
            return graph.relu(x)
        case DeConv():
            add = _add_sub_pixel if sub_pixel else _add_deconvolution
            return add(graph, layer, parameters, x)
    raise ValueError(f"the network has a layer {type(layer).__name__}, which other runtimes do not have")


def _add_deconvolution(graph: Graph, layer: DeConv, parameters: Arrays, x: str) -> str:
    """A deconvolution cut to n times the input's sides, replicated borders included."""
    n, f = layer.stride, layer.f
    start, end = layer.padding, f - n - layer.padding
    if layer.border == "valid":
        start = end = f // 2
    elif layer.border == "replicate":
        before, after = replicated_reach(f, n, layer.padding)
        x = graph.replicate(x, before, after)
        start, end = start + n * before, end + n * after
    if end < 0:
        raise ValueError(f"the deconvolution's filter side is {f}, but it must be at least padding + stride")
    weight, bias = (parameters[f"{layer.name}.{kind}"] for kind in ("weight", "bias"))
    return graph.deconvolution(layer.name, x, weight, bias, n, (start, end))


def _add_sub_pixel(graph: Graph, layer: DeConv, parameters: Arrays, x: str) -> str:
    """The same by a convolution with n² outputs, interleaved."""
    weight = sub_pixel_weight(layer, parameters[f"{layer.name}.weight"])
    pads = sub_pixel_reach(layer)
    if layer.border == "replicate":
        x, pads = graph.replicate(x, *pads), (0, 0)
    bias = np.repeat(parameters[f"{layer.name}.bias"], layer.stride**2)
    return graph.shuffle(graph.convolution(layer.name, x, weight, bias, pads), layer.stride)
