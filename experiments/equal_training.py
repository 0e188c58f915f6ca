"""Networks trained alike and measured: each once, stored in the folder of runs, resumed if interrupted."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from measuring import describe
from study import Study, write_json

import npsr
from npsr.models.weights import released_file
from npsr.networks.cascade import stages
from npsr.rivals.model import Rival
from npsr.training.recipe import read_recipe, with_rate, with_steps
from npsr.training.recipes.shipped import SHIPPED

CHECKPOINTS = 20
"""Checkpoints of a run, and points of its curve."""
FACTOR = 3
"""The factor for which networks are trained from scratch, as in the paper."""

Point = dict[str, float]
Start = tuple[npsr.Recipe, npsr.Network | None]
"""A recipe, and a network to start from if the recipe does not name it."""


@dataclass(frozen=True)
class Training:
    """A trained network, and the record of its run.

    Attributes
    ----------
    net : Network
        The network.
    path : Path
        Its file.
    samples : int
        Sub-images that it has seen.
    seconds : float
        Time of the training steps.
    curve : list of dict
        ``samples``, ``seconds`` and ``psnr`` of the recipe's validation images.
    """

    net: npsr.Network
    path: Path
    samples: int
    seconds: float
    curve: list[Point]


def equal_recipe(
    study: Study, model: str, scale: int, seed: int = 0, samples: int | None = None
) -> npsr.Recipe:
    """The recipe by which a budget trains every network: the package's `quick`, on the 91 images alone.

    Parameters
    ----------
    study : Study
        Gives the budget.
    model : str
        The network, as `npsr.build` takes it.
    scale : int
        Upscaling factor.
    seed : int
        Seed of the parameters and of the samples' order.
    samples : int, optional
        Sub-images to see, if not the budget's `samples`.
    """
    quick = read_recipe(SHIPPED / "quick.toml")
    quick = with_steps(quick, max(1, (samples or study.budget.samples) // quick.batch))
    srcnn = model.startswith("srcnn")
    if srcnn:  # SRCNN-Ex ×3 diverges at step 4,056; at half the rate, at step 8,929
        quick = with_rate(quick, quick.stages[0].rate / 4)
    (stage,) = quick.stages
    return replace(
        quick,
        model=model,
        scale=scale,
        stages=(replace(stage, data=("T91",)),),
        seed=seed,
        sub_image=0 if srcnn else quick.sub_image,
        initialisation="he" if srcnn else "paper",
        validation=(),
        checkpoint_every=-(-quick.steps // CHECKPOINTS),
    )


def equal_transfer(study: Study, recipe: npsr.Recipe, share: int) -> npsr.Recipe:
    """The recipe, but from the network that is trained alike for ×3, at half the rate (Section 3.3).

    A new deconvolution is first solved exactly.

    Parameters
    ----------
    study : Study
        Trains the network for ×3, unless that is done.
    recipe : Recipe
        From `equal_recipe`, for another factor.
    share : int
        Sub-images and steps are divided by it.
    """
    start = trained(study, equal_recipe(study, recipe.model, FACTOR, recipe.seed)).path
    recipe = with_steps(with_rate(recipe, recipe.stages[0].rate / 2), max(1, recipe.steps // share))
    return replace(
        recipe,
        start=str(start),
        initialisation="paper",
        solve_deconvolution=not recipe.model.startswith("srcnn"),
        checkpoint_every=-(-recipe.checkpoint_every // share),
    )


def trained(study: Study, recipe: npsr.Recipe, net: npsr.Network | None = None) -> Training:
    """Train as a recipe says, unless that is done.

    Parameters
    ----------
    study : Study
        Gives data and the folder of runs.
    recipe : Recipe
        From `equal_recipe`, changed where the experiment differs.
    net : Network, optional
        The network to start from, if the recipe does not name it.
    """
    net = net or starting_network(recipe)
    folder = run_folder(study, recipe, net)
    model, about = folder / "model.npz", folder / "about.json"
    if not model.exists():
        npsr.run_training(recipe, study.data, folder, True, progress(recipe), net)
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    training = Training(npsr.load(model), model, log[-1]["samples"], *curve_of(log))
    commit = json.loads(about.read_text())["commit"]
    record = {"run": folder.name, "commit": commit, "samples": training.samples, "seconds": training.seconds}
    if record not in study.trainings:
        study.trainings.append(record)
    return training


def train_together(study: Study, starts: Sequence[Start], workers: int | None = None) -> Iterator[Training]:
    """Train what is not trained yet, several at a time, each on a core: here, or on the study's cluster.

    Yields
    ------
    Training
        Each when it is done; those that were done before come first.
    """
    named = {}
    for recipe, given in starts:
        net = given or starting_network(recipe)
        named[run_folder(study, recipe, net).name] = recipe, net
    done = npsr.dask.train_all(named, study.data, study.runs, study.scheduler, workers)
    for name, error in done:
        if error is not None:
            raise error
        yield trained(study, *named[name])


def starting_network(recipe: npsr.Recipe) -> npsr.Network:
    """The network that a recipe starts from."""
    keys = ("model", "scale", "seed", "start", "initialisation", "slopes", "cascade")
    return npsr.starting_network(*(getattr(recipe, key) for key in keys))


def run_folder(study: Study, recipe: npsr.Recipe, net: npsr.Network) -> Path:
    """The folder of a training, made if missing, with a note of the machine in it."""
    key = fingerprint(study, net, asdict(recipe) | {"start": ""})  # not where it is, but what
    folder = study.runs / f"{recipe.model.translate(FOLDER_NAMES)}_x{recipe.scale}-{key}"
    folder.mkdir(exist_ok=True)
    if not (folder / "about.json").exists():
        write_json(folder / "about.json", describe())
    return folder


def hours(*trainings: Training) -> float:
    """Hours that trainings took, of the core or the cores that each had."""
    return round(sum(training.seconds for training in trainings) / 3600, 2)


FOLDER_NAMES = str.maketrans("(,", "__", ")")


def curve_of(log: list[dict[str, Any]]) -> tuple[float, list[Point]]:
    """Seconds of the training without its evaluations, and the curve, from the log of a run."""
    seconds, curve = 0.0, []
    for before, entry in pairwise([{"samples": 0}, *log]):
        if speed := entry.get("samples_per_second"):
            seconds += (entry["samples"] - before["samples"]) / speed
        else:  # before the first step: reading, and solving if the recipe asks for it; or too slow to count
            seconds += entry["seconds"] - before.get("seconds", 0)
        if "validation" in entry:
            curve.append({"samples": entry["samples"], "seconds": seconds, "psnr": entry["validation"]})
    return seconds, curve


def progress(recipe: npsr.Recipe) -> Callable[[dict[str, Any]], None]:
    """Shows on a terminal, on one line, how far a run is."""
    start = f"\rtraining {recipe.model} ×{recipe.scale}: step "

    def show(entry: dict[str, Any]) -> None:
        if "step" in entry and sys.stdout.isatty():
            end = "\n" if entry["step"] == recipe.steps else ""
            print(f"{start}{entry['step']}/{recipe.steps}", end=end, flush=True)

    return show


def score(study: Study, model: npsr.Network | Rival | str, test_set: str, scale: int) -> Point:
    """PSNR and SSIM of a network, a rival, or of bicubic interpolation, on a test set."""
    net, name = (None, model) if isinstance(model, str) else (model, "")
    key = fingerprint(study, net, name)
    path = study.runs / f"scores-{key}-{test_set}-x{scale}.json"
    if not path.exists():
        result = npsr.evaluate(study.data / test_set, scale, model)
        write_json(path, {name: result[name] for name in ("psnr", "ssim")})
    return json.loads(path.read_text())


def fingerprint(study: Study, model: npsr.Network | Rival | None, more: Any = None) -> str:
    """A short name for the data, a network's layers and parameters or a rival's arrays, and all else that
    decides a result.
    """
    facts = hashlib.sha256(json.dumps([str(study.data.resolve()), more]).encode())
    for network in stages(model) if isinstance(model, npsr.Network) else []:
        facts.update(repr(network.layers).encode())
        for parameter in network.parameters.values():
            facts.update(parameter.tobytes())
    for array in model.arrays.values() if isinstance(model, Rival) else []:
        facts.update(array.tobytes())
    return facts.hexdigest()[:12]


def how_trained(study: Study, samples: int | None = None, srcnn: bool = False) -> str:
    """Two sentences on the budget's training, for the page of results; `srcnn` if SRCNN takes part."""
    recipe = read_recipe(SHIPPED / "quick.toml")
    size = f"{recipe.sub_image} × {recipe.sub_image} pixels"
    own = "33 × 33 of the enlargement, a quarter of the rate, He's initialisation"
    size += f" (SRCNN's: {own})" if srcnn else ""
    return (
        f"Our training: {samples or study.budget.samples:,} sub-images of {size}, by the package's recipe "
        "`quick`. The paper's training: about 100 million sub-images, SGD."
    )


def released_or_trained(study: Study, name: str, scale: int) -> tuple[npsr.Network, str]:
    """A released model if there is one, else one trained by the budget; and which of both it is."""
    if is_released(name, scale):
        return npsr.load(name, scale), "released"
    return trained(study, equal_recipe(study, name, scale)).net, "trained on the 91 images"


def is_released(name: str, scale: int) -> bool:
    """Whether the package has a model for a factor, or a cascade that makes it."""
    try:
        return released_file(name, scale).is_file()
    except npsr.WeightsError:
        return False


def image_pair(path: Path, scale: int) -> tuple[Any, Any]:
    """LR and HR luma of a photograph in [0, 1], as the evaluation makes them."""
    high = npsr.crop_to_multiple(npsr.luma(npsr.read_image(path).pixels) / 255.0, scale)
    return npsr.low_resolution(high, scale), high
