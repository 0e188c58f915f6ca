"""Networks in ncnn's own two files: .param, a text, and .bin, the numbers.

The text holds a magic number, the counts of layers and blobs, then a line a layer: kind, name, counts of
inputs and outputs, their names, and numbered settings. The other file holds the layers' arrays in the same
order as little-endian float32; a convolution's weight follows a tag of four zero bytes, which means that it
is stored as it is. The input is the blob "data", the output the blob "output".

Layout "npsr" takes and gives luma as a network here does: one channel, BT.601 studio range (black 16/255,
white 235/255). SRCNN takes its bicubic enlargement.

Layout "rgb" is what Upscayl and Real-ESRGAN-ncnn-vulkan run: RGB in [0, 1], three channels in, three out. The
network enlarges luma, MATLAB's bicubic chroma, and for SRCNN the input too. The result is that of
`npsr.upscale`. These programs tell the factor from the file's name, so it must hold x2, 2x, or the like.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from npsr.exporting.graph import Axis, add_network, add_rgb
from npsr.networks.network import Network
from npsr.system.files import atomic_write

Layout = Literal["npsr", "rgb"]
LAYOUTS: tuple[Layout, ...] = ("npsr", "rgb")

MAGIC = 7767517
TAG = bytes(4)
INPUT, OUTPUT = "data", "output"
AXES: dict[Axis, int] = {"channels": 0, "rows": 1, "columns": 2}
Settings = dict[int, int | list[int]]
"""By number; a list, here of one number, is marked by a negative one."""


def export_ncnn(
    net: Network,
    path: str | Path,
    layout: Layout = "npsr",
    sub_pixel: bool = False,
    force: bool = False,
) -> None:
    """Write a network for ncnn, in float32.

    Parameters
    ----------
    net : Network
        The network; its border rule is the model's.
    path : str or Path
        The .param file; the .bin file is beside it. Both are written atomically.
    layout : {"npsr", "rgb"}
        See the module.
    sub_pixel : bool
        Write the deconvolution as a convolution with n² outputs and PixelShuffle: the same function.
    force : bool
        Replace existing files.

    Raises
    ------
    FileExistsError
        If one of the files exists and `force` is False.
    OSError
        If one cannot be written.
    ValueError
        If the layout is unknown, the network cannot be written so, or a name of layout "rgb" does not hold
        the factor.

    Examples
    --------
    >>> npsr.export_ncnn(npsr.load("fsrcnn-s", 2), "fsrcnn-s_x2.param")
    >>> Path("fsrcnn-s_x2.bin").stat().st_size > 10_000
    True
    """
    path = Path(path)
    if layout == "rgb":
        _check_name(path, net.scale)
    text, numbers = ncnn_model(net, layout, sub_pixel)
    with atomic_write(path, force) as param, atomic_write(binary_of(path), force) as binary:
        param.write(text.encode())
        binary.write(numbers)


def binary_of(path: Path) -> Path:
    """The .bin file that belongs to a .param file."""
    return path.with_suffix(".bin")


def ncnn_model(net: Network, layout: Layout = "npsr", sub_pixel: bool = False) -> tuple[str, bytes]:
    """What the two files hold; parameters and errors as in `export_ncnn`."""
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, but must be one of {', '.join(LAYOUTS)}")
    graph = _NcnnGraph()
    add_rgb(graph, net, INPUT, sub_pixel) if layout == "rgb" else add_network(graph, net, INPUT, sub_pixel)
    return graph.text(), b"".join(layer.numbers for layer in graph.layers)


class _Layer(NamedTuple):
    """A line of the text, and the layer's arrays."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    settings: Settings
    numbers: bytes


class _NcnnGraph:
    """A `Graph` of ncnn's layers."""

    def __init__(self) -> None:
        self.layers = [_Layer("Input", (), INPUT, {}, b"")]

    def layer(self, kind: str, inputs: Sequence[str], settings: Settings, numbers: bytes = b"") -> str:
        output = f"{kind}_{len(self.layers)}"
        self.layers.append(_Layer(kind, tuple(inputs), output, settings, numbers))
        return output

    def convolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, pads: tuple[int, int], groups: int = 1
    ) -> str:
        settings, numbers = _filters(weight, bias, pads)
        if groups > 1:
            return self.layer("ConvolutionDepthWise", [x], settings | {7: groups}, numbers)
        return self.layer("Convolution", [x], settings, numbers)

    def deconvolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, stride: int, cut: tuple[int, int]
    ) -> str:
        settings, numbers = _filters(weight.transpose(1, 0, 2, 3), bias, cut)  # outputs first
        return self.layer("Deconvolution", [x], settings | {3: stride, 13: stride}, numbers)

    def prelu(self, name: str, x: str, slopes: np.ndarray) -> str:
        return self.layer("PReLU", [x], {0: len(slopes)}, _bytes(slopes))

    def relu(self, x: str) -> str:
        return self.layer("ReLU", [x], {})

    def replicate(self, x: str, before: int, after: int) -> str:
        if before == after == 0:
            return x
        return self.layer("Padding", [x], {0: before, 1: after, 2: before, 3: after, 4: 1})

    def shuffle(self, x: str, n: int) -> str:
        return self.layer("PixelShuffle", [x], {0: n})

    def part(self, x: str, axis: Axis, start: int, stop: int) -> str:
        return self.layer("Crop", [x], {9: [start], 10: [stop], 11: [AXES[axis]]})

    def joined(self, parts: Sequence[str], axis: Axis) -> str:
        return self.layer("Concat", parts, {0: AXES[axis]})

    def clipped(self, x: str) -> str:
        return self.layer("Clip", [x], {0: 0, 1: 1})

    def text(self) -> str:
        """The .param file. A blob that several layers read is first split into as many."""
        left = Counter(name for layer in self.layers for name in layer.inputs)
        several = {name: count for name, count in left.items() if count > 1}

        def own(name: str) -> str:
            """A reader's own copy of a blob."""
            left[name] -= 1
            return f"{name}_{left[name]}" if name in several else name

        lines, blobs = [], 0
        for layer in self.layers:
            last = layer is self.layers[-1]
            output = OUTPUT if last else layer.output
            lines.append(_line(layer.kind, [own(name) for name in layer.inputs], [output], layer.settings))
            copies = [f"{output}_{k}" for k in range(several.get(output, 0))]
            if copies:
                lines.append(_line("Split", [output], copies, {}))
            blobs += 1 + len(copies)
        return "\n".join([str(MAGIC), f"{len(lines)} {blobs}", *lines, ""])


def _line(kind: str, inputs: list[str], outputs: list[str], settings: Settings) -> str:
    """A layer's line; its name is its first output's."""
    entries = [
        f"{-23300 - key}=1,{value[0]}" if isinstance(value, list) else f"{key}={value}"
        for key, value in settings.items()
    ]
    head = [kind, f"{kind.lower()}_{outputs[0]}", str(len(inputs)), str(len(outputs))]
    return " ".join([*head, *inputs, *outputs, *entries])


def _filters(weight: np.ndarray, bias: np.ndarray, pads: tuple[int, int]) -> tuple[Settings, bytes]:
    """Settings (outputs, sides, pads left, top, right, bottom, a bias, the weight's size) and numbers."""
    outputs, _, f, _ = weight.shape
    (before, after), rest = pads, {5: 1, 6: weight.size}
    settings: Settings = {0: outputs, 1: f, 11: f, 4: before, 14: before, 15: after, 16: after, **rest}
    return settings, TAG + _bytes(weight) + _bytes(bias)


def _bytes(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()


def _check_name(path: Path, n: int) -> None:
    """Refuse a name from which programs would take another factor, or none."""
    found = {first or second for first, second in re.findall(r"x(\d+)|(\d+)x", path.stem.lower())}
    if found != {str(n)}:
        says = f"says x{', x'.join(sorted(found))}" if found else "does not say so"
        raise ValueError(
            f"{path} is for ×{n}, but its name {says}, from which Upscayl and Real-ESRGAN-ncnn-vulkan take "
            f"the factor: name it, for example, npsr-x{n}.param"
        )
