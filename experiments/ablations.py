"""What FSRCNN's parts are worth: rectifiers, slopes, borders, shrinking, and luma against RGB."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from equal_training import Training, equal_recipe, how_trained, image_pair, score, trained
from study import Row, Study, open_study, write_result

import npsr

SCALE = 3
D, S, M = 56, 12, 4


def per_channel(seed: int) -> npsr.Network:
    """FSRCNN as the paper defines it: a PReLU slope for every channel."""
    return npsr.fsrcnn(D, S, M, SCALE, seed)


def shared(seed: int) -> npsr.Network:
    """One slope a layer, as in the authors' released models."""
    return npsr.fsrcnn(D, S, M, SCALE, seed, shared_slopes=True)


def relu(seed: int) -> npsr.Network:
    """ReLU in the place of every PReLU."""
    layers = [
        npsr.ReLU(layer.name) if isinstance(layer, npsr.PReLU) else layer
        for layer in per_channel(seed).layers
    ]
    return npsr.initialise("fsrcnn-relu", SCALE, layers, seed)


def unshrunk(seed: int) -> npsr.Network:
    """No shrinking and no expanding: mapping layers on all d channels."""
    feature, slopes, *_, last = per_channel(seed).layers
    layers: list[Any] = [feature, slopes]
    for k in range(1, M + 1):
        layers += [npsr.Conv(f"mapping_{k}", 3, D, D), npsr.PReLU(f"mapping_{k}", D)]
    layers.append(last)
    return npsr.initialise("fsrcnn-unshrunk", SCALE, layers, seed)


VARIANTS: dict[str, Callable[[int], npsr.Network]] = {
    "PReLU, a slope per channel": per_channel,
    "PReLU, a slope per layer": shared,
    "ReLU": relu,
    "no shrinking": unshrunk,
}
FIRST = next(iter(VARIANTS))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the variants, and write the tables and the figure."""
    study = open_study(__file__, __doc__, ("T91", "Set5"), arguments)
    trainings = {
        name: [trained(study, *start) for start in starts] for name, starts in variants(study).items()
    }
    rows = variant_rows(study, trainings)
    net = trainings[FIRST][0].net
    draw(study, trainings)
    write_result(
        study,
        "Ablations",
        f"{how_trained(study, study.budget.samples_ablation)} The paper has no such figures. The spread is "
        "the largest PSNR of the seeds minus the smallest. A difference is beyond chance if it is larger "
        "than both spreads. A dead feature, counted for the first seed, is a channel that is positive "
        "nowhere on Set5. With ReLU it is lost; with PReLU the network can still use it, through its slope.",
        {
            f"FSRCNN({D},{S},{M}) ×3 and its variants, PSNR on Set5 in dB": rows,
            "Borders at test, the network above in its first row": border_rows(study, net),
            "Colour, the same network: PSNR on Set5 in dB and time of an image": colour_rows(study, net),
        },
        {name: [psnr_of(study, run) for run in runs] for name, runs in trainings.items()},
    )


def variants(study: Study) -> dict[str, list[tuple[npsr.Recipe, npsr.Network]]]:
    """What is trained: for each variant, a recipe and a network to start from for each seed."""
    found: dict[str, list[tuple[npsr.Recipe, npsr.Network]]] = {}
    for name, make in VARIANTS.items():
        found[name] = []
        for seed in study.budget.seeds:
            net = make(seed)
            alike = equal_recipe(study, "fsrcnn", SCALE, seed, study.budget.samples_ablation)
            found[name].append((replace(alike, model=net.name), net))
    return found


def psnr_of(study: Study, run: Training) -> float:
    """PSNR on Set5."""
    return score(study, run.net, "Set5", SCALE)["psnr"]


def variant_rows(study: Study, trainings: dict[str, list[Training]]) -> list[Row]:
    """Weights; mean and spread over the seeds; the difference to the first variant; dead features.

    A difference is beyond chance if it is larger than the spreads of both.
    """
    rows: list[Row] = []
    lows = [image_pair(path, SCALE)[0] for path in set5(study)]
    for name, runs in trainings.items():
        values, net = [psnr_of(study, run) for run in runs], runs[0].net
        row: Row = {"network": name, "weights": npsr.weight_count(net), "seeds": len(values)}
        row |= {"PSNR": round(float(np.mean(values)), 2), "spread": round(max(values) - min(values), 2)}
        first = rows[0] if rows else row
        difference = row["PSNR"] - first["PSNR"]
        beyond = abs(difference) > max(row["spread"], first["spread"])
        row["difference"] = round(difference, 2) if rows else None
        row["beyond chance"] = ("yes" if beyond else "no") if rows else None
        features = sum(layer.n for layer in net.layers if isinstance(layer, npsr.Conv))
        rows.append(row | {"dead features": f"{dead_features(net, lows)} of {features}"})
    return rows


def dead_features(net: npsr.Network, lows: list[np.ndarray]) -> int:
    """Channels of convolutions that are positive at no pixel of any image."""
    dead = 0
    for place, layer in enumerate(net.layers):
        if isinstance(layer, npsr.Conv):
            until = replace(net, layers=net.layers[: place + 1])
            highest = [until(low[None, None], engine="plain").max(axis=(0, 2, 3)) for low in lows]
            dead += int(np.sum(np.max(highest, axis=0) <= 0))
    return dead


def border_rows(study: Study, net: npsr.Network) -> list[Row]:
    """The protocol's PSNR with borders continued by zeros, as in training, and by replication."""
    rows = []
    for border in ("replicate", "zero"):
        bordered = net.with_border(border)  # type: ignore[arg-type]
        enlarge = partial(enlarge_plane, bordered)
        result = npsr.evaluate(study.data / "Set5", SCALE, enlarge)
        rows.append({"borders": border, "PSNR": round(result["psnr"], 2), "SSIM": round(result["ssim"], 4)})
    return rows


def enlarge_plane(net: npsr.Network, plane: np.ndarray) -> np.ndarray:
    """One plane through a network, by the border rule that it has."""
    return net(plane[None, None])[0, 0]


def colour_rows(study: Study, net: npsr.Network) -> list[Row]:
    """Luma through the network and chroma by bicubic, against R, G and B each through the network."""
    ways = {"luma alone, chroma by bicubic": luma_alone, "R, G and B each": each_channel}
    originals = [npsr.crop_to_multiple(npsr.read_image(path).pixels, SCALE) for path in set5(study)]
    originals = [image for image in originals if image.ndim == 3]
    lows = [np.clip(npsr.imresize(image / 255.0, 1 / SCALE), 0, 1) for image in originals]
    timings = npsr.time_calls(
        {name: partial(way, net, lows[0].astype(np.float32)) for name, way in ways.items()},
        study.budget.timing,
    )
    rows = []
    for name, way in ways.items():
        larges = [np.floor(way(net, low) * 255 + 0.5).astype(np.uint8) for low in lows]
        pairs = [
            (large[SCALE:-SCALE, SCALE:-SCALE], original[SCALE:-SCALE, SCALE:-SCALE])
            for large, original in zip(larges, originals, strict=True)
        ]
        of_rgb = [npsr.psnr(*(image.reshape(len(image), -1) for image in pair)) for pair in pairs]
        of_luma = [npsr.psnr(*(npsr.luma(image) for image in pair)) for pair in pairs]
        row: Row = {"way": name, "PSNR of RGB": round(float(np.mean(of_rgb)), 2)}
        row |= {"PSNR of luma": round(float(np.mean(of_luma)), 2), "ms": round(1e3 * timings[name].median, 1)}
        rows.append(row)
    return rows


def luma_alone(net: npsr.Network, low: np.ndarray) -> np.ndarray:
    """As `npsr.upscale` treats colour."""
    return npsr.upscale(low, SCALE, net)


def each_channel(net: npsr.Network, low: np.ndarray) -> np.ndarray:
    """Every colour channel as if it were grey."""
    return np.dstack([npsr.upscale(low[..., channel], SCALE, net) for channel in range(3)])


def set5(study: Study) -> list[Path]:
    """Files of Set5."""
    return npsr.image_files(study.data / "Set5")


def draw(study: Study, trainings: dict[str, list[Training]]) -> None:
    """PSNR of every variant and seed."""
    figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    for place, (name, runs) in enumerate(trainings.items()):
        values = [psnr_of(study, run) for run in runs]
        axis.plot(values, [place] * len(values), "o", alpha=0.7, label=name)
    axis.set_yticks(range(len(trainings)), list(trainings))
    axis.set(xlabel="PSNR on Set5 ×3, dB; a point for each seed", ylim=(len(trainings) - 0.5, -0.5))
    axis.grid(axis="x", alpha=0.3)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
