"""PyTorch models of FSRCNN in the layout of its widespread implementations.

first_part: Conv(5, d, 1), PReLU. mid_part: Conv(1, s, d), m × Conv(3, s, s), Conv(1, d, s), each with
its PReLU. last_part: ConvTranspose2d(d, 1, 9, stride=n, padding=4, output_padding=n − 1).
"""

from dataclasses import replace
from pathlib import Path

from npsr.models.archive import WeightsError
from npsr.models.importing import factor_of, finished
from npsr.models.torch_file import read_tensors
from npsr.networks.architectures import fsrcnn
from npsr.networks.layers import Conv, DeConv, Layer, PReLU
from npsr.networks.network import Arrays, Network

PADDING = 4
"""By which the layout cuts its deconvolution, at every factor."""
FACTORS = range(1, 9 - PADDING + 1)
"""Those at which the filters reach every output pixel after this cut."""
FIRST = "first_part.0.weight"


def import_pytorch(path: str | Path, scale: int | None = None) -> Network:
    """Read a PyTorch model, without PyTorch and without running what is in the file.

    Parameters
    ----------
    path : str or Path
        A state dict, saved by `torch.save`, in the layout above: one channel; PReLU with a slope a
        channel or one for all. It may stand in a checkpoint, and its names behind a prefix.
    scale : int, optional
        Upscaling factor; by default the one in the file's name (``…x3.pth``), as the file does not
        hold it.

    Returns
    -------
    Network
        float32, border "replicate"; with border "zero" it equals the PyTorch model.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, holds more than tensors, or has another layout, or its
        factor is unknown.

    Examples
    --------
    >>> npsr.import_pytorch("net_x3.pth").name
    'fsrcnn(56,12,4)'
    """
    path = Path(path)
    tensors = read_tensors(path, FIRST)
    prefixes = [key.removesuffix(FIRST) for key in tensors if key.endswith(FIRST)]
    if len(prefixes) != 1:
        raise WeightsError(
            f"{path} holds {len(prefixes)} tensors named {FIRST}, but must hold one: only the layout "
            "first_part, mid_part, last_part is read"
        )
    scale = factor_of(path, scale, FACTORS)
    state = {key.removeprefix(prefixes[0]): p for key, p in tensors.items() if key.startswith(prefixes[0])}
    m = sum(key.startswith("mid_part.") and key.endswith(".bias") for key in state) - 2
    modules = ["first_part.0", "first_part.1", *(f"mid_part.{k}" for k in range(2 * (m + 2))), "last_part"]
    expected = {f"{module}.weight" for module in modules} | {f"{module}.bias" for module in modules[::2]}
    if m < 0 or state.keys() != expected:
        differing = ", ".join(sorted(state.keys() ^ expected)[:3])
        raise WeightsError(f"{path} differs from first_part, mid_part, last_part in {differing:.200}")
    d, s = (state[key].shape[0] if state[key].ndim else 0 for key in (FIRST, "mid_part.0.weight"))
    if min(d, s) < 1:
        raise WeightsError(f"{path}: {FIRST} or mid_part.0.weight is empty, but must hold filters")
    layers: list[Layer] = []
    found: Arrays = {}
    for layer, module in zip(fsrcnn(d, s, m, scale).layers, modules, strict=True):
        weight = state[f"{module}.weight"]
        match layer:
            case PReLU():
                found[f"{layer.name}.slope"] = weight
                layers.append(replace(layer, slopes=1) if weight.size == 1 else layer)
            case Conv() | DeConv():
                found |= {f"{layer.name}.weight": weight, f"{layer.name}.bias": state[f"{module}.bias"]}
                layers.append(replace(layer, padding=PADDING) if isinstance(layer, DeConv) else layer)
    net = Network(f"fsrcnn({d},{s},{m})", scale, tuple(layers), found)
    return finished(path, net, found, "a PyTorch state dict")
