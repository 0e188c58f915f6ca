"""Pictures that are degraded: blur, reduction, noise, coding.

High-resolution pictures are blurred and reduced; then noise and coding change the low-resolution luma. How
strong each is, is drawn for every picture anew, from the recipe's seed and the picture's number alone. So
a resumed run sees the same pictures.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from npsr.degradation.coding import through_jpeg, through_video
from npsr.degradation.kinds import BEFORE, Degradation
from npsr.evaluation.protocol import low_resolution
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN
from npsr.images.resize import Kernel, imresize

Reduce = Callable[[np.ndarray, int, tuple[int, ...]], np.ndarray]
"""(HR plane, n, the picture's numbers) → LR plane."""


def plain(high: np.ndarray, n: int, numbers: tuple[int, ...]) -> np.ndarray:
    """The protocol's reduction, as it is without degradations."""
    return low_resolution(high, n)


def degrading(degrade: Sequence[Degradation], seed: int, happened: Counter[str] | None = None) -> Reduce:
    """The reduction of pictures that are degraded; `plain` if the list is empty.

    Parameters
    ----------
    degrade : sequence of Degradation
        What may happen, in its order.
    seed : int
        Seed of all that is drawn.
    happened : Counter, optional
        Counts to how many pictures each kind happened.

    Returns
    -------
    callable
        From an HR plane in [0, 1], n and the picture's numbers, by which it is drawn, to the LR plane.

    Examples
    --------
    >>> import numpy as np
    >>> import npsr
    >>> reduce = npsr.degrading([npsr.Degradation("noise", (2, 4))], seed=0)
    >>> reduce(np.full((6, 8), 0.5), 2, (0,)).shape
    (3, 4)
    """
    if not degrade:
        return plain

    def reduce(high: np.ndarray, n: int, numbers: tuple[int, ...]) -> np.ndarray:
        rng = np.random.default_rng([seed, *numbers])
        drawn = [degradation for degradation in degrade if rng.random() < degradation.share]
        if happened is not None:
            happened.update(degradation.kind for degradation in drawn)
        kernel: Kernel = "bicubic"
        for degradation in drawn:
            if degradation.kind == "blur":
                high = gaussian_filter(high, _between(degradation.strength, rng), mode="reflect")
            elif degradation.kind == "reduction":
                kernel = degradation.kernels[rng.integers(len(degradation.kernels))]
        low = imresize(high, size=(high.shape[0] // n, high.shape[1] // n), kernel=kernel)
        for degradation in drawn:
            if degradation.kind not in BEFORE:
                low = _changed(low, degradation, rng)
        return low

    return reduce


def _changed(low: np.ndarray, degradation: Degradation, rng: np.random.Generator) -> np.ndarray:
    """An LR plane, in [0, 1], after noise or coding."""
    strength = _between(degradation.strength, rng)
    match degradation.kind:
        case "noise":
            return np.clip(low + rng.normal(0, strength / 255, low.shape), 0, 1)
        case "camera":
            return _through_camera(low, strength, _between(degradation.read, rng), rng)
        case "jpeg":
            return through_jpeg(low, round(strength))
        case video:
            return through_video(low, video, strength)


def _between(limits: Sequence[float], rng: np.random.Generator) -> float:
    lowest, highest = limits
    return rng.uniform(lowest, highest)


def _through_camera(low: np.ndarray, strength: float, read: float, rng: np.random.Generator) -> np.ndarray:
    """Electrons are counted, (219/strength)² at white, and read with an error."""
    light = np.clip((low - STUDIO_BLACK) / STUDIO_SPAN, 0, 1)
    if strength:
        electrons = (219 / strength) ** 2
        light = rng.poisson(light * electrons) / electrons
    return np.clip(light * STUDIO_SPAN + STUDIO_BLACK + rng.normal(0, read / 255, low.shape), 0, 1)
