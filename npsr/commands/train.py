"""Train a network on a folder of photographs."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import natural, positive, positive_number

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.training.recipe import Recipe


def add(commands: "Commands") -> None:
    """Declare the command."""
    train = commands.add_parser("train", help="train a network, or a rival, on a folder of photographs")
    train.add_argument(
        "recipe",
        nargs="?",
        help="paper (the default), paper-srcnn, quick, scn, cscn, a+, anr, gr, kk, srf, rf, or a TOML file",
    )
    train.add_argument("-o", "--output", type=Path, required=True, help="folder of the run")
    train.add_argument(
        "--data", type=Path, help="folder of photographs, or of the recipe's folders (default: RECIPE.toml's)"
    )
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.add_argument(
        "--workers", type=positive, metavar="N", help="processes that share each batch: the same bits"
    )
    _add_own(train.add_argument_group("instead of the recipe's own"))
    train.set_defaults(run=run)


def _add_own(own: "argparse._ArgumentGroup") -> None:
    """Declare what can be said instead of the recipe's own."""
    own.add_argument("-m", "--model", help="as for info (default fsrcnn)")
    own.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3)")
    own.add_argument("--steps", type=natural, help="steps in all; stages keep their proportions")
    own.add_argument("--batch", type=positive, help="samples a step")
    own.add_argument("--rate", type=positive_number, help="rate of the first stage; others in proportion")
    own.add_argument("--optimiser", choices=("sgd", "adam"), help="sgd as in the paper, or adam")
    own.add_argument("--loss", choices=("squared", "psnr"), help="Equation 3, or one that follows the PSNR")
    own.add_argument("--last-share", type=positive_number, help="of the rate, for the last layer and biases")
    own.add_argument("--slope-share", type=positive_number, help="of the rate, for slopes (default 1)")
    own.add_argument(
        "--slopes", choices=("channel", "layer"), help="of a new network: one a channel, or a layer"
    )
    own.add_argument(
        "--average", type=float, metavar="SHARE", help="running mean of the parameters, as 0.999; 0 for none"
    )
    own.add_argument(
        "--inner-channels", type=natural, metavar="P", help="weights as products; 0 for themselves"
    )
    own.add_argument("--flips", action="store_true", default=None, help="mirror the sub-images as well")
    own.add_argument("--sub-image", type=natural, metavar="SIDE", help="LR pixels; 0 for the paper's")
    own.add_argument(
        "--initialisation",
        choices=("paper", "he", "dictionary"),
        help="he: for SRCNN under Adam; dictionary: for SCN",
    )
    own.add_argument("--seed", type=natural, help="seed (default 0)")
    own.add_argument("--checkpoint-every", type=positive, metavar="STEPS", help="steps between checkpoints")
    own.add_argument("--start", help="network to start from: FILE.npz, or released, as fsrcnn_x3")
    own.add_argument("--train", choices=("all", "deconvolution"), help="what is trained (default all)")
    own.add_argument(
        "--solve-deconvolution", action="store_true", default=None, help="exactly, before the first step"
    )


def run(options: argparse.Namespace) -> int:
    """Train a network, or learn a rival, as a recipe says."""
    from npsr.commands import train_rival

    if train_rival.is_rival(options.recipe or ""):
        return train_rival.learn(options, data_folder(options))
    from npsr.training.progress import reported
    from npsr.training.run import CHECKPOINT, MODEL, run_training

    data = data_folder(options)
    recipe = asked_recipe(options, data)
    _say_what_is_passed_over(recipe, data)
    try:
        with reported(recipe.steps, recipe.batch) as progress:
            run_training(recipe, data, options.output, options.resume, progress, workers=options.workers or 1)
    except (KeyboardInterrupt, OSError) as error:
        if _from_outside(error) and (options.output / CHECKPOINT).exists():
            print("npsr: the same command with --resume goes on from the last checkpoint", file=sys.stderr)
        raise
    print(f"{options.output / MODEL}: {recipe.model} ×{recipe.scale} after {recipe.steps} steps")
    return 0


def _from_outside(error: KeyboardInterrupt | OSError) -> bool:
    """Whether a run was stopped, not misused: the system's errors have numbers, ours have none."""
    return isinstance(error, KeyboardInterrupt | ChildProcessError) or bool(error.errno)


def _say_what_is_passed_over(recipe: "Recipe", data: Path) -> None:
    """A line for each folder of the recipe that holds more than images."""
    from collections import Counter

    from npsr.images.files import ImageError
    from npsr.images.image_sets import image_files
    from npsr.system.folders import one_line, passed_over

    for folder in sorted({data / name for stage in recipe.stages for name in stage.data}):
        passed: Counter[str] = Counter()
        with suppress(ImageError):  # training tells
            image_files(folder, passed)
        if passed:
            print(one_line(f"{folder}: {passed_over(passed)}"), flush=True)


def data_folder(options: argparse.Namespace) -> Path:
    """The folder that the recipe's folders are relative to.

    Raises
    ------
    ValueError
        If it is not named, and there is no recipe file beside which it could be.
    """
    if options.data:
        return options.data
    if (options.recipe or "").endswith(".toml"):
        return Path(options.recipe).parent
    raise ValueError("--data is missing: name the folder of photographs to train on")


def asked_recipe(options: argparse.Namespace, data: Path) -> "Recipe":
    """The recipe, with what the command line says instead."""
    from dataclasses import fields, replace

    from npsr.training.recipe import with_rate, with_steps
    from npsr.training.recipes.shipped import find_recipe

    default = "paper-srcnn" if (options.model or "").startswith("srcnn") else "paper"
    recipe = find_recipe(options.recipe or default, data)
    asked = {field.name: getattr(options, field.name, None) for field in fields(recipe)}
    recipe = replace(recipe, **{name: value for name, value in asked.items() if value is not None})
    if options.steps is not None:
        recipe = with_steps(recipe, options.steps)
    return with_rate(recipe, options.rate) if options.rate else recipe
