"""Section 4, real time: the paper's limit of 3976 weights, and the largest networks at 24 frames a second."""

from collections.abc import Callable, Sequence
from functools import partial

import matplotlib.pyplot as plt
import paper
from equal_training import score
from study import Row, Study, open_study, write_result

import npsr

SCALE = 3
FRAMES = paper.REAL_TIME["frames"]
SIZES = {"760×760": (253, 253), "1280×720": (240, 427), "1920×1080": (360, 640)}
"""Output → rows and columns of the LR image, rounded to whole pixels."""
KNOWN = ("srcnn-ex", "srcnn", "fsrcnn", "fsrcnn-s")
Setting = tuple[int, int, int]
LADDERS = [[(d, max(1, round(d * 12 / 56)), m) for d in range(4, 401, 4)] for m in (1, 4, 8)]
"""The search looks for the largest of these settings (d, s, m). The ratio of s to d is the paper's. Within a
ladder m is constant, so a network with more weights is slower.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Derive the limit, search, and write the tables and the figure."""
    study = open_study(__file__, __doc__, ("Set5",), arguments)
    frames = {
        size: {name: frames_per_second(study, npsr.build(name, SCALE), shape) for name in KNOWN}
        for size, shape in SIZES.items()
    }
    tried: dict[str, dict[Setting, float]] = {size: {} for size in SIZES}
    best = {
        size: [largest(partial(holds_rate, study, shape, tried[size]), ladder) for ladder in LADDERS]
        for size, shape in SIZES.items()
    }
    found = [found_row(study, size, best[size], tried[size]) for size in SIZES]
    draw(study, tried)
    write_result(
        study,
        "Real time (Section 4)",
        "The derivation assumes that every network runs at SRCNN's rate. Our engine runs their kernels at "
        "other rates. Therefore the search times the networks themselves, by bisection over d with s = "
        "12/56 d and m = 1, 4, 8. Times are of the network alone, and vary from run to run.",
        {
            "The derivation: most weights = SRCNN's 8032 · its frames a second at 760 × 760 / 24 · n²": [
                derivation(frames["760×760"]["srcnn"])
            ],
            "Largest FSRCNN(d,s,m) that holds 24 frames a second at ×3; its PSNR if released": found,
            "Frames a second of the paper's networks at ×3, and PSNR on Set5 where a model is released": [
                known_row(study, name, frames) for name in KNOWN
            ],
        },
        {size: [[*setting, fps] for setting, fps in seen.items()] for size, seen in tried.items()},
    )


def frames_per_second(study: Study, net: npsr.Network, shape: tuple[int, int]) -> float:
    """Frames a second of a network for an LR image of so many rows and columns."""
    return 1 / npsr.measure(net, *shape, plan=study.budget.timing).median


def holds_rate(study: Study, shape: tuple[int, int], seen: dict[Setting, float], setting: Setting) -> bool:
    """Whether a setting holds the frame rate, which is noted in `seen`."""
    seen[setting] = frames_per_second(study, npsr.fsrcnn(*setting, SCALE), shape)
    return seen[setting] >= FRAMES


def largest(holds: Callable[[Setting], bool], ladder: list[Setting]) -> Setting | None:
    """The last setting of a ladder that holds the rate, None if none does, by bisection."""
    low, high = -1, len(ladder)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(ladder[middle]) else (low, middle)
    return ladder[low] if low >= 0 else None


def derivation(srcnn_frames: float) -> Row:
    """The rule of the paper with its figures and with ours."""
    paper_frames = paper.REAL_TIME["srcnn_frames"]
    return {
        "SRCNN, frames a second": round(srcnn_frames, 2),
        "paper": paper_frames,
        "most weights, ours": paper.real_time_weights(srcnn_frames, FRAMES),
        "most weights, paper": paper.real_time_weights(paper_frames, FRAMES),
    }


def found_row(study: Study, size: str, best: list[Setting | None], rates: dict[Setting, float]) -> Row:
    """The setting with the most weights among those that were found on the ladders."""
    holding = [setting for setting in best if setting]
    if not holding:
        return {"output": size, "network": None, "weights": None, "frames a second": None, "PSNR": None}
    setting = max(holding, key=lambda setting: npsr.equation_2(*setting))
    net = npsr.fsrcnn(*setting, SCALE)
    return {
        "output": size,
        "network": net.name,
        "weights": npsr.weight_count(net),
        "frames a second": round(rates[setting], 1),
        "PSNR": released_psnr(study, net.name),
    }


def known_row(study: Study, name: str, frames: dict[str, dict[str, float]]) -> Row:
    """Frames a second at each size, the paper's where it says them, and PSNR."""
    row: Row = {"network": name, "weights": paper.WEIGHTS[name]}
    row |= {size: round(rates[name], 1) for size, rates in frames.items()}
    row["paper, 760×760"] = {
        "srcnn": paper.REAL_TIME["srcnn_frames"],
        "fsrcnn-s": paper.REAL_TIME["fsrcnn_s_frames"],
    }.get(name)
    return row | {"PSNR": released_psnr(study, npsr.build(name, SCALE).name)}


def released_psnr(study: Study, network: str) -> float | None:
    """PSNR on Set5 of the released model of a network, if there is one."""
    for name, factors in npsr.released().items():
        if SCALE in factors and (model := npsr.load_model(name, SCALE)).name == network:
            return round(score(study, model, "Set5", SCALE)["psnr"], 2)
    return None


def draw(study: Study, tried: dict[str, dict[Setting, float]]) -> None:
    """Frames a second against weights, all settings that the search tried."""
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    for size, seen in tried.items():
        points = [(npsr.equation_2(*setting), fps) for setting, fps in seen.items()]
        axis.loglog(*zip(*points, strict=True), "o", ms=4, alpha=0.7, label=size)
    axis.axhline(FRAMES, color="grey", ls=":", label="24 frames a second")
    axis.axvline(paper.REAL_TIME["weights"], color="grey", ls="--", label="the paper's limit at 760×760")
    axis.set(xlabel="weights", ylabel="frames a second", title="FSRCNN(d,s,m) ×3 on this machine")
    axis.legend(fontsize=8)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
