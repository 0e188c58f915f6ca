"""Models of other runtimes, run by their own packages: ONNX by ONNX Runtime, ncnn by ncnn.

Whatever a model takes (luma, OpenCV's luma, RGB), it is given a luma plane so: in RGB the plane is grey. A
model that does not enlarge, such as SRCNN, is given MATLAB's bicubic enlargement.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from npsr.exporting.ncnn_file import INPUT, OUTPUT, binary_of
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN, TO_YCBCR
from npsr.images.resize import imresize

Model = Callable[[np.ndarray], np.ndarray]
"""From a float32 array in the layout that the model takes to the one that it gives."""
Enlarge = Callable[[np.ndarray, int], np.ndarray]
"""(H, W) luma in [0, 1], in studio range, and n → (nH, nW), not clipped."""


def read_onnx(path: Path) -> Enlarge:
    """An ONNX model, in whichever of our layouts, or another program's for luma or RGB.

    Raises
    ------
    ValueError
        If the file is missing or damaged, the package is missing, or the model takes something else; when
        called, if it fails.
    """
    runtime = _package("onnxruntime", path)
    _require_file(path)
    try:
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no class but this one
        raise ValueError(f"{path} is no ONNX model, or is damaged: {_first_line(error)}") from error
    (entering, *others), shape = session.get_inputs(), session.get_inputs()[0].shape
    if others or len(shape) != 4 or (shape[1] not in (1, 3) and shape[3] != 1):
        raise ValueError(f"{path} takes {shape}, but must take one image of luma or RGB: (N, 1 or 3, H, W)")

    def run(x: np.ndarray) -> np.ndarray:
        try:
            return session.run(None, {entering.name: x[None]})[0][0]
        except Exception as error:
            raise ValueError(f"{path} cannot enlarge {x.shape}: {_first_line(error)}") from error

    if shape[1] == 3:
        return _on_luma(path, _through_rgb(run))
    return _on_luma(path, _through_opencv(run) if shape[3] == 1 and shape[1] != 1 else _through_luma(run))


def read_ncnn(path: Path) -> Enlarge:
    """A model of ncnn, for luma or RGB, with blobs "data" and "output" and its .bin file beside it.

    It is run in float32, without Winograd's transforms, which are less exact.

    Raises
    ------
    ValueError
        As `read_onnx`.
    """
    ncnn = _package("ncnn", path)
    for file in (path, binary_of(path)):
        _require_file(file)
    text = path.read_text(encoding="utf-8", errors="replace")
    first = re.search(r"^Convolution .*? 0=(\d+) 1=(\d+).*? 6=(\d+)", text, re.MULTILINE)
    if not first or not re.search(rf"\b{OUTPUT}\b", text) or not re.search(rf"\b{INPUT}\b", text):
        raise ValueError(f"{path} is no ncnn model with blobs {INPUT} and {OUTPUT} and a convolution")
    outputs, side, size = (int(number) for number in first.groups())
    channels = size // max(1, outputs * side**2)
    net = ncnn.Net()
    for option in dir(net.opt):
        if option.startswith(("use_fp16", "use_bf16", "use_vulkan", "use_winograd")):
            setattr(net.opt, option, False)
    if net.load_param(str(path)) or net.load_model(str(binary_of(path))):
        raise ValueError(f"{path} or {binary_of(path)} is damaged: ncnn cannot read it")

    def run(x: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray(x)  # kept here: ncnn does not
        extractor = net.create_extractor()
        failed = extractor.input(INPUT, ncnn.Mat(x).clone())
        failed, y = (failed, None) if failed else extractor.extract(OUTPUT)
        if failed:
            raise ValueError(f"{path} cannot enlarge {x.shape}: ncnn failed with code {failed}")
        return np.array(y)

    return _on_luma(path, _through_rgb(run) if channels == 3 else _through_luma(run))


def _on_luma(path: Path, model: Model) -> Enlarge:
    """The function of a plane and a factor, which must be the model's."""

    def enlarge(plane: np.ndarray, scale: int) -> np.ndarray:
        plane = np.ascontiguousarray(plane, np.float32)
        large = model(plane)
        if large.shape == plane.shape and scale > 1:
            return model(np.ascontiguousarray(imresize(plane, scale)))
        if large.shape != (plane.shape[0] * scale, plane.shape[1] * scale):
            rows, columns = plane.shape
            raise ValueError(
                f"{path} makes {large.shape[1]}×{large.shape[0]} pixels of {columns}×{rows}, "
                f"but scale is {scale}: give its own with -s"
            )
        return large

    return enlarge


def _through_luma(run: Model) -> Model:
    return lambda plane: run(plane[None])[0]


def _through_opencv(run: Model) -> Model:
    """Full range, channels last in, channels first out."""
    return lambda plane: _studio_range(run(_full_range(plane)[..., None])[0])


def _through_rgb(run: Model) -> Model:
    """Grey in, and the luma of what comes out."""

    def model(plane: np.ndarray) -> np.ndarray:
        rgb = run(np.broadcast_to(_full_range(plane), (3, *plane.shape)))
        return np.tensordot(TO_YCBCR[0].astype(np.float32), rgb, 1) + np.float32(STUDIO_BLACK)

    return model


def _full_range(luma: np.ndarray) -> np.ndarray:
    return (luma - np.float32(STUDIO_BLACK)) / np.float32(STUDIO_SPAN)


def _studio_range(luma: np.ndarray) -> np.ndarray:
    return luma * np.float32(STUDIO_SPAN) + np.float32(STUDIO_BLACK)


def _package(name: str, path: Path) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError(
            f"{path} is run by {name}, which is not installed: pip install 'npsr[runtimes]'"
        ) from error


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ValueError(f"{path} does not exist, or is no file: check the name")


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
