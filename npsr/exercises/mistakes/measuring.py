"""Typical mistakes of exercise 12: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground.comparing import Hints
from npsr.images.resize import cubic


def luma_hints(rgb: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes."""
    exact = rgb @ np.array([65.481, 128.553, 24.966]) / 255
    full = rgb @ np.array([0.299, 0.587, 0.114])

    def eight(values: np.ndarray) -> np.ndarray:
        return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)

    return {
        "Y": [
            ("It is rounded down: a conversion to uint8 cuts; round first.", lambda: (16 + exact).astype(np.uint8)),
            ("It is rounded up.", lambda: np.ceil(16 + exact).astype(np.uint8)),
            ("The 16 is missing: this range begins at 16.", lambda: eight(exact)),
            ("That is the full range (0.299, 0.587, 0.114), which Pillow uses; the studio range is asked for.",
             lambda: eight(full)),
            ("That is the full range (0.299, 0.587, 0.114), rounded down.", lambda: full.astype(np.uint8)),
            ("Red and blue are exchanged: the order is R, G, B.",
             lambda: eight(16 + rgb[..., ::-1] @ np.array([65.481, 128.553, 24.966]) / 255)),
            ("That is the mean of the colours.", lambda: eight(rgb.mean(2))),
            ("These are BT.709's weights; BT.601's are asked for.",
             lambda: eight(16 + rgb @ np.array([46.559, 156.629, 15.812]) / 255)),
            ("These are BT.709's weights; BT.601's are asked for.", lambda: eight(rgb @ np.array([0.2126, 0.7152, 0.0722]))),
            ("The result is not rounded, and not uint8.", lambda: 16 + exact),
            ("It is divided by 256: 255 is white.", lambda: eight(16 + exact * 255 / 256)),
        ]
    }  # fmt: skip


def cropped(image: np.ndarray, n: int) -> np.ndarray:
    """The rule."""
    H, W = image.shape
    return image[: H // n * n, : W // n * n].copy()


def crop_hints(image: np.ndarray, n: int) -> dict[str, Hints]:
    """Typical mistakes."""
    (H, W), right = image.shape, cropped(image, n)
    h, w = right.shape
    return {
        "picture": [
            ("It is cut at the top and at the left; keep what lies there.", lambda: image[H - h :, W - w :]),
            ("It is cut on all sides; keep the top left.",
             lambda: image[(H - h) // 2 : (H - h) // 2 + h, (W - w) // 2 : (W - w) // 2 + w]),
            ("Nothing is left over in one axis, and a slice to −0 is empty.",
             lambda: image[: -(H % n), : -(W % n)]),
            ("The cut is off by one: it ends a pixel early.", lambda: image[: h - 1, : w - 1]),
            ("The cut is off by one: it begins a pixel late.", lambda: image[1 : h + 1, 1 : w + 1]),
            ("It is cut to a square.", lambda: image[: min(h, w), : min(h, w)]),
            ("A multiple more would fit: the largest is asked for.", lambda: image[: h - n, : w - n]),
            ("Nothing is cut.", lambda: image),
            ("Only the rows are cut.", lambda: image[:h]),
            ("Only the columns are cut.", lambda: image[:, :w]),
            ("Rows and columns are exchanged.", lambda: image[:w, :h]),
            ("It is made smaller by skipping pixels; cut the rest off.", lambda: image[::n, ::n]),
        ]
    }  # fmt: skip


def reduced(
    line: np.ndarray,
    n: int,
    wide: float = 0,
    border: str = "symmetric",
    shift: float = 0,
    a: float = -0.5,
    normalised: bool = True,
) -> np.ndarray:
    """The rule, or with a mistake."""
    wide, reach, size = wide or n, 3 * n + 3, len(line)
    padded = np.pad(line, reach, mode=border)  # type: ignore[call-overload]
    place = np.arange(-reach, size + reach)
    centre = n * np.arange(size // n) + (n - 1) / 2 + shift
    t = (place - centre[:, None]) / wide
    weight = cubic(t) if a == -0.5 else _keys(t, a)
    weight = weight / weight.sum(1, keepdims=True) if normalised else weight
    return weight @ padded  # fmt: skip


def _keys(t: np.ndarray, a: float) -> np.ndarray:
    t = np.abs(t)
    inner, outer = ((a + 2) * t - (a + 3)) * t**2 + 1, a * (((t - 5) * t + 8) * t - 4)
    return np.where(t <= 1, inner, np.where(t < 2, outer, 0.0))


def line_hints(line: np.ndarray, n: int) -> dict[str, Hints]:
    """Typical mistakes."""
    pairs = line[: len(line) // n * n].reshape(-1, n)
    return {
        "out": [
            ("The kernel is not widened: t is divided by n, or fine patterns alias.", lambda: reduced(line, n, wide=1)),
            ("The weights are not divided by their sum.", lambda: reduced(line, n, normalised=False)),
            ("The weights are divided by n, not by their sum.", lambda: reduced(line, n, normalised=False) / n),
            ("That is the kernel with a = −0.75, OpenCV's and PyTorch's; MATLAB's is a = −0.5.",
             lambda: reduced(line, n, a=-0.75)),
            ("That is a = −0.75, and not widened: OpenCV's and PyTorch's bicubic.",
             lambda: reduced(line, n, a=-0.75, wide=1)),
            ("That is the kernel with a = −1.", lambda: reduced(line, n, a=-1.0)),
            ("The border is 0: mirror the line, its edge repeated.", lambda: reduced(line, n, border="constant")),
            ("The border repeats the last pixel: mirror the line, its edge repeated.",
             lambda: reduced(line, n, border="edge")),
            ("The line is mirrored without its edge: in[−1] = in[0], not in[1].",
             lambda: reduced(line, n, border="reflect")),
            ("The line goes on at its other end: a negative index wraps around.", lambda: reduced(line, n, border="wrap")),
            ("Weights beyond the border are left out: mirror the line instead.", lambda: _left_out(line, n)),
            ("The centre is off: n·j + (n − 1)/2, not n·j.", lambda: reduced(line, n, shift=-(n - 1) / 2)),
            ("The centre is off by half a pixel: n·j + (n − 1)/2.", lambda: reduced(line, n, shift=0.5)),
            ("The centre is off by half a pixel: n·j + (n − 1)/2.", lambda: reduced(line, n, shift=-0.5)),
            ("It is cut to the range from 0 to 255: the protocol does that only after enlarging.",
             lambda: np.clip(reduced(line, n), 0, 255)),
            ("The result is rounded: the protocol does not do that.", lambda: np.round(reduced(line, n))),
            ("That is the mean of n pixels.", lambda: pairs.mean(1)),
            ("Every n-th pixel is taken.", lambda: line[::n]),
        ]
    }  # fmt: skip


def _left_out(line: np.ndarray, n: int) -> np.ndarray:
    t = (np.arange(len(line)) - (n * np.arange(len(line) // n) + (n - 1) / 2)[:, None]) / n
    return cubic(t) @ line / cubic(t).sum(1)


def measured(image: np.ndarray, other: np.ndarray, border: int) -> float:
    """The rule."""
    H, W = image.shape
    inner = slice(border, H - border), slice(border, W - border)
    if not image[inner].size:
        return float("nan")
    error = np.mean((image[inner].astype(float) - other[inner]) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def measure_hints(image: np.ndarray, other: np.ndarray, border: int) -> dict[str, Hints]:
    """Typical mistakes."""
    b, right = border, measured(image, other, border)
    (H, W), wrapped = image.shape, image - other
    inner = slice(b, H - b), slice(b, W - b)
    difference = image[inner].astype(float) - other[inner]
    return {
        "PSNR": [
            ("With a border of 0 nothing is left: image[0:-0] is empty.", lambda: right if b else float("nan")),
            ("The border is not cut.", lambda: measured(image, other, 0)),
            ("The border is cut on the left and at the top only.", lambda: measured(image[b:, b:], other[b:, b:], 0)),
            ("The border is cut on the right and at the bottom only.",
             lambda: measured(image[: H - b, : W - b], other[: H - b, : W - b], 0)),
            ("The cut is off by one: a pixel too much.", lambda: measured(image, other, b + 1)),
            ("The cut is off by one: a pixel too little.", lambda: measured(image, other, b - 1)),
            ("Only half of the border is cut.", lambda: measured(image, other, b // 2)),
            ("uint8 wraps around: 3 − 5 is 254. Convert to float first.",
             lambda: float(10 * np.log10(255**2 / np.mean((wrapped[inner] ** 2).astype(float))))),
            ("uint8 wraps around: 3 − 5 is 254. Convert to float first.",
             lambda: float(10 * np.log10(255**2 / np.mean(wrapped[inner].astype(float) ** 2)))),
            ("16 bits with a sign are too few for squares up to 65025: convert to float first.",
             lambda: float(10 * np.log10(255**2 / np.mean((image[inner].astype(np.int16) - other[inner]) ** 2)))),
            ("Only equal pictures have an infinite PSNR.",
             lambda: float("inf") if difference.any() else right + 1),
            ("The peak is 255, not 1.", lambda: right - 20 * np.log10(255)),
            ("The peak is 255, not 256.", lambda: right + 20 * np.log10(256 / 255)),
            ("The peak is squared: 255².", lambda: right - 10 * np.log10(255)),
            ("The peak is 255, not the largest pixel of the picture.",
             lambda: right + 20 * np.log10(other.max() / 255)),
            ("The logarithm is to base 10.", lambda: right * np.log(10)),
            ("The logarithm is to base 10.", lambda: right * np.log2(10)),
            ("10 log₁₀ of squares, or 20 log₁₀ of roots: not 20 of squares.", lambda: 2 * right),
            ("The mean absolute difference is taken; it is squared.",
             lambda: 10 * np.log10(255**2 / np.abs(difference).mean())),
            ("The sum of squares is taken; it is their mean.", lambda: 10 * np.log10(255**2 / (difference**2).sum())),
            ("The mean is that of the whole picture, though the sum is not.",
             lambda: right + 10 * np.log10(image.size / difference.size)),
            ("Equal pictures have infinite PSNR: return float('inf').", lambda: 0.0 if not difference.any() else right + 1),
            ("Equal pictures have infinite PSNR: return float('inf').", lambda: 100.0 if not difference.any() else right + 1),
        ]
    }  # fmt: skip
