"""Full transposed convolution ("deconvolution"), forward and backward.

N batch, C input channels, D output channels, H W rows and columns of the input, I J of the
output, f filter side, s stride (the upscaling factor). Each input pixel adds its filter, times
its value, to the output at s times its place; the caller cuts the result with `borders.crop`.

    y[n,d, s·h+u, s·w+v] += w[c,d,u,v] · x[n,c,h,w]      over all c, h, w, u, v;  plus b[d]
"""

import numpy as np

from npsr_kernels.checks import require, require_same_dtype, require_stride
from npsr_kernels.compiling.compiled import parallel, pndindex
from npsr_kernels.matrix_products import deconv_backward_input, deconv_backward_weight, deconv_forward
from npsr_kernels.shapes import deconv_side


def deconv2d_forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, products: bool = False
) -> np.ndarray:
    """Enlarge by a transposed convolution.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input, float32 or float64.
    weight : ndarray of shape (C, D, f, f)
        Filters, same dtype.
    bias : ndarray of shape (D,)
        Bias, same dtype.
    stride : int
        Upscaling factor.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    ndarray of shape (N, D, (H − 1)·s + f, (W − 1)·s + f)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x = np.array([[[[1.0, 2.0]]]])
    >>> deconv2d_forward(x, np.ones((1, 1, 3, 3)), np.zeros(1), stride=2)[0, 0]
    array([[1., 1., 3., 2., 2.],
           [1., 1., 3., 2., 2.],
           [1., 1., 3., 2., 2.]])
    """
    require("x", x, "N C H W")
    require("weight", weight, "C D f f", C=x.shape[1], f=weight.shape[-1])
    require("bias", bias, "D", D=weight.shape[1])
    require_same_dtype(x=x, weight=weight, bias=bias)
    require_stride(stride)
    side = weight.shape[-1]
    rows, columns = (deconv_side(s, side, stride) for s in x.shape[2:])
    y = np.empty((x.shape[0], weight.shape[1], rows, columns), x.dtype)
    (deconv_forward if products else forward)(x, weight, bias, stride, y)
    return y


@parallel(fastmath={"contract"})
def forward(x, weight, bias, s, y):
    """Assign y. Row i of the output receives tap row u of input row h when s·h + u = i: only the
    taps u ≡ i (mod s), its phase. One parallel iteration owns one output row: no race.
    """
    N, D, I, _ = y.shape
    C, H, W = x.shape[1:]
    f = weight.shape[2]
    for n, i in pndindex((N, I)):
        for d in range(D):
            row = y[n, d, i]
            row[:] = bias[d]
            for u in range(i % s, f, s):
                h = (i - u) // s
                if 0 <= h < H:
                    for c in range(C):
                        for v in range(f):
                            tap = weight[c, d, u, v]
                            for w in range(W):
                                row[s * w + v] += tap * x[n, c, h, w]


def deconv2d_backward_input(
    dy: np.ndarray, weight: np.ndarray, stride: int, products: bool = False
) -> np.ndarray:
    """Gradient of the input: the adjoint, a convolution with stride `stride`.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
        Gradient of the output, I = (H − 1)·s + f and J likewise.
    weight : ndarray of shape (C, D, f, f)
        Filters.
    stride : int
        Upscaling factor.
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
    >>> dy = np.ones((1, 1, 3, 5))
    >>> deconv2d_backward_input(dy, np.ones((1, 1, 3, 3)), stride=2)[0, 0]
    array([[9., 9.]])
    """
    require("dy", dy, "N D I J")
    require("weight", weight, "C D f f", D=dy.shape[1], f=weight.shape[-1])
    require_same_dtype(dy=dy, weight=weight)
    require_stride(stride)
    H, W = _input_sides(dy, weight.shape[-1], stride)
    dx = np.empty((dy.shape[0], weight.shape[0], H, W), dy.dtype)
    (deconv_backward_input if products else backward_input)(dy, weight, stride, dx)
    return dx


@parallel(fastmath={"contract"})
def backward_input(dy, weight, s, dx):
    """Assign dx. One parallel iteration owns one row of every input channel: no race."""
    N, C, H, W = dx.shape
    D, f = weight.shape[1], weight.shape[2]
    for n, h in pndindex((N, H)):
        for c in range(C):
            row = dx[n, c, h]
            row[:] = 0
            for d in range(D):
                for u in range(f):
                    for v in range(f):
                        tap = weight[c, d, u, v]
                        for w in range(W):
                            row[w] += tap * dy[n, d, s * h + u, s * w + v]


def deconv2d_backward_weight(
    dy: np.ndarray, x: np.ndarray, f: int, stride: int, products: bool = False
) -> np.ndarray:
    """Gradient of the filters, summed over the batch.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
        Gradient of the output, I = (H − 1)·s + f and J likewise.
    x : ndarray of shape (N, C, H, W)
        Input of the forward pass.
    f : int
        Filter side.
    stride : int
        Upscaling factor.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    ndarray of shape (C, D, f, f)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x, dy = np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 3, 5))
    >>> deconv2d_backward_weight(dy, x, 3, stride=2)[0, 0]
    array([[3., 3., 3.],
           [3., 3., 3.],
           [3., 3., 3.]])
    """
    require("x", x, "N C H W")
    require_stride(stride)
    rows, columns = (deconv_side(s, f, stride) for s in x.shape[2:])
    require("dy", dy, "N D I J", N=x.shape[0], I=rows, J=columns)
    require_same_dtype(dy=dy, x=x)
    dweight = np.empty((x.shape[1], dy.shape[1], f, f), x.dtype)
    (deconv_backward_weight if products else backward_weight)(dy, x, stride, dweight)
    return dweight


@parallel(fastmath={"contract", "reassoc", "nsz"})
def backward_weight(dy, x, s, dweight):
    """Assign dweight. One parallel iteration owns the f × f taps between one input and one output
    channel, and adds the samples in their order: no race, one result.
    """
    C, D, f, _ = dweight.shape
    N, _, H, W = x.shape
    for c, d in pndindex((C, D)):
        dweight[c, d] = 0
        for n in range(N):
            for u in range(f):
                for v in range(f):
                    total = dweight[c, d, u, v] * 0
                    for h in range(H):
                        for w in range(W):
                            total += x[n, c, h, w] * dy[n, d, s * h + u, s * w + v]
                    dweight[c, d, u, v] += total


def _input_sides(dy: np.ndarray, f: int, stride: int) -> list[int]:
    """H and W that a full transposed convolution enlarges to dy's sides."""
    for side in dy.shape[2:]:
        if side < f or (side - f) % stride:
            raise ValueError(
                f"dy has shape {dy.shape}, but its sides must be (H − 1)·{stride} + {f} for a whole "
                "H ≥ 1: pad the cut gradient back with borders.crop_backward"
            )
    return [(side - f) // stride + 1 for side in dy.shape[2:]]
