"""Which files are enlarged, and to which: folders are walked, and their trees mirrored."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unicodedata import normalize

from npsr.images.photograph import ImageError
from npsr.system import windows
from npsr.system.files import check_target
from npsr.system.folders import is_folder, passed_over, walk

PIPE = Path("-")
"""Standard input or output."""


@dataclass(frozen=True)
class Job:
    """One file to enlarge.

    Attributes
    ----------
    source, target : Path
        From where to where; `PIPE` for standard input and output.
    mirrored : bool
        Whether the target's folder is made if it is missing.
    done : bool
        The target exists and is kept: nothing to do.
    problem : str
        Why it cannot be done, or nothing.
    other : Path, optional
        The target, a PNG, if nobody asked for the source's format and that cannot hold the result.
    """

    source: Path
    target: Path
    mirrored: bool = False
    done: bool = False
    problem: str = ""
    other: Path | None = None


def plan_jobs(
    inputs: Sequence[Path],
    output: Path | None,
    label: str,
    suffix: Callable[[Path], str],
    endings: Collection[str],
    force: bool = False,
) -> tuple[list[Job], Counter[str]]:
    """List what to do.

    Parameters
    ----------
    inputs : sequence of Path
        Files, folders, or `PIPE`.
    output : Path, optional
        A folder, or a file's name if there is one input, a file. By default results lie beside
        their sources, those of a folder in a folder beside it.
    label : str
        Added to stems, such as ``_fsrcnn_x3``.
    suffix : callable
        From a source to the suffix of its result.
    endings : collection of str
        Suffixes of the files that are taken from folders.
    force : bool
        Do again what is done.

    Returns
    -------
    list of Job
        In the order of the inputs, folders by name. A folder that cannot be read is one, with a problem.
    Counter
        How many files of which kinds are passed over in folders.

    Raises
    ------
    ImageError, OSError
        If the output does not fit the inputs, or the only input is a folder that holds nothing to do.
    """
    if len(inputs) == 1 and not is_folder(inputs[0]) and not _means_folder(output):
        return [_single(inputs[0], output, label, suffix, force)], Counter()
    if output == PIPE or PIPE in inputs:
        raise ImageError("several files cannot go through a pipe: name one, or a folder with -o")
    if output is not None and os.path.lexists(output) and not is_folder(output):
        raise NotADirectoryError(
            f"{output} is a file, but must be a folder for several results: name another"
        )
    jobs: list[Job] = []
    passed: Counter[str] = Counter()
    for path in inputs:
        if is_folder(path):
            many = len(inputs) > 1
            jobs += _of_folder(path, _results(path, output, label, many), label, suffix, (endings, passed))
        else:
            folder = path.parent if output is None else output
            jobs.append(Job(path, folder / (path.stem + label + suffix(path)), mirrored=True))
    if len(inputs) == len(jobs) == 1 and jobs[0].problem:
        raise ImageError(jobs[0].problem)
    return list(_checked(jobs, force)), passed


def _means_folder(output: Path | None) -> bool:
    return output is not None and output != PIPE and (is_folder(output) or not output.suffix)


def _single(source: Path, output: Path | None, label: str, suffix: Callable[[Path], str], force: bool) -> Job:
    """One file to one file. Under a name that was asked for, an existing file is an error."""
    if output is None:
        target = PIPE if source == PIPE else source.with_name(source.stem + label + suffix(source))
        return next(_checked([Job(source, target)], force))
    job = next(_checked([Job(source, output)], force=True))
    if output != PIPE and not job.problem:
        check_target(output, force)
    return job


def _results(path: Path, output: Path | None, label: str, many: bool) -> Path:
    """Where the results of a folder go: of several, each in its own, so that equal names do not meet."""
    real = Path(os.path.realpath(path))
    if output is None:
        return real.with_name(real.name + label)
    return output / real.name if many else output


def _of_folder(
    root: Path,
    results: Path,
    label: str,
    suffix: Callable[[Path], str],
    wanted: tuple[Collection[str], Counter[str]],
) -> Iterator[Job]:
    """What there is to do in a folder, by name; what is not is counted, and what cannot be read a problem."""
    endings, passed = wanted
    errors: list[OSError] = []
    here: Counter[str] = Counter()
    files = sorted(walk(root, os.path.realpath(results), endings, here, errors))
    for file in files:
        yield Job(
            file, results / file.relative_to(root).parent / (file.stem + label + suffix(file)), mirrored=True
        )
    for error in errors:
        folder = Path(os.fsdecode(error.filename))
        yield Job(folder, results, problem=f"the folder {folder} cannot be read: {error.strerror}")
    if not files and not errors:
        found = passed_over(here)
        known = ", ".join(sorted(endings))
        yield Job(root, results, problem=f"the folder {root} holds no image ({known}){found and '; '}{found}")
    passed.update(here)


def _checked(jobs: Sequence[Job], force: bool) -> Iterator[Job]:
    """The same, marked where a result exists, meets another, or would replace a source."""
    sources = {os.path.realpath(job.source) for job in jobs if job.source != PIPE}
    taken: dict[str, Path] = {}
    for job in _kept_apart(jobs):
        if problem := job.problem or _special(job.source):
            yield replace(job, problem=problem)
            continue
        if job.target == PIPE:
            yield job
            continue
        place = _place(job.target)
        if os.path.realpath(job.target) in sources:
            yield replace(job, problem=f"{job.target} would replace an original: choose another name")
        elif place in taken:
            meets = f"{job.source} and {taken[place]} would both become {job.target}: rename one"
            yield replace(job, problem=meets)
        else:
            yield replace(job, done=not force and os.path.lexists(job.target))
        taken.setdefault(place, job.source)


def _kept_apart(jobs: Sequence[Job]) -> list[Job]:
    """The same; of several that would become one, all but the first have their source's suffix in the name.

    The first is one that keeps its format, so that it has the same name whatever lies beside it.
    """
    taken: dict[str, int] = {}
    for number in sorted(range(len(jobs)), key=lambda k: jobs[k].source.suffix != jobs[k].target.suffix):
        taken.setdefault(_place(jobs[number].target), number)
    apart = []
    for number, job in enumerate(jobs):
        first = taken[_place(job.target)]
        meets = number != first and job.mirrored and jobs[first].source.suffix != job.source.suffix
        name = f"{job.target.stem}{job.source.suffix}{job.target.suffix}" if meets else job.target.name
        apart.append(replace(job, target=job.target.with_name(name)) if meets else job)
    return apart


def _place(target: Path) -> str:
    """Where a result lies, which is the same for two names if they mean one file."""
    real = os.path.realpath(target)
    return normalize("NFC", real).casefold() if _ignores_case(target.parent) else real


def with_other_formats(jobs: Sequence[Job], free: Callable[[Job], bool], force: bool) -> list[Job]:
    """The same; those that are free to have another format have another target, done where that exists."""
    used = {os.path.realpath(path) for job in jobs for path in (job.source, job.target) if path != PIPE}
    found = []
    for job in jobs:
        piped = job.target == PIPE
        other = PIPE if piped else job.target.with_name(f"{job.target.name}.png")
        if job.problem or not free(job) or os.path.realpath(other) in used:
            found.append(job)
        elif not (piped or force or job.done) and os.path.lexists(other):
            found.append(replace(job, target=other, done=True))
        else:
            found.append(replace(job, other=other))
    return found


def _special(source: Path) -> str:
    """Why something that is no file is not opened, which could wait forever; nothing for all else."""
    try:
        mode = source.stat().st_mode
    except (OSError, ValueError):  # reading tells
        return ""
    usual = source == PIPE or stat.S_ISREG(mode) or stat.S_ISDIR(mode)
    return "" if usual else f"{source} is not a regular file: name an image or a video file"


@cache
def _ignores_case(folder: Path) -> bool:
    """Whether the file system of a folder, or of the nearest above that exists, takes A and a for one."""
    folder = Path(os.path.realpath(folder))
    while folder != folder.parent and (not is_folder(folder) or folder.name.swapcase() == folder.name):
        folder = folder.parent  # a name without letters tells nothing
    if folder == folder.parent:
        return windows.ON_WINDOWS
    try:
        return folder.with_name(folder.name.swapcase()).samefile(folder)
    except OSError:
        return False
