"""Figure 4, left: PSNR against weights for twelve settings of FSRCNN(d, s, m)."""

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import paper
from equal_training import equal_recipe, hours, how_trained, score, train_together, trained
from study import Row, Study, beside, open_study, write_result

import npsr

SCALE = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the twelve networks alike, and write the table and the figure."""
    study = open_study(__file__, __doc__, ("T91", "General-100", "Set5"), arguments)
    rows: list[Row] = []
    list(train_together(study, [(recipe, None) for recipe in recipes(study)]))
    for (d, s, m), setting in paper.SETTINGS.items():
        trainings = [trained(study, recipe(study, (d, s, m), seed)) for seed in study.budget.setting_seeds]
        found = [score(study, training.net, "Set5", SCALE)["psnr"] for training in trainings]
        row: Row = {"d": d, "s": s, "m": m, "weights": npsr.weight_count(trainings[0].net)}
        row |= {"paper's": setting.weights, "hours of training": hours(*trainings)}
        row["spread"] = round(max(found) - min(found), 2) if len(found) > 1 else None
        rows.append(row | beside(float(np.mean(found)), paper.printed(d, s, m)))
    draw(study, rows)
    write_result(
        study,
        "Settings of d, s and m (Figure 4, left)",
        f"{how_trained(study)} The images are the 91 and General-100, as for the paper's 33.16 dB. Seeds: "
        f"{len(study.budget.setting_seeds)}. The PSNR is their mean, and the spread is the largest minus the "
        f"smallest. A smaller difference between two settings may be chance. {paper.RECALLED} marks figures "
        "of the paper whose last digit may be wrong.",
        {"PSNR on Set5 ×3 in dB": rows},
    )


def recipes(study: Study) -> list[npsr.Recipe]:
    """What is trained: every setting with the first seed, then with the next."""
    return [recipe(study, setting, seed) for seed in study.budget.setting_seeds for setting in paper.SETTINGS]


def recipe(study: Study, setting: tuple[int, int, int], seed: int) -> npsr.Recipe:
    """As all are trained, but on the 91 images and General-100."""
    alike = equal_recipe(study, "fsrcnn({},{},{})".format(*setting), SCALE, seed)
    (stage,) = alike.stages
    return replace(alike, stages=(replace(stage, data=("T91", "General-100")),))


def draw(study: Study, rows: list[Row]) -> None:
    """PSNR against weights, the paper's points beside ours."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    weights = [row["weights"] for row in rows]
    ours = [row["ours"] for row in rows]
    published = [paper.SETTINGS[row["d"], row["s"], row["m"]].psnr for row in rows]
    for axis, title, values in zip(axes, ("ours", "paper"), (ours, published), strict=True):
        for marker, (d, s) in zip("osD^", dict.fromkeys((row["d"], row["s"]) for row in rows), strict=True):
            chosen = [k for k, row in enumerate(rows) if (row["d"], row["s"]) == (d, s)]
            points = [weights[k] for k in chosen], [values[k] for k in chosen]
            errors = [(rows[k]["spread"] or 0) / 2 if title == "ours" else 0 for k in chosen]
            label = f"d = {d}, s = {s}; m = 2, 3, 4"
            axis.errorbar(*points, errors, fmt=f"{marker}-", capsize=3, label=label)
        axis.set(xlabel="weights", ylabel="PSNR on Set5 ×3, dB", title=title)
        axis.locator_params(axis="x", nbins=6)
        axis.grid(alpha=0.3)
    axes[1].legend(fontsize=8)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
