"""The paper's notation as data: Conv(f, n, c), PReLU, DeConv(f, n, c).

Shape letters, here and everywhere in this package: N batch, C channels, H W rows and columns of
the low-resolution (LR) image, f filter side, n upscaling factor (where a layer is written
Conv(f, n, c), n is its number of filters, as in the paper), d s m FSRCNN's sensitive variables.
"""

from dataclasses import dataclass, replace
from typing import Literal

from npsr_kernels.shapes import replicated_reach

Border = Literal["valid", "zero", "replicate"]
BORDERS: tuple[Border, ...] = ("valid", "zero", "replicate")


@dataclass(frozen=True)
class Conv:
    """Convolution: `n` filters of f × f over `c` channels.

    With border "valid" the output is f − 1 pixels smaller; otherwise the input is padded by f // 2.

    Examples
    --------
    >>> npsr.Conv("edges", f=3, n=8, c=1).border
    'zero'
    """

    name: str
    f: int
    n: int
    c: int
    border: Border = "zero"
    biased: bool = True

    @property
    def padding(self) -> int:
        """Pixels by which the input is padded on each side."""
        return 0 if self.border == "valid" else self.f // 2


@dataclass(frozen=True)
class PReLU:
    """PReLU with `slopes` learned slopes: one per channel, or 1 shared by all.

    Examples
    --------
    >>> npsr.PReLU("shrinking", slopes=12).slopes
    12
    """

    name: str
    slopes: int


@dataclass(frozen=True)
class ReLU:
    """ReLU, without parameters.

    Examples
    --------
    >>> npsr.ReLU("first").name
    'first'
    """

    name: str


@dataclass(frozen=True)
class DeConv:
    """Deconvolution, that is a strided transposed convolution: `n` filters of f × f over `c`
    channels, stride = the upscaling factor.

    Tap k of input pixel i adds to output pixel stride·i + k − padding; the output has stride
    times the input's sides. With border "valid", the form in which the paper trains, the full output is
    cut by f // 2 on every side instead.

    Examples
    --------
    >>> last = npsr.DeConv("out", f=9, n=1, c=4, stride=3, padding=3)
    >>> layers = (npsr.Conv("a", f=3, n=4, c=1), npsr.PReLU("a", 4), last)
    >>> net = npsr.initialise("mine", 3, layers, 0, "float32", "zero")
    >>> net(np.ones((1, 1, 5, 6), "float32")).shape
    (1, 1, 15, 18)
    """

    name: str
    f: int
    n: int
    c: int
    stride: int
    padding: int
    border: Border = "zero"


@dataclass(frozen=True)
class Margin:
    """The image continued by `width` pixels on every side; as it is with border "valid"."""

    name: str
    width: int
    border: Border = "replicate"


@dataclass(frozen=True)
class Patches:
    """The f × f pixels around each of `c` maps as c·f² channels, without borders; nothing learned."""

    name: str
    f: int
    c: int


@dataclass(frozen=True)
class Normalise:
    """Every pixel's channels divided by their norm, nothing learned."""

    name: str


@dataclass(frozen=True)
class SoftThreshold:
    """Soft threshold with `thresholds` learned thresholds: one per channel, or 1 shared by all."""

    name: str
    thresholds: int


@dataclass(frozen=True)
class Lista:
    """Sparse codes of `n` channels v: z = S_θ(v), then `steps` times z = S_θ(v + U z) (Gregor, LeCun, 2010).

    U is the same in all steps if `shared`.
    """

    name: str
    n: int
    steps: int = 1
    shared: bool = True


@dataclass(frozen=True)
class Combine:
    """Patches of f × f details, added where they overlap to the means of the image's own patches.

    Each is scaled by the image's contrast there, and by a learned weight for every place in a patch.
    """

    name: str
    f: int


Layer = Conv | PReLU | ReLU | DeConv | Margin | Patches | Normalise | SoftThreshold | Lista | Combine


def is_sparse_coding(layers: tuple[Layer, ...]) -> bool:
    """Whether a network has layers beside the paper's: those of sparse coding."""
    return any(not isinstance(layer, Conv | PReLU | ReLU | DeConv) for layer in layers)


def pixels_read(layer: Layer) -> int:
    """Pixels around its own that a layer without borders reads, by half its filter or patch."""
    return layer.f // 2 if isinstance(layer, Conv | Patches | Combine) else 0


def deconvolution_borders(layer: DeConv) -> tuple[int, int, int, int]:
    """Of a deconvolution: pixels replicated (before, after) the input, where the cut of the full output
    starts, and by how much it is shorter than stride times the input's side.
    """
    if layer.border == "valid":
        return 0, 0, layer.f // 2, layer.stride - layer.f + 2 * (layer.f // 2)
    if layer.border == "zero":
        return 0, 0, layer.padding, 0
    before, after = replicated_reach(layer.f, layer.stride, layer.padding)
    return before, after, layer.padding + layer.stride * before, 0


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
    if isinstance(layers[0], Margin):  # what follows reads into it
        return replace(layers[0], border=border), *layers[1:]
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
                if not isinstance(layer, Conv) or layer.biased:
                    shapes[f"{layer.name}.bias"] = (layer.n,)
            case PReLU():
                shapes[f"{layer.name}.slope"] = (layer.slopes,)
            case SoftThreshold():
                shapes[f"{layer.name}.threshold"] = (layer.thresholds,)
            case Lista():
                shapes[f"{layer.name}.weight"] = (1 if layer.shared else layer.steps, layer.n, layer.n)
                shapes[f"{layer.name}.threshold"] = (layer.n,)
            case Combine():
                shapes[f"{layer.name}.weight"] = (layer.f**2,)
    return shapes


def fit_together(layers: tuple[Layer, ...], scale: int) -> bool:
    """Whether each layer takes the channels that the one before gives, from 1 to 1."""
    channels = 1
    for index, layer in enumerate(layers):
        takes, gives = _channels(layer, channels)
        odd = not isinstance(layer, Conv | Patches | Combine) or layer.f % 2 == 1
        if takes != channels or not odd or (isinstance(layer, Margin) and index > 0):
            return False
        if isinstance(layer, DeConv) and (
            index != len(layers) - 1
            or layer.stride != scale
            or not 0 <= layer.padding <= layer.f - layer.stride
        ):
            return False
        channels = gives
    return channels == 1 and len({(type(layer), layer.name) for layer in layers}) == len(layers) > 0


def _channels(layer: Layer, before: int) -> tuple[int, int]:
    """Channels that a layer takes and gives, if it comes after so many."""
    match layer:
        case Conv() | DeConv():
            return layer.c, layer.n
        case Patches():
            return layer.c, layer.c * layer.f**2
        case Lista():
            return layer.n, layer.n
        case Combine():
            return layer.f**2, 1
        case PReLU(slopes=count) | SoftThreshold(thresholds=count):
            return (before if count == 1 else count), before
    return before, before
