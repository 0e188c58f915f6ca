"""PReLU, forward and backward.

N batch, C channels, H W rows and columns. The slope is one per channel, (C,), or one shared by
all, (1,), as in the authors' released models. ReLU is the slope 0.

    y = max(x, 0) + a_c · min(0, x)
"""

import numpy as np

from npsr_kernels.checks import require, require_same_dtype
from npsr_kernels.compiling.compiled import parallel, pndindex, prange
from npsr_kernels.matrix_products import prelu_backward as products_backward
from npsr_kernels.matrix_products import prelu_forward as products_forward


def prelu_forward(x: np.ndarray, slope: np.ndarray, products: bool = False) -> np.ndarray:
    """Rectify.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Pre-activations, float32 or float64.
    slope : ndarray of shape (C,) or (1,)
        Slope on the negative side, same dtype.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    ndarray of shape (N, C, H, W)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x = np.array([-2.0, 3.0]).reshape(1, 1, 1, 2)
    >>> prelu_forward(x, np.array([0.25]))[0, 0]
    array([[-0.5,  3. ]])
    """
    _check(x, slope)
    y = np.empty_like(x)
    (products_forward if products else forward)(x, slope, y)
    return y


@parallel()
def forward(x, slope, y):
    """Assign y. One parallel iteration owns one row of one channel: no race."""
    N, C, H, W = x.shape
    for n, c, h in pndindex((N, C, H)):
        a = slope[c % slope.size]
        for w in range(W):
            y[n, c, h, w] = max(x[n, c, h, w], 0) + a * min(0, x[n, c, h, w])


def prelu_backward(
    dy: np.ndarray, x: np.ndarray, slope: np.ndarray, products: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of the input and of the slope.

    At x = 0, where PReLU has a kink, the derivative of the negative side is used (as PyTorch does).

    Parameters
    ----------
    dy : ndarray of shape (N, C, H, W)
        Gradient of the output.
    x : ndarray of shape (N, C, H, W)
        Pre-activations of the forward pass.
    slope : ndarray of shape (C,) or (1,)
        Slope of the forward pass.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dslope : ndarray of the shape of `slope`

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x, dy = np.array([-2.0, 3.0]).reshape(1, 1, 1, 2), np.ones((1, 1, 1, 2))
    >>> dx, dslope = prelu_backward(dy, x, np.array([0.25]))
    >>> dx[0, 0], dslope
    (array([[0.25, 1.  ]]), array([-2.]))
    """
    _check(x, slope)
    require("dy", dy, "N C H W", **dict(zip("NCHW", x.shape, strict=True)))
    require_same_dtype(dy=dy, x=x)
    dx = np.empty_like(x)
    dslope = np.empty(x.shape[1], x.dtype)
    (products_backward if products else backward)(dy, x, slope, dx, dslope)
    return dx, dslope if slope.size == dslope.size else dslope.sum(keepdims=True)


@parallel(fastmath={"contract", "reassoc", "nsz"})
def backward(dy, x, slope, dx, dslope):
    """Assign dx and dslope (C,). One parallel iteration owns one channel and adds the samples in
    their order: no race, one result; a shared slope's gradient is the sum over the channels.
    """
    N, C, H, W = x.shape
    for c in prange(C):
        a = slope[c % slope.size]
        dslope[c] = 0
        for n in range(N):
            total = a * 0
            for h in range(H):
                for w in range(W):
                    negative = x[n, c, h, w] <= 0
                    dx[n, c, h, w] = dy[n, c, h, w] * (a if negative else a * 0 + 1)
                    total += dy[n, c, h, w] * x[n, c, h, w] if negative else a * 0
            dslope[c] += total


def _check(x: np.ndarray, slope: np.ndarray) -> None:
    require("x", x, "N C H W")
    require("slope", slope, "C")
    require_same_dtype(x=x, slope=slope)
    if slope.size not in (1, x.shape[1]):
        raise ValueError(
            f"slope has shape {slope.shape}, but must be ({x.shape[1]},), one per channel, or (1,), shared"
        )
