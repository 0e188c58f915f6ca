"""A real photograph reduced ×3 and enlarged again: original, bicubic and FSRCNN side by side."""

import argparse
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
from skimage import data

import npsr

mpl.use("Agg")
import matplotlib.pyplot as plt

SCALE = 3
CROP = slice(60, 150), slice(165, 285)
"""The eyes of the portrait, where the methods differ."""

ERROR_RANGE = 48
"""Luma error, in 8-bit steps, that is shown as white."""


def main() -> None:
    """Enlarge the photograph by both methods, print their figures, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("demo.png"))
    options = parser.parse_args()

    original = data.astronaut()  # a NASA portrait that ships with scikit-image, public domain
    original = original[: original.shape[0] // SCALE * SCALE, : original.shape[1] // SCALE * SCALE]
    low = np.clip(npsr.imresize(original / 255.0, 1 / SCALE), 0, 1)

    pictures = {"original": original}
    print(f"{original.shape[1]}×{original.shape[0]} photograph, reduced and enlarged ×{SCALE}")
    print(f"{'':<8} {'PSNR dB':>8} {'SSIM':>8} {'seconds':>8}")
    titles = ["original"]
    for model in ("bicubic", "fsrcnn"):
        npsr.upscale(low[:16, :16], SCALE, model)  # compile before the clock starts
        start = time.perf_counter()
        large = npsr.upscale(low, SCALE, model)
        seconds = time.perf_counter() - start
        pictures[model] = np.floor(large * 255 + 0.5).astype(np.uint8)
        psnr, ssim = score(pictures[model], original)
        print(f"{model:<8} {psnr:8.2f} {ssim:8.4f} {seconds:8.3f}")
        titles.append(f"{model}  {psnr:.2f} dB")
    draw(pictures, titles, options.output)
    print(f"picture: {options.output}")


def score(picture: np.ndarray, original: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM of the luma, borders of the factor's width left out."""
    inner = slice(SCALE, -SCALE), slice(SCALE, -SCALE)
    pair = npsr.luma(picture)[inner], npsr.luma(original)[inner]
    return npsr.psnr(*pair), npsr.ssim(*pair)


def draw(pictures: dict[str, np.ndarray], titles: list[str], path: Path) -> None:
    """Whole pictures above, a crop of each below it, error maps of the luma at the bottom."""
    figure, axes = plt.subplots(3, 3, figsize=(12, 11), height_ratios=(4, 3, 4), layout="constrained")
    truth = npsr.luma(pictures["original"]).astype(float)
    for column, (name, title) in enumerate(zip(pictures, titles, strict=True)):
        picture = pictures[name]
        axes[0, column].imshow(picture)
        axes[0, column].set_title(title)
        axes[1, column].imshow(picture[CROP], interpolation="nearest")
        error = np.abs(npsr.luma(picture) - truth)
        axes[2, column].imshow(error, cmap="magma", vmin=0, vmax=ERROR_RANGE)
        axes[2, column].set_title("luma error, 0 to 48 of 255" if column else "no error")
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
