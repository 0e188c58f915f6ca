"""Measure like the paper: luma, crop, MATLAB's bicubic, PSNR.

You learn: why published figures cannot be reproduced without their protocol, and what each of its
parts is worth.
Time: about 60 minutes.
Explorer: panel "enlarge": a picture reduced and enlarged again, with its PSNR and its map of
differences.

The protocol of the paper's tables, for 8-bit pictures and a factor n:

 1. Luma, with the studio range of BT.601, rounded to whole numbers (halves up):
        Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255        R = 255, G = B = 0 gives 81.481, so 81
 2. Cut height and width to the largest multiples of n, from the top left. Never resize the original.
 3. Reduce by MATLAB's bicubic, one axis after the other. Output pixel j is centred on the input
    coordinate c = n·j + (n − 1)/2:
        out[j] = Σ_i k((i − c)/n) · in[i]  /  Σ_i k((i − c)/n)
        k(t) = 1.5|t|³ − 2.5|t|² + 1               for |t| ≤ 1
               −0.5|t|³ + 2.5|t|² − 4|t| + 2       for 1 < |t| < 2, else 0
    The division by n widens the kernel, so that nothing aliases. i runs beyond the border: there the
    line is mirrored with its edge repeated, in[−1] = in[0], in[−2] = in[1], in[L] = in[L − 1]. The
    result is not rounded.
 4. Enlarge, round to 8 bits.
 5. Cut n pixels from every border, then PSNR = 10 log₁₀(255² / mean squared difference), infinite
    for equal pictures.

By hand for n = 2: c = 0.5 for j = 0; i = 0 and 1 lie at t = ∓0.25, i = −1 and 2 at ∓0.75, i = −2
and 3 at ∓1.25, i = −3 and 4 at ∓1.75, with k = 0.867…, 0.226…, −0.070…, −0.023…. A constant line
stays constant; 0 1 2 … 9 gives
0.449, 2.488, 4.5, 6.512, 8.551 (near the ends the mirrored pixels pull).

With Set5 in a folder, `npsr evaluate Set5 -s 3 -m bicubic` prints 30.392 dB, the paper's 30.39.
With another luma, a border not cut or a kernel not widened it is another figure, and no longer one
to compare with the paper's.
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
    """Step 2: (H, W) → the largest picture at the top left whose sides are multiples of n; a view will do."""
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

from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.properties import case, linear, numbers
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.measuring import (
    crop_hints,
    cropped,
    line_hints,
    luma_hints,
    measure_hints,
    measured,
    reduced,
)
from npsr.images.colour import luma as npsr_luma
from npsr.images.resize import cubic

COLOURS = (
    case("black, white and pure colours", H=1, W=8, kind="pure"),
    case("colours", H=6, W=7, kind="any"),
    case("one column", H=9, W=1, kind="any"),
    case("numbers that are just rounded up or down", H=13, W=11, kind="close"),
)


def colours(rng: np.random.Generator, H: int, W: int, kind: str) -> tuple:
    """Colours whose luma does not lie half-way between two whole numbers, where the last digit would decide."""
    if kind == "pure":
        return (np.array([[[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]], np.uint8),)
    drawn = rng.integers(0, 256, (200 * H * W, 3)).astype(np.uint8)
    exact = 16 + drawn @ np.array([65.481, 128.553, 24.966]) / 255
    off = np.abs(exact % 1 - 0.5)
    sure = drawn[(off > 0.001) & (off < 0.02) if kind == "close" else off > 0.01]
    return (sure[: H * W].reshape(H, W, 3),)


CROPS = (
    case("a multiple already", H=6, W=6, n=3),
    case("pixels left over", H=7, W=7, n=2),
    case("a picture that is not square", H=8, W=11, n=3),
    case("only columns left over", H=8, W=11, n=4),
    case("factor 1", H=5, W=7, n=1),
    case("only rows left over", H=7, W=6, n=3),
    case("factor 5", H=13, W=19, n=5),
    case("a large picture", H=50, W=31, n=7),
)


def crop_arguments(rng: np.random.Generator, H: int, W: int, n: int) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(H * W).reshape(H, W).astype(np.uint8), n


LINES = (
    case("a constant line", K=8, n=2, kind="constant"),
    case("a slope", K=10, n=2, kind="slope"),
    case("factor 2", K=9, n=2, kind="any"),
    case("factor 3", K=7, n=3, kind="any"),
    case("factor 4", K=6, n=4, kind="any"),
    case("a short line", K=4, n=3, kind="any"),
    case("factor 1: nothing changes", K=9, n=1, kind="any"),
    case("factor 5", K=8, n=5, kind="any"),
    case("the shortest line of factor 6", K=4, n=6, kind="any"),
    case("a long line", K=60, n=3, kind="any"),
)


def line_arguments(rng: np.random.Generator, K: int, n: int, kind: str) -> tuple:
    """A line of whole numbers."""
    values = {"constant": np.full(n * K, 7.0), "slope": np.arange(n * K) * 1.0}
    return values.get(kind, rng.integers(-20, 200, n * K) * 1.0), n


MEASURES = (
    case("nothing cut", H=6, W=6, border=0, kind="any"),
    case("large differences", H=5, W=7, border=0, kind="any"),
    case("a border", H=8, W=9, border=2, kind="any"),
    case("one pixel cut", H=8, W=6, border=1, kind="any"),
    case("equal pictures", H=6, W=7, border=1, kind="equal"),
    case("pictures that are equal but for the border", H=6, W=5, border=1, kind="equal inside"),
    case("pictures that are nearly equal, and a border of 3", H=13, W=11, border=3, kind="near"),
    case("one pixel differs by 1", H=20, W=30, border=4, kind="one"),
    case("black and white", H=9, W=8, border=2, kind="opposite"),
)


def measure_arguments(rng: np.random.Generator, H: int, W: int, border: int, kind: str) -> tuple:
    """Pictures whose borders differ, by more than their middles as a rule."""
    image, other = rng.integers(0, 256, (2, H, W)).astype(np.uint8)
    inner = (slice(border, -border),) * 2 if border else (slice(None),) * 2
    match kind:
        case "equal":
            other = image.copy()
        case "equal inside":
            other[inner] = image[inner]
        case "near":
            image[inner] = np.clip(image[inner], 1, 254)
            other[inner] = image[inner] + rng.integers(-1, 2, image[inner].shape)
        case "one":
            other[inner] = image[inner]
            other[H // 2, W // 2] ^= 1
        case "opposite":
            image[inner], other[inner] = 0, 255
    return image, other, border


def _flat(student: Student, rng: np.random.Generator) -> None:
    for n in (2, 3, 4):
        line = rng.normal(size=12 * n)
        (out,) = arrays_of("out", student("reduce_line", line, n), (12,))
        (mirrored,) = arrays_of("out", student("reduce_line", line[::-1].copy(), n), (12,))
        if not close(out, mirrored[::-1]):
            raise Wrong(f"the line read backwards does not give the result read backwards (n = {n})")


VIEWS = ("crop_to_multiple",)
CHECKS: list[Check] = [
    *numbers("luma", "Y", COLOURS, colours, npsr_luma, luma_hints),
    *numbers("crop_to_multiple", "picture", CROPS, crop_arguments, cropped, crop_hints),
    *numbers("reduce_line", "out", LINES, line_arguments, reduced, line_hints, single=False),
    Check("reduce_line", "symmetry", _flat, "The centre is n·j + (n − 1)/2."),
    linear("reduce_line", 0, lambda rng: (rng.normal(size=12), 2)),
    *numbers("psnr", "PSNR", MEASURES, measure_arguments, measured, measure_hints),
]
