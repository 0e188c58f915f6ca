"""Soft threshold ("shrinkage"), forward and backward: what sparse coding rectifies with.

N batch, C channels, H W rows and columns. The threshold θ_c ≥ 0 is one per channel, (C,), or one
shared by all, (1,).

    y = sign(x) · max(|x| − θ_c, 0) = x − min(max(x, −θ_c), θ_c)
"""

import numpy as np

from npsr_kernels.checks import require, require_same_dtype
from npsr_kernels.compiling.compiled import parallel, pndindex, prange


def soft_threshold_forward(x: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Shrink towards zero.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Pre-activations, float32 or float64.
    threshold : ndarray of shape (C,) or (1,)
        What each value's size loses, at least 0, same dtype.

    Returns
    -------
    ndarray of shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x = np.array([-3.0, 0.5, 2.0]).reshape(1, 1, 1, 3)
    >>> soft_threshold_forward(x, np.array([1.0]))[0, 0]
    array([[-2.,  0.,  1.]])
    """
    _check(x, threshold)
    y = np.empty_like(x)
    forward(x, threshold, y)
    return y


@parallel()
def forward(x, threshold, y):
    """Assign y. One parallel iteration owns one row of one channel: no race."""
    N, C, H, W = x.shape
    for n, c, h in pndindex((N, C, H)):
        t = threshold[c % threshold.size]
        for w in range(W):
            y[n, c, h, w] = x[n, c, h, w] - min(max(x[n, c, h, w], -t), t)


def soft_threshold_backward(
    dy: np.ndarray, x: np.ndarray, threshold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the input and of the threshold.

    Where x is θ or −θ and the function has a kink, the derivative of the flat part, 0, is used.

    Parameters
    ----------
    dy : ndarray of shape (N, C, H, W)
        Gradient of the output.
    x : ndarray of shape (N, C, H, W)
        Pre-activations of the forward pass.
    threshold : ndarray of shape (C,) or (1,)
        Threshold of the forward pass.

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dthreshold : ndarray of the shape of `threshold`

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x, dy = np.array([-3.0, 0.5, 2.0]).reshape(1, 1, 1, 3), np.ones((1, 1, 1, 3))
    >>> dx, dthreshold = soft_threshold_backward(dy, x, np.array([1.0]))
    >>> dx[0, 0], dthreshold
    (array([[1., 0., 1.]]), array([0.]))
    """
    _check(x, threshold)
    require("dy", dy, "N C H W", **dict(zip("NCHW", x.shape, strict=True)))
    require_same_dtype(dy=dy, x=x)
    dx = np.empty_like(x)
    dthreshold = np.empty(x.shape[1], x.dtype)
    backward(dy, x, threshold, dx, dthreshold)
    return dx, dthreshold if threshold.size == dthreshold.size else dthreshold.sum(keepdims=True)


@parallel(fastmath={"contract", "reassoc", "nsz"})
def backward(dy, x, threshold, dx, dthreshold):
    """Assign dx and dthreshold (C,). One parallel iteration owns one channel and adds the samples in
    their order: no race, one result; a shared threshold's gradient is the sum over the channels.
    """
    N, C, H, W = x.shape
    for c in prange(C):
        t = threshold[c % threshold.size]
        dthreshold[c] = 0
        for n in range(N):
            total = t * 0
            for h in range(H):
                for w in range(W):
                    passed = dy[n, c, h, w] if abs(x[n, c, h, w]) > t else t * 0
                    dx[n, c, h, w] = passed
                    total += passed if x[n, c, h, w] < 0 else -passed
            dthreshold[c] += total


def _check(x: np.ndarray, threshold: np.ndarray) -> None:
    require("x", x, "N C H W")
    require("threshold", threshold, "C")
    require_same_dtype(x=x, threshold=threshold)
    if threshold.size not in (1, x.shape[1]):
        raise ValueError(
            f"threshold has shape {threshold.shape}, but must be ({x.shape[1]},), one per channel, "
            "or (1,), shared"
        )
    if x.dtype != object and (threshold < 0).any():
        raise ValueError(f"threshold holds {threshold.min()}, but must be at least 0")
