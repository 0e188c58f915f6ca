"""Figure 2: the learned deconvolution filters at ×3, ×2 and ×4, first-layer filters, a filter's phases."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from equal_training import released_or_trained
from study import Row, Study, open_study, write_result

import npsr

FACTORS = (3, 2, 4)
COLUMNS = 14


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the filters, and write their figures."""
    study = open_study(__file__, __doc__, ("T91",), arguments)
    nets, rows = {}, []
    for n in FACTORS:
        nets[n], origin = released_or_trained(study, "fsrcnn", n)
        rows.append(facts(nets[n], n, origin))
    draw(study, nets)
    write_result(
        study,
        "Learned deconvolution filters (Figure 2)",
        "The paper shows its filters at ×3 and prints no figures for them. The filters are scaled to norm "
        "1, because the scale of a feature can make up for any other norm. Filters that smooth come first, "
        "then those that add detail. Each is drawn relative to its own largest weight. Another training "
        "finds other filters. Bicubic enlargement is a single filter, which smooths. The released networks "
        "learnt one filter like it, and use the others to sharpen. Each phase of a filter is itself a "
        "filter.",
        {"The 9 × 9 filters of FSRCNN(56,12,4)": rows},
    )


def filters_of(net: npsr.Network, layer: str) -> np.ndarray:
    """A layer's filters of one channel (d, f, f) at unit norm, smoothing ones first.

    A filter's norm means nothing: PReLU passes any positive factor on. So a filter twice as large on a
    feature half as large is the same network.
    """
    filters = net.parameters[f"{layer}.weight"][:, 0].astype(float)
    filters /= np.linalg.norm(filters, axis=(1, 2), keepdims=True)
    return filters[np.argsort(-smoothing(filters), kind="stable")]


def smoothing(filters: np.ndarray) -> np.ndarray:
    """|Σ w| / Σ |w| of each filter: 1 where all weights have one sign, 0 where they cancel."""
    return np.abs(filters.sum(axis=(1, 2))) / np.abs(filters).sum(axis=(1, 2))


def facts(net: npsr.Network, n: int, origin: str) -> Row:
    """How many filters smooth, and how alike they are."""
    filters = filters_of(net, "deconvolution")
    singular = np.linalg.svd(filters.reshape(len(filters), -1), compute_uv=False) ** 2
    patterns = int(np.searchsorted(np.cumsum(singular) / singular.sum(), 0.99)) + 1
    row: Row = {"factor": f"×{n}", "network": origin, "filters": len(filters)}
    row |= {"that smooth: over ¾ of their weight of one sign": int(np.sum(smoothing(filters) > 0.5))}
    row |= {"patterns that hold 99 % of their energy (of 81)": patterns}
    taps = "+".join(str(len(range(phase, 9, n))) for phase in range(n))
    return row | {"taps of each phase along an axis": taps}


def draw(study: Study, nets: dict[int, npsr.Network]) -> None:
    """Filters of each factor, then those of the first layer, then the phases of the smoothest at ×3."""
    net = nets[3]
    smoothest = filters_of(net, "deconvolution")[0]
    phases = [smoothest[row::3, column::3] for row in range(3) for column in range(3)]
    panels = {
        f"deconvolution ×{n}, 9 × 9": mosaic(scaled(filters_of(nets[n], "deconvolution")), COLUMNS)
        for n in FACTORS
    }
    panels["first layer ×3, 5 × 5"] = mosaic(scaled(filters_of(net, "feature")), COLUMNS)
    panels["smoothest filter at ×3"] = smoothest
    panels["its nine phases, 3 × 3"] = mosaic(np.stack(phases), 3)
    layout = [[title, title] for title in list(panels)[:4]] + [list(panels)[4:]]
    heights = [4, 4, 4, 4, 6]
    figure, axes = plt.subplot_mosaic(layout, figsize=(7, 11), height_ratios=heights, layout="constrained")
    for title, image in panels.items():
        largest = np.nanmax(np.abs(image))
        axes[title].imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
        axes[title].set_title(title, fontsize=10)
        axes[title].set_axis_off()
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


def scaled(filters: np.ndarray) -> np.ndarray:
    """Each filter divided by its largest weight, so that flat ones and steep ones are seen alike."""
    return filters / np.abs(filters).max(axis=(1, 2), keepdims=True)


def mosaic(filters: np.ndarray, columns: int) -> np.ndarray:
    """Filters (N, f, f) beside each other, a pixel of nothing between them."""
    rows = -(-len(filters) // columns)
    side = filters.shape[1] + 1
    canvas = np.full((rows * side - 1, columns * side - 1), np.nan)
    for k, image in enumerate(filters):
        top, left = (side * place for place in divmod(k, columns))
        canvas[top : top + side - 1, left : left + side - 1] = image
    return canvas


if __name__ == "__main__":
    main()
