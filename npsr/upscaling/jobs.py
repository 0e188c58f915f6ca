"""Which files are enlarged, and to which: folders are walked, and their trees mirrored."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npsr.images.photograph import ImageError
from npsr.system.files import check_target

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
    """

    source: Path
    target: Path
    mirrored: bool = False
    done: bool = False
    problem: str = ""


def plan_jobs(
    inputs: Sequence[Path],
    output: Path | None,
    label: str,
    suffix: Callable[[Path], str],
    endings: Collection[str],
    force: bool = False,
) -> list[Job]:
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
        In the order of the inputs, folders by name.

    Raises
    ------
    ImageError, OSError
        If the output does not fit the inputs, or a folder holds nothing to do.
    """
    if len(inputs) == 1 and not inputs[0].is_dir() and not _means_folder(output):
        return [_single(inputs[0], output, label, suffix, force)]
    if output == PIPE or PIPE in inputs:
        raise ImageError("several files cannot go through a pipe: name one, or a folder with -o")
    if output is not None and os.path.lexists(output) and not output.is_dir():
        raise NotADirectoryError(
            f"{output} is a file, but must be a folder for several results: name another"
        )
    jobs = [
        Job(file, folder / file.relative_to(root).parent / (file.stem + label + suffix(file)), mirrored=True)
        for root, folder, files in _sources(inputs, output, label, endings)
        for file in files
    ]
    return list(_checked(jobs, force))


def _means_folder(output: Path | None) -> bool:
    return output is not None and output != PIPE and (output.is_dir() or not output.suffix)


def _single(source: Path, output: Path | None, label: str, suffix: Callable[[Path], str], force: bool) -> Job:
    """One file to one file. Under a name that was asked for, an existing file is an error."""
    if output is None:
        target = PIPE if source == PIPE else source.with_name(source.stem + label + suffix(source))
        return next(_checked([Job(source, target)], force))
    job = next(_checked([Job(source, output)], force=True))
    if output != PIPE and not job.problem:
        check_target(output, force)
    return job


def _sources(
    inputs: Sequence[Path], output: Path | None, label: str, endings: Collection[str]
) -> Iterator[tuple[Path, Path, list[Path]]]:
    """For each input its root, the folder of its results, and its files."""
    folders = [path for path in inputs if path.is_dir()]
    for path in inputs:
        if path not in folders:
            yield path.parent, path.parent if output is None else output, [path]
            continue
        name = path.resolve().name
        folder = path.resolve().with_name(name + label) if output is None else output
        if output is not None and len(inputs) > 1:
            folder = output / name  # each in its own, so that equal names do not meet
        files = sorted(_walk(path, folder.resolve(), endings))
        if not files:
            raise ImageError(f"the folder {path} holds no image ({', '.join(sorted(endings))})")
        yield path, folder, files


def _walk(root: Path, leave_out: Path, endings: Collection[str]) -> Iterator[Path]:
    """Files below a folder, without hidden ones and without the results."""
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name[0] != "." and Path(folder, name).resolve() != leave_out]
        for name in files:
            if name[0] != "." and Path(name).suffix.lower() in endings:
                yield Path(folder, name)


def _checked(jobs: Sequence[Job], force: bool) -> Iterator[Job]:
    """The same, marked where a result exists, meets another, or would replace a source."""
    sources = {job.source.resolve() for job in jobs if job.source != PIPE}
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.target == PIPE:
            yield job
            continue
        place = job.target.resolve()
        if place in sources:
            yield replace(job, problem=f"{job.target} would replace an original: choose another name")
        elif place in taken:
            meets = f"{job.source} and {taken[place]} would both become {job.target}: rename one"
            yield replace(job, problem=meets)
        else:
            yield replace(job, done=not force and os.path.lexists(job.target))
        taken.setdefault(place, job.source)
