"""What the paper's experiments share: their budgets and options, and the writing of their results."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
import paper
from measuring import FULL, QUICK, describe

import npsr

mpl.use("Agg")

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"

SOURCES = """The images are free for research. The data folder holds one folder for each set:
  T91, Set5, Set14  with the code of SRCNN: mmlab.ie.cuhk.edu.hk/projects/SRCNN.html
  General-100       with the code of FSRCNN: mmlab.ie.cuhk.edu.hk/projects/FSRCNN.html
  BSD200            the folder images/test of BSDS500: eecs.berkeley.edu/Research/Projects/CS/vision/bsds"""

Row = dict[str, Any]


@dataclass(frozen=True)
class Budget:
    """How much is trained and measured.

    Attributes
    ----------
    samples : int
        Sub-images that a network sees.
    samples_ablation : int
        The same in the ablations, which train twelve.
    seeds : tuple of int
        Seeds of the ablations; all else is trained with the first.
    setting_seeds : tuple of int
        Seeds of Figure 4's settings.
    rivals : dict
        For each of the rivals' methods, what its recipe has otherwise than in the package; for SCN ``steps``.
    sets : tuple of str
        Test sets of the comparison.
    timing : npsr.Plan
        How often calls are timed.
    side : int
        Side of the LR image on which networks are timed against each other.
    """

    samples: int
    samples_ablation: int
    seeds: tuple[int, ...] = (0, 1, 2)
    setting_seeds: tuple[int, ...] = (0,)
    rivals: dict[str, dict[str, Any]] = field(default_factory=dict)
    sets: tuple[str, ...] = ("Set5", "Set14", "BSD200")
    timing: npsr.Plan = FULL
    side: int = 240


MINUTES = {
    "a+": {"atoms": 128, "passes": 3, "neighbours": 512, "scales": 1},
    "anr": {"passes": 3},
    "gr": {"passes": 3},
    "kk": {"basis": 60, "samples": 30_000, "steps": 50, "batch": 5000, "confidence_samples": 10_000},
    "rf": {"trees": 2, "levels": 8},
    "srf": {"trees": 2, "levels": 8, "rotations": 1},
    "scn": {"steps": 60},
}
"""Of the rivals' recipes, for the quick budget."""

BUDGETS = {
    "quick": Budget(51_200, 25_600, rivals=MINUTES, sets=("Set5",), timing=QUICK, side=120),
    "standard": Budget(512_000, 256_000, setting_seeds=(0, 1, 2)),
    "full": Budget(1_536_000, 768_000, setting_seeds=(0, 1, 2)),
}


@dataclass(frozen=True)
class Study:
    """One run of an experiment: its name, its budget, where it reads and writes, what it has trained."""

    name: str
    level: str
    data: Path
    results: Path
    runs: Path
    scheduler: str | None = None
    trainings: list[Row] = field(default_factory=list)

    @property
    def budget(self) -> Budget:
        """The budget of its level."""
        return BUDGETS[self.level]

    @property
    def figure(self) -> Path:
        """Where its figure goes."""
        return self.results / f"{self.name}.png"


def open_study(
    script: str, purpose: str | None, sets: Sequence[str], arguments: Sequence[str] | None = None
) -> Study:
    """Read the options of an experiment; stop if its data are missing or our networks not the paper's.

    Parameters
    ----------
    script : str
        ``__file__`` of the experiment.
    purpose : str
        Its docstring.
    sets : sequence of str
        Folders of images that it reads.
    arguments : sequence of str, optional
        Instead of the command line's.
    """
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument(
        "--budget", choices=BUDGETS, default="quick", help="minutes, two hours, or half a day"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets (%(default)s)")
    parser.add_argument("--results", type=Path, default=ROOT / "experiments" / "results")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="folder of what need not be redone")
    parser.add_argument("--scheduler", help="of Dask, for what is trained together (default: this machine)")
    options = parser.parse_args(arguments)
    level = options.budget
    missing = [name for name in dict.fromkeys(sets) if not (options.data / name).is_dir()]
    if missing:
        parser.error(f"--data is {options.data}, which lacks {', '.join(missing)}.\n{SOURCES}")
    if differences := list(paper.differences()):
        parser.error("\n".join(["these are not the paper's networks:", *differences]))
    for folder in (options.results, options.runs):
        folder.mkdir(parents=True, exist_ok=True)
    return Study(Path(script).stem, level, options.data, options.results, options.runs, options.scheduler)


def write_result(study: Study, title: str, why: str, tables: dict[str, list[Row]], data: Any = None) -> None:
    """Write the JSON of an experiment, whose figure lies beside it, and print its tables.

    Parameters
    ----------
    study : Study
        The experiment.
    title : str
        Its heading in the page of results.
    why : str
        Why our figures differ from the paper's, in a few sentences.
    tables : dict of str to list of dict
        Tables by their titles; a row gives a cell for each column.
    data : object, optional
        What the figure shows beyond the tables.
    """
    result = {"title": title, "why": why, "budget": study.level, "seeds": study.budget.seeds}
    result |= {"figure": study.figure.name, "tables": tables, "data": data}
    result |= {"trainings": study.trainings, "machine": describe()}
    path = study.results / f"{study.name}.json"
    write_json(path, result)
    for heading, rows in tables.items():
        print(f"\n{heading}\n\n{markdown(rows)}")
    print(f"\n{path}\n{study.figure}", flush=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that is there only when it is whole."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n")
    part.replace(path)


def beside(ours: float | None, published: float | str | None) -> Row:
    """The three columns of a comparison in dB: ours, the paper's, the difference."""
    of_paper = paper.value(published) if isinstance(published, str) else published
    difference = None if ours is None or of_paper is None else round(ours - of_paper, 2) + 0.0  # no −0
    return {"ours": None if ours is None else round(ours, 2), "paper": published, "difference": difference}


def markdown(rows: list[Row]) -> str:
    """A table in Markdown; the fractions of a column all have as many digits as its longest."""
    columns = list(rows[0])
    digits = {
        column: max(
            len(repr(row[column]).partition(".")[2]) for row in rows if isinstance(row[column], float)
        )
        for column in columns
        if any(isinstance(row[column], float) for row in rows)
    }

    def cell(column: str, value: Any) -> str:
        if isinstance(value, float):
            return f"{value:{'+' if column.endswith('difference') else ''}.{digits[column]}f}"
        return "–" if value is None else str(value)

    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(column, row[column]) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def notation(net: npsr.Network) -> str:
    """The network in the paper's notation, its rectifiers left out."""
    names = [
        f"{type(layer).__name__}({layer.f},{layer.n},{layer.c})"
        for layer in net.layers
        if isinstance(layer, npsr.Conv | npsr.DeConv)
    ]
    counted = [(name, len(list(group))) for name, group in groupby(names)]
    return " ".join(name if count == 1 else f"{count}×{name}" for name, count in counted)
