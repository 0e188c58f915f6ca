"""A training recipe: what a run does, as frozen data, read from TOML."""

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from math import inf
from pathlib import Path
from typing import Any, Literal

from npsr.samples import ROTATIONS, SCALES


@dataclass(frozen=True)
class Stage:
    """One stage of a run, for example the 91 images, and then all 191.

    Attributes
    ----------
    data : tuple of str
        Folders of images, relative to the data folder.
    steps : int
        Steps of this stage.
    rate : float
        Learning rate of convolutions and slopes; a tenth of it for the deconvolution and biases.
    decay : {"none", "halve", "cosine"}
        The rate stays; is halved after ½, ¾, ⅞, … of the stage; or falls along a half cosine to 0.
    """

    data: tuple[str, ...]
    steps: int
    rate: float = 1e-3
    decay: Literal["none", "halve", "cosine"] = "none"


@dataclass(frozen=True)
class Recipe:
    """All that determines a run's result, apart from the images.

    Attributes
    ----------
    model : str
        Name of the network, as in `build`.
    scale : int
        Upscaling factor n.
    stages : tuple of Stage
        What is trained on what, one after the other.
    seed : int
        Seed of the initialisation and of the samples' order.
    batch : int
        Samples a step.
    momentum : float
        Momentum.
    optimiser : {"sgd", "adam"}
        SGD with momentum as in the paper, or Adam.
    scales, rotations : tuple
        Augmentation: reductions and quarter turns of each image.
    sub_image : int
        Side of the sub-images, in LR pixels; 0 for the paper's.
    start : str
        An .npz network to start from; empty for a new one.
    validation : tuple of str
        Images, relative to the data folder, that are held back and measured at each checkpoint.
    checkpoint_every : int
        Steps between checkpoints.
    """

    model: str = "fsrcnn"
    scale: int = 3
    stages: tuple[Stage, ...] = ()
    seed: int = 0
    batch: int = 128
    momentum: float = 0.9
    optimiser: Literal["sgd", "adam"] = "sgd"
    scales: tuple[float, ...] = SCALES
    rotations: tuple[int, ...] = ROTATIONS
    sub_image: int = 0
    start: str = ""
    validation: tuple[str, ...] = ()
    checkpoint_every: int = 5000

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


ELEMENTS: dict[str, tuple[Any, str, Callable[[Any], bool]]] = {
    "data": (str, "names of folders", bool),
    "validation": (str, "names of images", bool),
    "scales": ((int, float), "numbers above 0 and at most 1", lambda x: 0 < x <= 1),
    "rotations": (int, "quarter turns 0 to 3", lambda x: 0 <= x <= 3),
    "stages": (Stage, "stages", lambda x: True),
}
"""What lists hold: kind, rule in words, and test."""

CHOICES = {"optimiser": ("sgd", "adam"), "decay": ("none", "halve", "cosine")}


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
        TOML with the keys of `Recipe`, its stages as tables ``[[stages]]``.

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError
        If the file is no TOML, or a key is unknown or has a value of another kind.
    OSError
        If it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileNotFoundError(f"the recipe {path} does not exist: check the name") from error
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    stages = table.pop("stages", None)
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, dict) for stage in stages):
        raise ValueError(f"{path} has no stages: it needs at least one table [[stages]]")
    made = tuple(_filled(Stage, stage, path) for stage in stages)
    return _filled(Recipe, table | {"stages": made}, path)


def _filled(kind: type, table: dict[str, Any], path: Path) -> Any:
    """A dataclass from a table, every key and value checked."""
    known = {field.name: field for field in fields(kind)}
    values = {}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"{path}: the key {key!r} is unknown: there are {', '.join(known)}")
        values[key] = tuple(value) if isinstance(value, list) else value
        default = known[key].default
        _require_kind(path, key, values[key], () if default is MISSING and key == "data" else default)
    missing = [name for name, field in known.items() if field.default is MISSING and name not in values]
    if missing:
        raise ValueError(f"{path}: the key {missing[0]!r} is missing")
    return kind(**values)


def _require_kind(path: Path, key: str, value: Any, default: Any) -> None:
    """Refuse a value that is not of its default's kind, or out of range."""
    expected: type | tuple[type, ...] = int if default is MISSING else type(default)
    if expected is float:
        expected = (int, float)
    if not isinstance(value, expected) or isinstance(value, bool):
        raise ValueError(f"{path}: {key} is {value!r}, which is not of the kind it must be ({expected})")
    if key in CHOICES and value not in CHOICES[key]:
        raise ValueError(f"{path}: {key} is {value!r}, but must be one of {', '.join(CHOICES[key])}")
    if isinstance(value, tuple):
        kind, rule, fits = ELEMENTS[key]
        if not all(isinstance(x, kind) and not isinstance(x, bool) and fits(x) for x in value):
            raise ValueError(f"{path}: {key} is {list(value)}, but must hold {rule}")
    elif (
        isinstance(value, int | float)
        and not (0 if key in ("seed", "momentum", "sub_image") else 1e-12) <= value < inf
    ):
        raise ValueError(f"{path}: {key} is {value}, but must be positive")
