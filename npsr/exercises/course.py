"""Which exercises there are, in their order, and what each says about itself."""

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from inspect import getdoc, signature
from types import ModuleType

from npsr.exercises.ground.checking import Check

NAMES = (
    "convolution",
    "convolution_gradients",
    "prelu",
    "deconvolution",
    "deconvolution_gradients",
    "sub_pixel",
    "borders",
    "counting",
    "network",
    "gradient_check",
    "training",
    "measuring",
)
"""Modules of `npsr.exercises.tasks`; an exercise's number is its place."""

LINE = "# --- How it is checked ---"
"""What stands above it in an exercise's file is the stub."""


@dataclass(frozen=True)
class Task:
    """One exercise.

    Attributes
    ----------
    number : int
        From 1.
    module : module
        Its text, its stub and its checks.
    """

    number: int
    module: ModuleType

    @property
    def name(self) -> str:
        """Name of its file, without the suffix: ``01_convolution``."""
        return f"{self.number:02d}_{self.module.__name__.rpartition('.')[2]}"

    @property
    def text(self) -> str:
        """The task."""
        return getdoc(self.module) or ""

    @property
    def title(self) -> str:
        """The task in a line."""
        return self.text.partition("\n")[0].rstrip(".")

    @property
    def learns(self) -> str:
        """What one learns."""
        return self._said("You learn")

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return int(self._said("Time").split()[1])

    @property
    def panel(self) -> str:
        """The explorer's panel that shows it."""
        return self._said("Explorer").split('"')[1]

    @property
    def stub(self) -> str:
        """What the student starts from: a Python file."""
        name = f"{self.module.__name__.rpartition('.')[2]}.py"
        source = (files("npsr.exercises.tasks") / name).read_text(encoding="utf-8")
        head, line, _ = source.partition(LINE)
        assert line, f"{name} lacks its line"
        return head.rstrip() + "\n"

    @property
    def checks(self) -> list[Check]:
        """Its checks, in the order in which they are tried."""
        return list(self.module.CHECKS)

    @property
    def functions(self) -> list[str]:
        """The functions that it asks for."""
        return list(dict.fromkeys(check.function for check in self.checks))

    @property
    def arguments(self) -> dict[str, list[str]]:
        """The names of each function's arguments."""
        return {name: list(signature(getattr(self.module, name)).parameters) for name in self.functions}

    @property
    def views(self) -> tuple[str, ...]:
        """The functions that may return a view of an argument."""
        return getattr(self.module, "VIEWS", ())

    def _said(self, head: str) -> str:
        found = re.search(rf"^{head}: (.+(?:\n(?!\w+:|You learn|\n).+)*)", self.text, re.MULTILINE)
        assert found, f"{self.name} does not say: {head}"
        return " ".join(found[1].split())


def tasks() -> list[Task]:
    """All exercises."""
    return [task(number) for number in range(1, len(NAMES) + 1)]


def task(number: int | str) -> Task:
    """An exercise by its number.

    Raises
    ------
    ValueError
        If there is none.
    """
    text = str(number)
    if not text.isdecimal() or not 1 <= int(text) <= len(NAMES):
        raise ValueError(f"there is no exercise {text!r}: their numbers are 1 to {len(NAMES)}")
    return Task(int(text), import_module(f"npsr.exercises.tasks.{NAMES[int(text) - 1]}"))
