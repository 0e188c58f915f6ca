"""The paper's notation as data: Conv(f, n, c), PReLU, DeConv(f, n, c).

Shape letters, here and everywhere in this package: N batch, C channels, H W rows and columns of
the low-resolution (LR) image, f filter side, n upscaling factor (where a layer is written
Conv(f, n, c), n is its number of filters, as in the paper), d s m FSRCNN's sensitive variables.
"""

from dataclasses import dataclass, replace
from typing import Literal

Border = Literal["valid", "zero", "replicate"]
BORDERS: tuple[Border, ...] = ("valid", "zero", "replicate")


@dataclass(frozen=True)
class Conv:
    """Convolution: `n` filters of f × f over `c` channels.

    With border "valid" the output is f − 1 pixels smaller; otherwise the input is padded by f // 2.
    """

    name: str
    f: int
    n: int
    c: int
    border: Border = "zero"

    @property
    def padding(self) -> int:
        """Pixels by which the input is padded on each side."""
        return 0 if self.border == "valid" else self.f // 2


@dataclass(frozen=True)
class PReLU:
    """PReLU with `slopes` learned slopes: one per channel, or 1 shared by all."""

    name: str
    slopes: int


@dataclass(frozen=True)
class ReLU:
    """ReLU, without parameters."""

    name: str


@dataclass(frozen=True)
class DeConv:
    """Deconvolution, that is a strided transposed convolution: `n` filters of f × f over `c`
    channels, stride = the upscaling factor.

    Tap k of input pixel i adds to output pixel stride·i + k − padding; the output has stride
    times the input's sides. With border "valid", the form in which the paper trains, the full output is
    cut by f // 2 on every side instead.
    """

    name: str
    f: int
    n: int
    c: int
    stride: int
    padding: int
    border: Border = "zero"


Layer = Conv | PReLU | ReLU | DeConv


def with_border(layers: tuple[Layer, ...], border: Border) -> tuple[Layer, ...]:
    """The same layers with another border rule.

    "zero" and "replicate" hold for every layer. "valid" is the form that the paper trains in: with
    a deconvolution at the end, the first layer is unpadded, the others are zero-padded and the
    deconvolution is cut; without one (SRCNN) every layer is unpadded.

    Raises
    ------
    ValueError
        If `border` is none of the three.
    """
    if border not in BORDERS:
        raise ValueError(f"border is {border!r}, but must be one of {', '.join(BORDERS)}")
    enlarges = any(isinstance(layer, DeConv) for layer in layers)

    def rule(place: int, layer: Layer) -> Border:
        inner = place > 0 and isinstance(layer, Conv)
        return "zero" if border == "valid" and enlarges and inner else border

    return tuple(
        replace(layer, border=rule(place, layer)) if isinstance(layer, Conv | DeConv) else layer
        for place, layer in enumerate(layers)
    )


def weight_shape(layer: Conv | DeConv) -> tuple[int, int, int, int]:
    """Shape of a layer's weight: (n, c, f, f) for a convolution, (c, n, f, f) for a deconvolution."""
    first, second = (layer.n, layer.c) if isinstance(layer, Conv) else (layer.c, layer.n)
    return first, second, layer.f, layer.f


def parameter_shapes(layers: tuple[Layer, ...]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter, in forward order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in layers:
        match layer:
            case Conv() | DeConv():
                shapes[f"{layer.name}.weight"] = weight_shape(layer)
                shapes[f"{layer.name}.bias"] = (layer.n,)
            case PReLU():
                shapes[f"{layer.name}.slope"] = (layer.slopes,)
    return shapes
