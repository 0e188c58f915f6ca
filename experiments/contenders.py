"""The contenders of the inference benchmark, each in its best honest form.

Each function takes a network with border "zero", an input of shape (1, 1, H, W) and whether to write
the deconvolution as a sub-pixel convolution, and returns a call without arguments that returns the
output of shape (1, 1, nH, nW). All compute in float32 on `THREADS` threads. Tried and no better: PyTorch
with channels first, traced and frozen, or compiled; OpenCV's classic engine.
"""

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from npsr import Conv, DeConv, Network, PReLU, ReLU
from npsr.exporting.ncnn_file import INPUT, OUTPUT, binary_of, export_ncnn
from npsr.exporting.onnx_file import onnx_model
from npsr.exporting.sub_pixel import sub_pixel_reach, sub_pixel_weight

THREADS = 2

Call = Callable[[], np.ndarray]
Contender = Callable[[Network, np.ndarray, bool], Call]


def ours(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """Our own network by its public call, whose form is its own affair."""
    import numba

    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    return lambda: net(x)


def ncnn(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """Tencent's ncnn with its Winograd and packed layouts, in full precision."""
    import ncnn

    model = ncnn.Net()
    model.opt.num_threads = THREADS
    for option in dir(model.opt):
        if option.startswith(("use_fp16", "use_bf16", "use_vulkan")):
            setattr(model.opt, option, False)
    with tempfile.TemporaryDirectory() as folder:
        param = Path(folder) / "model.param"
        export_ncnn(net, param, sub_pixel=sub_pixel)
        model.load_param(str(param))
        model.load_model(str(binary_of(param)))
    image = ncnn.Mat(x[0])

    def run() -> np.ndarray:
        extractor = model.create_extractor()
        extractor.input(INPUT, image)
        failed, y = extractor.extract(OUTPUT)
        if failed:
            raise RuntimeError(f"ncnn failed with code {failed}")
        return np.array(y)[None]

    return run


def onnxruntime(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """ONNX Runtime with all its graph optimisations and the sides fixed."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    for name, side in zip(("batch", "height", "width"), (1, *x.shape[2:]), strict=True):
        options.add_free_dimension_override_by_name(name, side)
    model = onnx_model(net, sub_pixel=sub_pixel).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x})[0]


def openvino(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """OpenVINO for latency, in float32, the sides fixed, arrays shared and not copied."""
    import openvino

    core = openvino.Core()
    model = core.read_model(onnx_model(net, sub_pixel=sub_pixel).SerializeToString())
    model.reshape(list(x.shape))
    settings = {
        "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()

    def run() -> np.ndarray:
        request.infer([x], share_inputs=True)
        return request.get_output_tensor().data

    return run


def opencv(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """OpenCV's dnn module, with its default engine."""
    import cv2

    cv2.setNumThreads(THREADS)
    model = onnx_model(net, sub_pixel=sub_pixel).SerializeToString()
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))

    def run() -> np.ndarray:
        network.setInput(x)
        return network.forward()

    return run


def torch(net: Network, x: np.ndarray, sub_pixel: bool) -> Call:
    """PyTorch, eager, channels last."""
    import torch

    torch.set_num_threads(THREADS)
    form = {"memory_format": torch.channels_last}
    module = torch.nn.Sequential(*torch_layers(net, sub_pixel)).eval().to(**form)
    image = torch.from_numpy(x).to(**form)

    def run() -> np.ndarray:
        with torch.inference_mode():
            return module(image).numpy()

    return run


def torch_layers(net: Network, sub_pixel: bool) -> list:
    """A network with border "zero" as PyTorch's modules, with our parameters."""
    import torch
    from torch import nn

    def filled(module: nn.Module, weight: np.ndarray, bias: np.ndarray | None = None) -> nn.Module:
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weight))
            if bias is not None:
                module.bias.copy_(torch.from_numpy(bias))
        return module

    modules: list[nn.Module] = []
    for layer in net.layers:
        weight, bias = (net.parameters.get(f"{layer.name}.{kind}") for kind in ("weight", "bias"))
        match layer:
            case Conv(_, f, outputs, inputs):
                modules.append(filled(nn.Conv2d(inputs, outputs, f, padding=layer.padding), weight, bias))
            case PReLU(name, slopes):
                modules.append(filled(nn.PReLU(slopes), net.parameters[f"{name}.slope"]))
            case ReLU():
                modules.append(nn.ReLU(inplace=True))
            case DeConv(_, f, _, inputs, n, padding) if not sub_pixel:
                rest = {"padding": padding, "output_padding": 2 * padding + n - f}
                modules.append(filled(nn.ConvTranspose2d(inputs, 1, f, n, **rest), weight, bias))
            case DeConv(_, _, _, inputs, n):
                phases = sub_pixel_weight(layer, weight)
                before, after = sub_pixel_reach(layer)
                if before != after:
                    modules.append(nn.ZeroPad2d((before, after, before, after)))
                pads = before if before == after else 0
                convolution = nn.Conv2d(inputs, n * n, phases.shape[-1], padding=pads)
                modules.append(filled(convolution, phases, np.repeat(bias, n * n)))
                modules.append(nn.PixelShuffle(n))
    return modules


CONTENDERS: dict[str, Contender] = {
    "npsr": ours,
    "ncnn": ncnn,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
    "torch": torch,
    "opencv": opencv,
}
MODULES = {"npsr": "npsr", "opencv": "cv2"}
"""What a contender imports, where that is not its name."""


def missing(name: str) -> bool:
    """Whether a contender's package is not installed."""
    return importlib.util.find_spec(MODULES.get(name, name)) is None
