"""Comparison with the state of the art: PSNR, SSIM and time on Set5, Set14 and BSD200 at ×2, ×3 and ×4."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import paper
from equal_training import equal_recipe, how_trained, image_pair, score, trained
from skimage import data as pictures
from study import Row, Study, beside, open_study, write_result

import npsr

FACTORS = (2, 3, 4)
SETS = ("Set5", "Set14", "BSD200")
NETWORKS = {"SRCNN": "srcnn", "SRCNN-Ex": "srcnn-ex", "FSRCNN-s": "fsrcnn-s", "FSRCNN": "fsrcnn"}
"""Methods that we have; the paper's others await an implementation."""

AUTHORS_91 = {"SRCNN": "SRCNN_9-1-5_x3.mat"}
AUTHORS_OWN = {"SRCNN-Ex": "SRCNN_9-5-5_x3.mat", "FSRCNN": "FSRCNN_x3.mat"}
"""The authors' released weights, read if the folder `weights` beside the data folder has them."""

CROPS = {"astronaut": (slice(60, 150), slice(165, 285)), "chelsea": (slice(85, 175), slice(115, 235))}
"""Free photographs that come with scikit-image, and what is shown of them."""


class Entry(NamedTuple):
    """A row of a table: its label, the paper's name of the method, and what we measure, if anything."""

    label: str
    method: str
    model: npsr.Network | str | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and gather the models, score them, and write the tables and the crops."""
    study = open_study(__file__, __doc__, ("T91", *SETS), arguments)
    alike = {n: trained_alike(study, n) for n in FACTORS}
    own = {n: released(study, n) for n in FACTORS}
    factors = ", ".join(f"×{n}" for n in study.budget.srcnn_ex_factors)
    tables = {}
    for heading, entries, published in (
        ("all trained on the 91 images", alike, paper.table(paper.ON_91)),
        ("each on its own training images", own, paper.table(paper.ON_OWN)),
    ):
        for n in FACTORS:
            tables[f"×{n}, {heading}: PSNR in dB"] = [psnr_row(study, e, n, published) for e in entries[n]]
    for n in FACTORS:
        tables[f"×{n}: SSIM, and milliseconds an image of Set5"] = other_rows(study, n, alike[n] + own[n])
    draw(study, alike[3] + own[3])
    write_result(
        study,
        "Comparison with the state of the art",
        f"On the 91 images: {how_trained(study, srcnn=True)} SRCNN-Ex takes long to train; it was trained at "
        f"{factors}. For our released models, “its own training images” are those that "
        f"[MODELS.md](../MODELS.md) names. The paper's columns are published figures; {paper.RECALLED} marks "
        "figures whose last digit may be wrong. SRF, SCN, A+ and KK are not implemented here, so their rows "
        "have published figures only.",
        tables,
    )


def recipes(study: Study) -> list[npsr.Recipe]:
    """What is trained on the 91 images: every network at every factor that the budget allows."""
    return [
        equal_recipe(study, name, n)
        for name in NETWORKS.values()
        for n in FACTORS
        if name != "srcnn-ex" or n in study.budget.srcnn_ex_factors
    ]


def trained_alike(study: Study, n: int) -> list[Entry]:
    """The table of methods trained on the 91 images, with networks trained by the budget."""
    entries = []
    alike = {recipe.model: recipe for recipe in recipes(study) if recipe.scale == n}
    for method in paper.table(paper.ON_91)["Set5", n]:
        model: npsr.Network | str | None = method if method == "bicubic" else None
        name = NETWORKS.get(method, "")
        if name in alike:
            model = trained(study, alike[name]).net
        entries.append(Entry(f"{method}, 91 images" if name else method, method, model))
        entries += authors(study, method, n, AUTHORS_91)
    return entries


def released(study: Study, n: int) -> list[Entry]:
    """The table of methods on their own training images: our released models, and the authors'."""
    entries = []
    for method in paper.table(paper.ON_OWN)["Set5", n]:
        name = NETWORKS.get(method, "")
        model = npsr.load(name, n) if n in npsr.released().get(name, []) else None
        entries.append(Entry(f"{method}, released here" if model else method, method, model))
        entries += authors(study, method, n, AUTHORS_OWN)
    return entries


def authors(study: Study, method: str, n: int, files: dict[str, str]) -> list[Entry]:
    """The row of a method with its authors' weights, if they are at hand."""
    path = study.data.resolve().parent / "weights" / files.get(method, "")
    if n != 3 or not path.is_file():
        return []
    return [Entry(f"{method}, the authors' weights", method, npsr.import_matlab(path))]


def psnr_row(study: Study, entry: Entry, n: int, published: dict[tuple[str, int], dict[str, str]]) -> Row:
    """Ours, the paper's and the difference on every test set."""
    row: Row = {"method": entry.label}
    for name in SETS:
        measured = entry.model is not None and name in study.budget.sets
        ours = score(study, entry.model, name, n)["psnr"] if measured else None
        cells = beside(ours, published[name, n][entry.method])
        row |= {f"{name} {column}": cell for column, cell in cells.items()}
    return row


def other_rows(study: Study, n: int, entries: list[Entry]) -> list[Row]:
    """SSIM on every test set, and the time that an image of Set5 takes from luma to luma."""
    lows = [np.clip(image_pair(path, n)[0], 0, 1) for path in npsr.image_files(study.data / "Set5")]

    def enlarge_all(model: npsr.Network | str) -> None:
        for low in lows:
            npsr.upscale(low.astype(np.float32), n, model)

    models = {entry.label: entry.model for entry in entries if entry.model is not None}
    calls = {label: partial(enlarge_all, model) for label, model in models.items()}
    timings = npsr.time_calls(calls, study.budget.timing)
    rows = []
    for label, model in models.items():
        row: Row = {"method": label}
        row |= {f"SSIM {name}": round(score(study, model, name, n)["ssim"], 4) for name in study.budget.sets}
        rows.append(row | {"ms": round(1e3 * timings[label].median / len(lows), 2)})
    return rows


def draw(study: Study, entries: list[Entry]) -> None:
    """Crops of free photographs, reduced ×3 and enlarged again."""
    models = {entry.method: entry for entry in entries if entry.model and "authors" not in entry.label}
    figure, axes = plt.subplots(len(CROPS), 1 + len(models), figsize=(11, 3.9), layout="constrained")
    for (name, crop), line in zip(CROPS.items(), axes, strict=True):
        original = npsr.crop_to_multiple(getattr(pictures, name)(), 3)
        low = np.clip(npsr.imresize(original / 255.0, 1 / 3), 0, 1)
        line[0].imshow(original[crop])
        line[0].set_title("original", fontsize=8)
        for axis, entry in zip(line[1:], models.values(), strict=True):
            large = np.floor(npsr.upscale(low, 3, entry.model) * 255 + 0.5).astype(np.uint8)
            inner = slice(3, -3), slice(3, -3)
            psnr = npsr.psnr(npsr.luma(large)[inner], npsr.luma(original)[inner])
            axis.imshow(large[crop], interpolation="nearest")
            axis.set_title(f"{entry.label}\n{psnr:.2f} dB", fontsize=8)
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
