"""Figure 4, left: PSNR against weights for twelve settings of FSRCNN(d, s, m)."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import paper
from equal_training import equal_recipe, how_trained, score, trained
from study import Row, Study, beside, open_study, write_result

import npsr

SCALE = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the twelve networks alike, and write the table and the figure."""
    study = open_study(__file__, __doc__, ("T91", "Set5"), arguments)
    rows: list[Row] = []
    for (d, s, m), setting in paper.SETTINGS.items():
        net = trained(study, equal_recipe(study, f"fsrcnn({d},{s},{m})", SCALE)).net
        psnr = score(study, net, "Set5", SCALE)["psnr"]
        rows.append(
            {"d": d, "s": s, "m": m, "weights": npsr.weight_count(net), "paper's": setting.weights}
            | beside(psnr, paper.printed(d, s, m))
        )
    draw(study, rows)
    write_result(
        study,
        "Settings of d, s and m (Figure 4, left)",
        f"PSNR: {how_trained(study)}. After so few, deeper networks may not have caught up, and settings "
        f"differ by little more than chance. {paper.RECALLED} marks figures of the paper that may be off in "
        "their last digit.",
        {"PSNR on Set5 ×3 in dB": rows},
    )


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
            axis.plot(*points, f"{marker}-", label=f"d = {d}, s = {s}; m = 2, 3, 4")
        axis.set(xlabel="weights", ylabel="PSNR on Set5 ×3, dB", title=title)
        axis.locator_params(axis="x", nbins=6)
        axis.grid(alpha=0.3)
    axes[1].legend(fontsize=8)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
