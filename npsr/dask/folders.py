"""Many image files on a cluster: one piece of work a file, written by the worker that enlarges it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from npsr.dask.cluster import completed, connected
from npsr.models.archive import released
from npsr.upscaling.batch import Outcome, failure, run_jobs
from npsr.upscaling.jobs import PIPE, Job
from npsr.upscaling.outputs import Settings
from npsr.upscaling.plan import BICUBIC, available, network_for
from npsr.upscaling.stopwatch import Split


def run_jobs_on(
    scheduler: str | None, jobs: Sequence[Job], settings: Settings, finished: Callable[[Outcome], object]
) -> Split:
    """Do all jobs on a cluster, whose workers see the files under the same paths.

    Parameters
    ----------
    scheduler : str, optional
        As in `npsr.dask.cluster.connected`.
    jobs : sequence of Job
        What to do.
    settings : Settings
        How.
    finished : callable
        Told each outcome, as it comes.

    Returns
    -------
    dict
        Seconds spent on what, by all workers together.

    Raises
    ------
    ValueError
        If a file is to go through a pipe, or a worker has another version.
    OSError
        If there is no such cluster, or one of its workers does not see the folder of the results.
    """
    if any(PIPE in (job.source, job.target) for job in jobs):
        raise ValueError("a pipe ends at this machine: leave --scheduler out, or name files")
    split: Split = {}
    if not jobs:
        return split
    settings = replace(settings, model=_networks(settings.model))
    numbered = list(enumerate(_absolute(job) for job in jobs))
    with connected(scheduler, _existing(numbered[0][1].target.parent)) as client:
        for (number, _), result in completed(client, partial(_do, settings), numbered):
            job = jobs[number]
            if isinstance(result, Exception):
                finished(failure(job, result))
                continue
            outcome, seconds = result
            finished(replace(outcome, source=job.source, target=job.target))
            for name, more in seconds.items():
                split[name] = split.get(name, 0.0) + more
    return split


def _networks(model: object) -> object:
    """A model that workers need no file for."""
    if model == BICUBIC or str(model) in released():
        return model
    return {n: network_for(model, n) for n in available(model)}  # type: ignore[arg-type]


def _absolute(job: Job) -> Job:
    return replace(job, source=job.source.absolute(), target=job.target.absolute())


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _do(settings: Settings, numbered: tuple[int, Job]) -> tuple[Outcome, Split]:
    """One file; done already if a worker that was lost had written it."""
    _, job = numbered
    outcomes: list[Outcome] = []
    if job.target.exists() and not settings.force:
        return Outcome(job.source, job.target, "skipped"), {}
    split = run_jobs([job], settings, outcomes.append)
    return outcomes[0], split
