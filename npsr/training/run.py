"""A training run in a folder: recipe, log, checkpoints, and the model at its end."""

import json
import time
from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from npsr.evaluation.protocol import evaluate_luma
from npsr.models.weights import save
from npsr.networks.network import Network, loss_and_gradients
from npsr.networks.products import factorised, weight_of
from npsr.parallel.processes import gradients_by
from npsr.system.files import atomic_write, remove_leftovers
from npsr.system.locking import own_folder
from npsr.training.checkpoint import load_checkpoint, save_checkpoint
from npsr.training.data import (
    degraded,
    held_back,
    images_digest,
    refuse_unreadable,
    solved,
    stage_samples,
    with_dictionary,
)
from npsr.training.log import Log, Progress, last_step
from npsr.training.loop import State, adam_update, fresh_state, refuse_divergence, sgd_update, train
from npsr.training.recipe import Recipe, Stage, differences, recipe_of
from npsr.training.samples import Samples
from npsr.training.sgd import paper_rates, rates_by_kind
from npsr.training.transfer import starting_network
from npsr.upscaling.upscale import PlaneUpscaler, plane_upscaler

LOG_EVERY = 100
FILES = CHECKPOINT, MODEL, RECIPE, LOG = "checkpoint.npz", "model.npz", "recipe.json", "log.jsonl"
"""What a run writes."""


def run_training(
    recipe: Recipe,
    data: Path,
    folder: Path,
    resume: bool = False,
    progress: Progress | None = None,
    net: Network | None = None,
    workers: int = 1,
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
        A new run starts from it, instead of the network that the recipe's `model` and `start` name.
    workers : int
        Processes that share each batch; their number does not change a bit of the result.

    Returns
    -------
    Network
        The trained network, border "replicate".

    Raises
    ------
    ValueError
        If the data or the start are unusable, or the folder holds a run of another recipe or other images.
    FileExistsError
        If the folder holds a run and `resume` is False.
    BlockingIOError
        If another run is writing to the folder.
    FloatingPointError
        If training diverges; the last checkpoint remains.
    ChildProcessError
        If a worker process ends; the last checkpoint remains.
    OSError
        If something cannot be written; the last checkpoint remains.

    Examples
    --------
    >>> recipe = npsr.Recipe(model="fsrcnn(8,4,1)", stages=(npsr.Stage((".",), steps=4),), batch=16)
    >>> net = npsr.run_training(recipe, Path("photos"), Path("a-run"))
    >>> net.name, sorted(path.name for path in Path("a-run").glob("*.*"))
    ('fsrcnn(8,4,1)', ['.lock', 'checkpoint.npz', 'log.jsonl', 'model.npz', 'recipe.json'])
    """
    with own_folder(folder):
        return _run_training(recipe, data, folder, resume, progress, net, workers)


def _run_training(
    recipe: Recipe,
    data: Path,
    folder: Path,
    resume: bool,
    progress: Progress | None,
    net: Network | None,
    workers: int,
) -> Network:
    """As `run_training`, in a folder of one's own; nothing is written before all images have been read."""
    began = time.perf_counter()
    _refuse_used(folder, resume)
    watched, images = held_back(recipe, data), images_digest(recipe, data)
    coarse = degraded(recipe, watched)
    state = _resumed(recipe, images, folder) if resume else None
    new = state is None
    state = state or _new_state(recipe, data, net)
    ends = np.cumsum([stage.steps for stage in recipe.stages]).tolist()
    left = [(stage, last) for stage, last in zip(recipe.stages, ends, strict=True) if last > state.step]
    samples = stage_samples(left[0][0], recipe, data, state, progress) if left else None
    refuse_unreadable([stage for stage, _ in left], recipe, data)
    log = _open_log(recipe, folder, -1 if new else state.step, began, progress)
    run = Run(recipe, data, images, folder, log, watched, coarse, state.net.provenance, workers)
    if new:
        _record(run, state, {"degrade": [asdict(d) for d in recipe.degrade]} if recipe.degrade else {})
    for stage, last in left:
        samples = samples or stage_samples(stage, recipe, data, state, progress)
        _run_stage(run, state, stage, last, samples)
        samples = None
    net = replace(state.result.with_border("replicate"), provenance=_provenance(run, state))
    save(net, folder / MODEL, force=True)
    return net


def _new_state(recipe: Recipe, data: Path, net: Network | None) -> State:
    """The state that a recipe, or a network instead of the one that it names, starts from."""
    new = recipe.start, recipe.initialisation, recipe.slopes, recipe.cascade
    net = net or starting_network(recipe.model, recipe.scale, recipe.seed, *new)
    if recipe.initialisation == "dictionary" and not recipe.start:
        net = with_dictionary(net, recipe, data)
    if recipe.solve_deconvolution:
        net = solved(net, recipe, data)
    factors = factorised(net.parameters, recipe.inner_channels, recipe.seed) if recipe.inner_channels else {}
    return fresh_state(net, recipe.train, recipe.average, factors, recipe.loss)


@dataclass(frozen=True)
class Run:
    """What stays the same during a run.

    Attributes
    ----------
    recipe, data, images : Recipe, Path, str
        What is trained, on what, and the digest of that.
    folder, log : Path, Log
        Where the run writes.
    held_back : list of ndarray
        Luma of the images that are measured.
    degraded : list of ndarray
        Their LR planes, degraded as the recipe says; empty if it degrades nothing.
    start : dict
        Provenance of the network that the run started from.
    workers : int
        Processes that share each batch.
    """

    recipe: Recipe
    data: Path
    images: str
    folder: Path
    log: Log
    held_back: list[np.ndarray]
    degraded: list[np.ndarray]
    start: dict[str, Any]
    workers: int


def _provenance(run: Run, state: State) -> dict[str, Any]:
    """Where the parameters come from; samples and seconds include those of the network started from."""
    recipe, start = run.recipe, run.start
    names = {
        run.data.resolve().name if name == "." else name for stage in recipe.stages for name in stage.data
    }
    provenance = {
        "recipe": asdict(recipe),
        "data": sorted(names | set(start.get("data", []))),
        "images_sha256": run.images,
        "seed": recipe.seed,
        "samples": state.step * recipe.batch + start.get("samples", 0),
    }
    if not start or "seconds" in start:  # of models without it the whole cost is not known
        provenance["seconds"] = round(state.seconds + start.get("seconds", 0))
    return provenance | ({"start": start} if start else {})


def _run_stage(run: Run, state: State, stage: Stage, last: int, samples: Samples) -> None:
    """Steps of one stage up to step `last`, logged and saved at the multiples of the recipe's numbers."""
    recipe, first = run.recipe, last - stage.steps

    def rates(step: int) -> dict[str, float]:
        rate = stage.rate_at(step - first)
        kinds = paper_rates(state.trained, rate, recipe.last_share, recipe.slope_share)
        return kinds | {key: kinds[weight_of(key)] for key in state.learnt}

    def after_step(state: State, loss: float) -> None:
        run.log.losses.append(loss)
        at_checkpoint = state.step % recipe.checkpoint_every == 0 or state.step == last
        if at_checkpoint:
            _judge(state, samples, recipe.batch)
        if at_checkpoint or state.step % LOG_EVERY == 0:
            more = {"rates": rates_by_kind(state.trained, rates(state.step - 1))}
            _record(run, state, more, at_checkpoint)

    update = adam_update(rates) if recipe.optimiser == "adam" else sgd_update(rates, recipe.momentum)
    run.log.start_clock()
    try:
        shapes = samples.shapes(recipe.batch)
        with gradients_by(run.workers, state.trained, *shapes, state.loss) as (compute, used):
            if used < run.workers and run.log.progress:
                run.log.progress({"workers": run.workers, "used": used, "batch": recipe.batch})
            train(state, samples, update, last, recipe.batch, recipe.seed, after_step, compute)
    except FloatingPointError as error:
        raise FloatingPointError(f"{error}. {_way_out(run)}") from error


def _way_out(run: Run) -> str:
    """What to do about a run that diverged."""
    checkpoint = run.folder / CHECKPOINT
    step = load_checkpoint(checkpoint, run.recipe.train).step
    if step > 0:
        return f"{checkpoint}, of step {step}, is good: --start from it, with another --output"
    unsolved = run.recipe.start and run.recipe.train == "all" and not run.recipe.solve_deconvolution
    first = ", and, if the deconvolution is new, with --solve-deconvolution" if unsolved else ""
    return f"Begin anew with another --output{first}"


def _judge(state: State, samples: Samples, batch: int) -> None:
    """Refuse parameters that diverged in the last update; otherwise only the next step's loss would show it.

    The loss is computed as in a step, with its gradients: one batch more for each checkpoint.
    """
    x, target = samples[np.linspace(0, len(samples) - 1, batch).astype(int)]
    cost, _ = loss_and_gradients(state.trained, x, target, loss=state.loss)
    refuse_divergence(cost, samples, state.step + 1, state.loss)


def _record(run: Run, state: State, more: dict[str, Any], at_checkpoint: bool = True) -> None:
    """Log where the run stands; at a checkpoint, validate and save as well."""
    entry = run.log.since_last(state, run.recipe.batch) | more
    if at_checkpoint:
        entry |= _validation(run, plane_upscaler(state.result, run.recipe.scale))
    run.log.write(state, entry)
    if at_checkpoint:
        save_checkpoint(run.folder / CHECKPOINT, state, _provenance(run, state))


def _validation(run: Run, enlarge: PlaneUpscaler) -> dict[str, float]:
    """Mean PSNR on the images held back, as they are and, if the recipe degrades images, degraded."""
    means, n = {}, run.recipe.scale
    for name, lows in (("validation", [None] * len(run.held_back)), ("validation_degraded", run.degraded)):
        pairs = zip(run.held_back, lows, strict=False)
        scores = [evaluate_luma(high, n, enlarge, low)["psnr"] for high, low in pairs]
        if finite := [score for score in scores if score < inf]:  # a flat picture may have no error
            means[name] = float(np.mean(finite))
    return means


def _refuse_used(folder: Path, resume: bool) -> None:
    """Refuse a folder in which a run would replace what another has done."""
    used = [name for name in FILES if (folder / name).exists()]
    if used and not resume:
        raise FileExistsError(f"{folder} holds a run ({used[0]}): use --resume, or another folder")
    if CHECKPOINT not in used and (MODEL in used or last_step(folder / LOG) > 0):
        raise ValueError(f"{folder} holds a run, but its {CHECKPOINT} is missing: use another folder")


def _resumed(recipe: Recipe, images: str, folder: Path) -> State | None:
    """The state to go on from; None if the run was stopped before its first checkpoint."""
    found = differences(_recorded_recipe(folder / RECIPE), recipe) if (folder / RECIPE).exists() else []
    if set(found) - {"validation"}:  # which alone may differ because other images are in the folder
        raise _of_another(folder, found)
    if not (folder / CHECKPOINT).exists():
        return None
    if not (folder / RECIPE).exists():
        raise ValueError(f"{folder} holds no {RECIPE}: start the run anew in another folder")
    state = load_checkpoint(folder / CHECKPOINT, recipe.train)
    provenance = state.net.provenance
    if provenance.get("images_sha256") != images:
        raise ValueError(
            f"{folder} holds a run on other images: bring back those of its start, or use another folder"
        )
    if found:
        raise _of_another(folder, found)
    state.net = replace(state.net, provenance=provenance.get("start", {}))
    state.average, state.loss = recipe.average, recipe.loss
    return state


def _of_another(folder: Path, found: list[str]) -> ValueError:
    """The error for a run's folder whose recipe differs in these keys."""
    return ValueError(
        f"{folder} holds a run of another recipe ({', '.join(found)}): use that one, or another folder"
    )


def _recorded_recipe(path: Path) -> Recipe:
    """The recipe that a run folder stores."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}): start the run anew in another folder") from error
    return recipe_of(table if isinstance(table, dict) else {}, path)


def _open_log(recipe: Recipe, folder: Path, step: int, began: float, progress: Progress | None) -> Log:
    """Begin or go on writing in the folder of a run."""
    remove_leftovers(folder)
    with atomic_write(folder / RECIPE, force=True) as file:
        file.write(json.dumps(asdict(recipe), indent=1).encode())
    return Log(folder / LOG, step, began, progress)
