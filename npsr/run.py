"""A training run in a folder: recipe, log, checkpoints, and the model at its end."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import cos, log2, pi
from pathlib import Path
from typing import Any

import numpy as np

from npsr.checkpoint import load_checkpoint, save_checkpoint
from npsr.evaluation import evaluate_luma
from npsr.files import atomic_write
from npsr.images import image_files, read_luma
from npsr.least_squares import solve_deconvolution
from npsr.log import Log, Progress
from npsr.network import Network
from npsr.recipe import Recipe, Stage, recipe_of
from npsr.samples import Samples, crop_to_multiple, geometry, memory_per_pixel, middle, planes
from npsr.sgd import paper_rates, rates_by_kind
from npsr.training import State, adam_update, fresh_state, require_a_batch, sgd_update, train
from npsr.transfer import features, starting_network
from npsr.upscaling import plane_upscaler
from npsr.weights import save

LOG_EVERY = 100
MEMORY = 2**31
"""Bytes that a stage's images may take: of more, the middle of each is used."""
SOLVING_PIXELS = 1_000_000
"""LR pixels that the deconvolution is solved on: half a minute of work, and far more than unknowns."""


def run_training(
    recipe: Recipe,
    data: Path,
    folder: Path,
    resume: bool = False,
    progress: Progress | None = None,
    net: Network | None = None,
) -> Network:
    """Train as a recipe says.

    Parameters
    ----------
    recipe : Recipe
        The recipe.
    data : Path
        Folder that the recipe's folders and images are relative to.
    folder : Path
        Folder of the run: ``recipe.json``, ``log.jsonl``, ``checkpoint.npz``, and at the end
        ``model.npz``. Made if missing.
    resume : bool
        Go on from the folder's checkpoint; bit for bit as if never stopped.
    progress : callable, optional
        Called with each entry of the log, and with a stage's numbers of ``images``, of those
        ``reduced`` to their middle for want of memory, and of ``sub_images``.
    net : Network, optional
        Start from it, instead of the network that the recipe's `model` and `start` name.

    Returns
    -------
    Network
        The trained network, border "replicate".

    Raises
    ------
    ValueError
        If the data or the start are unusable, or the folder holds another recipe's run.
    FileExistsError
        If the folder holds a run and `resume` is False.
    FloatingPointError
        If training diverges; the last checkpoint is kept.
    OSError
        If something cannot be written; the last checkpoint is kept.
    """
    began = time.perf_counter()
    if net is None:
        net = starting_network(recipe.model, recipe.scale, recipe.seed, recipe.start, recipe.initialisation)
    state, held_back = _resumed(recipe, folder, net, resume), [read_luma(data / v) for v in recipe.validation]
    for stage in recipe.stages:  # what is missing is missed now, not after the first stage
        _files(stage, recipe, data)
    new = state is None
    if state is None:
        state = fresh_state(_solved(net, recipe, data) if recipe.solve_deconvolution else net, recipe.train)
    ends = np.cumsum([stage.steps for stage in recipe.stages]).tolist()
    left = [(stage, last) for stage, last in zip(recipe.stages, ends, strict=True) if last > state.step]
    # The first images are read before the folder is made: a wrong --data leaves nothing behind.
    samples = _samples(left[0][0], recipe, data, state, progress) if left else None
    log = _open_folder(recipe, folder, -1 if new else state.step, began, progress)
    run = Run(recipe, folder, log, held_back)
    if new:
        _record(run, state, {})
    for stage, last in left:
        _run_stage(run, state, stage, last, samples or _samples(stage, recipe, data, state, progress))
        samples = None
    net = replace(state.net.with_border("replicate"), provenance=_provenance(recipe, data, state))
    save(net, folder / "model.npz", force=True)
    return net


@dataclass(frozen=True)
class Run:
    """What stays the same during a run: where it writes, and the luma of the images held back."""

    recipe: Recipe
    folder: Path
    log: Log
    held_back: list[np.ndarray]


def _provenance(recipe: Recipe, data: Path, state: State) -> dict[str, Any]:
    """Where the parameters come from; samples and seconds include those of the network started from."""
    start = state.net.provenance
    names = {data.resolve().name if name == "." else name for stage in recipe.stages for name in stage.data}
    provenance = {
        "recipe": asdict(recipe),
        "data": sorted(names | set(start.get("data", []))),
        "seed": recipe.seed,
        "samples": state.step * recipe.batch + start.get("samples", 0),
    }
    if not start or "seconds" in start:  # of models without it the whole cost is not known
        provenance["seconds"] = round(state.seconds + start.get("seconds", 0))
    return provenance | ({"start": start} if start else {})


def rate_at(stage: Stage, done: float) -> float:
    """Learning rate of a stage of which the fraction `done` in [0, 1) is over."""
    if stage.decay == "cosine":
        return stage.rate * (1 + cos(pi * done)) / 2
    if stage.decay == "halve":
        return stage.rate * 0.5 ** int(-log2(1 - done))
    return stage.rate


def _run_stage(run: Run, state: State, stage: Stage, last: int, samples: Samples) -> None:
    """Steps of one stage up to step `last`, logged and saved at the multiples of the recipe's numbers."""
    recipe, first = run.recipe, last - stage.steps

    def rates(step: int) -> dict[str, float]:
        rate = rate_at(stage, (step - first) / stage.steps)
        return paper_rates(state.trained, rate, recipe.last_share)

    def after_step(state: State, loss: float) -> None:
        run.log.losses.append(loss)
        at_checkpoint = state.step % recipe.checkpoint_every == 0 or state.step == last
        if at_checkpoint or state.step % LOG_EVERY == 0:
            more = {"rates": rates_by_kind(state.trained, rates(state.step - 1))}
            _record(run, state, more, at_checkpoint)

    update = adam_update(rates) if recipe.optimiser == "adam" else sgd_update(rates, recipe.momentum)
    run.log.start_clock()
    train(state, samples, update, last, recipe.batch, recipe.seed, after_step)


def _record(run: Run, state: State, more: dict[str, Any], at_checkpoint: bool = True) -> None:
    """Log where the run stands; at a checkpoint, validate and save as well."""
    entry = run.log.since_last(state, run.recipe.batch) | more
    if at_checkpoint and run.held_back:
        enlarge = plane_upscaler(state.net, run.recipe.scale)
        cropped = [crop_to_multiple(high, run.recipe.scale) for high in run.held_back]
        scores = [evaluate_luma(high, run.recipe.scale, enlarge)["psnr"] for high in cropped]
        entry["validation"] = float(np.mean(scores))
    run.log.write(state, entry)
    if at_checkpoint:
        save_checkpoint(run.folder / "checkpoint.npz", state)


def _resumed(recipe: Recipe, folder: Path, net: Network, resume: bool) -> State | None:
    """The state to go on from, None for a new run; refuse a folder that must not be written."""
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, but a run needs a folder: choose another name")
    kept, checkpoint = folder / "recipe.json", folder / "checkpoint.npz"
    if resume and checkpoint.exists():
        if not kept.exists() or _kept_recipe(kept) != recipe:
            raise ValueError(f"{folder} holds a run of another recipe: use the same one, or another folder")
        return load_checkpoint(checkpoint, net, recipe.train)
    for name in ("recipe.json", "log.jsonl", "checkpoint.npz", "model.npz"):
        if (folder / name).exists() and not (resume and name in ("recipe.json", "log.jsonl")):
            raise FileExistsError(f"{folder} holds a run ({name}): use --resume, or another folder")
    return None


def _kept_recipe(path: Path) -> Recipe:
    """The recipe that a run folder keeps."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): start the run anew in another folder") from error
    return recipe_of(table if isinstance(table, dict) else {}, path)


def _open_folder(recipe: Recipe, folder: Path, step: int, began: float, progress: Progress | None) -> Log:
    """Make or reopen the folder of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "recipe.json", force=True) as file:
        file.write(json.dumps(asdict(recipe), indent=1).encode())
    return Log(folder / "log.jsonl", step, began, progress)


def _files(stage: Stage, recipe: Recipe, data: Path) -> list[Path]:
    """Images of a stage's folders, those held back left out."""
    held_back = {(data / name).resolve() for name in recipe.validation}
    found = [file for name in stage.data for file in image_files(data / name)]
    if not (files := [file for file in found if file.resolve() not in held_back]):
        raise ValueError(f"{', '.join(stage.data)}: every image is held back for validation: add others")
    return files


def _samples(
    stage: Stage, recipe: Recipe, data: Path, state: State, progress: Progress | None = None
) -> Samples:
    """Sub-images of a stage, or the features to train the deconvolution on, within `MEMORY`."""
    net, through, reduced = state.trained, None, 0
    augmented = recipe.scales, recipe.rotations, recipe.sub_image
    if recipe.train == "deconvolution":
        through = partial(features, state.net.with_border("replicate"))
        augmented = (1.0,), (0,), geometry(state.net, recipe.sub_image).inner
    files = _files(stage, recipe, data)
    pixels = MEMORY / memory_per_pixel(net, *augmented) / len(files)

    def images() -> Iterator[np.ndarray]:
        nonlocal reduced
        for file in files:
            original = read_luma(file)
            used = middle(original, pixels)
            reduced += used.size < original.size
            yield used / 255.0

    samples = Samples(images(), net, *augmented, through)
    if len(samples) == 0:
        raise ValueError(f"{', '.join(stage.data)}: every image is smaller than a sub-image: use larger ones")
    require_a_batch(len(samples), recipe.batch)
    if progress:
        progress({"images": len(files), "reduced": reduced, "sub_images": len(samples)})
    return samples


def _solved(net: Network, recipe: Recipe, data: Path) -> Network:
    """The network with the deconvolution solved on the first stage's images."""
    files = _files(recipe.stages[0], recipe, data)
    pixels = SOLVING_PIXELS * recipe.scale**2 / len(files)
    images = (middle(read_luma(file), pixels) / 255.0 for file in files)
    return solve_deconvolution(net, planes(images, net, (1.0,)))
