"""By whole numbers and windows."""

import numpy as np


def luma(rgb):
    thousandths = rgb.astype(np.int64) @ np.array([65481, 128553, 24966])
    return ((2 * thousandths + 255 * 1000 * 33) // (255 * 2000)).astype("u1")


def crop_to_multiple(image, n):
    return image[tuple(slice(side // n * n) for side in image.shape)]


def cubic(t):
    t = np.abs(t)
    inner, outer = np.polyval([1.5, -2.5, 0, 1], t), np.polyval([-0.5, 2.5, -4, 2], t)
    return (t <= 1) * inner + ((t > 1) & (t < 2)) * outer


def reduce_line(line, n):
    odd = n % 2  # then the centre is a pixel, and the number of taps odd
    taps = cubic((np.arange(4 * n + odd) - 2 * n + (1 - odd) / 2) / n)
    mirrored = np.pad(line, 2 * n, "symmetric")[n // 2 :]
    seen = np.lib.stride_tricks.sliding_window_view(mirrored, len(taps))[::n][: len(line) // n]
    return seen @ (taps / taps.sum())


def psnr(image, reference, border):
    side = slice(border, -border or None)
    error = np.subtract(image[side, side], reference[side, side], dtype=np.int32)
    with np.errstate(divide="ignore"):
        return -10 * np.log10(np.mean(np.square(error / 255.0)))
