"""Train a network on a folder of photographs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import natural, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    train = commands.add_parser("train", help="train a network on a folder of photographs")
    train.add_argument("recipe", type=Path, nargs="?", help="a TOML recipe (default: one stage on --data)")
    train.add_argument("-o", "--output", type=Path, required=True, help="folder of the run")
    train.add_argument("--data", type=Path, required=True, help="folder of photographs")
    train.add_argument("-m", "--model", help="as for info (default fsrcnn)")
    train.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3)")
    train.add_argument("--steps", type=positive, help="steps of the last stage")
    train.add_argument("--seed", type=natural, help="seed (default 0)")
    train.add_argument("--checkpoint-every", type=positive, help="steps between checkpoints (default 5000)")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
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
