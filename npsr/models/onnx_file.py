"""Networks as ONNX models, for other runtimes: dynamic batch, height and width, opset 13.

Layout "npsr" takes and gives luma as a network here does: (N, 1, H, W), BT.601 studio range (black
16/255, white 235/255). SRCNN takes its bicubic enlargement.

Layout "opencv" is what OpenCV's `dnn_superres` gives its FSRCNN models: (N, H, W, 1) in,
(N, 1, nH, nW) out, luma in full range (black 0, white 1). The change of range is part of the model, so
the enlargement is that of layout "npsr". `cv2.dnn.readNetFromONNX` runs both layouts;
`DnnSuperResImpl.readModel` reads ONNX in OpenCV's sources after release 5.0.0, and before that only
TensorFlow's frozen graphs (.pb), which are not written here.
"""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np

from npsr.models.weights import digest
from npsr.networks.layers import Conv, DeConv, PReLU, ReLU
from npsr.networks.network import Network
from npsr.networks.sub_pixel import sub_pixel_reach, sub_pixel_weight
from npsr.system.files import atomic_write
from npsr.system.version import __version__
from npsr_kernels.shapes import replicated_reach

Layout = Literal["npsr", "opencv"]
LAYOUTS: tuple[Layout, ...] = ("npsr", "opencv")

OPSET = 13
IR_VERSION = 8
"""The format that came with opset 13's time: readable by runtimes of 2021 and later."""

STUDIO_SPAN, STUDIO_BLACK = 219 / 255, 16 / 255
"""Studio-range luma = span × full-range luma + black."""


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
    layout : {"npsr", "opencv"}
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
    graph = _Graph(helper)
    x = graph.from_opencv("input") if layout == "opencv" else "input"
    for layer in net.layers:
        x = _add_layer(graph, layer, net.parameters, x, sub_pixel)
    y = graph.to_opencv(x) if layout == "opencv" else x
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


class _Graph:
    """Nodes and constants of a graph under construction; every method returns its output's name."""

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

    def pad(self, x: str, before: int, after: int, border: str) -> str:
        """Continue rows and columns, as `npsr_kernels.borders.pad` does."""
        if before == after == 0:
            return x
        widths = self.constant(f"{x}_pads", [0, 0, before, before, 0, 0, after, after], "int64")
        return self.node("Pad", x, widths, mode="edge" if border == "replicate" else "constant")

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


def _add_layer(graph: _Graph, layer: Any, parameters: dict[str, np.ndarray], x: str, sub_pixel: bool) -> str:
    """Append one layer; the counterpart of `npsr.networks.network.layer_forward`."""
    match layer:
        case Conv():
            weight = graph.constant(f"{layer.name}.weight", parameters[f"{layer.name}.weight"])
            bias = graph.constant(f"{layer.name}.bias", parameters[f"{layer.name}.bias"])
            outside = layer.padding
            if layer.border == "replicate":
                x, outside = graph.pad(x, outside, outside, "replicate"), 0
            return graph.node("Conv", x, weight, bias, kernel_shape=[layer.f] * 2, pads=[outside] * 4)
        case PReLU():
            # One slope a channel even where a layer shares one: not every runtime broadcasts it.
            channels = next(c.dims[0] for c in reversed(graph.constants) if c.name.endswith(".bias"))
            slopes = np.broadcast_to(parameters[f"{layer.name}.slope"], (channels,))
            return graph.node("PRelu", x, graph.constant(f"{layer.name}.slope", slopes[:, None, None]))
        case ReLU():
            return graph.node("Relu", x)
        case DeConv():
            add = _add_sub_pixel if sub_pixel else _add_deconvolution
            return add(graph, layer, parameters, x)
    raise ValueError(f"there is no ONNX form of {type(layer).__name__}")


def _add_deconvolution(graph: _Graph, layer: DeConv, parameters: dict[str, np.ndarray], x: str) -> str:
    """ConvTranspose whose pads cut the output to n times the input's sides, replicated borders included."""
    n, f = layer.stride, layer.f
    start = layer.padding
    end = f - n - layer.padding
    if layer.border == "valid":
        start = end = f // 2
    elif layer.border == "replicate":
        before, after = replicated_reach(f, n, layer.padding)
        x = graph.pad(x, before, after, "replicate")
        start, end = start + n * before, end + n * after
    if end < 0:
        raise ValueError(f"the deconvolution's filter side is {f}, but it must be at least padding + stride")
    weight = graph.constant(f"{layer.name}.weight", parameters[f"{layer.name}.weight"])
    bias = graph.constant(f"{layer.name}.bias", parameters[f"{layer.name}.bias"])
    sides = {"kernel_shape": [f, f], "strides": [n, n], "pads": [start, start, end, end]}
    return graph.node("ConvTranspose", x, weight, bias, **sides)


def _add_sub_pixel(graph: _Graph, layer: DeConv, parameters: dict[str, np.ndarray], x: str) -> str:
    """The same by a convolution with n² outputs, interleaved."""
    n = layer.stride
    phases = sub_pixel_weight(layer, parameters[f"{layer.name}.weight"])
    before, after = sub_pixel_reach(layer)
    weight = graph.constant(f"{layer.name}.weight", phases)
    bias = graph.constant(f"{layer.name}.bias", np.repeat(parameters[f"{layer.name}.bias"], n * n))
    pads = [before, before, after, after]
    if layer.border == "replicate":
        x, pads = graph.pad(x, before, after, "replicate"), [0] * 4
    x = graph.node("Conv", x, weight, bias, kernel_shape=list(phases.shape[2:]), pads=pads)
    return graph.node("DepthToSpace", x, blocksize=n, mode="CRD")


def _shapes(net: Network, layout: Layout) -> tuple[list[str | int], list[str | int]]:
    """Shapes of input and output, their dynamic sides named; only equal sides may share a name."""
    borders = {layer.border for layer in net.layers if isinstance(layer, Conv)}
    same = not net.enlarges and "valid" not in borders
    rows, columns = ("height", "width") if same else ("output_height", "output_width")
    opencv: list[str | int] = ["batch", "height", "width", 1]
    ours: list[str | int] = ["batch", 1, "height", "width"]
    return opencv if layout == "opencv" else ours, ["batch", 1, rows, columns]


def _metadata(net: Network, layout: Layout) -> dict[str, str]:
    """Where the model comes from, as strings."""
    border = next(layer.border for layer in net.layers if isinstance(layer, Conv))
    return {
        "name": net.name,
        "scale": str(net.scale),
        "layout": layout,
        "border": border,
        "input": "low-resolution luma" if net.enlarges else "bicubic enlargement's luma",
        "sha256": digest(net.parameters),
        "provenance": json.dumps(net.provenance),
    }


def _check(net: Network, layout: Layout) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, but must be one of {', '.join(LAYOUTS)}")
    if layout == "opencv" and not net.enlarges:
        raise ValueError(
            f'layout is "opencv", but {net.name} does not enlarge, as dnn_superres expects: use layout "npsr"'
        )
