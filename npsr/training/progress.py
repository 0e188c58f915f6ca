"""The progress of a run, reported at a terminal: a bar if rich is installed, plain lines otherwise."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from npsr.training.log import Entry, Progress

QUIET = 10.0
"""Seconds between plain lines, checkpoints aside."""


@contextmanager
def reported(steps: int, batch: int) -> Iterator[Progress]:
    """A function that reports a log's entries of a run of so many steps.

    Parameters
    ----------
    steps : int
        Steps of the whole run.
    batch : int
        Samples a step.

    Yields
    ------
    callable
        For `npsr.training.run.run_training`.
    """
    bar = _bar() if sys.stdout.isatty() else None
    if bar is None:
        yield _lines(steps, batch)
        return
    task = bar.add_task("", total=steps, figures="", left="")
    latest = [""]

    def report(entry: Entry) -> None:
        if text := _before_steps(entry):
            bar.console.print(text, highlight=False)
            return
        if "validation" in entry:
            latest[0] = _validation(entry)
        left = time_left(entry, steps, batch)
        bar.update(task, completed=entry["step"], figures=_figures(entry) + latest[0], left=left)

    with bar:
        yield report


def time_left(entry: Entry, steps: int, batch: int) -> str:
    """Time that the rest of a run takes at the entry's speed, as hours:minutes:seconds."""
    if "samples_per_second" not in entry:
        return ""
    seconds = round((steps - entry["step"]) * batch / max(1, entry["samples_per_second"]))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} left"


def _say(text: str) -> None:
    """Print a line; a closed pipe or a full disk does not stop the training."""
    with suppress(OSError):
        print(text, flush=True)


def _lines(steps: int, batch: int) -> Progress:
    """Reports entries as lines: each checkpoint's, and others now and then."""
    last = [0.0]

    def report(entry: Entry) -> None:
        if text := _before_steps(entry):
            _say(text)
            return
        if "validation" not in entry and entry["step"] < steps and time.monotonic() < last[0] + QUIET:
            return
        last[0] = time.monotonic()
        parts = f"step {entry['step']:>8}/{steps}", _figures(entry), time_left(entry, steps, batch)
        _say("  ".join(part for part in parts if part) + _validation(entry))

    return report


def _before_steps(entry: Entry) -> str:
    """What an entry says of a stage or its processes; nothing if it is about steps."""
    if "workers" in entry:
        used, chunks = f"{entry['used']} of {entry['workers']} workers used", f"a batch of {entry['batch']}"
        return f"{used}: {chunks} has no more chunks"
    if "images" not in entry:
        return ""
    reduced = f", the middle of {entry['reduced']} of them only, to bound memory" if entry["reduced"] else ""
    counts = ", ".join(f"{kind} {count}" for kind, count in entry.get("degraded", {}).items())
    degraded = f"; pictures degraded: {counts}" if counts else ""
    return f"{entry['sub_images']} sub-images of {entry['images']} images{reduced}{degraded}"


def _validation(entry: Entry) -> str:
    if "validation" not in entry:
        return ""
    degraded = f", degraded {entry['validation_degraded']:.3f}" if "validation_degraded" in entry else ""
    return f"  validation {entry['validation']:.3f}{degraded} dB"


def _figures(entry: Entry) -> str:
    if "loss" not in entry:
        return ""
    return f"loss {entry['loss']:.4f}  {entry['samples_per_second']} samples/s"


def _bar() -> Any:
    """A bar of the package rich; None without it."""
    try:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.table import Column
    except ImportError:
        return None
    figures = TextColumn("{task.fields[figures]}  {task.fields[left]}", table_column=Column(no_wrap=True))
    return Progress(BarColumn(bar_width=10), TaskProgressColumn(), figures)
