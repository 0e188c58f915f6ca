"""A class's submissions: one folder a student, one row of scores each.

All submissions are read before any of them runs, each exercise runs on a fresh copy in a folder of
its own, and scores are kept here until the table is written: what a submission does to files, its
own included, changes no row but its own.
"""

import csv
import io
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from npsr.exercises.course import Task, tasks
from npsr.exercises.examining import NOT_DONE, RIGHT, Outcome, examine
from npsr.exercises.notebook import code
from npsr.exercises.running import Limits
from npsr.system.files import atomic_write
from npsr.system.version import __version__

LARGEST_FILE, LARGEST_SUBMISSION, MOST_FILES = 2**20, 2**24, 500
"""Bytes of a file and of all files of a submission, and their number; what is beyond is left out."""


@dataclass(frozen=True)
class Submission:
    """A student's files, in memory."""

    student: str
    files: dict[str, bytes] = field(default_factory=dict)


def read_submissions(folder: Path) -> list[Submission]:
    """Every folder in a folder, in the order of their names.

    Raises
    ------
    OSError, ValueError
        If there is no such folder, or none in it.
    """
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{folder} is not a folder: name the one that holds a folder for each student"
        )
    students = sorted(
        (p for p in folder.iterdir() if not p.name.startswith(".") and p.is_dir()), key=lambda p: p.name
    )
    if not students:
        raise ValueError(f"{folder} holds no folders, but must hold one for each student")
    return [Submission(path.name, _files(path)) for path in students]


def grade(
    submissions: list[Submission],
    seed: int,
    limits: Limits,
    jobs: int,
    each: Callable[[str, list[Outcome]], None] | None = None,
) -> list[list[Outcome]]:
    """Check every exercise of every submission.

    Parameters
    ----------
    submissions : list of Submission
        From `read_submissions`.
    seed : int
        Seed of the inputs, the same for all.
    limits : Limits
        Of each process.
    jobs : int
        Processes at a time.
    each : callable, optional
        Called with a student's name and outcomes as they are complete.

    Returns
    -------
    list of list of Outcome
        A list a submission, an outcome an exercise.
    """
    asked, graded = tasks(), []
    with ThreadPoolExecutor(jobs) as pool:
        running = [[pool.submit(_one, one, task, seed, limits) for task in asked] for one in submissions]
        for one, of_student in zip(submissions, running, strict=True):
            graded.append([future.result() for future in of_student])
            if each:
                each(one.student, graded[-1])
    return graded


def write_table(
    path: Path, submissions: list[Submission], graded: list[list[Outcome]], seed: int, force: bool = False
) -> None:
    """Write the scores as CSV, in UTF-8: a row a student.

    Columns: ``student``, one for each exercise from 0 to 1, ``total``, ``remarks``, ``npsr`` (the version)
    and ``seed``. A cell that a spreadsheet would take for a formula begins with an apostrophe.

    Raises
    ------
    FileExistsError, OSError
        As `npsr.system.files.atomic_write`.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["student", *[task.name for task in tasks()], "total", "remarks", "npsr", "seed"])
    for one, outcomes in zip(submissions, graded, strict=True):
        scores = [outcome.score for outcome in outcomes]
        row: list[Any] = [_cell(one.student), *[f"{score:.3g}" for score in scores], f"{sum(scores):.3f}"]
        table.writerow([*row, _cell("; ".join(_remarks(outcomes))), __version__, seed])
    with atomic_write(path, force) as file:
        file.write(text.getvalue().encode())


def _one(one: Submission, task: Task, seed: int, limits: Limits) -> Outcome:
    with TemporaryDirectory(prefix="npsr_", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch).resolve()
        for name, content in one.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        file = folder / f"{task.name}.py"
        if not file.exists() and f"{task.name}.ipynb" in one.files:
            try:
                file.write_text(code(one.files[f"{task.name}.ipynb"]), encoding="utf-8")
            except ValueError:
                file.write_text("raise SyntaxError('the notebook cannot be read')\n", encoding="utf-8")
        return examine(task, file, seed, limits)


def _files(folder: Path) -> dict[str, bytes]:
    """The regular files of a submission, no links followed; unreadable ones left out."""
    found: dict[str, bytes] = {}
    left = LARGEST_SUBMISSION
    for path in _walk(folder):
        content = _content(path)
        if content is None or len(content) > left or len(found) >= MOST_FILES:
            continue
        left -= len(content)
        found[str(path.relative_to(folder))] = content
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        yield from (Path(root, name) for name in sorted(names))


def _content(path: Path) -> bytes | None:
    """A regular file's bytes, opened so that neither a link nor a named pipe is."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST_FILE:
            return None
        try:
            return file.read(LARGEST_FILE)
        except OSError:
            return None


def _remarks(outcomes: list[Outcome]) -> Iterator[str]:
    """What is wrong with which exercise, in the checker's own words."""
    for outcome in outcomes:
        for verdict in outcome.verdicts:
            if verdict.status == NOT_DONE:
                yield f"{outcome.task.number:02d} {verdict.function}: {verdict.what or NOT_DONE}"
            elif verdict.status != RIGHT:
                yield f"{outcome.task.number:02d} {verdict.function}: {verdict.hint or verdict.where}"


def _cell(text: str) -> str:
    """Text that is no formula, in characters that UTF-8 has."""
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
