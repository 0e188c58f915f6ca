"""A network in ncnn's own two files, written by hand: .param, a text, and .bin, the numbers.

The text holds a magic number, the counts of layers and blobs, then a line a layer: kind, name, counts
of inputs and outputs, their names, and numbered settings. The other file holds the layers' arrays in the
same order as little-endian float32; a convolution's weight follows a tag of four zero bytes, which means
that it is stored as it is.
"""

from pathlib import Path

import numpy as np

from npsr import Conv, DeConv, Network, PReLU, ReLU
from npsr.networks.sub_pixel import sub_pixel_reach, sub_pixel_weight

MAGIC = 7767517
TAG = bytes(4)


def write_ncnn(net: Network, folder: Path, sub_pixel: bool) -> tuple[Path, Path]:
    """Write a network with border "zero" as model.param and model.bin, and give their paths.

    Its blobs are named "0", the input, to the number of its layers; the last one is the output.
    """
    lines = ["Input input 0 1 0"]
    numbers = []
    for layer in net.layers:
        kinds, arrays = _layer(layer, net.parameters, sub_pixel)
        for kind, settings in kinds:
            blob = len(lines)
            entries = " ".join(f"{key}={value}" for key, value in settings.items())
            lines.append(f"{kind} layer_{blob} 1 1 {blob - 1} {blob} {entries}")
        numbers += arrays
    text = "\n".join([str(MAGIC), f"{len(lines)} {len(lines)}", *lines, ""])
    param, binary = folder / "model.param", folder / "model.bin"
    param.write_text(text)
    binary.write_bytes(b"".join(numbers))
    return param, binary


Lines = list[tuple[str, dict[int, int]]]


def _layer(
    layer: Conv | PReLU | ReLU | DeConv, parameters: dict[str, np.ndarray], sub_pixel: bool
) -> tuple[Lines, list[bytes]]:
    """Lines and arrays of one layer."""
    match layer:
        case PReLU():
            return [("PReLU", {0: layer.slopes})], [_bytes(parameters[f"{layer.name}.slope"])]
        case ReLU():
            return [("ReLU", {})], []
        case Conv():
            weight, pads = parameters[f"{layer.name}.weight"], (layer.padding, layer.padding)
            lines = [("Convolution", _convolution(weight, *pads))]
        case DeConv() if sub_pixel:
            weight = sub_pixel_weight(layer, parameters[f"{layer.name}.weight"])
            lines = [("Convolution", _convolution(weight, *sub_pixel_reach(layer)))]
            lines.append(("PixelShuffle", {0: layer.stride}))
        case DeConv():
            weight = parameters[f"{layer.name}.weight"].transpose(1, 0, 2, 3)  # outputs first
            cut = layer.padding, layer.f - layer.stride - layer.padding
            lines = [("Deconvolution", _convolution(weight, *cut) | {3: layer.stride, 13: layer.stride})]
    bias = np.broadcast_to(parameters[f"{layer.name}.bias"], (len(weight),))  # n² phases share one
    return lines, [TAG, _bytes(weight), _bytes(bias)]


def _convolution(weight: np.ndarray, before: int, after: int) -> dict[int, int]:
    """Settings: outputs, filter side, pads left, top, right and bottom, a bias, the weight's size."""
    outputs, _, f, _ = weight.shape
    return {0: outputs, 1: f, 11: f, 4: before, 14: before, 15: after, 16: after, 5: 1, 6: weight.size}


def _bytes(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values, "<f4").tobytes()
