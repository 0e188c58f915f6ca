"""The networks for video: PSNR on clean and on coded pictures, and milliseconds, at ×2."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from study import Row, Study, open_study, write_result

import npsr

SCALE = 2
RATES = (23, 28, 33)
"""Constant rate factors of H.264; the higher, the coarser."""
NETWORKS = ("fsrcnn", *(f"video-{size}{kind}" for size in "sml" for kind in ("", "-robust")))
FRAME = 360, 640
"""Rows and columns of the frame that is timed: 640 × 360 to 1280 × 720."""

Enlarge = Callable[[np.ndarray], np.ndarray]
Pictures = list[tuple[np.ndarray, dict[str, np.ndarray]]]
"""HR luma of each picture in codes, and its LR luma in [0, 1] for each column."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every method on every set, and write the tables and the figure."""
    study = open_study(__file__, __doc__, ("Set5",), arguments)
    methods = {
        "bicubic": lambda low: npsr.imresize(low, SCALE),
        "Lanczos": lambda low: npsr.imresize(low, SCALE, kernel="lanczos"),
    }
    networks = {name: npsr.load(name, SCALE) for name in NETWORKS if SCALE in npsr.released().get(name, [])}
    methods |= {name: enlarger(net) for name, net in networks.items()}
    sets = {name: pictures(study, name) for name in study.budget.sets if (study.data / name).is_dir()}
    tables = {
        f"{name} ×{SCALE}, PSNR in dB; CRF 23, 28, 33: LR pictures coded by x264": [
            {"method": method} | scores(sets[name], enlarge) for method, enlarge in methods.items()
        ]
        for name in sets
    }
    gains = [gain(heading.split()[0], rows, size) for heading, rows in tables.items() for size in "sml"]
    if found := [row for row in gains if row]:
        tables["What training on coded pictures changes, dB"] = found
    tables["Weights, and milliseconds for a frame of 640 × 360, of the network alone"] = [
        {"network": name, "architecture": net.name, "weights": npsr.weight_count(net), "ms": ms(study, net)}
        for name, net in networks.items()
    ]
    draw(study, tables)
    write_result(
        study,
        "Networks for video",
        "These networks are not the paper's. The robust ones continue the training of the clean ones on "
        "pictures coded by x264 and x265 at CRF 18 to 36. Each picture is coded by itself, as the only frame "
        "of a video, so what motion prediction adds in real videos is not in these figures.",
        tables,
    )


def enlarger(net: npsr.Network) -> Enlarge:
    """The function by which a network enlarges a plane."""
    return lambda low: net(low[None, None].astype(np.float32))[0, 0]


def pictures(study: Study, name: str) -> Pictures:
    """The pictures of a set, reduced as the protocol says, and then coded at each rate."""
    reductions = {"clean": npsr.degrading((), 0)}
    for crf in RATES:
        reductions[f"CRF {crf}"] = npsr.degrading((npsr.Degradation("h264", (crf, crf)),), 0)
    found: Pictures = []
    for path in npsr.image_files(study.data / name):
        high = npsr.crop_to_multiple(npsr.luma(npsr.read_image(path).pixels), SCALE)
        lows = {column: reduce(high / 255.0, SCALE, (0,)) for column, reduce in reductions.items()}
        found.append((high, lows))
    return found


def scores(found: Pictures, enlarge: Enlarge) -> Row:
    """Mean PSNR of a method for each column."""
    return {
        column: round(float(np.mean([score(high, enlarge(lows[column])) for high, lows in found])), 2)
        for column in found[0][1]
    }


def score(high: np.ndarray, large: np.ndarray) -> float:
    """PSNR by the protocol."""
    codes = np.clip(np.floor(np.float64(large) * 255 + 0.5), 0, 255)
    inner = slice(SCALE, -SCALE), slice(SCALE, -SCALE)
    return npsr.psnr(codes[inner], high[inner])


def gain(name: str, rows: list[Row], size: str) -> Row:
    """Robust minus clean of one size on one set; empty if one of the two is not there."""
    of = {row["method"]: row for row in rows}
    clean, robust = of.get(f"video-{size}"), of.get(f"video-{size}-robust")
    if not clean or not robust:
        return {}
    columns = [column for column in clean if column != "method"]
    changes = {f"{column}, difference": round(robust[column] - clean[column], 2) for column in columns}
    return {"set": name, "network": f"video-{size}"} | changes


def ms(study: Study, net: npsr.Network) -> float:
    """Milliseconds of a network for a frame."""
    return round(npsr.measure(net, *FRAME, plan=study.budget.timing).median * 1e3, 2)


def draw(study: Study, tables: dict[str, list[Row]]) -> None:
    """PSNR above bicubic's on the first set, for clean and coded pictures."""
    heading, rows = next(iter(tables.items()))
    columns = [column for column in rows[0] if column != "method"]
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    for row in rows[1:]:
        robust = row["method"].endswith("-robust")
        gained = [row[column] - rows[0][column] for column in columns]
        axis.plot(columns, gained, "o-" if robust else "o--", ms=4, label=row["method"])
    axis.set(ylabel="dB above bicubic", title=heading.partition(",")[0])
    axis.axhline(0, color="grey", lw=0.8)
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
