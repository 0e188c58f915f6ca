"""Division by the norm over channels, forward and backward.

N batch, C channels, H W rows and columns. Every pixel's C values become a vector of length 1; ε keeps
those that are nearly 0 from being blown up.

    y_c = x_c / ‖x‖,   ‖x‖ = √(Σ_c x_c² + ε)
"""

import numpy as np

from npsr_kernels.checks import require, require_same_dtype
from npsr_kernels.compiling.compiled import parallel, pndindex

EPSILON = 1e-10
"""Of vectors in [0, 1]: far below the square of a visible difference, (1/255)² = 1.5e-5."""


def normalise_forward(x: np.ndarray, epsilon: float = EPSILON) -> np.ndarray:
    """Divide by the norm over channels.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input, float32 or float64.
    epsilon : float
        ε, above 0.

    Returns
    -------
    ndarray of shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit, or ε is not positive.

    Examples
    --------
    >>> x = np.array([3.0, 4.0]).reshape(1, 2, 1, 1)
    >>> normalise_forward(x, 1e-12).ravel().round(6)
    array([0.6, 0.8])
    """
    _check(x, epsilon)
    y = np.empty_like(x)
    forward(x, x.dtype.type(epsilon), y)
    return y


@parallel(fastmath={"contract"})
def forward(x, epsilon, y):
    """Assign y. One parallel iteration owns one row of all channels, and adds these in order: no race."""
    N, C, H, W = x.shape
    for n, h in pndindex((N, H)):
        norm = np.empty(W, x.dtype)
        norm[:] = epsilon
        for c in range(C):
            for w in range(W):
                norm[w] += x[n, c, h, w] * x[n, c, h, w]
        for w in range(W):
            norm[w] = 1 / np.sqrt(norm[w])
        for c in range(C):
            for w in range(W):
                y[n, c, h, w] = x[n, c, h, w] * norm[w]


def normalise_backward(dy: np.ndarray, x: np.ndarray, epsilon: float = EPSILON) -> np.ndarray:
    """Gradient of the input.

    Parameters
    ----------
    dy : ndarray of shape (N, C, H, W)
        Gradient of the output.
    x : ndarray of shape (N, C, H, W)
        Input of the forward pass.
    epsilon : float
        ε of the forward pass.

    Returns
    -------
    ndarray of shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit, or ε is not positive.

    Examples
    --------
    >>> x = np.array([3.0, 4.0]).reshape(1, 2, 1, 1)
    >>> normalise_backward(x, x, 1e-12).round(6).ravel() + 0
    array([0., 0.])
    """
    _check(x, epsilon)
    require("dy", dy, "N C H W", **dict(zip("NCHW", x.shape, strict=True)))
    require_same_dtype(dy=dy, x=x)
    dx = np.empty_like(x)
    backward(dy, x, x.dtype.type(epsilon), dx)
    return dx


@parallel(fastmath={"contract"})
def backward(dy, x, epsilon, dx):
    """Assign dx. One parallel iteration owns one row of all channels: no race."""
    N, C, H, W = x.shape
    for n, h in pndindex((N, H)):
        norm = np.empty(W, x.dtype)
        along = np.empty(W, x.dtype)
        norm[:] = epsilon
        along[:] = 0
        for c in range(C):
            for w in range(W):
                norm[w] += x[n, c, h, w] * x[n, c, h, w]
                along[w] += x[n, c, h, w] * dy[n, c, h, w]
        for w in range(W):
            along[w] /= norm[w]
            norm[w] = 1 / np.sqrt(norm[w])
        for c in range(C):
            for w in range(W):
                dx[n, c, h, w] = (dy[n, c, h, w] - x[n, c, h, w] * along[w]) * norm[w]


def _check(x: np.ndarray, epsilon: float) -> None:
    require("x", x, "N C H W")
    if not epsilon > 0:
        raise ValueError(f"epsilon is {epsilon}, but must be above 0: a black pixel has no direction")
