"""Networks as hook shaders in GLSL, for mpv and every other program built on libplacebo.

A shader is a list of passes. Each is a text of `//!` lines, then a function that gives four numbers for a
pixel; they are kept in a texture, which later passes read. Channel c of a layer is component c % 4 of
texture c // 4, so a pass computes four channels of a layer. The deconvolution is a convolution with n²
outputs (`npsr.exporting.sub_pixel`), whose pixels a last pass interleaves. Sampled beyond its border a
texture gives its last pixel, which is border "replicate". SRCNN's first pass is MATLAB's bicubic.

The file format is described in libplacebo's docs/custom-shaders.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from npsr.exporting.glsl_text import bicubic_pass, constant, header, pass_head, shuffle_pass
from npsr.exporting.sub_pixel import sub_pixel_reach, sub_pixel_weight
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN
from npsr.networks.cascade import require_one_stage
from npsr.networks.layers import Conv, DeConv, PReLU, ReLU
from npsr.networks.network import Network
from npsr.system.files import atomic_write

LumaRange = Literal["studio", "full"]
LUMA_RANGES: tuple[LumaRange, ...] = ("studio", "full")

FACTORS = (2, 3, 4)
SUM = "SUM"
"""The texture of a sum that is not complete."""

MOST_CHANNELS = 64
"""Of a layer: as many as the widest of the paper has, in 16 textures."""

MOST_TEXTURES = 15
"""That a pass reads. The programs allow 16, but mpv gives OpenGL a vertex attribute for each and one more, of
which OpenGL promises 16.
"""


def export_glsl(
    net: Network, path: str | Path, luma_range: LumaRange = "studio", force: bool = False
) -> None:
    """Write a network as a hook shader, in float32.

    Parameters
    ----------
    net : Network
        A network of convolutions, PReLU, ReLU and a deconvolution, of factor 2, 3 or 4. It runs with border
        "replicate".
    path : str or Path
        The .glsl file; written atomically.
    luma_range : {"studio", "full"}
        Range of the video's luma: studio (black 16, white 235), as networks are trained, or full (0 to 255).
        The change of range is in the weights of the first and last layer.
    force : bool
        Replace an existing file.

    Raises
    ------
    FileExistsError
        If the file exists and `force` is False.
    OSError
        If it cannot be written.
    ValueError
        If the range is unknown, or the network cannot be written so: it has other layers, another factor,
        or a layer with more channels than a pass can read.

    Examples
    --------
    >>> npsr.export_glsl(npsr.load("fsrcnn-s", 2), "fsrcnn-s_x2.glsl")
    >>> Path("fsrcnn-s_x2.glsl").read_text().count("//!HOOK") > 5
    True
    """
    text = glsl_shader(net, luma_range)
    with atomic_write(Path(path), force) as file:
        file.write(text.encode())


def glsl_shader(net: Network, luma_range: LumaRange = "studio") -> str:
    """The shader's text; parameters and errors as in `export_glsl`."""
    if luma_range not in LUMA_RANGES:
        raise ValueError(f"luma_range is {luma_range!r}, but must be one of {', '.join(LUMA_RANGES)}")
    require_one_stage(net, "a shader is")
    if net.scale not in FACTORS:
        raise ValueError(f"{net.name} is for ×{net.scale}, but shaders are for ×2, ×3 and ×4")
    steps = list(_steps(net.with_border("replicate")))
    _check_channels(net, steps)
    if luma_range == "full":
        steps = _for_full_range(steps)
    blocks = [header(net, luma_range)]
    reads, factor = ["LUMA"], 1
    if not net.enlarges:
        blocks.append(bicubic_pass(net, "BICUBIC"))
        reads, factor = ["BICUBIC"], net.scale
    for place, step in enumerate(steps):
        last = place == len(steps) - 1 and not net.enlarges
        saves = [] if last else [f"{'AB'[place % 2]}{k}" for k in range(step.passes)]
        blocks += _passes(net, step, reads, saves, factor)
        reads = saves
    if net.enlarges:
        blocks.append(shuffle_pass(net, reads))
    return "\n".join(blocks)


@dataclass(frozen=True)
class _Step:
    """A convolution and its activation.

    Filters (n, c, t, t) reach `before` pixels up and left; `slope` (n,) is None without an activation. A pass
    computes `width` channels.
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray
    before: int
    slope: np.ndarray | None = None
    width: int = 4

    @property
    def passes(self) -> int:
        """Passes that compute all channels."""
        return -(-len(self.weight) // self.width)


def _steps(net: Network) -> Iterator[_Step]:
    """The network as convolutions, each with the activation that follows; in float64."""
    steps: list[_Step] = []
    for layer in net.layers:
        own = {f"{layer.name}.{key}": key for key in ("weight", "bias", "slope")}
        p = {own[key]: values.astype(np.float64) for key, values in net.parameters.items() if key in own}
        match layer:
            case Conv() if layer.biased:
                steps.append(_Step(layer.name, p["weight"], p["bias"], layer.padding))
            case PReLU() | ReLU() if steps and steps[-1].slope is None:
                slope = p["slope"] if isinstance(layer, PReLU) else np.zeros(1)
                steps[-1] = replace(steps[-1], slope=np.broadcast_to(slope, steps[-1].bias.shape))
            case DeConv():
                weight, n = sub_pixel_weight(layer, p["weight"]), layer.stride
                bias, (before, _) = np.repeat(p["bias"], n * n), sub_pixel_reach(layer)
                width = 3 if n == 3 else 4  # a texture is a row of the n × n pixels, or all of 2 × 2
                steps.append(_Step(layer.name, weight, bias, before, width=width))
            case _:
                raise ValueError(
                    f"{net.name} has the layer {type(layer).__name__} {layer.name!r}, but a shader has "
                    "convolutions, each with at most one PReLU or ReLU, and a deconvolution"
                )
    return iter(steps)


def _check_channels(net: Network, steps: list[_Step]) -> None:
    most = MOST_CHANNELS
    for step in steps:
        channels = step.weight.shape[1]
        if channels <= most:
            continue
        goes = ""
        if found := re.fullmatch(r"fsrcnn\((\d+),(\d+),(\d+)\)", net.name):
            d, s, m = map(int, found.groups())
            goes = f"; the largest that goes is fsrcnn({min(d, most)},{min(s, most)},{m})"
        raise ValueError(
            f"{net.name}: the layer {step.name!r} reads {channels} channels, but a layer of a shader reads "
            f"at most {most}, in {most // 4} textures of 4{goes}"
        )


def _for_full_range(steps: list[_Step]) -> list[_Step]:
    """The same function of luma in full range: studio = span · full + black, before and after."""
    if steps[-1].slope is not None:
        raise ValueError("luma_range is 'full', but the network ends with an activation: use 'studio'")
    first = steps[0]
    bias = first.bias + STUDIO_BLACK * first.weight.sum(axis=(1, 2, 3))
    steps = [replace(first, weight=STUDIO_SPAN * first.weight, bias=bias), *steps[1:]]
    last = steps[-1]
    bias = (last.bias - STUDIO_BLACK) / STUDIO_SPAN
    return [*steps[:-1], replace(last, weight=last.weight / STUDIO_SPAN, bias=bias)]


def _passes(net: Network, step: _Step, reads: list[str], saves: list[str], factor: int) -> Iterator[str]:
    """The passes of one layer, four channels each; without names to save the last result is the shader's.

    Where a pass cannot read all textures, one before it adds up the first half of them.
    """
    at_once = len(reads) if len(reads) <= MOST_TEXTURES else MOST_CHANNELS // 8
    for k in range(step.passes):
        part = slice(k * step.width, (k + 1) * step.width)
        title = f"{step.name} {k + 1}/{step.passes}"
        summed: list[str] = []
        for first in range(0, len(reads), at_once):
            read = reads[first : first + at_once]
            start = f"{SUM}_tex({SUM}_pos)" if summed else constant(step.bias[part])
            weight = step.weight[part, 4 * first : 4 * (first + at_once)]
            lines = [f"vec4 r = {start};", *_taps(weight, read, step.before)]
            done = first + at_once >= len(reads)
            result = _activated(step.slope, part) if done else "r"
            save = (saves[k] if saves else None) if done else SUM
            body = "".join(f"    {line}\n" for line in [*lines, f"return {result};"])
            yield f"{pass_head(net, title, [*read, *summed], save, factor)}vec4 hook() {{\n{body}}}\n"
            summed = [SUM]


def _activated(slope: np.ndarray | None, part: slice) -> str:
    """PReLU of r; ReLU, if the slopes are 0; or r."""
    if slope is None:
        return "r"
    negative = f" + {constant(slope[part])} * min(r, 0.0)" if slope[part].any() else ""
    return f"max(r, 0.0){negative}"


def _taps(weight: np.ndarray, reads: list[str], before: int) -> Iterator[str]:
    """A line for each texture and tap: four outputs from one or four channels there."""
    channels, side = weight.shape[1], weight.shape[2]
    for k, v, u in np.ndindex(len(reads), side, side):
        block = weight[:, 4 * k : 4 * k + 4, v, u]
        if not block.any():  # phases of a deconvolution that have no tap there
            continue
        sample = f"{reads[k]}_texOff(vec2({u - before}.0, {v - before}.0))"
        if channels == 1:
            yield f"r += {constant(block[:, 0])} * {sample}.x;"
        else:
            yield f"r += {constant(block)} * {sample};"
