"""PSNR and SSIM of a model on a folder of images."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npsr.commands.arguments import positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    evaluate = commands.add_parser("evaluate", help="PSNR and SSIM of a model on a folder of images")
    evaluate.add_argument("folder", type=Path, help="original images")
    evaluate.add_argument("-s", "--scale", type=positive, required=True, help="upscaling factor")
    evaluate.add_argument("-m", "--model", default="fsrcnn", help="a released model, FILE.npz or bicubic")
    evaluate.add_argument("--json", type=Path, help="also write the figures to a file")
    evaluate.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    evaluate.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    evaluate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print PSNR and SSIM of a model on a folder."""
    from npsr.evaluation.protocol import evaluate
    from npsr.system.files import check_target, write_json
    from npsr.system.folders import one_line, passed_over

    if options.json:
        check_target(options.json, options.force)
    row = "{name:<24} {psnr:8.3f} {ssim:8.4f}".format
    rows: list[str] = []

    def each(image: dict[str, Any]) -> None:
        if not rows:  # the head waits until something is known to follow
            print(f"{'image':<24} {'PSNR dB':>8} {'SSIM':>8}")
        rows.append(one_line(row(**image)))
        print(rows[-1], flush=True)

    result = evaluate(options.folder, options.scale, options.model, options.ensemble, each)
    print(row(name="mean", psnr=result["psnr"], ssim=result["ssim"]))
    if result["finite"] < (number := len(result["images"])):
        print(f"PSNR: mean of the {result['finite']} finite of {number}; the others come back exactly")
    if result["passed_over"]:
        print(passed_over(Counter(result["passed_over"])))
    if options.json:
        write_json(options.json, result, options.force)
    return 0
