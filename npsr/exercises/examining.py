"""One submission of one exercise: every check of every function, and what came of it."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from npsr.exercises.course import Task, task
from npsr.exercises.ground.calling import Caller, Reply
from npsr.exercises.ground.checking import STALE, Check, NotDone, Student, Unloadable, Wrong
from npsr.exercises.running import Limits, Stopped, running
from npsr.system.defects import report

RIGHT, WRONG, NOT_DONE = "right", "wrong", "not done yet"
STOPPED, LOADING = "running it", "loading the file"


@dataclass(frozen=True)
class Verdict:
    """What came of one function.

    Attributes
    ----------
    function : str
        Its name.
    status : str
        "right", "wrong" or "not done yet".
    where : str
        The check that it failed.
    what, hint : str
        The first wrong number, and what it looks like.
    """

    function: str
    status: str
    where: str = ""
    what: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of one exercise: a verdict a function, and what the submission printed."""

    task: Task
    verdicts: list[Verdict] = field(default_factory=list)
    printed: str = ""
    guards: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """Of the whole: wrong if a function is, else not done if one is not."""
        found = [verdict.status for verdict in self.verdicts]
        return WRONG if WRONG in found else NOT_DONE if NOT_DONE in found or not found else RIGHT

    @property
    def score(self) -> float:
        """Share of the functions that are right."""
        found = [verdict.status == RIGHT for verdict in self.verdicts]
        return sum(found) / len(found) if found else 0.0


def examine(asked: Task, file: Path, seed: int, limits: Limits) -> Outcome:
    """Check a submission's file in a process of its own.

    Parameters
    ----------
    asked : Task
        The exercise.
    file : Path
        The submission; it may be missing.
    seed : int
        Seed of the inputs.
    limits : Limits
        Of each process: one for the exercise, and another where a function has ended it.

    Returns
    -------
    Outcome
    """
    waiting = asked.functions
    if not file.is_file():
        missing = f"{file.name} is missing"
        if file.with_suffix(".ipynb").is_file():
            missing += "; the notebook checks itself in its last cell"
        return Outcome(asked, [Verdict(name, NOT_DONE, what=missing) for name in waiting])
    if file.read_bytes() == asked.stub.encode():
        return Outcome(asked, [Verdict(name, NOT_DONE) for name in waiting])
    verdicts: list[Verdict] = []
    printed, guards, loads = b"", (), True
    while waiting and loads:
        try:
            with running(file, limits) as process:
                guards, stopped = tuple(process.guards), False
                while waiting and not stopped:
                    verdicts.append(_verdict(asked, waiting.pop(0), process, seed, verdicts))
                    stopped = verdicts[-1].where == STOPPED
            printed, loads = printed or process.printed, process.answered
        except Stopped as stop:  # not even ready
            verdicts.append(Verdict(waiting.pop(0), WRONG, STOPPED, str(stop)))
    verdicts += [replace(verdicts[-1], function=name) for name in waiting]  # none of it can be called
    return Outcome(asked, verdicts, printed.decode("utf-8", "replace"), guards)


def examine_all(asked: list[Task], folder: Path, seed: int, limits: Limits) -> Iterator[Outcome]:
    """Check a folder's exercises, two at a time; their outcomes in order, as they come."""
    with ThreadPoolExecutor(2) as pool:
        files = [(one, folder / f"{one.name}.py") for one in asked]
        yield from pool.map(lambda pair: examine(pair[0], pair[1], seed, limits), files)


def check_here(number: int | str, functions: dict[str, Any]) -> None:
    """Check functions of this process; see `npsr.exercises.check`."""
    asked = task(number)
    for verdict in judged(asked, functions):
        if verdict.status != RIGHT:
            raise AssertionError(explained(verdict))
    print(f"{asked.name}: right")


def judged(asked: Task, functions: dict[str, Any], seed: int = 0) -> list[Verdict]:
    """Verdicts on functions of this process."""
    caller, verdicts = Caller(functions, ""), list[Verdict]()
    for name in asked.functions:
        verdicts.append(_verdict(asked, name, caller, seed, verdicts))
    return verdicts


def explained(verdict: Verdict) -> str:
    """A verdict in words, of one or two lines."""
    if verdict.status == NOT_DONE:
        return f"{verdict.function}: not done yet" + (f" ({verdict.what})" if verdict.what else "")
    text = (
        verdict.what if verdict.where == LOADING else f"{verdict.function} ({verdict.where}): {verdict.what}"
    )
    return f"{text}\n→ {verdict.hint}" if verdict.hint else text


def _verdict(
    asked: Task, name: str, ask: Callable[[str, Sequence[Any]], Reply], seed: int, before: list[Verdict]
) -> Verdict:
    """Every check of one function, up to the first that fails; `before` are the verdicts on earlier ones."""
    student = Student(ask, asked.arguments, asked.views)
    for place, check in enumerate(asked.checks):
        if check.function == name:
            rng = np.random.default_rng([seed, zlib.crc32(asked.module.__name__.encode()), place])
            if failed := _failed(check, student, rng, before):
                return failed
    try:
        student.require_new_arrays(name)
    except Wrong as wrong:
        return Verdict(name, WRONG, "new arrays", wrong.what, wrong.hint)
    return Verdict(name, RIGHT)


def _failed(  # noqa: PLR0911
    check: Check, student: Student, rng: np.random.Generator, before: list[Verdict]
) -> Verdict | None:
    """The verdict if a check fails."""
    name = check.function
    try:
        check.run(student, rng)
    except NotDone as other:
        return Verdict(name, NOT_DONE, what=str(other))
    except Stopped as stop:
        return Verdict(name, WRONG, STOPPED, str(stop))
    except Unloadable as wrong:
        return Verdict(name, WRONG, LOADING, wrong.what, wrong.hint)
    except Wrong as wrong:
        hint = STALE if student.stale else wrong.hint or check.hint
        return Verdict(name, WRONG, check.title, wrong.what, _cause(student, before) + hint)
    except (ValueError, IndexError, KeyError, ArithmeticError) as error:
        what = f"what {name} returns cannot be worked with ({error})"
        return Verdict(name, WRONG, check.title, what, "Return exactly what the task names.")
    except Exception as error:  # the check's own: the rest goes on, and the student is not blamed in silence
        return Verdict(name, WRONG, check.title, report(error))
    return None


def _cause(student: Student, before: list[Verdict]) -> str:
    """Which function to mend first, if one that is called is wrong itself."""
    calls = student.calls if isinstance(student.calls, list | tuple) else []
    wrong = [verdict.function for verdict in before if verdict.status == WRONG and verdict.function in calls]
    return f"It calls {wrong[0]}, which is wrong: mend that first. Else: " if wrong else ""
