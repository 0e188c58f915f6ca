"""Enlarge a photograph or a video."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import positive
from npsr.commands.upscale_video import VIDEOS, run_video

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    upscale = commands.add_parser("upscale", help="enlarge a photograph or a video")
    upscale.add_argument("image", type=Path, help="PNG, JPEG, WebP, TIFF or BMP; or a video")
    upscale.add_argument("-o", "--output", type=Path, help="default: {stem}_{model}_x{n} beside the input")
    upscale.add_argument("-s", "--scale", type=positive, default=3, help="upscaling factor (default 3)")
    upscale.add_argument("-m", "--model", default="fsrcnn", help="a released model, FILE.npz or bicubic")
    upscale.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    upscale.add_argument("-f", "--force", action="store_true", help="replace an existing output")
    upscale.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Enlarge one file."""
    from npsr.files import check_target
    from npsr.images import Photograph, check_writable, read_image, write_image
    from npsr.upscaling import upscale

    name = f"{options.image.stem}_{Path(options.model).stem}_x{options.scale}{options.image.suffix}"
    output: Path = options.output or options.image.parent / name
    if options.image.suffix.lower() in VIDEOS:
        return run_video(options.image, output, options)
    photograph = read_image(options.image)
    check_target(output, options.force)
    check_writable(output, photograph.pixels)
    start = time.perf_counter()
    pixels = upscale(photograph.pixels, options.scale, options.model, options.ensemble)
    seconds = time.perf_counter() - start
    write_image(output, Photograph(pixels, photograph.icc_profile, photograph.exif), options.force)
    print(f"{output}: {pixels.shape[1]}×{pixels.shape[0]} in {seconds:.2f} s")
    return 0
