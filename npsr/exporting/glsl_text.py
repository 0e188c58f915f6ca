"""The text of a hook shader around its layers: comments, heads of passes, constants, the two fixed passes."""

import hashlib
import json

import numpy as np

from npsr.models.archive import read_metadata, released
from npsr.models.weights import digest, released_file
from npsr.networks.network import Network
from npsr.system.version import __version__

RANGE_LINE = "// Luma range: "
"""Begins the comment that tells for which range a shader is."""


def header(net: Network, luma_range: str) -> str:
    """Comments: what it is, for which video, whence it comes, and how good it is."""
    recipe = net.provenance.get("recipe")
    made = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest() if recipe else "none"
    licence = "that of the network's weights"
    if _is_released(net):
        licence = "MIT, Copyright (c) 2026 The npsr authors"
    codes = {"studio": "studio (16 to 235)", "full": "full (0 to 255)"}[luma_range]
    lines = [
        f"// {net.name} x{net.scale}: super-resolution of luma, written by npsr {__version__}",
        f"// Licence: {licence}",
        f"// Recipe: sha256 {made}" if recipe else "// Recipe: none is known",
        f"// Weights: sha256 {digest(net.parameters)}",
        f"// PSNR: {_scores(net)}",
        f"{RANGE_LINE}{codes}",
        "// It runs on video with a luma plane, not on RGB, with textures of floating point.",
    ]
    return "".join(f"{_plain(line)}\n" for line in lines)


def pass_head(net: Network, title: str, reads: list[str], save: str | None, factor: int) -> str:
    """The `//!` lines of a pass whose output is `factor` times as wide as the video."""
    least = f"{net.scale - 0.6:.3f}"
    lines = [
        "HOOK LUMA",
        f"WHEN OUTPUT.w LUMA.w / {least} > OUTPUT.h LUMA.h / {least} > *",
        f"DESC {_plain(f'npsr {net.name} x{net.scale}: {title}')}",
        *(f"BIND {name}" for name in reads),
        *([f"SAVE {save}"] if save else []),
        *([f"WIDTH LUMA.w {factor} *", f"HEIGHT LUMA.h {factor} *"] if factor > 1 else []),
        f"COMPONENTS {4 if save else 1}",
    ]
    return "".join(f"//!{line}\n" for line in lines)


def constant(values: np.ndarray) -> str:
    """A vec4 of up to 4 numbers, or a mat4 of up to 4 outputs × 4 inputs; GLSL lists a matrix by columns."""
    filled = np.zeros((4, 4)[: values.ndim])
    filled[tuple(map(slice, values.shape))] = values
    kind = "vec4" if values.ndim == 1 else "mat4"
    return f"{kind}({', '.join(map(str, filled.T.astype(np.float32).ravel()))})"


def shuffle_pass(net: Network, reads: list[str]) -> str:
    """Interleave n² channels: output pixel (n·i + a, n·j + b) is channel n·a + b of pixel (i, j)."""
    n = net.scale
    chosen = {
        2: f"{reads[0]}_tex(at)[2 * phase.y + phase.x]",
        3: f"mat3({', '.join(f'{name}_tex(at).xyz' for name in reads)})[phase.y][phase.x]",
        4: f"mat4({', '.join(f'{name}_tex(at)' for name in reads)})[phase.y][phase.x]",
    }[n]
    return (
        pass_head(net, "pixels interleaved", reads, None, n)
        + f"""\
vec4 hook() {{
    vec2 within = fract({reads[0]}_pos * {reads[0]}_size);
    ivec2 phase = ivec2(within * {n}.0);
    vec2 at = {reads[0]}_pos + (0.5 - within) * {reads[0]}_pt;
    return vec4({chosen}, 0.0, 0.0, 1.0);
}}
"""
    )


def bicubic_pass(net: Network, save: str) -> str:
    """MATLAB's bicubic enlargement (`npsr.images.resize`): 4 × 4 taps, borders mirrored.

    An output pixel lies `t` beyond the centre of an input pixel, along either axis; it and the three around
    it have the weights w1 and w0, w2, w3.
    """
    n = net.scale
    lines = [
        "vec2 whole = floor(LUMA_pos * LUMA_size);",
        f"vec2 phase = floor((LUMA_pos * LUMA_size - whole) * {n}.0);",
        f"vec2 centre = (phase + 0.5) / {n}.0 - 0.5;",
        "vec2 t = centre - floor(centre);",
        "vec2 p1 = whole + floor(centre) + 0.5;",
        "vec2 w0 = ((1.0 - 0.5 * t) * t - 0.5) * t;",
        "vec2 w1 = (1.5 * t - 2.5) * t * t + 1.0;",
        "vec2 w2 = ((2.0 - 1.5 * t) * t + 0.5) * t;",
        "vec2 w3 = (0.5 * t - 0.5) * t * t;",
        *(f"vec2 m{k} = (LUMA_size - abs(LUMA_size - abs(p1 + {k - 1}.0))) * LUMA_pt;" for k in range(4)),
        "float y = 0.0;",
    ]
    for k in range(4):
        row = " + ".join(f"w{j}.x * LUMA_tex(vec2(m{j}.x, m{k}.y)).x" for j in range(4))
        lines.append(f"y += w{k}.y * ({row});")
    body = "".join(f"    {line}\n" for line in [*lines, "return vec4(y, 0.0, 0.0, 1.0);"])
    return f"{pass_head(net, 'bicubic', ['LUMA'], save, n)}vec4 hook() {{\n{body}}}\n"


def _is_released(net: Network) -> bool:
    """Whether its weights are those of a model that comes with npsr."""
    own = digest(net.parameters)
    return any(
        read_metadata(released_file(name, net.scale)).get("sha256") == own
        for name, factors in released().items()
        if net.scale in factors
    )


def _scores(net: Network) -> str:
    """What was measured when the network was released."""
    scores = net.provenance.get("scores", {})
    known = [f"{name} {dB:.2f} dB" for name, dB in scores.items() if isinstance(dB, int | float)]
    return f"{', '.join(known)} (luma, by npsr evaluate)" if known else "not measured"


def _plain(text: str) -> str:
    """In one line and in ASCII, as every program reads it."""
    return " ".join(text.split()).encode("ascii", "replace").decode()
