"""Networks as ONNX models, for other runtimes: dynamic batch, height and width, opset 13.

Layout "npsr" takes and gives luma as a network here does: (N, 1, H, W), BT.601 studio range (black
16/255, white 235/255). SRCNN takes its bicubic enlargement.

Layout "opencv" is what OpenCV's `dnn_superres` gives its FSRCNN models: (N, H, W, 1) in,
(N, 1, nH, nW) out, luma in full range (black 0, white 1). The change of range is part of the model, so
the enlargement is that of layout "npsr". `cv2.dnn.readNetFromONNX` runs both layouts;
`DnnSuperResImpl.readModel` reads ONNX in OpenCV's sources after release 5.0.0, and before that only
TensorFlow's frozen graphs (.pb), which are not written here.

Layout "rgb" is what programs for colour images expect, such as chaiNNer, vs-mlrt or pages that use
onnxruntime-web: (N, 3, H, W) in, (N, 3, nH, nW) out, RGB in [0, 1]. The network enlarges luma, MATLAB's
bicubic chroma, and for SRCNN the input too, all in the model. The result is that of `npsr.upscale`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from npsr.exporting.graph import Axis, add_network, add_rgb
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN
from npsr.models.weights import digest
from npsr.networks.layers import Conv
from npsr.networks.network import Network
from npsr.system.files import atomic_write
from npsr.system.version import __version__

Layout = Literal["npsr", "opencv", "rgb"]
LAYOUTS: tuple[Layout, ...] = ("npsr", "opencv", "rgb")
AXES: dict[Axis, int] = {"channels": 1, "rows": 2, "columns": 3}

OPSET = 13
IR_VERSION = 8
"""The format that came with opset 13's time: readable by runtimes of 2021 and later."""


def export_onnx(
    net: Network,
    path: str | Path,
    layout: Layout = "npsr",
    sub_pixel: bool = False,
    force: bool = False,
) -> None:
    """Write a network as an ONNX model, in float32.

    Parameters
    ----------
    net : Network
        The network; its border rule is the model's.
    path : str or Path
        The .onnx file; written atomically.
    layout : {"npsr", "opencv", "rgb"}
        See the module.
    sub_pixel : bool
        Write the deconvolution as a convolution with n² outputs and DepthToSpace: the same function,
        faster in many runtimes.
    force : bool
        Replace an existing file.

    Raises
    ------
    FileExistsError
        If the file exists and `force` is False.
    OSError
        If it cannot be written.
    ValueError
        If the onnx package is missing, the layout is unknown, or the network does not have the form
        asked for.

    Examples
    --------
    >>> npsr.export_onnx(npsr.load("fsrcnn", 3), "fsrcnn.onnx")
    >>> Path("fsrcnn.onnx").stat().st_size > 50_000
    True
    """
    model = onnx_model(net, layout, sub_pixel)
    with atomic_write(Path(path), force) as file:
        file.write(model.SerializeToString(deterministic=True))


def onnx_model(net: Network, layout: Layout = "npsr", sub_pixel: bool = False) -> Any:
    """The model, an `onnx.ModelProto`; parameters and errors as in `export_onnx`."""
    try:
        from onnx import TensorProto, checker, helper
    except ImportError as error:
        raise ValueError(
            "the onnx package is missing, which ONNX models are written with: pip install 'npsr[onnx]'"
        ) from error
    _check(net, layout)
    graph = _OnnxGraph(helper)
    match layout:
        case "npsr":
            y = add_network(graph, net, "input", sub_pixel)
        case "opencv":
            y = graph.to_opencv(add_network(graph, net, graph.from_opencv("input"), sub_pixel))
        case "rgb":
            y = add_rgb(graph, net, "input", sub_pixel)
    graph.rename_last(y, "output")

    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in zip(("input", "output"), _shapes(net, layout), strict=True)
    )
    model = helper.make_model(
        helper.make_graph(graph.nodes, net.name, inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="npsr",
        producer_version=__version__,
    )
    helper.set_model_props(model, _metadata(net, layout))
    checker.check_model(model, full_check=True)
    return model


class _OnnxGraph:
    """A `Graph` of ONNX nodes and constants."""

    def __init__(self, helper: Any) -> None:
        self._helper = helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(self._helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name: str, values: Any, dtype: str = "float32") -> str:
        from onnx import numpy_helper

        array = np.array(values, dtype, order="C")
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def convolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, pads: tuple[int, int], groups: int = 1
    ) -> str:
        inputs = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        sides = {"kernel_shape": list(weight.shape[2:]), "pads": [pads[0]] * 2 + [pads[1]] * 2}
        return self.node("Conv", x, *inputs, **sides, **({"group": groups} if groups > 1 else {}))

    def deconvolution(
        self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, stride: int, cut: tuple[int, int]
    ) -> str:
        inputs = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        sides = {"kernel_shape": list(weight.shape[2:]), "pads": [cut[0]] * 2 + [cut[1]] * 2}
        return self.node("ConvTranspose", x, *inputs, **sides, strides=[stride] * 2)

    def prelu(self, name: str, x: str, slopes: np.ndarray) -> str:
        return self.node("PRelu", x, self.constant(f"{name}.slope", slopes[:, None, None]))

    def relu(self, x: str) -> str:
        return self.node("Relu", x)

    def replicate(self, x: str, before: int, after: int) -> str:
        if before == after == 0:
            return x
        widths = self.constant(f"{x}_pads", [0, 0, before, before, 0, 0, after, after], "int64")
        return self.node("Pad", x, widths, mode="edge")

    def shuffle(self, x: str, n: int) -> str:
        return self.node("DepthToSpace", x, blocksize=n, mode="CRD")

    def part(self, x: str, axis: Axis, start: int, stop: int) -> str:
        name = f"{x}_{axis}_{start}"
        ends = (self.constant(f"{name}_{k}", [k], "int64") for k in (start, stop))
        return self.node("Slice", x, *ends, self.constant(f"{name}_axis", [AXES[axis]], "int64"))

    def joined(self, parts: Sequence[str], axis: Axis) -> str:
        return self.node("Concat", *parts, axis=AXES[axis])

    def clipped(self, x: str) -> str:
        return self.node("Clip", x, self.constant("black", 0), self.constant("white", 1))

    def from_opencv(self, x: str) -> str:
        """(N, H, W, 1) in full range → (N, 1, H, W) in studio range."""
        x = self.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.node("Mul", x, self.constant("studio_span", STUDIO_SPAN))
        return self.node("Add", x, self.constant("studio_black", STUDIO_BLACK))

    def to_opencv(self, y: str) -> str:
        """Studio range → full range."""
        y = self.node("Sub", y, "studio_black")
        return self.node("Div", y, "studio_span")

    def rename_last(self, name: str, new: str) -> None:
        """Give the last node's output, the model's, its public name."""
        if list(self.nodes[-1].output) != [name]:
            raise AssertionError(f"{name} is not the last node's output")
        self.nodes[-1].output[0] = new


def _shapes(net: Network, layout: Layout) -> tuple[list[str | int], list[str | int]]:
    """Shapes of input and output, their dynamic sides named; only equal sides may share a name."""
    borders = {layer.border for layer in net.layers if isinstance(layer, Conv)}
    same = not net.enlarges and "valid" not in borders and layout != "rgb"
    rows, columns = ("height", "width") if same else ("output_height", "output_width")
    channels = 3 if layout == "rgb" else 1
    entering: list[str | int] = ["batch", channels, "height", "width"]
    if layout == "opencv":
        entering = ["batch", "height", "width", 1]
    return entering, ["batch", channels, rows, columns]


def _metadata(net: Network, layout: Layout) -> dict[str, str]:
    """Where the model comes from, as strings."""
    border = next(layer.border for layer in net.layers if isinstance(layer, Conv))
    return {
        "name": net.name,
        "scale": str(net.scale),
        "layout": layout,
        "border": border,
        "input": _input(net, layout),
        "sha256": digest(net.parameters),
        "provenance": json.dumps(net.provenance),
    }


def _input(net: Network, layout: Layout) -> str:
    if layout == "rgb":
        return "low-resolution RGB"
    return "low-resolution luma" if net.enlarges else "bicubic enlargement's luma"


def _check(net: Network, layout: Layout) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, but must be one of {', '.join(LAYOUTS)}")
    if layout == "opencv" and not net.enlarges:
        raise ValueError(
            f'layout is "opencv", but {net.name} does not enlarge, as dnn_superres expects: use layout "npsr"'
        )
