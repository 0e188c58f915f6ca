"""What came of a sweep: a table, as JSON and in words, and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from npsr.dask.grid import SETTING, Point
from npsr.dask.sweep import result_of
from npsr.networks.architectures import build, weight_count
from npsr.system.files import atomic_write, write_json

Row = dict[str, Any]
TABLE, PICTURE = "sweep.json", "sweep.png"


def rows_of(points: Mapping[str, Point], runs: Path, failed: Mapping[str, str]) -> list[Row]:
    """A row for each training, in the grid's order."""
    rows = []
    for name, point in points.items():
        row: Row = {"run": name, **point.values, "weights": _weights(point)}
        row |= {"error": failed[name]} if name in failed else result_of(runs / name)
        rows.append(row)
    return rows


def _weights(point: Point) -> int:
    return weight_count(build(point.recipe.model, point.recipe.scale))


def markdown(rows: list[Row]) -> str:
    """The rows as a table."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    digits = {"validation": 3, "loss": 4, "seconds": 1}

    def cell(column: str, value: Any) -> str:
        text = f"{value:.{digits[column]}f}" if column in digits and value is not None else str(value)
        return "–" if value is None else text.replace("|", "\\|")

    lines = [columns, ["---"] * len(columns)]
    lines += [[cell(column, row.get(column)) for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_report(rows: list[Row], runs: Path) -> list[Path]:
    """Write the table and, if matplotlib is there, the picture; which files were written."""
    write_json(runs / TABLE, rows, force=True)
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return [runs / TABLE]
    figure = Figure(figsize=(7, 4), layout="constrained")
    draw(figure.subplots(), [row for row in rows if "validation" in row or "loss" in row])
    with atomic_write(runs / PICTURE, force=True) as file:
        figure.savefig(file, format="png", dpi=110)
    return [runs / TABLE, runs / PICTURE]


def draw(axes: Any, rows: list[Row]) -> None:
    """The result against weights if d, s or m vary, else against the first number that does; seeds averaged.

    A line joins trainings that are alike in all else; bars go from the worst seed to the best.
    """
    what = "validation" if all("validation" in row for row in rows) else "loss"
    results = ("run", "weights", "validation", "loss", "seconds")
    keys = [key for key in dict.fromkeys(k for row in rows for k in row) if key not in results]
    varying = [key for key in keys if len({str(row[key]) for row in rows}) > 1 and key != "seed"]
    numeric = [key for key in varying if all(isinstance(row[key], int | float) for row in rows)]
    along = "m" if "m" in varying else next(iter(numeric), "")
    x = "weights" if set(varying) & set(SETTING) else along
    lines: dict[str, dict[float, list[float]]] = {}
    for number, row in enumerate(rows):
        label = ", ".join(f"{key} = {row[key]}" for key in varying if key != along)
        lines.setdefault(label, {}).setdefault(row.get(x, number), []).append(row[what])
    for label, points in lines.items():
        places = sorted(points)
        means = np.array([np.mean(points[place]) for place in places])
        ends = np.array([[min(points[place]), max(points[place])] for place in places]).T
        axes.errorbar(places, means, abs(ends - means), fmt="o-", capsize=3, label=label or None)
    axes.set(xlabel=x or "training", ylabel="validation PSNR, dB" if what == "validation" else "loss")
    axes.grid(alpha=0.3)
    if any(lines):
        axes.legend(fontsize=8)
