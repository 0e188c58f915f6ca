"""Valid convolution (the field's word for cross-correlation), forward and backward.

N batch, D filters (output channels), C input channels, H W rows and columns of the input,
I J of the output, f filter side, s stride. Borders are added beforehand by `borders.pad`.

    y[n,d,i,j] = b[d] + Σ_c Σ_u Σ_v  w[d,c,u,v] · x[n,c, s·i+u, s·j+v]
"""

import numpy as np

from npsr_kernels.checks import require, require_same_dtype, require_stride
from npsr_kernels.compiling.compiled import parallel, pndindex
from npsr_kernels.matrix_products import conv_backward_input, conv_backward_weight, conv_forward
from npsr_kernels.shapes import conv_side


def conv2d_forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1, products: bool = False
) -> np.ndarray:
    """Convolve.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
        Input, float32 or float64.
    weight : ndarray of shape (D, C, f, f)
        Filters, same dtype.
    bias : ndarray of shape (D,)
        Bias, same dtype.
    stride : int
        Step between output pixels, in input pixels.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    ndarray of shape (N, D, (H − f)//s + 1, (W − f)//s + 1)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit, or the filter exceeds the input.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_forward(x, np.ones((1, 1, 2, 2)), np.zeros(1))[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    require("x", x, "N C H W")
    require("weight", weight, "D C f f", C=x.shape[1], f=weight.shape[-1])
    require("bias", bias, "D", D=weight.shape[0])
    require_same_dtype(x=x, weight=weight, bias=bias)
    require_stride(stride)
    side = weight.shape[-1]
    rows, columns = (conv_side(s, side, stride) for s in x.shape[2:])
    y = np.empty((x.shape[0], weight.shape[0], rows, columns), x.dtype)
    (conv_forward if products else forward)(x, weight, bias, stride, y)
    return y


@parallel(fastmath={"contract"})
def forward(x, weight, bias, s, y):
    """Assign y. One parallel iteration owns one row of every output channel: no race."""
    N, D, I, J = y.shape
    C, f = weight.shape[1], weight.shape[2]
    for n, i in pndindex((N, I)):
        for d in range(D):
            row = y[n, d, i]
            row[:] = bias[d]
            for c in range(C):
                for u in range(f):
                    for v in range(f):
                        tap = weight[d, c, u, v]
                        for j in range(J):
                            row[j] += tap * x[n, c, s * i + u, s * j + v]


def conv2d_backward_input(
    dy: np.ndarray, weight: np.ndarray, sides: tuple[int, int], stride: int = 1, products: bool = False
) -> np.ndarray:
    """Gradient of the input: the adjoint of the convolution.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
        Gradient of the output.
    weight : ndarray of shape (D, C, f, f)
        Filters.
    sides : (int, int)
        H and W of the input; with a stride they do not follow from I and J.
    stride : int
        Stride of the forward pass.
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
    >>> dy = np.ones((1, 1, 2, 2))
    >>> conv2d_backward_input(dy, np.ones((1, 1, 2, 2)), (3, 3))[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    require("weight", weight, "D C f f", f=weight.shape[-1])
    require_stride(stride)
    rows, columns = (conv_side(s, weight.shape[-1], stride) for s in sides)
    require("dy", dy, "N D I J", D=weight.shape[0], I=rows, J=columns)
    require_same_dtype(dy=dy, weight=weight)
    dx = np.empty((dy.shape[0], weight.shape[1], *sides), dy.dtype)
    (conv_backward_input if products else backward_input)(dy, weight, stride, dx)
    return dx


@parallel(fastmath={"contract"})
def backward_input(dy, weight, s, dx):
    """Assign dx. Row h of the input is read by output rows i with s·i + u = h; one parallel
    iteration owns one row of dx and gathers from them: no race.
    """
    N, C, H, _ = dx.shape
    D, I, J = dy.shape[1:]
    f = weight.shape[2]
    for n, h in pndindex((N, H)):
        for c in range(C):
            row = dx[n, c, h]
            row[:] = 0
            for u in range(h % s, f, s):
                i = (h - u) // s
                if 0 <= i < I:
                    for d in range(D):
                        for v in range(f):
                            tap = weight[d, c, u, v]
                            for j in range(J):
                                row[s * j + v] += tap * dy[n, d, i, j]


def conv2d_backward_weight(
    dy: np.ndarray, x: np.ndarray, f: int, stride: int = 1, products: bool = False
) -> np.ndarray:
    """Gradient of the filters, summed over the batch.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
        Gradient of the output.
    x : ndarray of shape (N, C, H, W)
        Input of the forward pass.
    f : int
        Filter side.
    stride : int
        Stride of the forward pass.
    products : bool
        True: by matrix products, as in `matrix_products.py`. False: by the loops below.

    Returns
    -------
    ndarray of shape (D, C, f, f)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.

    Examples
    --------
    >>> x, dy = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> conv2d_backward_weight(dy, x, 2)[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    require("x", x, "N C H W")
    require_stride(stride)
    rows, columns = (conv_side(s, f, stride) for s in x.shape[2:])
    require("dy", dy, "N D I J", N=x.shape[0], I=rows, J=columns)
    require_same_dtype(dy=dy, x=x)
    dweight = np.empty((dy.shape[1], x.shape[1], f, f), x.dtype)
    (conv_backward_weight if products else backward_weight)(dy, x, stride, dweight)
    return dweight


@parallel(fastmath={"contract", "reassoc", "nsz"})
def backward_weight(dy, x, s, dweight):
    """Assign dweight. One parallel iteration owns the f × f taps between one filter and one
    input channel, and adds the samples in their order: no race, one result.
    """
    D, C, f, _ = dweight.shape
    N, _, I, J = dy.shape
    for d, c in pndindex((D, C)):
        dweight[d, c] = 0
        for n in range(N):
            for u in range(f):
                for v in range(f):
                    total = dweight[d, c, u, v] * 0
                    for i in range(I):
                        for j in range(J):
                            total += dy[n, d, i, j] * x[n, c, s * i + u, s * j + v]
                    dweight[d, c, u, v] += total


def conv2d_backward_bias(dy: np.ndarray) -> np.ndarray:
    """Gradient of the bias: the sum of dy over samples and pixels.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
        Gradient of the output.

    Returns
    -------
    ndarray of shape (D,)

    Examples
    --------
    >>> conv2d_backward_bias(np.ones((2, 3, 4, 5)))
    array([40., 40., 40.])
    """
    require("dy", dy, "N D I J")
    return dy.sum(axis=(0, 2, 3))
