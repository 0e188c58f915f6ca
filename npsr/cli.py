"""The command line. Nothing heavy is imported before a command runs, so that help is instant."""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from npsr import __version__

USER_ERROR = 2

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 when done, 1 when a check failed, 2 for a user's mistake, which is
    told in a line, never a traceback.
    """
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character gets another
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (ValueError, OSError, ArithmeticError, MemoryError) as error:
        print(f"npsr: error: {error or type(error).__name__}", file=sys.stderr)
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        print("npsr: interrupted", file=sys.stderr)
        sys.exit(130)


def run_upscale(options: argparse.Namespace) -> int:
    """Enlarge one image file."""
    from npsr.files import check_target
    from npsr.images import Photograph, check_writable, read_image, write_image
    from npsr.upscaling import upscale

    name = f"{options.image.stem}_{Path(options.model).stem}_x{options.scale}{options.image.suffix}"
    output: Path = options.output or options.image.parent / name
    photograph = read_image(options.image)
    check_target(output, options.force)
    check_writable(output, photograph.pixels)
    start = time.perf_counter()
    pixels = upscale(photograph.pixels, options.scale, options.model, options.ensemble)
    seconds = time.perf_counter() - start
    write_image(output, Photograph(pixels, photograph.icc_profile, photograph.exif), options.force)
    print(f"{output}: {pixels.shape[1]}×{pixels.shape[0]} in {seconds:.2f} s")
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Print PSNR and SSIM of a model on a folder."""
    from npsr.evaluation import evaluate
    from npsr.files import atomic_write, check_target

    if options.json:
        check_target(options.json, options.force)
    row = "{name:<24} {psnr:8.3f} {ssim:8.4f}".format
    print(f"{'image':<24} {'PSNR dB':>8} {'SSIM':>8}")

    def each(image: dict[str, Any]) -> None:
        print(row(**image), flush=True)

    result = evaluate(options.folder, options.scale, options.model, options.ensemble, each)
    print(row(name="mean", psnr=result["psnr"], ssim=result["ssim"]))
    if options.json:
        with atomic_write(options.json, options.force) as file:
            file.write(json.dumps(_finite(result), indent=1, allow_nan=False).encode())
    return 0


def _finite(value: Any) -> Any:
    """JSON knows no infinity: the PSNR of equal images becomes null."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if value in (float("inf"), float("-inf")) else value


def run_info(options: argparse.Namespace) -> int:
    """Print what a network is made of and what it costs."""
    from npsr.description import describe

    print(describe(_network(options)))
    return 0


def run_gradcheck(options: argparse.Namespace) -> int:
    """Print the relative error of every parameter's gradient."""
    import numpy as np

    from npsr.gradient_check import gradcheck
    from npsr.samples import geometry

    net = _network(options).with_border("valid")
    sub_image = geometry(net)
    rng = np.random.default_rng(options.seed)
    x = rng.random((2, 1, sub_image.side, sub_image.side))
    target = rng.random((2, 1, sub_image.label, sub_image.label))
    reports = gradcheck(net, x, target, seed=options.seed)
    print(f"{'parameter':<22} {'shape':<16} {'checked':>7} {'at kinks':>8} {'relative error':>14}")
    for r in reports:
        verdict = "" if r.passed else "  FAILS"
        shape = "×".join(map(str, r.shape))
        print(f"{r.name:<22} {shape:<16} {r.checked:>7} {r.skipped:>8} {r.error:>14.1e}{verdict}")
    return 0 if all(r.passed for r in reports) else 1


def run_train(options: argparse.Namespace) -> int:
    """Train a network as a recipe says."""
    from dataclasses import replace

    from npsr.recipe import Recipe, Stage, read_recipe
    from npsr.run import run_training

    if options.recipe:
        recipe = read_recipe(options.recipe)
    else:
        recipe = Recipe(stages=(Stage((".",), options.steps or 100_000),))
    given = {"model": options.model, "scale": options.scale, "seed": options.seed}
    given["checkpoint_every"] = options.checkpoint_every
    recipe = replace(recipe, **{key: value for key, value in given.items() if value is not None})
    if options.steps:
        recipe = replace(
            recipe, stages=(*recipe.stages[:-1], replace(recipe.stages[-1], steps=options.steps))
        )
    steps = recipe.steps

    def progress(entry: dict[str, float]) -> None:
        speed = entry["samples_per_second"]
        minutes = (steps - entry["step"]) * recipe.batch / speed / 60
        validation = f"  validation {entry['validation']:.3f} dB" if "validation" in entry else ""
        counts = f"step {entry['step']:>8}/{steps}  loss {entry['loss']:8.4f}  {speed:>6} samples/s"
        print(f"{counts}  {minutes:6.1f} min left{validation}", flush=True)

    run_training(recipe, options.data, options.output, options.resume, progress)
    print(f"{options.output / 'model.npz'}: {recipe.model} ×{recipe.scale} after {steps} steps")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Convert a model of the authors."""
    from npsr.matlab import import_matlab
    from npsr.weights import check_name, save

    check_name(options.output, options.force)
    net = import_matlab(options.file, options.scale)
    save(net, options.output, options.force)
    print(f"{options.output}: {net.name} ×{net.scale}")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write a model for other runtimes."""
    from npsr.onnx_file import export_onnx
    from npsr.weights import load

    from_file = options.model.endswith(".npz")
    net = load(options.model, options.scale or (None if from_file else 3)).with_border(options.border)
    export_onnx(net, options.output, options.layout, options.sub_pixel, options.force)
    print(f"{options.output}: {net.name} ×{net.scale}")
    return 0


def _network(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    """A network from a file, or new by its name."""
    from npsr.networks import build
    from npsr.weights import load

    if options.model.endswith(".npz"):
        return load(options.model, options.scale)
    return build(options.model, 3 if options.scale is None else options.scale)


def _whole(lowest: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least `lowest`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
        return int(text)

    return parse


_positive, _seed = _whole(1), _whole(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="npsr", description="FSRCNN super-resolution from scratch, in NumPy and Numba, on CPUs."
    )
    parser.add_argument("--version", action="version", version=f"npsr {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_upscale_and_evaluate(commands)
    _add_study(commands)
    _add_train(commands)
    _add_interchange(commands)
    return parser


def _add_upscale_and_evaluate(commands: "Commands") -> None:
    upscale = commands.add_parser("upscale", help="enlarge a photograph")
    upscale.add_argument("image", type=Path, help="PNG, JPEG, WebP, TIFF or BMP")
    upscale.add_argument("-o", "--output", type=Path, help="default: {stem}_{model}_x{n} beside the input")
    upscale.add_argument("-s", "--scale", type=_positive, default=3, help="upscaling factor (default 3)")
    upscale.add_argument("-m", "--model", default="fsrcnn", help="a released model, FILE.npz or bicubic")
    upscale.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    upscale.add_argument("-f", "--force", action="store_true", help="replace an existing output")
    upscale.set_defaults(run=run_upscale)

    evaluate = commands.add_parser("evaluate", help="PSNR and SSIM of a model on a folder of images")
    evaluate.add_argument("folder", type=Path, help="original images")
    evaluate.add_argument("-s", "--scale", type=_positive, required=True, help="upscaling factor")
    evaluate.add_argument("-m", "--model", default="fsrcnn", help="a released model, FILE.npz or bicubic")
    evaluate.add_argument("--json", type=Path, help="also write the figures to a file")
    evaluate.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    evaluate.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    evaluate.set_defaults(run=run_evaluate)


def _add_study(commands: "Commands") -> None:
    info = commands.add_parser("info", help="layers, shapes, weights and cost of a network")
    info.add_argument("model", help="a name, fsrcnn(d,s,m), srcnn(f1,f2,f3) or FILE.npz")
    info.add_argument("-s", "--scale", type=_positive, help="upscaling factor (default 3)")
    info.set_defaults(run=run_info)

    check = commands.add_parser("gradcheck", help="check every gradient against central differences")
    check.add_argument("-m", "--model", default="fsrcnn", help="as for info")
    check.add_argument("-s", "--scale", type=_positive, help="upscaling factor (default 3)")
    check.add_argument("--seed", type=_seed, default=0, help="seed of images and sampling (default 0)")
    check.set_defaults(run=run_gradcheck)


def _add_train(commands: "Commands") -> None:
    train = commands.add_parser("train", help="train a network on a folder of photographs")
    train.add_argument("recipe", type=Path, nargs="?", help="a TOML recipe (default: one stage on --data)")
    train.add_argument("-o", "--output", type=Path, required=True, help="folder of the run")
    train.add_argument("--data", type=Path, required=True, help="folder of photographs")
    train.add_argument("-m", "--model", help="as for info (default fsrcnn)")
    train.add_argument("-s", "--scale", type=_positive, help="upscaling factor (default 3)")
    train.add_argument("--steps", type=_positive, help="steps of the last stage")
    train.add_argument("--seed", type=_seed, help="seed (default 0)")
    train.add_argument("--checkpoint-every", type=_positive, help="steps between checkpoints (default 5000)")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.set_defaults(run=run_train)


def _add_interchange(commands: "Commands") -> None:
    importer = commands.add_parser("import", help="convert the authors' released .mat models")
    importer.add_argument("file", type=Path, help="FSRCNN, FSRCNN-s or SRCNN as FILE.mat")
    importer.add_argument("-o", "--output", type=Path, required=True, help="the .npz file to write")
    importer.add_argument("-s", "--scale", type=_positive, help="factor (default: as in the file's name)")
    importer.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    importer.set_defaults(run=run_import)

    export = commands.add_parser("export", help="write a model as ONNX, for other runtimes")
    export.add_argument("output", type=Path, help="the .onnx file to write")
    export.add_argument("-m", "--model", default="fsrcnn", help="a released model or FILE.npz")
    export.add_argument("-s", "--scale", type=_positive, help="upscaling factor (default 3, or the file's)")
    export.add_argument("--layout", choices=["npsr", "opencv"], default="npsr", help="input's form")
    export.add_argument("--border", choices=["replicate", "zero"], default="replicate", help="border rule")
    export.add_argument("--sub-pixel", action="store_true", help="convolution + DepthToSpace, often faster")
    export.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    export.set_defaults(run=run_export)
