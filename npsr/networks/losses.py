"""The losses that networks are trained for: Equation 3, and one that follows the mean PSNR."""

from typing import Literal

import numpy as np

Loss = Literal["squared", "psnr"]

FLOORS: dict[Loss, float] = {"squared": 0.0, "psnr": 3e-4}
"""Mean squared error of a sample (3e-4 is 35 dB) around which its loss becomes logarithmic; 0 for never."""


def sample_losses(errors: np.ndarray, pixels: int, loss: Loss = "squared") -> tuple[np.ndarray, np.ndarray]:
    """The loss of each sample, and its derivative to the sample's squared error.

    With "squared" the loss is the squared error s itself, as in Equation 3. With "psnr" it is
    f log(1 + s/f), f = `FLOORS` · `pixels`. For s far below f that is s. For s far above f it is, but for
    a constant, the sample's PSNR times −f ln(10)/10.

    Parameters
    ----------
    errors : ndarray of shape (N,)
        Squared error of each sample, summed over its pixels.
    pixels : int
        Pixels of a sample.
    loss : {"squared", "psnr"}
        Which loss.

    Returns
    -------
    losses, weights : ndarray of shape (N,)
        In float64.

    Examples
    --------
    >>> losses, weights = sample_losses(np.array([0.03, 0.3]), 100, "psnr")
    >>> losses.round(3), weights.round(3)
    (array([0.021, 0.072]), array([0.5  , 0.091]))
    """
    floor = FLOORS[loss] * pixels
    if not floor:
        return errors, np.ones(len(errors))
    return floor * np.log1p(errors / floor), 1 / (1 + errors / floor)
