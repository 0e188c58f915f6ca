"""The loss, forward and backward: Equation 3, or one that follows the mean PSNR."""

from typing import Literal

import numpy as np

Loss = Literal["squared", "psnr"]

FLOORS: dict[Loss, float] = {"squared": 0.0, "psnr": 3e-4}
"""Mean squared error of a sample (3e-4 is 35 dB) around which its loss becomes logarithmic; 0 for never."""


def loss_and_gradient(y: np.ndarray, target: np.ndarray, loss: Loss = "squared") -> tuple[float, np.ndarray]:
    """The loss, summed over the pixels of a sample and averaged over N samples, and its gradient.

    Parameters
    ----------
    y, target : ndarray of shape (N, D, H, W)
        Outputs and labels, float32 or float64.
    loss : {"squared", "psnr"}
        Which loss, as in `sample_losses`.

    Returns
    -------
    cost : float
    dy : ndarray of shape (N, D, H, W)
        In the dtype of `y`.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> cost, dy = loss_and_gradient(np.full((2, 1, 1, 1), 0.5), np.zeros((2, 1, 1, 1)))
    >>> cost, dy.ravel()
    (0.25, array([0.5, 0.5]))
    """
    if target.shape != y.shape:
        raise ValueError(f"target has shape {target.shape}, but must have the output's shape {y.shape}")
    difference = y - target
    errors = np.sum(np.square(difference, dtype=np.float64), axis=(1, 2, 3))
    losses, weights = sample_losses(errors, difference[0].size, loss)
    factors = (2 / len(y) * weights).astype(y.dtype)
    return float(losses.sum()) / len(y), difference * factors[:, None, None, None]


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
