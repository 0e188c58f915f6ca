"""The rivals learnt by a budget: each once, stored in the folder of runs, resumed if interrupted."""

import json
from dataclasses import asdict, replace
from pathlib import Path

from equal_training import FOLDER_NAMES, fingerprint, trained
from measuring import describe
from study import Study, write_json

import npsr
from npsr.learning.recipe import find_rival
from npsr.learning.run import learn_rival
from npsr.rivals.files import load_model
from npsr.rivals.model import Rival
from npsr.training.recipe import with_steps
from npsr.training.recipes.shipped import find_recipe

LABELS = {"gr": "GR", "anr": "ANR", "a+": "A+", "rf": "RF", "srf": "SRF", "kk": "KK", "scn": "SCN"}
"""What each method is called in tables."""

ORDER = [(method, n) for n in (3, 2, 4) for method in ("a+", "rf", "kk", "srf")] + [("scn", 4)]
"""In which to learn them several at a time. ANR and GR, which take A+'s dictionary, need only moments more;
SCN for ×4 is learnt after that for ×2.
"""


def learnt(study: Study, method: str, n: int) -> npsr.Network | Rival:
    """A method learnt on the 91 images, as its recipe in the package and the budget say, unless that is done.

    SCN's cascade makes ×4, and ×3 by reduction.
    """
    if method == "scn":
        return _scn(study, n)
    recipe = replace(find_rival(method, study.data), scale=n, **study.budget.rivals.get(method, {}))
    if method in ("anr", "gr"):
        learnt(study, "a+", n)
        recipe = replace(recipe, start=str(_folder(study, "a+", n) / "model.npz"))
    folder = _folder(study, method, n)
    about, path = folder / "about.json", folder / "model.npz"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        if not about.exists():
            write_json(about, describe())
        learn_rival(recipe, study.data, folder, resume=True)
    model = load_model(path)
    commit = json.loads(about.read_text())["commit"]
    record = {"run": folder.name, "commit": commit, "seconds": model.provenance["seconds"]}
    if record not in study.trainings:
        study.trainings.append(record)
    return model


def _folder(study: Study, method: str, n: int) -> Path:
    """Where a method is learnt: named after all that decides the result."""
    recipe = asdict(find_rival(method, study.data)) | study.budget.rivals.get(method, {})
    taken = asdict(find_rival("a+", study.data)) | study.budget.rivals.get("a+", {})
    key = fingerprint(study, None, [recipe, taken if method in ("anr", "gr") else None])
    return study.runs / f"{method.translate(FOLDER_NAMES)}_x{n}-{key}"


def _scn(study: Study, n: int) -> npsr.Network:
    """SCN for ×2, or its cascade."""
    steps = study.budget.rivals.get("scn", {}).get("steps")
    first, second = (find_recipe(name, study.data) for name in ("scn", "cscn"))
    share = (steps or first.steps) / first.steps
    first, second = (with_steps(recipe, max(1, round(recipe.steps * share))) for recipe in (first, second))
    training = trained(study, first)
    if n == 2:
        return training.net
    return trained(study, replace(second, start=str(training.path))).net
