"""Write a model for other runtimes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    export = commands.add_parser("export", help="write a model as ONNX, for other runtimes")
    export.add_argument("output", type=Path, help="the .onnx file to write")
    export.add_argument("-m", "--model", default="fsrcnn", help="a released model or FILE.npz")
    export.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3, or the file's)")
    export.add_argument("--layout", choices=["npsr", "opencv"], default="npsr", help="input's form")
    export.add_argument("--border", choices=["replicate", "zero"], default="replicate", help="border rule")
    export.add_argument("--sub-pixel", action="store_true", help="convolution + DepthToSpace, often faster")
    export.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    export.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write a model for other runtimes."""
    from npsr.models.onnx_file import export_onnx
    from npsr.models.weights import load

    from_file = options.model.endswith(".npz")
    net = load(options.model, options.scale or (None if from_file else 3)).with_border(options.border)
    export_onnx(net, options.output, options.layout, options.sub_pixel, options.force)
    print(f"{options.output}: {net.name} ×{net.scale}")
    return 0
