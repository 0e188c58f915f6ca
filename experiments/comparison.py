"""Comparison with the state of the art: PSNR, SSIM, time, work and size on three sets at ×2, ×3 and ×4."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import paper
import rivals
from comparison_figure import Entry, draw
from equal_training import (
    FACTOR,
    equal_recipe,
    equal_transfer,
    how_trained,
    image_pair,
    is_released,
    score,
    trained,
)
from study import Row, Study, beside, open_study, write_result

import npsr
from npsr.networks.cascade import stages
from npsr.rivals.description import multiplications as work_of_rival
from npsr.rivals.files import load_model
from npsr.rivals.importing import import_kk

FACTORS = (2, 3, 4)
SETS = ("Set5", "Set14", "BSD200")
NETWORKS = {"SRCNN": "srcnn", "SRCNN-Ex": "srcnn-ex", "FSRCNN-s": "fsrcnn-s", "FSRCNN": "fsrcnn"}
"""The paper's own methods, trained alike; `rivals` has the others."""
TRANSFER = 4
"""How many times as many sub-images the networks for ×3 see as those that start from them."""
RIVALS = {label: method for method, label in rivals.LABELS.items()}

AUTHORS_91 = {"SRCNN": "SRCNN_9-1-5_x3.mat"}
AUTHORS_OWN = {"SRCNN-Ex": "SRCNN_9-5-5_x3.mat", "FSRCNN": "FSRCNN_x3.mat"}
AUTHORS_OWN["KK"] = "KK_MatlabR2007aSupResModel.mat"
"""The authors' released weights, read if the folder `weights` beside the data folder has them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and gather the models, score them, and write the tables and the figure."""
    study = open_study(__file__, __doc__, ("T91", *SETS), arguments)
    alike = {n: trained_alike(study, n) for n in FACTORS}
    own = {n: released(study, n, alike[n]) for n in FACTORS}
    tables = {}
    for heading, entries, published in (
        ("all trained on the 91 images", alike, paper.table(paper.ON_91)),
        ("each on its own training images", own, paper.table(paper.ON_OWN)),
    ):
        for n in FACTORS:
            tables[f"×{n}, {heading}: PSNR in dB"] = [psnr_row(study, e, n, published) for e in entries[n]]
    measured: dict[int, list[Row]] = {}
    for n in FACTORS:
        entries = list({entry.label: entry for entry in alike[n] + own[n]}.values())
        rows = measured[n] = other_rows(study, n, entries)
        tables[f"×{n}: SSIM, milliseconds an image of Set5, multiplications an LR pixel, size"] = rows
    draw(study, {n: measured[n] for n in FACTORS}, own[3])
    write_result(
        study,
        "Comparison with the state of the art",
        f"On the 91 images: {how_trained(study, srcnn=True)} The networks for ×2 and ×4 start from those for "
        f"×3 and see one sub-image for {TRANSFER} of theirs. GR, ANR, A+, KK, RF, SRF and SCN were learnt by "
        "their recipes in the package"
        f"{', with smaller numbers' if study.budget.rivals else ', or are the models released there'} "
        "([methods.md](methods.md)). SRF is an alternating forest on the rotated images too, RF a random "
        "forest on the images as they are. SCN makes ×4 by a cascade, and ×3 from that by reduction. For our "
        "released models, “its own training images” are those that [MODELS.md](../MODELS.md) names. A method "
        "without a released model of its own has the same model in both tables. The paper's columns are "
        f"published figures; {paper.RECALLED} marks figures whose last digit may be wrong. All times of a "
        "factor are of one run.",
        tables,
    )


def recipes(study: Study, n: int) -> list[npsr.Recipe]:
    """The networks trained alike on the 91 images, for ×2 and ×4 from those for ×3."""
    alike = [equal_recipe(study, name, n) for name in NETWORKS.values()]
    return alike if n == FACTOR else [equal_transfer(study, recipe, TRANSFER) for recipe in alike]


def trained_alike(study: Study, n: int) -> list[Entry]:
    """The table of methods trained on the 91 images, those that the paper has not in it included."""
    entries = []
    alike = {recipe.model: recipe for recipe in recipes(study, n)}
    of_paper = list(paper.table(paper.ON_91)["Set5", n])
    besides = [label for label in RIVALS if label not in of_paper]
    for method in [of_paper[0], *besides, *of_paper[1:]]:
        model = "bicubic" if method == "bicubic" else None
        if method in RIVALS:
            model = rivals.learnt(study, RIVALS[method], n)
        elif NETWORKS.get(method) in alike:
            model = trained(study, alike[NETWORKS[method]]).net
        entries.append(Entry(method if method == "bicubic" else f"{method}, 91 images", method, model))
        entries += authors(study, method, n, AUTHORS_91)
    return entries


def released(study: Study, n: int, alike: list[Entry]) -> list[Entry]:
    """The table of methods on their own training images: our released models, and the authors'.

    For methods without a released model, and for rivals released on the 91 images, that of the other table.
    """
    entries, trained_here = [], {entry.method: entry for entry in alike if "authors" not in entry.label}
    for method in paper.table(paper.ON_OWN)["Set5", n]:
        name = NETWORKS.get(method) or RIVALS[method]
        on_91 = name in rivals.LABELS and rivals.in_package(study, name, n)
        if is_released(name, n) and not on_91:
            entries.append(Entry(f"{method}, released here", method, load_model(name, n)))
        else:
            entries.append(trained_here[method])
        entries += authors(study, method, n, AUTHORS_OWN)
    return entries


def authors(study: Study, method: str, n: int, files: dict[str, str]) -> list[Entry]:
    """The row of a method with its authors' model, if it is at hand; KK's is for every factor."""
    path = study.data.resolve().parent / "weights" / files.get(method, "")
    if not path.is_file() or (n != 3 and method != "KK"):
        return []
    model = import_kk(path, n) if method == "KK" else npsr.import_matlab(path)
    return [Entry(f"{method}, the authors' {'model' if method == 'KK' else 'weights'}", method, model)]


def psnr_row(study: Study, entry: Entry, n: int, published: dict[tuple[str, int], dict[str, str]]) -> Row:
    """Ours, the paper's and the difference on every test set."""
    row: Row = {"method": entry.label}
    for name in SETS:
        measured = entry.model is not None and name in study.budget.sets
        ours = score(study, entry.model, name, n)["psnr"] if measured else None
        cells = beside(ours, published[name, n].get(entry.method))
        row |= {f"{name} {column}": cell for column, cell in cells.items()}
    return row


def other_rows(study: Study, n: int, entries: list[Entry]) -> list[Row]:
    """SSIM on every test set, the time that an image of Set5 takes from luma to luma, work and size."""
    lows = [np.clip(image_pair(path, n)[0], 0, 1) for path in npsr.image_files(study.data / "Set5")]

    def enlarge_all(entry: Entry) -> None:
        for low in lows:
            npsr.upscale(low.astype(np.float32), n, entry.model)

    measured = [entry for entry in entries if entry.model is not None]
    calls = {entry.label: partial(enlarge_all, entry) for entry in measured}
    timings = npsr.time_calls(calls, study.budget.timing)
    rows = []
    for entry in measured:
        scores = {name: score(study, entry.model, name, n) for name in study.budget.sets}
        row: Row = {"method": entry.label, "PSNR Set5": round(scores["Set5"]["psnr"], 2)}
        row |= {f"SSIM {name}": round(points["ssim"], 4) for name, points in scores.items()}
        row["ms"] = round(1e3 * timings[entry.label].median / len(lows), 2)
        rows.append(row | work_and_size(entry))
    return rows


def work_and_size(entry: Entry) -> Row:
    """Multiplications for an LR pixel, and megabytes of all that was learnt."""
    work: int | None = None
    arrays: list[np.ndarray] = []
    if isinstance(entry.model, npsr.Network):
        work = npsr.multiplications(entry.model)
        arrays = [p for stage in stages(entry.model) for p in stage.parameters.values()]
    elif not isinstance(entry.model, str | None):
        work, arrays = work_of_rival(entry.model), list(entry.model.arrays.values())
    size = round(sum(array.nbytes for array in arrays) / 1e6, 2) if arrays else None
    return {"multiplications": work, "MB": size}


if __name__ == "__main__":
    main()
