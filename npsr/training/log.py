"""The log of a run: a file of JSON lines, one after every fixed number of steps."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npsr.system.files import atomic_write, named_if_full
from npsr.training.loop import State

Entry = dict[str, Any]
Progress = Callable[[Entry], None]


class Log:
    """A run's log, and its clocks.

    Parameters
    ----------
    path : Path
        The file. Entries after `step`, which a resumed run will write again, are dropped, and so is
        half a line at its end; lines that are no entries stay.
    step : int
        Step to go on from; −1 for a new run.
    began : float
        When the run began, by `time.perf_counter`: reading the images and solving count as well.
    progress : callable, optional
        Called with each entry.
    """

    def __init__(self, path: Path, step: int, began: float, progress: Progress | None) -> None:
        lines = _text(path).splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and entry_of(line).get("step", -1) <= step]
        with atomic_write(path, force=True) as file:
            file.write("".join(kept).encode("utf-8", "surrogateescape"))
        self.path, self.progress = path, progress
        self.losses: list[float] = []
        self.written = self.resumed = began

    def start_clock(self) -> None:
        """Count the steps' speed from now on."""
        self.resumed = time.perf_counter()

    def since_last(self, state: State, batch: int) -> Entry:
        """An entry on the steps since the last: their mean loss and their speed."""
        entry: Entry = {"step": state.step, "samples": state.step * batch}
        if self.losses:
            seconds = time.perf_counter() - self.resumed
            entry["loss"] = float(np.mean(self.losses))
            entry["samples_per_second"] = round(len(self.losses) * batch / seconds)
        self.losses.clear()
        return entry

    def write(self, state: State, entry: Entry) -> None:
        """Append an entry, and count the time since the last."""
        now = time.perf_counter()
        state.seconds += now - self.written
        entry["seconds"] = round(state.seconds, 3)
        with named_if_full(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self.progress:
            self.progress(entry)
        self.written = now
        self.start_clock()


def read_log(path: Path) -> list[Entry]:
    """The entries of a log.

    Raises
    ------
    ValueError
        If the file is missing or holds none.
    """
    entries = [entry for line in _text(path).splitlines() if (entry := entry_of(line))]
    if not entries:
        raise ValueError(f"{path} is missing or no log of a run: name the folder of a run")
    return entries


def entry_of(line: str) -> Entry:
    """The entry that a line holds; empty for a line that no run wrote."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) and isinstance(entry.get("step"), int) else {}


def last_step(path: Path) -> int:
    """The last step that a log reports; −1 if it is missing or reports none."""
    return max((entry_of(line).get("step", -1) for line in _text(path).splitlines()), default=-1)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
