"""Figure 3 and Table 1: the four networks from SRCNN-Ex to FSRCNN, their cost and their PSNR."""

from collections.abc import Sequence
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import paper
from equal_training import equal_recipe, hours, how_trained, score, trained
from study import Row, Study, beside, notation, open_study, write_result

import npsr

NETWORKS = tuple(paper.TRANSITIONS)
SCALE = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the four networks alike, time them, and write the table and the figure."""
    study = open_study(__file__, __doc__, ("T91", "Set5"), arguments)
    trainings = {recipe.model: trained(study, recipe) for recipe in recipes(study)}
    nets = {name: training.net for name, training in trainings.items()}
    seconds = network_times(study, nets)
    rows = []
    for name, net in nets.items():
        row: Row = {"network": name, "layers": notation(net), "weights": npsr.weight_count(net)}
        row["speed-up by weights"] = round(npsr.speed_up(net), 1)
        row["paper's"] = paper.SPEED_UP[name]
        row["ms"] = round(1e3 * seconds[name], 2)
        row["speed-up measured"] = round(seconds[NETWORKS[0]] / seconds[name], 1)
        row["hours of training"] = hours(trainings[name])
        psnr = score(study, net, "Set5", SCALE)["psnr"]
        rows.append(row | beside(psnr, paper.TRANSITIONS[name]))
    draw(study, rows)
    side = study.budget.side
    write_result(
        study,
        "From SRCNN-Ex to FSRCNN (Figure 3, Table 1)",
        f"{how_trained(study, srcnn=True)} Such a short training favours the networks that learn fast. "
        "Kernels of different shapes do not run at the same rate. So the measured speed-ups differ a little "
        "from those by weights.",
        {f"PSNR on Set5 ×3 in dB; time of the network alone on {side} × {side} LR pixels": rows},
    )


def recipes(study: Study) -> list[npsr.Recipe]:
    """What is trained: all four alike, on the 91 images."""
    return [equal_recipe(study, name, SCALE) for name in NETWORKS]


def network_times(study: Study, nets: dict[str, npsr.Network]) -> dict[str, float]:
    """Seconds of each network for the same enlarged image, in the same engine."""
    side = study.budget.side
    low, high = (np.random.default_rng(0).random((1, 1, n * side, n * side), np.float32) for n in (1, SCALE))
    calls = {name: partial(net, low if net.enlarges else high) for name, net in nets.items()}
    timings = npsr.time_calls(calls, study.budget.timing)
    return {name: timing.median for name, timing in timings.items()}


def draw(study: Study, rows: list[Row]) -> None:
    """Speed-ups and PSNR, ours beside the paper's."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    at = np.arange(len(rows))
    names = [row["network"] for row in rows]
    for shift, how in ((-0.2, "by weights"), (0.2, "measured")):
        bars = left.bar(at + shift, [row[f"speed-up {how}"] for row in rows], 0.4, label=how)
        left.bar_label(bars, fmt="%.1f", fontsize=8)
    left.set(yscale="log", ylim=(0.5, 100), title="speed-up over SRCNN-Ex, ×3")
    for whose in ("ours", "paper"):
        right.plot(at, [row[whose] for row in rows], "o-", label=whose)
    right.set(ylabel="PSNR, dB", title="Set5 ×3, equal training")
    for axis in (left, right):
        axis.set_xticks(at, names, fontsize=9)
        axis.legend()
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
