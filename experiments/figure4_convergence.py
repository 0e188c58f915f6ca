"""Figure 4, right: how fast a ×2 network converges, from scratch and from the ×3 network."""

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import paper
from equal_training import Training, equal_recipe, equal_transfer, how_trained, trained
from study import Row, Study, beside, open_study, write_result

import npsr

SCALE = 2
TRANSFER = 10
"""From ×3, a tenth of the sub-images is seen."""
POINTS = 100
"""Of the curve from scratch, so that a logarithmic axis shows its beginning too."""

BICUBIC, PAPER = (paper.table(paper.ON_91)["Set5", SCALE][method] for method in ("bicubic", "FSRCNN"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the ×2 network in four ways, and write the table and the figure."""
    study = open_study(__file__, __doc__, ("T91", "Set5"), arguments)
    trainings = {name: trained(study, recipe) for name, recipe in recipes(study).items()}
    rows: list[Row] = []
    for name, training in trainings.items():
        end = training.curve[-1]
        row: Row = {"training": name, "sub-images": end["samples"], "seconds": round(end["seconds"], 1)}
        rows.append(row | beside(end["psnr"], PAPER if name == "from scratch" else None))
    draw(study, trainings)
    write_result(
        study,
        "Convergence at ×2 (Figure 4, right)",
        f"From scratch: {how_trained(study)} The other rows start from the convolutions of the network for "
        "×3 that was trained alike (Figure 3), and see a tenth of the sub-images. Where all layers train, "
        "they train at half the rate; the deconvolution alone trains at the whole rate, on images that are "
        "neither reduced nor rotated. Exact least squares computes the deconvolution without a training "
        f"step. The paper prints no figures for its curves; its {PAPER} dB is the end of its training.",
        {"PSNR on Set5 ×2 in dB": rows},
        {name: training.curve for name, training in trainings.items()},
    )


def recipes(study: Study) -> dict[str, npsr.Recipe]:
    """The four ways; PSNR on Set5 is watched, and decides nothing."""
    watched = tuple(f"Set5/{path.name}" for path in npsr.image_files(study.data / "Set5"))
    scratch = replace(equal_recipe(study, "fsrcnn", SCALE), validation=watched)
    (stage,) = scratch.stages
    scratch = replace(scratch, checkpoint_every=-(-stage.steps // POINTS))
    all_layers = replace(equal_transfer(study, scratch, TRANSFER), solve_deconvolution=False)
    (few,) = all_layers.stages
    whole, none = replace(few, rate=stage.rate), replace(few, steps=0)
    return {
        "from scratch": scratch,
        "from ×3, all layers": all_layers,
        "from ×3, deconvolution only": replace(all_layers, stages=(whole,), train="deconvolution"),
        "from ×3, exact least squares": replace(all_layers, stages=(none,), solve_deconvolution=True),
    }


def draw(study: Study, trainings: dict[str, Training]) -> None:
    """PSNR against sub-images and against seconds."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
    for axis, against in zip(axes, ("samples", "seconds"), strict=True):
        for name, training in trainings.items():
            curve = [point for point in training.curve if point["samples"]]
            if curve:
                axis.plot(*([point[key] for point in curve] for key in (against, "psnr")), ".-", label=name)
            else:  # solved, without a step
                axis.axhline(training.curve[0]["psnr"], color="C3", ls="--", label=name)
        axis.axhline(paper.value(PAPER), color="grey", ls=":", label="paper, at the end")
        axis.set(xscale="log", ylim=(paper.value(BICUBIC), None))
        axis.grid(alpha=0.3)
    axes[0].set(xlabel="sub-images seen", ylabel="PSNR on Set5 ×2, dB")
    axes[1].set(xlabel="seconds of training")
    axes[0].legend(fontsize=8)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
