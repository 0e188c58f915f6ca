"""A grid of trainings: one recipe, and lists of values for some of its keys."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from npsr.training.recipe import Recipe, with_rate, with_steps
from npsr.training.recipes.shipped import find_recipe

SETTING = {"d": 56, "s": 12, "m": 4}
"""Keys of FSRCNN(d, s, m), and the paper's values."""
KNOWN = {*SETTING, "steps", "rate", *(field.name for field in fields(Recipe))} - {"stages"}


@dataclass(frozen=True)
class Point:
    """One training of a grid: the values that it differs by from the others, and its recipe."""

    values: dict[str, Any]
    recipe: Recipe


def read_grid(path: Path, data: Path) -> dict[str, Point]:
    """Read a grid.

    Parameters
    ----------
    path : Path
        TOML: ``recipe``, a shipped recipe's name (by default "quick") or a file beside it; a table
        ``[grid]`` of lists, every combination of which is trained; and keys that all have in common. Keys are
        those of a recipe, ``steps``, ``rate``, and ``d``, ``s``, ``m`` instead of ``model``.
    data : Path
        Folder that the recipe's folders are relative to.

    Returns
    -------
    dict of str to Point
        By the names of their folders.

    Raises
    ------
    ValueError
        If the file is no such grid.
    OSError
        If it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"the grid {path} does not exist: check the name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    axes, name = table.pop("grid", None), table.pop("recipe", "quick")
    if not isinstance(axes, dict) or not axes or not all(isinstance(v, list) and v for v in axes.values()):
        raise ValueError(f"{path} has no [grid]: it needs a table of lists, as d = [48, 56]")
    for key in (*table, *axes):
        if key not in KNOWN:
            raise ValueError(f"{path}: the key {key!r} is unknown: there are {', '.join(sorted(KNOWN))}")
    if both := sorted(set(table) & set(axes)):
        raise ValueError(f"{path}: {both[0]} is in [grid] and outside of it, but must be in one of them")
    base = find_recipe(str(path.parent / name) if str(name).endswith(".toml") else str(name), data)
    points: dict[str, Point] = {}
    for values in product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        called = "-".join(f"{key}{_in_a_name(value)}" for key, value in point.items())
        if called in points:
            raise ValueError(f"{path}: two trainings would be named {called}: leave one out")
        points[called] = Point(point, _recipe(path, base, table | point))
    return points


def _in_a_name(value: Any) -> str:
    return re.sub(r"[^\w.+-]+", "_", str(value)).strip("_")


def _recipe(path: Path, base: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with these values."""
    own = dict(values)
    setting = {key: own.pop(key) for key in SETTING if key in own}
    if setting and "model" in own:
        raise ValueError(
            f"{path}: model is given beside {', '.join(setting)}, but says the same: leave one out"
        )
    if setting:
        own["model"] = "fsrcnn({d},{s},{m})".format(**SETTING | setting)
    steps, rate = own.pop("steps", None), own.pop("rate", None)
    try:
        recipe = replace(base, **own)
        recipe = recipe if steps is None else with_steps(recipe, steps)
        return recipe if rate is None else with_rate(recipe, rate)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
