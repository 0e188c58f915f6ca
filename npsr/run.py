"""A training run in a folder: recipe, log, checkpoints, and the model at its end."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from math import cos, log2, pi
from pathlib import Path
from typing import Any

import numpy as np

from npsr.checkpoint import load_checkpoint, save_checkpoint
from npsr.colour import luma
from npsr.evaluation import evaluate_luma
from npsr.images import ImageError, image_files, read_image
from npsr.network import Network
from npsr.networks import build
from npsr.recipe import Recipe, Stage
from npsr.samples import Samples, crop_to_multiple
from npsr.sgd import paper_rates
from npsr.training import State, adam_update, fresh_state, sgd_update, train
from npsr.upscaling import plane_upscaler
from npsr.weights import load, save

LOG_EVERY = 500
Progress = Callable[[dict[str, Any]], None]


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
        Called with each entry of the log.
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
    state = _open_folder(recipe, folder, resume, net or _named(recipe))
    held_back = [_luma(data / name) for name in recipe.validation]
    log = Log(folder / "log.jsonl", state.step, progress)
    first = 0
    for stage in recipe.stages:
        last = first + stage.steps
        if state.step < last:
            samples = _samples(stage, recipe, data, state.net)
            _run_stage(state, samples, recipe, stage, (first, last), folder, log, held_back)
        first = last
    net = replace(state.net.with_border("replicate"), provenance=_provenance(recipe, state))
    save(net, folder / "model.npz", force=True)
    return net


def _provenance(recipe: Recipe, state: State) -> dict[str, Any]:
    """Where the trained parameters come from; samples include those of the network started from."""
    start = state.net.provenance
    return {
        "recipe": asdict(recipe),
        "data": sorted({name for stage in recipe.stages for name in stage.data} | set(start.get("data", []))),
        "seed": recipe.seed,
        "samples": state.step * recipe.batch + start.get("samples", 0),
    } | ({"start": start} if start else {})


class Log:
    """The JSON lines of a run, and the clock between them.

    Parameters
    ----------
    path : Path
        The file; entries after `step`, which a resumed run will write again, are dropped.
    step : int
        Step to go on from.
    progress : callable, optional
        Called with each entry.
    """

    def __init__(self, path: Path, step: int, progress: Progress | None) -> None:
        lines = path.read_text().splitlines() if path.exists() else []
        kept = [line for line in lines if line.endswith("}") and _step_of(line) <= step]
        path.write_text("".join(f"{line}\n" for line in kept))
        self.path, self.progress = path, progress
        self.losses: list[float] = []
        self.start = time.perf_counter()

    def write(self, state: State, batch: int, **more: Any) -> None:
        """Append an entry on the steps since the last."""
        seconds = time.perf_counter() - self.start
        entry = {"step": state.step, "samples": state.step * batch, "loss": float(np.mean(self.losses))}
        entry |= {"samples_per_second": round(len(self.losses) * batch / seconds)} | more
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        if self.progress:
            self.progress(entry)
        self.losses.clear()
        self.start = time.perf_counter()


def _step_of(line: str) -> int:
    """Step of a line of the log; 0 for a line that no run wrote."""
    entry = json.loads(line)
    return int(entry.get("step", 0)) if isinstance(entry, dict) else 0


def rate_at(stage: Stage, done: float) -> float:
    """Learning rate of a stage of which the fraction `done` in [0, 1) is over."""
    if stage.decay == "cosine":
        return stage.rate * (1 + cos(pi * done)) / 2
    if stage.decay == "halve":
        return stage.rate * 0.5 ** int(-log2(1 - done))
    return stage.rate


def _run_stage(
    state: State,
    samples: Samples,
    recipe: Recipe,
    stage: Stage,
    span: tuple[int, int],
    folder: Path,
    log: Log,
    held_back: list[np.ndarray],
) -> None:
    """Steps of one stage, logged and saved at the multiples of the recipe's numbers."""
    first, last = span

    def after_step(state: State, loss: float) -> None:
        log.losses.append(loss)
        at_checkpoint = state.step % recipe.checkpoint_every == 0 or state.step == last
        if at_checkpoint or state.step % LOG_EVERY == 0:
            more: dict[str, Any] = {"rate": rate_at(stage, (state.step - first - 1) / stage.steps)}
            if at_checkpoint and held_back:
                enlarge = plane_upscaler(state.net, recipe.scale)
                cropped = [crop_to_multiple(high, recipe.scale) for high in held_back]
                scores = [evaluate_luma(high, recipe.scale, enlarge)["psnr"] for high in cropped]
                more["validation"] = float(np.mean(scores))
            log.write(state, recipe.batch, **more)
        if at_checkpoint:
            save_checkpoint(folder / "checkpoint.npz", state)

    def rates(step: int) -> dict[str, float]:
        return paper_rates(state.net, rate_at(stage, (step - first) / stage.steps))

    update = adam_update(rates) if recipe.optimiser == "adam" else sgd_update(rates, recipe.momentum)
    train(state, samples, update, last, recipe.batch, recipe.seed, after_step)


def _named(recipe: Recipe) -> Network:
    """The network that a recipe names: a new one, or the one to start from."""
    net = build(recipe.model, recipe.scale, recipe.seed)
    if recipe.start:
        name, net = net.name, load(recipe.start, recipe.scale)
        if net.name != name:
            raise ValueError(f"start is {net.name}, but model is {recipe.model}: name the same network")
    return net


def _open_folder(recipe: Recipe, folder: Path, resume: bool, net: Network) -> State:
    """Make or reopen the folder of a run, and give the state to go on from."""
    text = json.dumps(asdict(recipe), indent=1)
    kept, checkpoint = folder / "recipe.json", folder / "checkpoint.npz"
    if resume and checkpoint.exists():
        if not kept.exists() or kept.read_text() != text:
            raise ValueError(f"{folder} holds a run of another recipe: use the same one, or another folder")
        return load_checkpoint(checkpoint, net)
    for name in ("recipe.json", "log.jsonl", "checkpoint.npz", "model.npz"):
        if (folder / name).exists() and not (resume and name in ("recipe.json", "log.jsonl")):
            raise FileExistsError(f"{folder} holds a run ({name}): use --resume, or another folder")
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, but a run needs a folder: choose another name")
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(text)
    return fresh_state(net)


def _samples(stage: Stage, recipe: Recipe, data: Path, net: Network) -> Samples:
    """Sub-images of a stage's folders, those held back left out."""
    held_back = {(data / name).resolve() for name in recipe.validation}
    files = [
        file for name in stage.data for file in image_files(data / name) if file.resolve() not in held_back
    ]
    samples = Samples(
        (_luma(file) / 255.0 for file in files), net, recipe.scales, recipe.rotations, recipe.sub_image
    )
    if len(samples) == 0:
        raise ValueError(f"{', '.join(stage.data)}: every image is smaller than a sub-image: use larger ones")
    return samples


def _luma(path: Path) -> np.ndarray:
    """8-bit luma of a photograph."""
    pixels = read_image(path).pixels
    if pixels.dtype != np.uint8:
        raise ImageError(f"{path} has {pixels.dtype} pixels, but training takes 8-bit images: convert it")
    return luma(pixels)
