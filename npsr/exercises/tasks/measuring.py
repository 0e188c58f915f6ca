"""Measure like the paper: luma, crop, MATLAB's bicubic, PSNR.

You learn: why published figures cannot be reproduced without their protocol, and what each of its parts is worth.
Time: about 60 minutes.
Explorer: panel "enlarge": a picture reduced and enlarged again, with its PSNR and its map of differences.

The protocol of the paper's tables, for 8-bit pictures and a factor n:

 1. Luma, with the studio range of BT.601, rounded to whole numbers (halves up):
        Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255        R = 255, G = B = 0 gives 81.481, so 81
 2. Cut height and width to the largest multiples of n, from the top left. Never resize the original.
 3. Reduce by MATLAB's bicubic, one axis after the other. Output pixel j is centred on input coordinate c = n·j + (n − 1)/2:
        out[j] = Σ_i k((i − c)/n) · in[i]  /  Σ_i k((i − c)/n)
        k(t) = 1.5|t|³ − 2.5|t|² + 1 for |t| ≤ 1;  −0.5|t|³ + 2.5|t|² − 4|t| + 2 for 1 < |t| < 2;  else 0
    The division of t by n widens the kernel, so that nothing aliases. i runs beyond the border: there the line is mirrored with its edge
    repeated, in[−1] = in[0], in[−2] = in[1], in[L] = in[L − 1]. The result is not rounded.
 4. Enlarge, round to 8 bits.
 5. Cut n pixels from every border, then PSNR = 10 log₁₀(255² / mean squared difference), infinite for equal pictures.

By hand for n = 2: c = 0.5 for j = 0; i = 0 and 1 lie at t = ∓0.25, i = −1 and 2 at ∓0.75, i = −2 and 3 at ∓1.25, i = −3 and 4 at ∓1.75,
with k = 0.867…, 0.226…, −0.070…, −0.023…. A constant line stays constant; 0 1 2 … 9 gives 0.547 at its start, and 2.5 at j = 1.

With Set5 in a folder, `npsr evaluate Set5 -s 3 -m bicubic` prints 30.392 dB, the paper's 30.39. Pillow's luma, a border not cut or a
kernel not widened each move it by tenths: more than many a paper gained.
"""

import numpy as np


def luma(rgb: np.ndarray) -> np.ndarray:
    """Step 1.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3), uint8

    Returns
    -------
    ndarray of shape (H, W), uint8
    """
    raise NotImplementedError


def crop_to_multiple(image: np.ndarray, n: int) -> np.ndarray:
    """Step 2: (H, W) → the largest picture at the top left whose sides are multiples of n."""
    raise NotImplementedError


def reduce_line(line: np.ndarray, n: int) -> np.ndarray:
    """Step 3 for one line.

    Parameters
    ----------
    line : ndarray of shape (n·K,), float64, at least 4n long
    n : int

    Returns
    -------
    ndarray of shape (K,), float64
    """
    raise NotImplementedError


def psnr(image: np.ndarray, reference: np.ndarray, border: int) -> float:
    """Step 5.

    Parameters
    ----------
    image, reference : ndarray of shape (H, W), uint8
    border : int
        Pixels to cut on every side, 0 for none.

    Returns
    -------
    float
        In dB.
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.colour import luma as npsr_luma
from npsr.exercises.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.properties import case, linear, numbers
from npsr.resize import cubic

COLOURS = (
    case("black, white and pure colours", pure=True, H=1, W=8),
    case("colours", pure=False, H=6, W=7),
    case("one column", pure=False, H=9, W=1),
)


def colours(rng: np.random.Generator, pure: bool, H: int, W: int) -> tuple:
    """Colours whose luma does not lie between two whole numbers."""
    if pure:
        return (np.array([[[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]], np.uint8),)
    drawn = rng.integers(0, 256, (40 * H * W, 3)).astype(np.uint8)
    exact = 16 + drawn @ np.array([65.481, 128.553, 24.966]) / 255
    sure = drawn[np.abs(exact % 1 - 0.5) > 0.01]
    return (sure[: H * W].reshape(H, W, 3),)


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


CROPS = (
    case("a multiple already", H=6, W=6, n=3),
    case("pixels left over", H=7, W=7, n=2),
    case("a picture that is not square", H=8, W=11, n=3),
    case("only columns left over", H=8, W=11, n=4),
    case("factor 1", H=5, W=7, n=1),
)


def crop_arguments(rng: np.random.Generator, H: int, W: int, n: int) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(H * W).reshape(H, W).astype(np.uint8), n


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
            ("It is cut to a square.", lambda: image[: min(h, w), : min(h, w)]),
            ("A multiple more would fit: the largest is asked for.", lambda: image[: h - n, : w - n]),
            ("Nothing is cut.", lambda: image),
            ("Only the rows are cut.", lambda: image[:h]),
            ("Only the columns are cut.", lambda: image[:, :w]),
            ("Rows and columns are exchanged.", lambda: image[:w, :h]),
            ("It is made smaller by skipping pixels; cut the rest off.", lambda: image[::n, ::n]),
        ]
    }  # fmt: skip


LINES = (
    case("a constant line", K=8, n=2, kind="constant"),
    case("a slope", K=10, n=2, kind="slope"),
    case("factor 2", K=9, n=2, kind="any"),
    case("factor 3", K=7, n=3, kind="any"),
    case("factor 4", K=6, n=4, kind="any"),
    case("a short line", K=4, n=3, kind="any"),
    case("factor 1: nothing changes", K=9, n=1, kind="any"),
)


def line_arguments(rng: np.random.Generator, K: int, n: int, kind: str) -> tuple:
    """A line of whole numbers."""
    values = {"constant": np.full(n * K, 7.0), "slope": np.arange(n * K) * 1.0}
    return values.get(kind, rng.integers(-20, 200, n * K) * 1.0), n


def reduced(
    line: np.ndarray, n: int, wide: float = 0, border: str = "symmetric", shift: float = 0, a: float = -0.5,
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
            ("The result is rounded: the protocol does not do that.", lambda: np.round(reduced(line, n))),
            ("That is the mean of n pixels.", lambda: pairs.mean(1)),
            ("Every n-th pixel is taken.", lambda: line[::n]),
        ]
    }  # fmt: skip


def _left_out(line: np.ndarray, n: int) -> np.ndarray:
    t = (np.arange(len(line)) - (n * np.arange(len(line) // n) + (n - 1) / 2)[:, None]) / n
    return cubic(t) @ line / cubic(t).sum(1)


MEASURES = (
    case("nothing cut", H=6, W=6, border=0, equal=False),
    case("large differences", H=5, W=7, border=0, equal=False),
    case("a border", H=8, W=9, border=2, equal=False),
    case("one pixel cut", H=8, W=6, border=1, equal=False),
    case("equal pictures", H=6, W=7, border=1, equal=True),
)


def measure_arguments(rng: np.random.Generator, H: int, W: int, border: int, equal: bool) -> tuple:
    """Pictures whose borders differ more than their middles."""
    image = rng.integers(0, 256, (H, W)).astype(np.uint8)
    return image, image.copy() if equal else rng.integers(0, 256, (H, W)).astype(np.uint8), border


def measured(image: np.ndarray, other: np.ndarray, border: int) -> float:
    """The rule."""
    H, W = image.shape
    inner = slice(border, H - border), slice(border, W - border)
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
            ("The border is not cut.", lambda: measured(image, other, 0)),
            ("The border is cut on the left and at the top only.", lambda: measured(image[b:, b:], other[b:, b:], 0)),
            ("The border is cut on the right and at the bottom only.",
             lambda: measured(image[: H - b, : W - b], other[: H - b, : W - b], 0)),
            ("Only half of the border is cut.", lambda: measured(image, other, b // 2)),
            ("uint8 wraps around: 3 − 5 is 254. Convert to float first.",
             lambda: float(10 * np.log10(255**2 / np.mean((wrapped[inner] ** 2).astype(float))))),
            ("uint8 wraps around: 3 − 5 is 254. Convert to float first.",
             lambda: float(10 * np.log10(255**2 / np.mean(wrapped[inner].astype(float) ** 2)))),
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


def _flat(student: Student, rng: np.random.Generator) -> None:
    for n in (2, 3, 4):
        line = rng.normal(size=12 * n)
        out, mirrored = student("reduce_line", line, n), student("reduce_line", line[::-1].copy(), n)
        if not close(out, mirrored[::-1]):
            raise Wrong(f"the line read backwards does not give the result read backwards (n = {n})")


CHECKS: list[Check] = [
    *numbers("luma", "Y", COLOURS, colours, npsr_luma, luma_hints),
    *numbers("crop_to_multiple", "picture", CROPS, crop_arguments, cropped, crop_hints),
    *numbers("reduce_line", "out", LINES, line_arguments, reduced, line_hints, single=False),
    Check("reduce_line", "symmetry", _flat, "The centre is n·j + (n − 1)/2."),
    linear("reduce_line", 0, lambda rng: (rng.normal(size=12), 2)),
    *numbers("psnr", "PSNR", MEASURES, measure_arguments, measured, measure_hints),
]
