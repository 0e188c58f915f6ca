"""Many files enlarged: the next is read and the last is written while the network runs.

What goes wrong with one file is its outcome, and the others are done.
"""

import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from npsr.images.animations.files import open_animation
from npsr.images.files import open_image
from npsr.system.defects import MISTAKES, report
from npsr.system.files import atomic_write, make_folder
from npsr.upscaling.jobs import PIPE, Job
from npsr.upscaling.outputs import Enlarged, Settings, enlarge
from npsr.upscaling.overlap import read_ahead, write_behind
from npsr.upscaling.stopwatch import Split, timed


@dataclass(frozen=True)
class Outcome:
    """What became of a job: "done", "skipped" or "failed", why, whether by a defect, and how it went."""

    source: Path
    target: Path
    status: str
    message: str = ""
    defect: bool = False
    width: int = 0
    height: int = 0
    frames: int = 0
    networks: tuple[int, ...] = ()
    engine: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def run_jobs(
    jobs: Iterable[Job],
    settings: Settings,
    finished: Callable[[Outcome], object],
    progress: Callable[[Job, float], object] = lambda job, share: None,
) -> Split:
    """Do all jobs.

    Parameters
    ----------
    jobs : iterable of Job
        What to do.
    settings : Settings
        How.
    finished : callable
        Told each outcome, as it comes, possibly by another thread.
    progress : callable
        Told how much of a job is enlarged, from 0 to 1.

    Returns
    -------
    dict
        Seconds spent on what; reading and writing at the same time as the rest, unless memory is limited.
    """
    split: Split = {}
    loaded: Iterator[tuple[Job, Any]] = map(partial(_load, settings=settings, split=split), jobs)
    limited = settings.memory is not None
    with ExitStack() as stack:
        if not limited:
            loaded = stack.enter_context(closing(read_ahead(loaded, 1)))
        put = stack.enter_context(write_behind(_call, 1))
        for job, picture in loaded:
            start = time.perf_counter()
            with _failures(job, finished):
                if isinstance(picture, Exception):
                    raise picture
                enlarged = enlarge(picture, job, settings, split, partial(progress, job))
                there = replace(job, target=enlarged.target)
                write = partial(_store, there, enlarged, settings, split, start, finished)
                if enlarged.streams or limited:
                    write()
                else:
                    put(write)
    return split


def _call(write: Callable[[], None]) -> None:
    write()


def _load(job: Job, settings: Settings, split: Split) -> tuple[Job, Any]:
    """What is in a job's file, or what is wrong with it."""
    try:
        if job.problem:
            raise ValueError(job.problem)
        with timed(split, "read"):
            source = sys.stdin.buffer.read() if job.source == PIPE else job.source
            picture = open_animation(source, settings.most) or open_image(source, settings.most)
    except Exception as error:
        return job, error
    return job, picture


def _store(
    job: Job,
    enlarged: Enlarged,
    settings: Settings,
    split: Split,
    start: float,
    finished: Callable[[Outcome], object],
) -> None:
    """Write a result, and tell that it is done."""
    with _failures(job, finished):
        with timed(split, "write"), _opened(job, settings.force) as file:
            notes = enlarged.write(file)
        rows, columns = enlarged.sides
        finished(
            Outcome(
                job.source,
                job.target,
                "done",
                width=columns,
                height=rows,
                frames=enlarged.frames,
                networks=enlarged.networks,
                engine=enlarged.engine,
                notes=(*enlarged.notes, *notes),
                seconds=time.perf_counter() - start,
            )
        )


def failure(job: Job, error: Exception) -> Outcome:
    """The outcome of a job that failed; its message names the file."""
    defect = not isinstance(error, MISTAKES)
    message = report(error) if defect else str(error) or type(error).__name__
    name = "standard input" if job.source == PIPE else str(job.source)
    if name not in message and str(job.target) not in message:
        message = f"{name}: {message}"
    return Outcome(job.source, job.target, "failed", message, defect=defect)


@contextmanager
def _failures(job: Job, finished: Callable[[Outcome], object]) -> Iterator[None]:
    """Report a failure as the job's outcome; only that nobody reads what is piped ends everything."""
    try:
        yield
    except BrokenPipeError:
        raise
    except Exception as error:
        finished(failure(job, error))


@contextmanager
def _opened(job: Job, force: bool) -> Iterator[Any]:
    """The target, for writing: a file that appears when it is complete, or standard output."""
    if job.target == PIPE:
        whole = io.BytesIO()  # encoders seek
        yield whole
        sys.stdout.buffer.write(whole.getbuffer())
        sys.stdout.buffer.flush()
        return
    if job.mirrored:
        make_folder(job.target.parent)
    with atomic_write(job.target, force) as file:
        yield file
