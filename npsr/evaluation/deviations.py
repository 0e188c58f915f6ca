"""Other ways to compute the PSNR than the protocol's, as they are met in publications and programs.

A figure that does not match is often the protocol's with one or two things done otherwise. Here each is one
value of a `Way`; every other value is the protocol's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image

from npsr.evaluation.metrics import PEAK
from npsr.evaluation.protocol import crop_to_multiple, low_resolution
from npsr.images.colour import OFFSET, STUDIO_BLACK, STUDIO_SPAN, TO_YCBCR, to_8_bits
from npsr.images.resize import imresize
from npsr.upscaling.operations import PlaneUpscaler

BT_709 = np.array([0.2126, 0.7152, 0.0722])
BT_601 = TO_YCBCR[0] / TO_YCBCR[0].sum()
CODES = 255.0


@dataclass(frozen=True)
class Way:
    """How a PSNR is computed; the defaults are the protocol.

    Attributes
    ----------
    formula : {"bt601", "bt709", "mean"}
        Shares of red, green and blue in luma.
    full_range : {"", "all", "measured"}
        Black is 0 instead of 16: everywhere, or only where the PSNR is measured.
    reduction : {"matlab", "pillow", "opencv"}
        Bicubic that makes the LR image: MATLAB's of luma, or another's of 8-bit colours.
    rounded_low, rounded_result : bool
        Whether LR luma and the result are rounded to 8 bits.
    border : {"n", "0", "2n", "n+6"}
        Pixels cut from every border.
    resized_truth : bool
        The original is resized to sides that are multiples of n, not cut.
    shift : int
        Rows and columns by which the result lies too low and too far right.
    one_mean : bool
        The PSNR of the mean squared error over all images, not the mean of their PSNR.
    enlargement : {"", "opencv"}
        OpenCV's bicubic enlarges, not the model.
    """

    formula: str = "bt601"
    full_range: str = ""
    reduction: str = "matlab"
    rounded_low: bool = False
    rounded_result: bool = True
    border: str = "n"
    resized_truth: bool = False
    shift: int = 0
    one_mean: bool = False
    enlargement: str = ""

    @property
    def entering(self) -> "Way":
        """The same as far as the enlargement depends on it."""
        full_range = "all" if self.full_range == "all" else ""
        return Way(
            self.formula,
            full_range,
            self.reduction,
            self.rounded_low,
            resized_truth=self.resized_truth,
            enlargement=self.enlargement,
        )


DEVIATIONS: dict[str, dict[str, Any]] = {
    "luma in full range, black 0 (as Pillow's and OpenCV's)": {"full_range": "all"},
    "only the PSNR measured in full range": {"full_range": "measured"},
    "luma of BT.709": {"formula": "bt709"},
    "mean of red, green and blue for luma": {"formula": "mean"},
    "reduced by Pillow's bicubic": {"reduction": "pillow"},
    "reduced by OpenCV's bicubic": {"reduction": "opencv"},
    "LR image rounded to 8 bits": {"rounded_low": True},
    "result not rounded": {"rounded_result": False},
    "border not cut": {"border": "0"},
    "border of 2n pixels cut": {"border": "2n"},
    "border of n + 6 pixels cut": {"border": "n+6"},
    "original resized to a multiple of n, not cut": {"resized_truth": True},
    "result one pixel too low and right": {"shift": 1},
    "result one pixel too high and left": {"shift": -1},
    "PSNR of the mean error, not the mean PSNR": {"one_mean": True},
}
"""Each in words, and what it changes."""


OF_BICUBIC: dict[str, dict[str, Any]] = {"enlarged by OpenCV's bicubic": {"enlargement": "opencv"}}
"""Further ones if the model is bicubic, which other programs have too."""


def ways(bicubic: bool = False) -> Iterator[tuple[tuple[str, ...], Way]]:
    """The protocol, every deviation, and every pair that can go together; each with its words."""
    deviations = DEVIATIONS | (OF_BICUBIC if bicubic else {})
    yield (), Way()
    for count in (1, 2):
        for names in combinations(deviations, count):
            changes = {key: value for name in names for key, value in deviations[name].items()}
            if len(changes) == count:
                yield names, replace(Way(), **changes)


def squared_errors(
    colours: np.ndarray, n: int, enlarge: PlaneUpscaler, bicubic: bool = False
) -> dict[Way, float]:
    """Mean squared error of one image, in codes, in every way.

    Parameters
    ----------
    colours : ndarray of shape (H, W) or (H, W, 3), uint8
        The original. A grey image is its own luma in every formula and range.
    n : int
        Upscaling factor.
    enlarge : callable
        From `plane_upscaler`.
    bicubic : bool
        Whether that is bicubic.
    """
    enlarged: dict[Way, tuple[np.ndarray, np.ndarray]] = {}
    errors = {}
    for _, way in ways(bicubic):
        if way.entering not in enlarged:
            high = _original(colours, n, way)
            low = _low(high, n, way)
            large = opencv_bicubic(low, high.shape[:2]) if way.enlargement else enlarge(low)
            enlarged[way.entering] = _luma(high, way, rounded=True), large
        errors[way] = _squared_error(*enlarged[way.entering], n, way)
    return errors


def decibels(error: float) -> float:
    """PSNR of a mean squared error; infinite for none."""
    return float(10 * np.log10(PEAK**2 / error)) if error else float("inf")


def _original(colours: np.ndarray, n: int, way: Way) -> np.ndarray:
    """The original with sides that are multiples of n."""
    if not way.resized_truth:
        return crop_to_multiple(colours, n)
    rows, columns = (side // n * n for side in colours.shape[:2])
    return to_8_bits(imresize(colours / CODES, size=(rows, columns)))


def _low(high: np.ndarray, n: int, way: Way) -> np.ndarray:
    """LR luma in [0, 1]."""
    rows, columns = high.shape[0] // n, high.shape[1] // n
    if way.reduction == "matlab":
        low = low_resolution(_luma(high, way, rounded=True), n)
    elif way.reduction == "pillow":
        small = Image.fromarray(high).resize((columns, rows), Image.Resampling.BICUBIC)
        low = _luma(np.asarray(small), way, way.rounded_low)
    else:
        low = _luma(to_8_bits(opencv_bicubic(high / CODES, (rows, columns))), way, way.rounded_low)
    return to_8_bits(low) / CODES if way.rounded_low else low


def _luma(colours: np.ndarray, way: Way, rounded: bool) -> np.ndarray:
    """Luma of 8-bit colours, in [0, 1]."""
    if colours.ndim == 2:
        return colours / CODES
    shares = {"bt601": BT_601, "bt709": BT_709, "mean": np.full(3, 1 / 3)}[way.formula]
    if way.full_range == "all":
        plane = colours / CODES @ shares
    else:
        shares = TO_YCBCR[0] if way.formula == "bt601" else shares * STUDIO_SPAN
        plane = colours / CODES @ shares + OFFSET[0]
    return to_8_bits(plane) / CODES if rounded else plane


def _squared_error(high: np.ndarray, large: np.ndarray, n: int, way: Way) -> float:
    """Mean squared error in codes, within the border."""
    large = np.clip(large, 0, 1)
    if way.full_range == "measured":
        high, large = ((plane - STUDIO_BLACK) / STUDIO_SPAN for plane in (high, large))
    high, large = high * CODES, np.asarray(large, np.float64) * CODES
    if way.rounded_result:
        high, large = (np.clip(np.floor(plane + 0.5), 0, CODES) for plane in (high, large))
    border = {"n": n, "0": 0, "2n": 2 * n, "n+6": n + 6}[way.border]
    border = min(border, (min(high.shape) - 2) // 2)  # something is left of the smallest
    inner = slice(border, high.shape[0] - border), slice(border, high.shape[1] - border)
    high, large = high[inner], large[inner]
    ahead, behind = slice(abs(way.shift), None), slice(None, -abs(way.shift) or None)
    here, there = (behind, ahead) if way.shift > 0 else (ahead, behind)
    return float(np.mean((large[there, there] - high[here, here]) ** 2))


def opencv_bicubic(image: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Resize as OpenCV's INTER_CUBIC: four taps of the cubic with a = −0.75, whatever the factor.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Floating point.
    size : (int, int)
        Rows and columns of the result.

    Returns
    -------
    ndarray of shape (rows, columns) or (rows, columns, C)
        Not clipped, nor rounded, as OpenCV does with 8 bits.
    """
    for axis, target in enumerate(size):
        rows = np.moveaxis(image, axis, 0)
        centre = (np.arange(target) + 0.5) * len(rows) / target - 0.5
        first = np.floor(centre).astype(int) - 1
        places = first[:, None] + np.arange(4)
        weights = _sharp_cubic(centre[:, None] - places)
        taken = rows[np.clip(places, 0, len(rows) - 1)]
        resized = np.einsum("tk,tk...->t...", weights, taken)
        image = np.moveaxis(resized, 0, axis)
    return image


def _sharp_cubic(t: np.ndarray, a: float = -0.75) -> np.ndarray:
    t = np.abs(t)
    inner = ((a + 2) * t - (a + 3)) * t**2 + 1
    outer = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, inner, np.where(t < 2, outer, 0.0))
