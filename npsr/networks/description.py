"""A network described in text: layers, shapes, weights, multiplications, receptive field."""

from npsr.networks.architectures import multiplications, parameter_count, reach, speed_up, weight_count
from npsr.networks.layers import (
    Combine,
    Conv,
    DeConv,
    Lista,
    Margin,
    Normalise,
    Patches,
    PReLU,
    ReLU,
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
    lines = [f"{net.name} ×{net.scale}", ""]
    lines.append(f"{'layer':<15} {'notation':<18} {'weight':<16} {'weights':>8}  output channels × size")
    for layer in net.layers:
        match layer:
            case Conv() | DeConv():
                shape = weight_shape(layer)
                count = shape[0] * shape[1] * layer.f**2
                kind = type(layer).__name__
                notation, sides = f"{kind}({layer.f}, {layer.n}, {layer.c})", "×".join(map(str, shape))
                size = (
                    f"{net.scale}H × {net.scale}W"
                    if isinstance(layer, DeConv) or not net.enlarges
                    else "H × W"
                )
                lines.append(f"{layer.name:<15} {notation:<18} {sides:<16} {count:>8}  {layer.n} × {size}")
            case PReLU():
                lines.append(f"{layer.name:<15} {'PReLU':<18} {layer.slopes} slopes")
            case ReLU():
                lines.append(f"{layer.name:<15} {'ReLU':<18}")
            case Margin():
                lines.append(f"{layer.name:<15} {'Margin':<18} {layer.width} pixels on every side")
            case Patches():
                lines.append(
                    f"{layer.name:<15} {f'Patches({layer.f}, {layer.c})':<18} {layer.c * layer.f**2} channels"
                )
            case Normalise():
                lines.append(f"{layer.name:<15} {'Normalise':<18} divided by the norm over channels")
            case SoftThreshold():
                lines.append(f"{layer.name:<15} {'SoftThreshold':<18} {layer.thresholds} thresholds")
            case Lista():
                sides = f"{1 if layer.shared else layer.steps}×{layer.n}×{layer.n}"
                count = layer.n**2 * (1 if layer.shared else layer.steps)
                told = f"{layer.n} × H × W, {layer.steps} recurrent, {layer.n} thresholds"
                lines.append(f"{layer.name:<15} {f'LISTA({layer.n})':<18} {sides:<16} {count:>8}  {told}")
            case Combine():
                area = layer.f**2
                lines.append(f"{layer.name:<15} {f'Combine({layer.f})':<18} {area:<16} {area:>8}  1 × H × W")
    before, after = reach(net)
    field = before + 1 + after
    last = net.layers[-1]
    source = "LR" if net.enlarges else "HR (bicubic enlargement)"
    lines += ["", f"input                         {source}, H × W LR pixels"]
    if isinstance(last, DeConv):
        lines.append(f"deconvolution                 stride {last.stride}, padding {last.padding}")
    lines += [
        f"weights                       {weight_count(net)} ({parameter_count(net)} with biases and slopes)",
        f"multiplications per LR pixel  {multiplications(net)}",
        f"speed-up over SRCNN-Ex        {speed_up(net):.1f}",
        f"receptive field               {field} × {field} {source.split(maxsplit=1)[0]} pixels",
    ]
    if net.provenance:
        lines += ["", *(f"{key}: {value}" for key, value in net.provenance.items())]
    return "\n".join(lines)
