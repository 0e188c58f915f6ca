"""Write a model for other programs; the output's suffix chooses the format."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.networks.network import Network


def add(commands: "Commands") -> None:
    """Declare the command."""
    export = commands.add_parser("export", help="write a model for players (GLSL) or runtimes (ONNX, ncnn)")
    export.add_argument("output", type=Path, help="the file to write: .glsl, .onnx, or .param (ncnn)")
    export.add_argument("-m", "--model", default="fsrcnn", help="a released model or FILE.npz")
    export.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3, or the file's)")
    export.add_argument(
        "--range", choices=["studio", "full"], help="GLSL: the video's luma range (default studio)"
    )
    export.add_argument(
        "--border", choices=["replicate", "zero"], help="ONNX, ncnn: border rule (default replicate)"
    )
    export.add_argument(
        "--layout",
        choices=["npsr", "opencv", "rgb"],
        help="ONNX, ncnn: luma as here (default), opencv's, RGB",
    )
    export.add_argument(
        "--sub-pixel", action="store_true", help="ONNX, ncnn: convolution and shuffle, often faster"
    )
    export.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    export.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write a model for other programs."""
    from npsr.models.weights import load
    from npsr.system.files import check_target

    write = _writer(options)
    check_target(options.output, options.force)
    from_file = options.model.endswith(".npz")
    net = load(options.model, options.scale or (None if from_file else 3))
    write(net, options)
    print(f"{options.output}: {net.name} ×{net.scale}")
    return 0


def _onnx(net: "Network", options: argparse.Namespace) -> None:
    from npsr.exporting.onnx_file import export_onnx

    net = net.with_border(options.border or "replicate")
    export_onnx(net, options.output, options.layout or "npsr", options.sub_pixel, options.force)


def _ncnn(net: "Network", options: argparse.Namespace) -> None:
    from npsr.exporting.ncnn_file import export_ncnn

    net = net.with_border(options.border or "replicate")
    export_ncnn(net, options.output, options.layout or "npsr", options.sub_pixel, options.force)


def _glsl(net: "Network", options: argparse.Namespace) -> None:
    from npsr.exporting.glsl import export_glsl

    export_glsl(net, options.output, options.range or "studio", options.force)


Writer = Callable[["Network", argparse.Namespace], None]
FORMATS: dict[str, tuple[Writer, set[str]]] = {
    ".glsl": (_glsl, {"range"}),
    ".onnx": (_onnx, {"border", "layout", "sub_pixel"}),
    ".param": (_ncnn, {"border", "layout", "sub_pixel"}),
}
"""For each suffix what writes it, and which options it takes besides those that all take."""


def _writer(options: argparse.Namespace) -> Writer:
    """The writer of the output's format, which must take the options that are given."""
    suffix = options.output.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{options.output} ends in {suffix!r}, but must end in one of {', '.join(FORMATS)}")
    write, taken = FORMATS[suffix]
    for name in sorted(set().union(*(others for _, others in FORMATS.values())) - taken):
        if getattr(options, name):
            option = name.replace("_", "-")
            raise ValueError(f"--{option} is given, which {suffix} files do not have: leave it out")
    return write
