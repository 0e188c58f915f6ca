"""A run that learns a rival, in a folder: recipe, log, checkpoints, and the model at its end."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npsr.learning import anchors, forests, kernel_machine
from npsr.learning.recipe import RivalRecipe, rival_of
from npsr.learning.states import State, Step
from npsr.models.archive import WeightsError, read_arrays
from npsr.rivals.files import MAX_BYTES, save_rival
from npsr.rivals.model import Rival
from npsr.system.files import atomic_write, named_if_full, remove_leftovers
from npsr.system.locking import own_folder
from npsr.training.data import folder_images

SAVE_EVERY = 20.0
"""Seconds of work, at least, between checkpoints."""
FILES = CHECKPOINT, MODEL, RECIPE, LOG = "checkpoint.npz", "model.npz", "recipe.json", "log.jsonl"
"""What a run writes."""

Report = Callable[[dict[str, Any]], None]


class Method(NamedTuple):
    """How a method is learnt: the steps from a state on, the model of the last state, and their number."""

    learn: Callable[[Any, Sequence[np.ndarray], State], Iterator[Step]]
    model: Callable[[Any, State], Rival]
    total: Callable[[Any], int]


ANCHORED = Method(anchors.learn, anchors.model, anchors.total)
KERNELS = Method(kernel_machine.learn, kernel_machine.model, kernel_machine.total)
METHODS = {"a+": ANCHORED, "anr": ANCHORED, "gr": ANCHORED, "kk": KERNELS}
METHODS["srf"] = Method(forests.learn, forests.model, forests.total)


def learn_rival(
    recipe: RivalRecipe, data: Path, folder: Path, resume: bool = False, report: Report | None = None
) -> Rival:
    """Learn as a recipe says.

    Parameters
    ----------
    recipe : RivalRecipe
        The recipe.
    data : Path
        Folder that the recipe's folders are relative to.
    folder : Path
        Folder of the run: ``recipe.json``, ``log.jsonl``, ``checkpoint.npz``, and at the end
        ``model.npz``. Made if missing.
    resume : bool
        Go on from the folder's checkpoint; bit for bit as if never stopped.
    report : callable, optional
        Called with each entry of the log: ``step`` of ``steps``, ``what`` was done, ``seconds``.

    Returns
    -------
    Rival

    Raises
    ------
    ValueError
        If the images are unusable, or the folder holds a run of another recipe or other images.
    FileExistsError
        If the folder holds a run and `resume` is False.
    BlockingIOError
        If another run is writing to the folder.
    OSError
        If something cannot be written; the last checkpoint is kept.
    """
    with own_folder(folder):
        _refuse_used(folder, resume, recipe)
        images, digest = folder_images(recipe.data, data)
        state, facts = _resumed(folder, digest) if resume else ({}, {})
        remove_leftovers(folder)
        with atomic_write(folder / RECIPE, force=True) as file:
            file.write(json.dumps(asdict(recipe), indent=1).encode())
        state, facts = _follow(recipe, images, state, facts | {"images_sha256": digest}, folder, report)
        provenance = {"recipe": asdict(recipe), "data": sorted(_names(recipe, data)), "seed": recipe.seed}
        provenance |= {"images_sha256": digest, "seconds": round(facts["seconds"])}
        rival = replace(METHODS[recipe.method].model(recipe, state), provenance=provenance)  # type: ignore[type-var]
        save_rival(rival, folder / MODEL, force=True)
    return rival


def _follow(
    recipe: RivalRecipe,
    images: Sequence[np.ndarray],
    state: State,
    facts: dict[str, Any],
    folder: Path,
    report: Report | None,
) -> tuple[State, dict[str, Any]]:
    """Go through the steps that are left, log each, and keep where they stand."""
    method, step, seconds = METHODS[recipe.method], facts.get("step", 0), facts.get("seconds", 0.0)
    mode = "a" if step else "w"
    saved = began = time.perf_counter()
    with named_if_full(folder / LOG), (folder / LOG).open(mode, encoding="utf-8") as log:
        for reached, progress in method.learn(recipe, images, state):
            state, step, now = reached, step + 1, time.perf_counter()
            entry = {"step": step, "steps": method.total(recipe), **progress}
            entry["seconds"] = round(seconds + now - began, 3)
            facts |= {"step": step, "seconds": entry["seconds"]}
            log.write(json.dumps(entry) + "\n")
            log.flush()
            if report:
                report(entry)
            if now - saved > SAVE_EVERY or step == entry["steps"]:
                _save(folder / CHECKPOINT, reached, facts)
                saved = time.perf_counter()
    return state, facts


def _save(path: Path, state: State, facts: dict[str, Any]) -> None:
    with atomic_write(path, force=True) as file:
        np.savez(file, allow_pickle=False, facts=np.array(json.dumps(facts)), **state)


def _resumed(folder: Path, digest: str) -> tuple[State, dict[str, Any]]:
    """The state to go on from; an empty one if the run was stopped before its first checkpoint."""
    path = folder / CHECKPOINT
    if not path.exists():
        return {}, {}
    state = read_arrays(path, 4 * MAX_BYTES)
    try:
        facts = json.loads(str(state.pop("facts")))
        same = facts["images_sha256"] == digest
        facts = {"step": int(facts["step"]), "seconds": float(facts["seconds"])}
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path} is not a checkpoint ({error}): start the run anew") from error
    if not same:
        raise ValueError(
            f"{folder} holds a run on other images: bring back those of its start, or use another folder"
        )
    return state, facts


def _refuse_used(folder: Path, resume: bool, recipe: RivalRecipe) -> None:
    """Refuse a folder in which a run would replace what another has done."""
    used = [name for name in FILES if (folder / name).exists()]
    if used and not resume:
        raise FileExistsError(f"{folder} holds a run ({used[0]}): use --resume, or another folder")
    if not used:
        return
    if RECIPE not in used:
        raise ValueError(f"{folder} holds a run, but its {RECIPE} is missing: use another folder")
    try:
        table = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / RECIPE} is damaged ({error}): start anew in another folder") from error
    recorded = rival_of(table if isinstance(table, dict) else {}, folder / RECIPE)
    if recorded != recipe:
        names = [f.name for f in fields(recipe) if getattr(recorded, f.name, None) != getattr(recipe, f.name)]
        raise ValueError(
            f"{folder} holds a run of another recipe ({', '.join(names)}): use that one, or another folder"
        )


def _names(recipe: RivalRecipe, data: Path) -> set[str]:
    return {data.resolve().name if name == "." else name for name in recipe.data}
