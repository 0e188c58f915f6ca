"""A drawn test card reduced ×3 and enlarged again: bicubic beside FSRCNN, the README's picture."""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

import npsr

mpl.use("Agg")
import matplotlib.pyplot as plt

SCALE = 3
ZOOM = 2


def main() -> None:
    """Draw the card and what both methods make of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/test_card.png"))
    parser.add_argument("-m", "--model", default="fsrcnn")
    options = parser.parse_args()
    card = draw_card()
    low = np.clip(npsr.imresize(card / 255.0, 1 / SCALE), 0, 1)
    inner = slice(SCALE, -SCALE), slice(SCALE, -SCALE)
    panels = [np.repeat(np.repeat(low, SCALE * ZOOM, 0), SCALE * ZOOM, 1)]
    for model in ("bicubic", options.model):
        large = np.floor(npsr.upscale(low, SCALE, model) * 255 + 0.5).astype(np.uint8)
        print(f"{model:<8} {npsr.psnr(npsr.luma(large)[inner], npsr.luma(card)[inner]):.2f} dB")
        panels.append(np.repeat(np.repeat(large / 255.0, ZOOM, 0), ZOOM, 1))
    gap = np.ones((panels[0].shape[0], 8, 3))
    strip = np.hstack([panels[0], gap, panels[1], gap, panels[2]])
    plt.imsave(options.output, strip)
    print(f"picture: {options.output}")


def draw_card(rows: int = 210, columns: int = 210) -> np.ndarray:
    """Lettering, a star, rings and fans of lines; uint8 RGB, sides multiples of 3."""
    figure = plt.figure(figsize=(columns / 100, rows / 100), dpi=400, facecolor="#f3efe6")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, columns), ylim=(rows, 0))
    axes.set_axis_off()
    axes.text(8, 52, "npsr", fontsize=34, family="serif", weight="bold", color="#1f2a44")
    axes.text(10, 78, "FSRCNN(56,12,4)", fontsize=11, weight="bold", color="#8c2f2f")
    for k in range(14):
        turn = np.pi * np.array([2 * k, 2 * k + 1]) / 14
        axes.fill([58, *(58 + 50 * np.cos(turn))], [148, *(148 + 50 * np.sin(turn))], color="#1f2a44", lw=0)
    for k in range(1, 5):
        axes.add_patch(plt.Circle((160, 122), 9 * k, fill=False, lw=2.2, color="#2f6f6b"))
    for k in range(8):
        axes.plot([116, 206], [204 - 1.5 * k, 200 - 7 * k], lw=1.1, color="#8c2f2f")
        axes.plot([142 + 8 * k, 146 + 6 * k], [8, 58], lw=1.4, color="#b5862b")
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3] / 255.0  # type: ignore[attr-defined]
    plt.close(figure)
    smooth = np.clip(npsr.imresize(drawn, size=(rows, columns)), 0, 1)
    return np.floor(smooth * 255 + 0.5).astype(np.uint8)


if __name__ == "__main__":
    main()
