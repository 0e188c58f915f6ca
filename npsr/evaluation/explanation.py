"""Why a PSNR is another than the protocol's: which deviations give it."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from npsr.evaluation.deviations import decibels, squared_errors, ways
from npsr.evaluation.protocol import measurable
from npsr.images.files import ImageError
from npsr.images.image_sets import image_files, read_colours
from npsr.networks.network import Network
from npsr.rivals.model import Rival
from npsr.system.checks import whole
from npsr.upscaling.plan import BICUBIC
from npsr.upscaling.upscale import PlaneUpscaler, plane_upscaler


@dataclass(frozen=True)
class Explanation:
    """One way to compute the PSNR.

    Attributes
    ----------
    deviations : tuple of str
        From the protocol, in words; none for the protocol itself.
    psnr : float
        Mean over the images, in dB.
    matches : bool
        Whether it rounds to the figure that is asked for.
    """

    deviations: tuple[str, ...]
    psnr: float
    matches: bool


def explain(
    folder: str | Path, scale: int, model: str | Path | Network | Rival | PlaneUpscaler, figure: str | float
) -> list[Explanation]:
    """Which deviations from the protocol give a figure.

    Parameters
    ----------
    folder : str or Path
        Original (HR) images.
    scale : int
        Upscaling factor n.
    model : str, Path, Network or callable
        As in `evaluate`.
    figure : str or float
        A mean PSNR in dB. It is matched within half a unit of its last digit; of a float, the second.

    Returns
    -------
    list of Explanation
        Every way that differs from simpler ones, the likeliest first: those that match, the fewest deviations
        first, then by distance.

    Raises
    ------
    ValueError
        As `evaluate`, or if the figure is none.

    Examples
    --------
    >>> figure = npsr.evaluate("photos", 3, "bicubic")["psnr"]
    >>> ways = npsr.explain("photos", 3, "bicubic", f"{figure:.3f}")
    >>> ways[0].matches, ways[0].deviations
    (True, ())
    """
    scale, enlarge = whole("scale", scale), plane_upscaler(model, scale)
    wanted, tolerance = _read(figure)
    bicubic, errors = model == BICUBIC, []
    for path in image_files(Path(folder)):
        colours = read_colours(path)
        if not measurable(colours[..., 0] if colours.ndim == 3 else colours, scale):
            rows, columns = colours.shape[:2]
            raise ImageError(f"{path} is {columns}×{rows}, too small to evaluate at ×{scale}")
        errors.append(squared_errors(colours, scale, enlarge, bicubic))
    every: dict[tuple[str, ...], float] = {}
    found = []
    for names, way in ways(bicubic):
        psnr = every[names] = _mean_psnr([each[way] for each in errors], way.one_mean)
        if all(every[names[:k] + names[k + 1 :]] != psnr for k in range(len(names))):
            found.append(Explanation(names, psnr, abs(psnr - wanted) <= tolerance))

    def likelihood(explanation: Explanation) -> tuple[bool, int, float]:
        distance = abs(explanation.psnr - wanted)
        return not explanation.matches, len(explanation.deviations) * explanation.matches, distance

    return sorted(found, key=likelihood)


def _mean_psnr(errors: list[float], one_mean: bool) -> float:
    """Mean of the finite PSNR, as the protocol has it, or the PSNR of the mean error."""
    if one_mean and len(errors) > 1:
        return decibels(float(np.mean(errors)))
    finite = [decibels(error) for error in errors if error]
    return float(np.mean(finite)) if finite else float("inf")


def _read(figure: str | float) -> tuple[float, float]:
    """A figure, and half a unit of its last digit."""
    text = figure if isinstance(figure, str) else f"{figure:.2f}"
    try:
        number = Decimal(text.strip())
        digits = int(number.as_tuple().exponent)
        value, tolerance = float(number), 0.5 * 10.0**digits
    except (ArithmeticError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"the figure is {figure!r}, but must be a PSNR in dB, for example 32.70") from error
    if not 0 < value < 200:
        raise ValueError(f"the figure is {figure}, but must be a PSNR in dB, above 0 and below 200")
    return value, min(0.5, tolerance + 1e-9)
