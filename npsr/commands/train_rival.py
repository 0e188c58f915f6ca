"""`npsr train` for the rivals: what differs from networks, told apart by the recipe's name."""

import argparse
import sys
from pathlib import Path
from typing import Any

OF_NETWORKS = {
    "model": "--model",
    "steps": "--steps",
    "batch": "--batch",
    "rate": "--rate",
    "optimiser": "--optimiser",
    "last_share": "--last-share",
    "sub_image": "--sub-image",
    "initialisation": "--initialisation",
    "checkpoint_every": "--checkpoint-every",
    "workers": "--workers",
    "train": "--train",
    "solve_deconvolution": "--solve-deconvolution",
}
"""Options that say nothing to a rival."""


def is_rival(recipe: str) -> bool:
    """Whether a recipe, by its name or a TOML file, is one of a rival: it names a method, not a model."""
    from npsr.learning.recipe import shipped_rivals

    if not recipe.endswith(".toml"):
        return recipe in shipped_rivals()
    try:
        lines = Path(recipe).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):  # which reading it as a network's recipe will tell
        return False
    return any(line.partition("=")[0].strip() == "method" for line in lines)


def learn(options: argparse.Namespace, data: Path) -> int:
    """Learn a rival as a recipe says.

    Raises
    ------
    ValueError
        If an option is given that is for networks.
    """
    from dataclasses import replace

    from npsr.learning.recipe import find_rival
    from npsr.learning.run import CHECKPOINT, MODEL, learn_rival

    if given := [flag for name, flag in OF_NETWORKS.items() if getattr(options, name, None) is not None]:
        raise ValueError(f"{given[0]} is for networks: {options.recipe} takes its numbers from a TOML recipe")
    recipe = find_rival(options.recipe, data)
    if options.start and not hasattr(recipe, "start"):
        raise ValueError(f"--start is for A+, ANR and GR: {options.recipe} has no dictionary to take")
    own = {name: getattr(options, name) for name in ("scale", "seed", "start")}
    recipe = replace(recipe, **{name: value for name, value in own.items() if value is not None})
    try:
        rival = learn_rival(recipe, data, options.output, options.resume, _line)
    except (KeyboardInterrupt, OSError) as error:
        from_system = isinstance(error, KeyboardInterrupt) or error.errno  # ours, of misuse, have no number
        if from_system and (options.output / CHECKPOINT).exists():
            print("npsr: the same command with --resume goes on from the last checkpoint", file=sys.stderr)
        raise
    seconds = rival.provenance["seconds"]
    print(f"{options.output / MODEL}: {rival.name} ×{rival.scale} after {seconds} seconds")
    return 0


def _line(entry: dict[str, Any]) -> None:
    """Tell a step."""
    known = {"step", "steps", "what", "seconds"}
    numbers = "  ".join(f"{key} {value:.6g}" for key, value in entry.items() if key not in known)
    print(
        f"{entry['step']:>4}/{entry['steps']}  {entry['what']:<12} {numbers:<28} {entry['seconds']:.1f} s",
        flush=True,
    )
