"""Every network of the paper, by its numbers and by its name, and what it costs.

Section 2 of the paper (SRCNN), Section 3 (FSRCNN) and the transition states between them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from npsr.networks.initialisation import initialise
from npsr.networks.layers import (
    Border,
    Conv,
    DeConv,
    Layer,
    Lista,
    PReLU,
    ReLU,
    pixels_read,
)
from npsr.networks.network import Network
from npsr.networks.sparse_coding import scn
from npsr.system.checks import whole
from npsr_kernels.shapes import centring_padding, replicated_reach

NAMES = ("fsrcnn", "fsrcnn-s", "srcnn", "srcnn-ex", "transition-1", "transition-2")
"""The paper's networks; `build` accepts ``scn`` besides, and ``fsrcnn(d,s,m)`` and ``srcnn(f1,f2,f3)``."""

SRCNN_EX_WEIGHTS = 57184
"""Weights of SRCNN-Ex (9-5-5), the network that the paper's speed-ups are measured against."""


def fsrcnn(
    d: int = 56,
    s: int = 12,
    m: int = 4,
    scale: int = 3,
    seed: int = 0,
    dtype: Any = "float32",
    border: Border = "zero",
    shared_slopes: bool = False,
) -> Network:
    """FSRCNN(d, s, m): Conv(5,d,1) Conv(1,s,d) m×Conv(3,s,s) Conv(1,d,s) DeConv(9,1,d).

    Parameters
    ----------
    d, s, m : int
        LR feature dimension, shrinking filters, mapping depth (Section 3.2).
    scale : int
        Upscaling factor n, the deconvolution's stride.
    seed : int
        Seed of the initialisation.
    dtype : str or dtype
        float32 or float64.
    border : {"zero", "replicate", "valid"}
        "valid" is the form that the paper trains in: 11 × 11 → 19 × 19 at ×3.
    shared_slopes : bool
        One PReLU slope per layer, as in the authors' released models, instead of one per channel.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> net = npsr.fsrcnn(d=56, s=12, m=4, scale=3)
    >>> [layer.name for layer in net.layers if isinstance(layer, npsr.Conv)]
    ['feature', 'shrinking', 'mapping_1', 'mapping_2', 'mapping_3', 'mapping_4', 'expanding']
    >>> npsr.weight_count(net)
    12464
    """
    d, s, m, scale = whole("d", d), whole("s", s), whole("m", m, lowest=0), whole("scale", scale)
    convolutions = [Conv("feature", 5, d, 1), Conv("shrinking", 1, s, d)]
    convolutions += [Conv(f"mapping_{k}", 3, s, s) for k in range(1, m + 1)]
    convolutions += [Conv("expanding", 1, d, s)]
    layers = [*_rectified(convolutions, shared_slopes), deconvolution(d, scale)]
    return initialise(f"fsrcnn({d},{s},{m})", scale, layers, seed, dtype, border)


def srcnn(
    f1: int = 9,
    f2: int = 1,
    f3: int = 5,
    scale: int = 3,
    seed: int = 0,
    dtype: Any = "float32",
    border: Border = "zero",
) -> Network:
    """SRCNN(f1-f2-f3): Conv(f1,64,1) Conv(f2,32,64) Conv(f3,1,32), ReLU between (Section 2).

    It runs on the bicubic enlargement of the LR image, so its output has its input's size.

    Parameters
    ----------
    f1, f2, f3 : int
        Filter sides, odd: 9-1-5 is SRCNN, 9-5-5 SRCNN-Ex.
    scale : int
        Upscaling factor that it is trained for.
    seed, dtype, border
        As in `fsrcnn`; with border "valid" no layer is padded: 33 × 33 → 21 × 21 for 9-1-5.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> net = npsr.srcnn(9, 5, 5)
    >>> npsr.weight_count(net), net.enlarges
    (57184, False)
    """
    f1, f2, f3, scale = whole("f1", f1), whole("f2", f2), whole("f3", f3), whole("scale", scale)
    for name, side in {"f1": f1, "f2": f2, "f3": f3}.items():
        if side % 2 == 0:
            raise ValueError(f"{name} is {side}, but must be odd: the output has the input's size")
    layers: list[Layer] = [
        Conv("extraction", f1, 64, 1),
        ReLU("extraction"),
        Conv("mapping", f2, 32, 64),
        ReLU("mapping"),
        Conv("reconstruction", f3, 1, 32),
    ]
    return initialise(f"srcnn({f1},{f2},{f3})", scale, layers, seed, dtype, border)


def transition(
    state: int, scale: int = 3, seed: int = 0, dtype: Any = "float32", border: Border = "zero"
) -> Network:
    """The transition states between SRCNN-Ex and FSRCNN (Table 1 of the paper).

    Parameters
    ----------
    state : {1, 2}
        1: SRCNN-Ex on the LR image, with a deconvolution at its end. 2: the same, with its mapping layer
        replaced by shrinking, mapping and expanding layers.
    scale, seed, dtype, border
        As in `fsrcnn`.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> [npsr.weight_count(npsr.transition(state)) for state in (1, 2)]
    [58976, 17088]
    """
    scale = whole("scale", scale)
    if state == 1:
        convolutions, channels = [Conv("feature", 9, 64, 1), Conv("mapping", 5, 32, 64)], 32
    elif state == 2:
        convolutions = [Conv("feature", 9, 64, 1), Conv("shrinking", 1, 12, 64)]
        convolutions += [Conv(f"mapping_{k}", 3, 12, 12) for k in range(1, 5)]
        convolutions += [Conv("expanding", 1, 64, 12)]
        channels = 64
    else:
        raise ValueError(f"state is {state}, but the paper has the transition states 1 and 2")
    layers = [*_rectified(convolutions, False), deconvolution(channels, scale)]
    return initialise(f"transition-{state}", scale, layers, seed, dtype, border)


def build(
    name: str, scale: int = 3, seed: int = 0, dtype: Any = "float32", border: Border = "zero"
) -> Network:
    """A newly initialised network by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`, ``scn``, or ``fsrcnn(d,s,m)``, or ``srcnn(f1,f2,f3)``.
    scale, seed, dtype, border
        As in `fsrcnn`.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> npsr.build("fsrcnn-s", scale=2).name
    'fsrcnn(32,5,1)'
    >>> npsr.build("fsrcnn(48,16,2)").scale
    3
    """
    options: dict[str, Any] = {"scale": scale, "seed": seed, "dtype": dtype, "border": border}
    if numbers := re.fullmatch(r"(fsrcnn|srcnn)\((\d+),(\d+),(\d+)\)", name.replace(" ", "")):
        make = fsrcnn if numbers[1] == "fsrcnn" else srcnn
        first, second, third = (int(number) for number in numbers.groups()[1:])
        return make(first, second, third, **options)
    if name in NAMED:
        return NAMED[name](**options)
    raise ValueError(
        f"the network {name!r} is unknown: there are {', '.join(NAMES)}, scn, and by their numbers "
        "fsrcnn(d,s,m) and srcnn(f1,f2,f3)"
    )


NAMED: dict[str, Callable[..., Network]] = {
    "fsrcnn": partial(fsrcnn, 56, 12, 4),
    "fsrcnn-s": partial(fsrcnn, 32, 5, 1),
    "srcnn": partial(srcnn, 9, 1, 5),
    "srcnn-ex": partial(srcnn, 9, 5, 5),
    "transition-1": partial(transition, 1),
    "transition-2": partial(transition, 2),
    "scn": scn,
}


def with_shared_slopes(net: Network) -> Network:
    """The network with one PReLU slope per layer (its first channel's) instead of one per channel."""
    layers = tuple(replace(layer, slopes=1) if isinstance(layer, PReLU) else layer for layer in net.layers)
    parameters = {key: p[:1] if key.endswith(".slope") else p for key, p in net.parameters.items()}
    return replace(net, layers=layers, parameters=parameters)


def deconvolution(c: int, scale: int) -> DeConv:
    """DeConv(9, 1, c) with the padding that centres its filters on the pixel they enlarge.

    Raises
    ------
    ValueError
        If the factor is not 1 to 9, the filter's side.
    """
    scale = whole("scale", scale)
    if scale > 9:
        raise ValueError(f"scale is {scale}, but must be 1 to 9: a 9 × 9 filter leaves gaps beyond")
    return DeConv("deconvolution", 9, 1, c, scale, centring_padding(9, scale))


def equation_1(f1: int, n1: int, f2: int, n2: int, f3: int, pixels: int = 1) -> int:
    """Equation 1, multiplications of SRCNN: (f1² n1 + n1 f2² n2 + n2 f3²) S_HR.

    Examples
    --------
    >>> npsr.equation_1(9, 64, 5, 32, 5)
    57184
    """
    return (f1**2 * n1 + n1 * f2**2 * n2 + n2 * f3**2) * pixels


def equation_2(d: int, s: int, m: int, pixels: int = 1) -> int:
    """Equation 2, multiplications of FSRCNN: (25d + sd + 9ms² + ds + 81d) S_LR.

    Examples
    --------
    >>> npsr.equation_2(d=56, s=12, m=4)
    12464
    """
    return (25 * d + s * d + 9 * m * s**2 + d * s + 81 * d) * pixels


def weight_count(net: Network) -> int:
    """Number of weights, without biases and slopes, as the paper counts; in a cascade of the last stage.

    Examples
    --------
    >>> npsr.weight_count(npsr.fsrcnn())
    12464
    """
    return sum(p.size for key, p in net.parameters.items() if key.endswith(".weight"))


def parameter_count(net: Network) -> int:
    """Number of all parameters: weights, biases and slopes.

    Examples
    --------
    >>> npsr.parameter_count(npsr.fsrcnn())
    12809
    """
    return sum(p.size for p in net.parameters.values())


def multiplications(net: Network) -> int:
    """Multiplications per LR pixel: every weight once, for SRCNN and SCN on every one of n² HR pixels.

    Weights that a recurrent stage shares among its steps count in every one. In a cascade every stage works
    on as many pixels as it reads.

    Examples
    --------
    >>> npsr.multiplications(npsr.fsrcnn()), npsr.multiplications(npsr.srcnn(9, 5, 5))
    (12464, 514656)
    """
    again = sum(
        layer.n**2 * (layer.steps - 1) for layer in net.layers if isinstance(layer, Lista) and layer.shared
    )
    read = net.scale // net.factor if net.enlarges else net.scale
    before = multiplications(net.first) if net.first else 0
    return before + (weight_count(net) + again) * read**2


def speed_up(net: Network) -> float:
    """The paper's speed-up column: multiplications of SRCNN-Ex over the network's.

    Examples
    --------
    >>> round(npsr.speed_up(npsr.fsrcnn()), 1)
    41.3
    """
    return SRCNN_EX_WEIGHTS * net.scale**2 / multiplications(net)


def reach(net: Network) -> tuple[int, int]:
    """Input pixels before and after its own place that an output pixel depends on, along one axis.

    The receptive field is before + 1 + after: in LR pixels, for SRCNN in HR pixels.
    """
    before = after = sum(pixels_read(layer) for layer in net.layers)
    last = net.layers[-1]
    if isinstance(last, DeConv):
        extra_before, extra_after = replicated_reach(last.f, last.stride, last.padding)
        return before + extra_before, after + extra_after
    return before, after


def _rectified(convolutions: list[Conv], shared_slopes: bool) -> list[Layer]:
    """Each convolution followed by its PReLU."""
    return [
        layer for conv in convolutions for layer in (conv, PReLU(conv.name, 1 if shared_slopes else conv.n))
    ]
