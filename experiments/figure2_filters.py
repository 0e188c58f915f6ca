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
    """Draw the filters, and write what can be said of them in numbers."""
    study = open_study(__file__, __doc__, ("T91",), arguments)
    nets, rows = {}, []
    for n in FACTORS:
        nets[n], origin = released_or_trained(study, "fsrcnn", n)
        rows.append(facts(nets[n], n, origin))
    draw(study, nets)
    write_result(
        study,
        "Learned deconvolution filters (Figure 2)",
        "The paper shows its filters at ×3 and prints no figures for them. Filters are in the order of their "
        "energy, each scaled to its own largest weight; another training finds others. Bicubic "
        "enlargement is a single filter; here few are alike, and each phase of one is a filter itself.",
        {"The 9 × 9 filters of FSRCNN(56,12,4)": rows},
    )


def filters_of(net: npsr.Network, layer: str) -> np.ndarray:
    """A layer's filters of one channel (d, f, f), the strongest first."""
    filters = net.parameters[f"{layer}.weight"][:, 0].astype(float)
    return filters[np.argsort(-np.sum(filters**2, axis=(1, 2)), kind="stable")]


def facts(net: npsr.Network, n: int, origin: str) -> Row:
    """How many filters matter, and how alike they are."""
    filters = filters_of(net, "deconvolution")
    energy = np.sum(filters**2, axis=(1, 2))
    flat = filters.reshape(len(filters), -1)
    singular = np.linalg.svd(flat, compute_uv=False) ** 2
    half = int(np.searchsorted(np.cumsum(energy) / energy.sum(), 0.5)) + 1
    rank = int(np.searchsorted(np.cumsum(singular) / singular.sum(), 0.99)) + 1
    row: Row = {"factor": f"×{n}", "network": origin, "filters": len(filters)}
    row |= {"strongest filters that hold half the energy": half}
    row |= {"patterns that hold 99 % of it (of 81)": rank}
    taps = "+".join(str(len(range(phase, 9, n))) for phase in range(n))
    return row | {"taps of each phase along an axis": taps}


def draw(study: Study, nets: dict[int, npsr.Network]) -> None:
    """Filters of each factor, then those of the first layer, then the phases of the strongest at ×3."""
    net = nets[3]
    strongest = filters_of(net, "deconvolution")[0]
    phases = [strongest[row::3, column::3] for row in range(3) for column in range(3)]
    panels = {
        f"deconvolution ×{n}, 9 × 9": mosaic(scaled(filters_of(nets[n], "deconvolution")), COLUMNS)
        for n in FACTORS
    }
    panels["first layer ×3, 5 × 5"] = mosaic(scaled(filters_of(net, "feature")), COLUMNS)
    panels["strongest filter at ×3"] = strongest
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
    """Each filter divided by its largest weight, so that the weak ones are seen as well."""
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
