"""PSNR and SSIM of a model on a folder of images."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.upscaling.operations import PlaneUpscaler


def add(commands: "Commands") -> None:
    """Declare the command."""
    evaluate = commands.add_parser("evaluate", help="PSNR and SSIM of a model on a folder of images")
    evaluate.add_argument("folder", type=Path, help="original images")
    evaluate.add_argument("-s", "--scale", type=positive, required=True, help="upscaling factor")
    evaluate.add_argument(
        "-m", "--model", default="fsrcnn", help="a released model, bicubic, FILE.npz, .glsl, .onnx or .param"
    )
    evaluate.add_argument(
        "--explain", metavar="PSNR", help="which deviations from the protocol give this figure"
    )
    evaluate.add_argument("--json", type=Path, help="also write the figures to a file")
    evaluate.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    evaluate.add_argument("--half", action="store_true", help="GLSL: textures of 16 bits, as in players")
    evaluate.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    evaluate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print PSNR and SSIM of a model on a folder."""
    from npsr.evaluation.protocol import evaluate
    from npsr.system.files import check_target, write_json
    from npsr.system.folders import one_line, passed_over

    if options.json:
        check_target(options.json, options.force)
    if options.explain is not None:
        return _explain(options)
    row = "{name:<24} {psnr:8.3f} {ssim:8.4f}".format
    rows: list[str] = []

    def each(image: dict[str, Any]) -> None:
        if not rows:  # the head waits until something is known to follow
            print(f"{'image':<24} {'PSNR dB':>8} {'SSIM':>8}")
        rows.append(one_line(row(**image)))
        print(rows[-1], flush=True)

    model = _with_half_textures(options.model, options.scale) if options.half else options.model
    result = evaluate(options.folder, options.scale, model, options.ensemble, each)
    print(row(name="mean", psnr=result["psnr"], ssim=result["ssim"]))
    if result["finite"] < (number := len(result["images"])):
        print(f"PSNR: mean of the {result['finite']} finite of {number}; the others come back exactly")
    if result["passed_over"]:
        print(passed_over(Counter(result["passed_over"])))
    if options.json:
        write_json(options.json, result, options.force)
    return 0


def _with_half_textures(model: str, scale: int) -> "PlaneUpscaler":
    """The function by which a shader enlarges a plane in players."""
    from npsr.exporting.glsl_run import read_shader

    if not model.lower().endswith(".glsl"):
        raise ValueError(f"--half is given, which is for shaders, but the model is {model}: leave it out")
    shader = read_shader(model)
    return lambda plane: shader(plane, scale, half=True)


SHOWN = 10
"""Ways that an explanation shows."""


def _explain(options: argparse.Namespace) -> int:
    """Print which deviations from the protocol give a figure."""
    from dataclasses import asdict

    from npsr.evaluation.explanation import explain
    from npsr.system.files import write_json

    if options.ensemble:
        raise ValueError("--ensemble is given, but --explain is for single results: leave it out")
    found = explain(options.folder, options.scale, options.model, options.explain)
    protocol = next(way for way in found if not way.deviations)
    figure = float(options.explain)
    print(f"The protocol gives {protocol.psnr:.3f} dB, yours is {options.explain} dB.")
    matching = sum(way.matches for way in found)
    if protocol.matches:
        print("Your figure is the protocol's.")
    elif matching:
        print(f"{matching} way{'s give' if matching > 1 else ' gives'} your figure, the likeliest first:")
    else:
        print("No deviation or pair of those known gives your figure; the nearest:")
    print(f"{'PSNR dB':>8} {'minus yours':>12}  what is done otherwise")
    for way in found[:SHOWN]:
        words = "; ".join(way.deviations) or "nothing: the protocol"
        print(f"{way.psnr:8.3f} {way.psnr - figure:+12.3f}  {words}")
    if options.json:
        write_json(options.json, {"figure": figure, "ways": [asdict(way) for way in found]}, options.force)
    return 0
