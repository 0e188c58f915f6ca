"""The rivals learnt by a budget: each once, stored in the folder of runs, resumed if interrupted.

A model that the package releases is not learnt again, if the budget has the package's recipe.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

from equal_training import FOLDER_NAMES, fingerprint, is_released, trained
from measuring import describe
from study import Study, write_json

import npsr
from npsr.learning.recipe import RivalRecipe, find_rival
from npsr.learning.run import learn_rival
from npsr.models.weights import released_file
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
    if in_package(study, method, n):
        return load_model(method, n)
    if method == "scn":
        return _scn(study, n)
    if method in ("anr", "gr"):
        learnt(study, "a+", n)
    recipe, path = _recipe(study, method, n), _file(study, method, n)
    about = path.with_name("about.json")
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        if not about.exists():
            write_json(about, describe())
        learn_rival(recipe, study.data, path.parent, resume=True)
    model = load_model(path)
    commit = json.loads(about.read_text())["commit"]
    record = {"run": path.parent.name, "commit": commit, "seconds": model.provenance["seconds"]}
    if record not in study.trainings:
        study.trainings.append(record)
    return model


def in_package(study: Study, method: str, n: int) -> bool:
    """Whether the package has the very model: one released for the factor, by the recipe of the budget."""
    return method not in study.budget.rivals and is_released(method, n)


def _recipe(study: Study, method: str, n: int) -> RivalRecipe:
    """The package's recipe with the budget's numbers; ANR and GR take A+'s features and dictionary."""
    given = study.budget.rivals.get(method, {})
    if method in ("anr", "gr"):
        given = given | {"start": str(_file(study, "a+", n))}
    return replace(find_rival(method, study.data), scale=n, **given)


def _file(study: Study, method: str, n: int) -> Path:
    """Where a learnt model is: in the package, or in a folder named after all that decides the result."""
    if in_package(study, method, n):
        return released_file(method, n)
    key = fingerprint(study, None, asdict(_recipe(study, method, n)))
    return study.runs / f"{method.translate(FOLDER_NAMES)}_x{n}-{key}" / "model.npz"


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
