"""A training recipe: what a run does, as frozen data, read from TOML."""

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, replace
from math import cos, inf, log2, pi
from pathlib import Path
from typing import Any, Literal

from npsr.degradation.kinds import Degradation, require_order
from npsr.training.samples import ROTATIONS, SCALES
from npsr_kernels.loss import FLOORS, Loss


@dataclass(frozen=True)
class Stage:
    """One stage of a run, for example the 91 images, and then all 191.

    Attributes
    ----------
    data : tuple of str
        Folders of images, relative to the data folder; "." is that folder itself.
    steps : int
        Steps of this stage; 0 for none.
    rate : float
        Learning rate of convolutions and slopes.
    decay : {"none", "halve", "cosine"}
        The rate stays; is halved after ½, ¾, ⅞, … of the stage; or falls along a half cosine to 0.
    warm_up : int
        Steps in which the rate rises from 0 to what it would be without; 0 for none.

    Examples
    --------
    >>> npsr.Stage(data=("T91",), steps=1000, decay="cosine").rate
    0.001
    """

    data: tuple[str, ...]
    steps: int
    rate: float = 1e-3
    decay: Literal["none", "halve", "cosine"] = "none"
    warm_up: int = 0

    def __post_init__(self) -> None:
        _settle(self)

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        done = step / self.steps
        rate = self.rate * (min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0)
        if self.decay == "cosine":
            return rate * (1 + cos(pi * done)) / 2
        if self.decay == "halve":
            return rate * 0.5 ** int(-log2(1 - done))
        return rate


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
        What is trained on what, one after the other; at least one.
    seed : int
        Seed of the initialisation and of the samples' order.
    batch : int
        Samples a step.
    momentum : float
        Momentum.
    optimiser : {"sgd", "adam"}
        SGD with momentum as in the paper, or Adam.
    loss : {"squared", "psnr"}
        Equation 3, or the loss that follows the mean PSNR: `npsr_kernels.loss`.
    last_share : float
        Share of the rate for the last layer and, but in SRCNN, for biases.
    slope_share : float
        Share of the rate for PReLU slopes; may be above 1.
    slopes : {"channel", "layer"}
        PReLU slopes of a new network: one a channel as in the paper, or one a layer as the authors have.
    average : float
        Weight of the old value in a running mean of the parameters, which is then the model; 0 for no mean.
    inner_channels : int
        Channels between the two factors that every weight is trained as, if not 0: `networks.products`.
    scales, rotations : tuple
        Augmentation: reductions and quarter turns of each image.
    flips : bool
        Augmentation: each of them mirrored as well.
    degrade : tuple of Degradation
        What happens to LR images on the way, in its order; empty for the protocol's reduction alone.
    sub_image : int
        Side of the sub-images, in LR pixels, also for SRCNN; 0 for the paper's.
    initialisation : {"paper", "he", "dictionary"}
        The paper's, or He's by the number of inputs, as in `he_initialised`: without it Adam loses
        most of SRCNN's features. For SCN a dictionary learnt from the first stage's images.
    start : str
        An .npz network or a released one (``fsrcnn_x3``) to start from; empty for a new one. From
        another factor it gives its convolutions.
    cascade : bool
        `start` is the first stage of a cascade. What is trained is its second, a copy at first, which
        enlarges what the first makes.
    train : {"all", "deconvolution"}
        What is trained: all, or the deconvolution alone, on what the convolutions make of the images as
        they are (neither reduced nor rotated).
    solve_deconvolution : bool
        Before the first step replace the deconvolution by the best one for the convolutions, solved
        exactly on the first stage's images.
    validation : tuple of str
        Images, relative to the data folder, that are held back and measured at each checkpoint, as they are
        and degraded.
    checkpoint_every : int
        Steps between checkpoints.

    Raises
    ------
    ValueError
        If a value is of another kind or out of range; so does `Stage`.

    Examples
    --------
    >>> recipe = npsr.Recipe(model="fsrcnn-s", stages=(npsr.Stage(("T91",), steps=1000),))
    >>> recipe.model, recipe.scale, recipe.steps
    ('fsrcnn-s', 3, 1000)
    """

    model: str = "fsrcnn"
    scale: int = 3
    stages: tuple[Stage, ...] = ()
    seed: int = 0
    batch: int = 128
    momentum: float = 0.9
    optimiser: Literal["sgd", "adam"] = "sgd"
    loss: Loss = "squared"
    last_share: float = 0.1
    slope_share: float = 1.0
    slopes: Literal["channel", "layer"] = "channel"
    average: float = 0.0
    inner_channels: int = 0
    scales: tuple[float, ...] = SCALES
    rotations: tuple[int, ...] = ROTATIONS
    flips: bool = False
    degrade: tuple[Degradation, ...] = ()
    sub_image: int = 0
    initialisation: Literal["paper", "he", "dictionary"] = "paper"
    start: str = ""
    cascade: bool = False
    train: Literal["all", "deconvolution"] = "all"
    solve_deconvolution: bool = False
    validation: tuple[str, ...] = ()
    checkpoint_every: int = 5000

    def __post_init__(self) -> None:
        _settle(self)
        require_order(self.degrade)

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
    "degrade": (Degradation, "tables, each with a kind", lambda x: True),
}
"""What lists hold: kind, rule in words, and test."""
MAY_BE_EMPTY = ("validation", "degrade")

KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", tuple: "a list"}

CHOICES = {
    "optimiser": ("sgd", "adam"),
    "loss": tuple(FLOORS),
    "decay": ("none", "halve", "cosine"),
    "initialisation": ("paper", "he", "dictionary"),
    "slopes": ("channel", "layer"),
    "train": ("all", "deconvolution"),
}

RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "seed": ("at least 0", lambda x: x >= 0),
    "momentum": ("at least 0 and below 1", lambda x: 0 <= x < 1),
    "average": ("at least 0 and below 1", lambda x: 0 <= x < 1),
    "inner_channels": ("0 to 1000", lambda x: 0 <= x <= 1000),
    "sub_image": ("0 to 10000", lambda x: 0 <= x <= 10_000),
    "steps": ("at least 0", lambda x: x >= 0),
    "warm_up": ("at least 0", lambda x: x >= 0),
}
"""What numbers must be, if not positive."""


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with so many steps in all, its stages and their warm-ups in proportion.

    If it has no steps, all are in the last stage.
    """
    if not recipe.steps:
        return replace(recipe, stages=(*recipe.stages[:-1], replace(recipe.stages[-1], steps=steps)))
    stages, before, after = [], 0, 0
    for stage in recipe.stages:
        before, start = before + stage.steps, after
        after = round(steps * before / recipe.steps)
        warm_up = round(stage.warm_up * steps / recipe.steps)
        stages.append(replace(stage, steps=after - start, warm_up=warm_up))
    return replace(recipe, stages=tuple(stages))


def with_rate(recipe: Recipe, rate: float) -> Recipe:
    """The recipe with that rate in its first stage, the others' in proportion."""
    scale = rate / recipe.stages[0].rate
    return replace(recipe, stages=tuple(replace(stage, rate=stage.rate * scale) for stage in recipe.stages))


def differences(first: Recipe, second: Recipe) -> list[str]:
    """The keys in which two recipes differ."""
    names = (field.name for field in fields(Recipe))
    return [name for name in names if getattr(first, name) != getattr(second, name)]


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
        return recipe_of(tomllib.loads(path.read_text(encoding="utf-8-sig")), path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"the recipe {path} does not exist: check the name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error


def recipe_of(table: dict[str, Any], path: Path) -> Recipe:
    """A recipe from the table that a file holds.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or has a value of another kind.
    """
    table = dict(table)
    stages = table.pop("stages", None)
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, dict) for stage in stages):
        raise ValueError(f"{path} has no stages: it needs at least one table [[stages]]")
    table["stages"] = tuple(_filled(Stage, stage, path) for stage in stages)
    degrade = table.get("degrade")
    if isinstance(degrade, list) and all(isinstance(entry, dict) for entry in degrade):
        table["degrade"] = tuple(_filled(Degradation, entry, path) for entry in degrade)
    return _filled(Recipe, table, path)


def _filled(kind: type, table: dict[str, Any], path: Path) -> Any:
    """A dataclass from a table, every key and value checked."""
    known = {field.name: field for field in fields(kind)}
    for key in table:
        if key not in known:
            raise ValueError(f"{path}: the key {key!r} is unknown: there are {', '.join(known)}")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in table]
    if missing:
        raise ValueError(f"{path}: the key {missing[0]!r} is missing")
    try:
        return kind(**table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _settle(filled: Stage | Recipe) -> None:
    """Make tuples of lists; refuse values that are not of their defaults' kinds, or out of range."""
    for field in fields(filled):
        value = getattr(filled, field.name)
        if isinstance(value, list):
            value = tuple(value)
            object.__setattr__(filled, field.name, value)
        _require_kind(field.name, value, field.default)


def _require_kind(key: str, value: Any, default: Any) -> None:
    expected: type = type(default)
    if default is MISSING:
        expected = tuple if key in ELEMENTS else int
    fits = isinstance(value, int | float if expected is float else expected)
    if not fits or isinstance(value, bool) != (expected is bool):
        raise ValueError(f"{key} is {value!r}, but must be {KINDS[expected]}")
    if key in CHOICES and value not in CHOICES[key]:
        raise ValueError(f"{key} is {value!r}, but must be one of {', '.join(CHOICES[key])}")
    if isinstance(value, tuple):
        kind, rule, good = ELEMENTS[key]
        if not value and key not in MAY_BE_EMPTY:
            raise ValueError(f"{key} is empty, but must hold {rule}")
        if not all(isinstance(x, kind) and not isinstance(x, bool) and good(x) for x in value):
            raise ValueError(f"{key} is {list(value)}, but must hold {rule}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        rule, good = RANGES.get(key, ("positive", lambda x: x > 0))
        if not (good(value) and value < inf):
            raise ValueError(f"{key} is {value}, but must be {rule}")
