"""From a network's layers to the stages of the stream, with their weights packed.

H W rows and columns of the image, C D input and output channels of a layer, f filter side, n upscaling
factor, h = f // 2 pixels that a filter reaches beyond its centre.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from npsr_kernels.shapes import replicated_reach
from npsr_kernels.stream.layout import DECONVOLUTION, DIRECT, WINOGRAD
from npsr_kernels.stream.packing import Packed, Packer, convolution, deconvolution_points, points
from npsr_kernels.vector.winograd import TAPS


class Convolution(NamedTuple):
    """A convolution and the PReLU after it."""

    weight: np.ndarray
    """(D, C, f, f), f odd."""
    bias: np.ndarray
    """(D,)"""
    slope: np.ndarray
    """(D,) or (1,): 0 is ReLU, 1 is no rectifier."""


class Deconvolution(NamedTuple):
    """A deconvolution to one channel, the last layer of a network."""

    weight: np.ndarray
    """(C, 1, f, f)"""
    bias: np.ndarray
    """(1,)"""
    stride: int
    """n"""
    padding: int
    """Tap k of input pixel i adds to output pixel n·i + k − padding."""


class Stage(NamedTuple):
    """One or two layers; see the fields of the same names in `layout.STAGE`."""

    kind: int
    channels: int
    history: int
    reach: int
    filters: int
    products: list[Packed]
    pointwise: Packed | None = None
    middle: int = 0
    bias: int = -1


@dataclass(frozen=True, eq=False)
class Plan:
    """A network ready to stream images of any size.

    Attributes
    ----------
    stages : list of Stage
        In forward order.
    weights, blocks : ndarray
        All products, packed (see packing.py).
    replicate : bool
        Whether borders are padded by replication; if not, with zeros.
    bias : int
        Where in the weights the deconvolution's bias is; a zero if there is none.
    scale, padding, taps : int
        n, the deconvolution's padding and ⌈f/n⌉; 1, 0 and 1 without a deconvolution.
    """

    stages: list[Stage]
    weights: np.ndarray
    blocks: np.ndarray
    replicate: bool
    bias: int
    scale: int = 1
    padding: int = 0
    taps: int = 1

    @property
    def pad(self) -> int:
        """P: columns by which a row must be padded before the image's first and after its last column."""
        return max(replicated_before(self), *(stage.reach for stage in self.stages))


def replicated_before(plan: Plan) -> int:
    """Rows and columns before the image's first that the deconvolution reaches."""
    return max(0, plan.taps - 1 - plan.padding // plan.scale)


def make_plan(layers: Sequence[Convolution | Deconvolution], border: str) -> Plan:
    """Group the layers into stages and pack their weights.

    A 1 × 1 convolution shares the stage of the convolution before it, or of the deconvolution after
    it. So the many channels between the two are never stored for a whole row.

    Parameters
    ----------
    layers : sequence of Convolution, the last of them possibly a Deconvolution
        From one channel to one channel; the first is a Convolution.
    border : {"zero", "replicate"}
        How the input of each layer is padded.
    """
    packer, stages = Packer(), []
    zero = packer.add([0])
    replicate = border == "replicate"
    last = layers[-1]
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    expanding = None
    if isinstance(last, Deconvolution) and len(convolutions) > 1 and _is_pointwise(convolutions[-1]):
        expanding = convolutions.pop()
    while convolutions:
        first = convolutions.pop(0)
        fused = convolutions.pop(0) if convolutions and _is_pointwise(convolutions[0]) else None
        stages.append(_convolution_stage(packer, first, fused))
    if not isinstance(last, Deconvolution):
        return Plan(stages, *packer.arrays(last.weight.dtype), replicate, zero)
    f, n, padding = last.weight.shape[2], last.stride, last.padding
    delay = replicated_reach(f, n, padding)[0] if replicate else 0
    stages.append(_deconvolution_stage(packer, expanding, last, delay))
    bias = packer.add(last.bias)
    return Plan(stages, *packer.arrays(last.weight.dtype), replicate, bias, n, padding, -(-f // n))


def _is_pointwise(layer: Convolution) -> bool:
    return layer.weight.shape[2] == 1


def _convolution_stage(packer: Packer, layer: Convolution, fused: Convolution | None) -> Stage:
    D, C, f, _ = layer.weight.shape
    h = f // 2
    if f == TAPS and fused is None:
        bias = packer.add(np.concatenate([layer.bias, np.broadcast_to(layer.slope, D)]))
        return Stage(WINOGRAD, C, 2 * h, h, D, points(packer, layer.weight), bias=bias)
    products = [convolution(packer, *layer)]
    if fused is None:
        return Stage(DIRECT, C, 2 * h, h, D, products)
    return Stage(DIRECT, C, 2 * h, h, len(fused.weight), products, convolution(packer, *fused), D)


def _deconvolution_stage(
    packer: Packer, expanding: Convolution | None, layer: Deconvolution, delay: int
) -> Stage:
    """The stage works `delay` rows late, until the image's first row is there to be replicated."""
    C, n = len(layer.weight), layer.stride
    products = deconvolution_points(packer, layer.weight, n)
    if expanding is None:
        return Stage(DECONVOLUTION, C, delay, delay, n * n, products, middle=C)
    channels = expanding.weight.shape[1]
    pointwise = convolution(packer, *expanding)
    return Stage(DECONVOLUTION, channels, delay, delay, n * n, products, pointwise, C)
