"""Recipes of the rivals: all that determines what is learnt, apart from the images, read from TOML."""

import tomllib
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class RivalRecipe:
    """What all methods have in common.

    Attributes
    ----------
    method : str
        Its name.
    scale : int
        Upscaling factor n.
    data : tuple of str
        Folders of images, relative to the data folder; "." is that folder itself.
    seed : int
        Seed of all that is drawn.
    """

    method: str
    scale: int = 3
    data: tuple[str, ...] = ("T91",)
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))
            _require_kind(field.name, getattr(self, field.name), field.default)


@dataclass(frozen=True)
class AnchoredRecipe(RivalRecipe):
    """A+, ANR and GR.

    Attributes
    ----------
    atoms, sparsity, passes : int
        Of the dictionary: its size, atoms in a sample's code, passes of K-SVD.
    neighbours : int
        Of every anchor: samples for A+, atoms for ANR.
    ridge : float
        λ.
    scales : int
        Scales of the pool that A+ takes samples from, each 0.98 of the one before.
    pool : int
        Most samples of it.
    start : str
        A+ or ANR model, FILE.npz, whose features and dictionary are taken; empty to learn them.
    """

    atoms: int = 1024
    sparsity: int = 3
    passes: int = 20
    neighbours: int = 2048
    ridge: float = 0.1
    scales: int = 12
    pool: int = 5_000_000
    start: str = ""


@dataclass(frozen=True)
class KernelRecipe(RivalRecipe):
    """KK.

    Attributes
    ----------
    basis : int
        Basis patches.
    samples : int
        Patches that they are learnt from.
    ridge : float
        λ of the coefficients.
    steps, batch, rate, solve_every : int, int, float, int
        Of Adam, which moves the basis: steps in all, samples a step, the first rate of a half cosine for
        9 × 9 patches, and steps between solutions of the coefficients.
    confidence_samples, confidence_ridge : int, float
        Pixels that the confidence is learnt from, and its λ.
    """

    basis: int = 300
    samples: int = 400_000
    ridge: float = 0.5e-7
    steps: int = 1000
    batch: int = 20_000
    rate: float = 3e-3
    solve_every: int = 20
    confidence_samples: int = 100_000
    confidence_ridge: float = 1e-4


@dataclass(frozen=True)
class ForestRecipe(RivalRecipe):
    """SRF.

    Attributes
    ----------
    alternating : bool
        Grow all trees together, on what their mean lacks (ARF), or each by itself.
    rotations : int
        Quarter turns of the images to learn from, 1 for the images as they are to 4.
    trees, levels : int
        How many, and levels of tests of each.
    least : int
        Fewest samples of a leaf; nodes of at most twice as many are not parted.
    judged, tests : int
        Samples that a test is judged by; random thresholds of a pair of features, besides the median.
    ridge : float
        λ of the leaves' regressions.
    fit_samples : int
        Most samples of a leaf's regression, in alternating forests.
    """

    alternating: bool = True
    rotations: int = 4
    trees: int = 10
    levels: int = 13
    least: int = 64
    judged: int = 512
    tests: int = 5
    ridge: float = 0.01
    fit_samples: int = 5000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rotations > 4:
            raise ValueError(f"rotations is {self.rotations}, but must be 1 to 4")


KINDS: dict[str, type[RivalRecipe]] = {"a+": AnchoredRecipe, "anr": AnchoredRecipe, "gr": AnchoredRecipe}
KINDS |= {"kk": KernelRecipe, "srf": ForestRecipe}
"""The recipe of each method."""


def shipped_rivals() -> list[str]:
    """Names of the recipes in the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find_rival(name: str, data: Path) -> RivalRecipe:
    """A recipe in the package by its name, or one of a TOML file.

    Where `data` does not hold the folders that a shipped one names, all photographs of `data` are used.

    Raises
    ------
    ValueError
        If there is no such recipe, or the file is none.
    OSError
        If it cannot be read.
    """
    if name not in shipped_rivals():
        return read_rival(Path(name))
    recipe = read_rival(SHIPPED / f"{name}.toml")
    return recipe if all((data / folder).is_dir() for folder in recipe.data) else replace(recipe, data=(".",))


def read_rival(path: Path) -> RivalRecipe:
    """Read a recipe from TOML.

    Raises
    ------
    ValueError
        If the file is no recipe of a rival.
    OSError
        If it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    return rival_of(table, path)


def rival_of(table: dict[str, Any], path: Path) -> RivalRecipe:
    """A recipe from the table that a file holds.

    Raises
    ------
    ValueError
        If the method or a key is unknown, or a value is of another kind.
    """
    if table.get("method") not in KINDS:
        raise ValueError(f"{path}: method is {table.get('method')!r}, but must be one of {', '.join(KINDS)}")
    kind = KINDS[table["method"]]
    known = [field.name for field in fields(kind)]
    if unknown := [key for key in table if key not in known]:
        raise ValueError(f"{path}: the key {unknown[0]!r} is unknown: there are {', '.join(known)}")
    try:
        return kind(**table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _require_kind(key: str, value: Any, default: Any) -> None:
    """Refuse a value that is not of its default's kind, or out of range."""
    if isinstance(default, tuple):
        if (
            not value
            or not isinstance(value, tuple)
            or not all(isinstance(v, type(default[0])) for v in value)
        ):
            raise ValueError(f"{key} is {value!r}, but must be a list like {list(default)}")
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{key} is {value!r}, but must be true or false")
    elif isinstance(default, str):
        if not isinstance(value, str):
            raise ValueError(f"{key} is {value!r}, but must be a text")
    elif default is not MISSING:
        number = isinstance(value, int if isinstance(default, int) else (int, float))
        lowest = 0 if key == "seed" else 1 if isinstance(default, int) else 1e-12
        if not number or isinstance(value, bool) or not lowest <= value < 1e12:
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise ValueError(f"{key} is {value!r}, but must be {kind} of at least {lowest:g}")
