"""Many trainings at a time, each in one thread and in a run folder of its own.

A run that was lost with its worker goes on elsewhere from its last checkpoint; finished ones are kept.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from npsr.dask.cluster import completed, connected
from npsr.models.weights import load
from npsr.networks.network import Network
from npsr.training.log import read_log
from npsr.training.recipe import Recipe
from npsr.training.run import LOG, MODEL, run_training


class Start(NamedTuple):
    """What is trained: as `npsr.run_training` takes it."""

    recipe: Recipe
    net: Network | None = None


def train_all(
    starts: Mapping[str, Start | tuple[Recipe, Network | None]],
    data: Path,
    runs: Path,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Iterator[tuple[str, Exception | None]]:
    """Train many networks on a cluster.

    Parameters
    ----------
    starts : dict of str to Start
        By the names of their folders: a recipe, and a network that is started from, if the recipe names none.
    data : Path
        Folder that the recipes' folders are relative to; workers see it under the same path.
    runs : Path
        Folder of the runs' folders, which workers see as well; made if missing.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``; by default a cluster of this machine.
    workers : int, optional
        Processes of a cluster of this machine; by default one for each core.

    Yields
    ------
    (name, error)
        Of each training when it has ended; the error is None if it is done.

    Raises
    ------
    ValueError
        If a worker has another version.
    OSError
        If there is no such cluster, or a worker does not see `runs`.

    Examples
    --------
    >>> stages = (npsr.Stage(("photos",), 2),)
    >>> starts = {f"d{d}": (npsr.Recipe(f"fsrcnn({d},2,0)", stages=stages, batch=4), None) for d in (2, 3)}
    >>> sorted(npsr.dask.train_all(starts, Path("."), Path("grid"), workers=1))
    [('d2', None), ('d3', None)]
    """
    runs.mkdir(parents=True, exist_ok=True)
    work = partial(_train, data.resolve(), runs.resolve())
    left = {name: start for name, start in starts.items() if not is_trained(runs / name, start[0])}
    yield from ((name, None) for name in starts if name not in left)
    if not left:
        return
    items = [(name, *start) for name, start in left.items()]
    with connected(scheduler, runs.resolve(), workers) as client:
        for (name, *_), result in completed(client, work, items):
            yield name, result if isinstance(result, Exception) else None


def _train(data: Path, runs: Path, item: tuple[str, Recipe, Network | None]) -> None:
    name, recipe, net = item
    if not is_trained(runs / name, recipe):
        run_training(recipe, data, runs / name, resume=True, net=net)


def is_trained(folder: Path, recipe: Recipe) -> bool:
    """Whether a run's folder holds the network that a recipe makes."""
    if not (folder / MODEL).exists():
        return False
    made_by = load(folder / MODEL).provenance.get("recipe")
    return bool(made_by == json.loads(json.dumps(asdict(recipe))))


def result_of(folder: Path) -> dict[str, Any]:
    """What a run has come to: its last entry with a validation, or its last entry."""
    log = read_log(folder / LOG)
    entry = next((entry for entry in reversed(log) if "validation" in entry), log[-1])
    return {key: entry[key] for key in ("validation", "loss", "seconds") if key in entry}


def absolute_start(recipe: Recipe) -> Recipe:
    """The recipe with the file that it starts from as workers find it, whatever their folder."""
    return (
        replace(recipe, start=str(Path(recipe.start).resolve())) if recipe.start.endswith(".npz") else recipe
    )
