"""The convergence of runs as a picture: loss and validation PSNR."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from npsr.system.files import atomic_write, check_target
from npsr.training.log import Entry, read_log

KINDS = (".png", ".svg", ".pdf")
LAST_DECIBELS = 2.5
"""The upper dB of the validation, which are drawn: training begins 25 dB lower, and differs at its end."""


def draw(runs: list[Path], output: Path, against: str = "samples", force: bool = False) -> None:
    """Draw the loss and the validation PSNR of runs, a curve each.

    Parameters
    ----------
    runs : list of Path
        Folders of runs; a curve is named after its folder.
    output : Path
        Picture to write: .png, .svg or .pdf.
    against : {"samples", "steps", "seconds"}
        The horizontal axis.
    force : bool
        Replace an existing file.

    Raises
    ------
    ValueError
        If the output's kind is unknown, a folder holds no run, or matplotlib is missing.
    OSError
        If the file cannot be written.
    """
    if output.suffix not in KINDS:
        raise ValueError(f"{output} ends in {output.suffix!r}, but must end in one of {', '.join(KINDS)}")
    check_target(output, force)
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ValueError("drawing needs matplotlib: pip install 'npsr[plot]'") from error
    logs = [read_log(run / "log.jsonl") for run in runs]
    # a legend leaves out names that begin with "_" and takes what is between two "$" for a formula
    names = [" " + run.resolve().name.replace("$", r"\$") for run in runs]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    key = "step" if against == "steps" else against
    for entries in logs:
        for axes, what in ((left, "loss"), (right, "validation")):
            x, y = _curve(entries, key, what)
            axes.plot(x, y, marker="." if what == "validation" else "")
    left.set(xlabel=against, ylabel="loss", yscale="log")
    right.set(xlabel=against, ylabel="validation PSNR, dB")
    best = max((line.get_ydata().max(initial=0) for line in right.lines), default=0)
    right.set_ylim(best - LAST_DECIBELS, best + 0.1)
    right.legend(right.lines, names)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.locator_params(axis="x", nbins=5)
    with atomic_write(output, force) as file:
        figure.savefig(file, format=output.suffix[1:], dpi=110)


def _curve(entries: list[Entry], x: str, y: str) -> tuple[np.ndarray, np.ndarray]:
    """Two keys of those entries that have both, as numbers."""
    pairs = [(entry.get(x), entry.get(y)) for entry in entries]
    points = [pair for pair in pairs if all(map(_is_number, pair))]
    return tuple(np.array(points, float).reshape(-1, 2).T)  # type: ignore[return-value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max
