"""The figure of the comparison: PSNR against time at every factor, and crops of free photographs."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import SubFigure
from skimage import data as pictures
from study import Row, Study

import npsr
from npsr.rivals.model import Rival

CROPS = {"astronaut": (slice(60, 150), slice(165, 285)), "chelsea": (slice(85, 175), slice(115, 235))}
"""Free photographs that come with scikit-image, and what is shown of them."""
MARGIN = 30
"""Pixels around it that are enlarged as well; a multiple of 3, as are the crops' sides."""


class Entry(NamedTuple):
    """A row of a table: its label, the paper's name of the method, and what we measure, if anything."""

    label: str
    method: str
    model: npsr.Network | Rival | str | None


def draw(study: Study, rows: dict[int, list[Row]], shown: list[Entry]) -> None:
    """Draw the points of every factor's rows above, and the crops of some methods at ×3 below."""
    figure = plt.figure(figsize=(13, 8.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(4, 3))
    for n, axes in zip(rows, above.subplots(1, len(rows), squeeze=False)[0], strict=True):
        points(axes, rows[n])
        axes.set_title(f"×{n}   (○ 91 images, △ released here, □ the authors')", fontsize=9)
    models = {"bicubic": Entry("bicubic", "bicubic", "bicubic")}
    models |= {e.method: e for e in shown if e.model is not None and "authors" not in e.label}
    crops(below, list(models.values()))
    figure.savefig(study.figure, dpi=80)
    plt.close(figure)


def points(axes: plt.Axes, rows: list[Row]) -> None:
    """PSNR on Set5 against the time of an image, both as the table has them."""
    places = [(row["ms"], row["PSNR Set5"]) for row in rows]
    high = max(psnr for _, psnr in places) - min(psnr for _, psnr in places)
    for row, (ms, psnr) in zip(rows, places, strict=True):
        kind = "s" if "authors" in row["method"] else "^" if "released" in row["method"] else "o"
        axes.plot(ms, psnr, kind, markersize=5)
        below = kind == "s"
        crowded = any(1 < x / ms < 2.5 and abs(y - psnr) < 0.04 * high for x, y in places)
        axes.annotate(
            row["method"].partition(",")[0],
            (ms, psnr),
            (-3 if crowded and not below else 3, -9 if below else 3),
            textcoords="offset points",
            fontsize=7,
            ha="right" if crowded and not below else "left",
        )
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("ms an image of Set5", fontsize=8)
    axes.set_ylabel("PSNR on Set5 in dB", fontsize=8)
    axes.grid(alpha=0.3)


def crops(figure: SubFigure, entries: list[Entry]) -> None:
    """Photographs reduced ×3 and enlarged again, a column for each method; PSNR is of what is shown."""
    for (name, crop), line in zip(CROPS.items(), figure.subplots(2, 1 + len(entries)), strict=True):
        around = tuple(slice(part.start - MARGIN, part.stop + MARGIN) for part in crop)
        original, inner = getattr(pictures, name)()[around], (slice(MARGIN, -MARGIN),) * 2
        low = np.clip(npsr.imresize(original / 255.0, 1 / 3), 0, 1)
        line[0].imshow(original[inner])
        line[0].set_title("original", fontsize=8)
        for axis, entry in zip(line[1:], entries, strict=True):
            large = np.floor(npsr.upscale(low, 3, entry.model) * 255 + 0.5).astype(np.uint8)[inner]
            psnr = npsr.psnr(npsr.luma(large), npsr.luma(original[inner]))
            axis.imshow(large, interpolation="nearest")
            axis.set_title(f"{entry.method}\n{psnr:.2f} dB", fontsize=8)
        for axis in line:
            axis.set_axis_off()
