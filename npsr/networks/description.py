"""A network described in text: layers, shapes, weights, multiplications, receptive field."""

from math import prod

from npsr.networks.architectures import multiplications, parameter_count, reach, speed_up, weight_count
from npsr.networks.cascade import stages
from npsr.networks.layers import (
    Combine,
    Conv,
    DeConv,
    Layer,
    Lista,
    Margin,
    Normalise,
    Patches,
    PReLU,
    SoftThreshold,
    weight_shape,
)
from npsr.networks.network import Network


def describe(net: Network) -> str:
    """The text that `npsr info` prints.

    Parameters
    ----------
    net : Network
        Any network.

    Returns
    -------
    str
        Several lines.
    """
    lines = [f"{net.name} ×{net.scale}"]
    for number, stage in enumerate(parts := stages(net), start=1):
        title = [f"stage {number} of {len(parts)}, ×{stage.factor}"] if net.first else []
        lines += ["", *title, *_stage(stage)]
    total = [f"multiplications per LR pixel  {multiplications(net)}"]
    lines += ["", "all stages", *total] if net.first else total
    lines.append(f"speed-up over SRCNN-Ex        {speed_up(net):.1f}")
    if net.provenance:
        lines += ["", *(f"{key}: {value}" for key, value in net.provenance.items())]
    return "\n".join(lines)


def _stage(net: Network) -> list[str]:
    """The lines about one stage: layers, input, weights and reach."""
    lines = [f"{'layer':<15} {'notation':<18} {'weight':<16} {'weights':>8}  output channels × size"]
    lines += [_line(net, layer) for layer in net.layers]
    before, after = reach(net)
    field = before + 1 + after
    last = net.layers[-1]
    source = "LR" if net.enlarges else "HR (bicubic enlargement)"
    if net.first:
        source = "stage before" if net.enlarges else "stage before (bicubic enlargement)"
    lines += ["", f"input                         {source}, H × W LR pixels"]
    if isinstance(last, DeConv):
        lines.append(f"deconvolution                 stride {last.stride}, padding {last.padding}")
    return [
        *lines,
        f"receptive field               {field} × {field} {'LR' if net.enlarges else 'HR'} pixels",
        f"weights                       {weight_count(net)} ({parameter_count(net)} with biases and slopes)",
    ]


def _line(net: Network, layer: Layer) -> str:
    """A layer's row: name, notation, shape and number of weights, and what comes out."""

    def row(notation: str, sides: tuple[int, ...], output: str) -> str:
        shape, count = "×".join(map(str, sides)), prod(sides)
        return f"{layer.name:<15} {notation:<18} {shape:<16} {count:>8}  {output}"

    match layer:
        case Conv() | DeConv():
            enlarged = isinstance(layer, DeConv) or not net.enlarges
            size = f"{net.scale}H × {net.scale}W" if enlarged else "H × W"
            notation = f"{type(layer).__name__}({layer.f}, {layer.n}, {layer.c})"
            return row(notation, weight_shape(layer), f"{layer.n} × {size}")
        case Lista():
            steps = 1 if layer.shared else layer.steps
            output = f"{layer.steps} recurrent, {layer.n} thresholds"
            return row(f"LISTA({layer.n})", (steps, layer.n, layer.n), output)
        case Combine():
            return row(f"Combine({layer.f})", (layer.f**2,), "where patches overlap")
    return f"{layer.name:<15} {type(layer).__name__:<18} {_remark(layer)}".rstrip()


def _remark(layer: Layer) -> str:
    """What is to be said of a layer without weights."""
    match layer:
        case PReLU():
            return f"{layer.slopes} slopes"
        case SoftThreshold():
            return f"{layer.thresholds} thresholds"
        case Margin():
            return f"{layer.width} pixels on every side"
        case Patches():
            return f"{layer.f} × {layer.f} pixels around each: {layer.c * layer.f**2} channels"
        case Normalise():
            return "divided by the norm over channels"
    return ""
