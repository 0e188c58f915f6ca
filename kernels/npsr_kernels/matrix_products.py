"""The plain kernels again, by matrix products: NumPy alone, no compiler.

N batch, C input and D output channels, H W rows and columns of the input, I J of the output, f filter side,
s stride. The C·f·f input values that a filter reads for one output pixel become a column of a matrix
("im2col"). Then one matrix product does the work of six loops of the plain kernels:

    convolution               y = w (D × Cff) · columns (Cff × IJ)
    gradient of its filters   dw = dy (D × IJ) · columnsᵀ
    gradient of its input     dcolumns = wᵀ · dy, and each number goes back to where it was read ("col2im")

A deconvolution uses the same three products. Its forward is the third line. Its gradient with respect to
the input is the first. Its gradient with respect to the filters is the second, with x and dy exchanged. The
columns repeat each pixel f² times, so they are made for a strip of rows, or for some samples, at a time.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

STRIP = 2**22
"""Bytes of the columns made at a time; more if one row of pixels needs more."""


def conv_forward(x, weight, bias, s, y):
    """Assign y."""
    D, f = weight.shape[0], weight.shape[2]
    for part in strips(y, x.shape[1] * f * f):
        strip = y[part]
        product = weight.reshape(D, -1) @ columns_of(x, f, s, part)
        strip[...] = unflattened(product, strip.shape) + bias[:, None, None]


def conv_backward_input(dy, weight, s, dx):
    """Assign dx."""
    D, C, f, _ = weight.shape
    dx[...] = 0
    for part in strips(dy, C * f * f):
        N, _, I, J = dy[part].shape
        columns = weight.reshape(D, -1).T @ flattened(dy[part])
        add_columns(columns.reshape(C, f, f, N, I, J), s, part, dx)


def conv_backward_weight(dy, x, s, dweight):
    """Assign dweight."""
    f = dweight.shape[2]
    dweight[...] = 0
    for part in strips(dy, dweight[0].size):
        product = flattened(dy[part]) @ columns_of(x, f, s, part).T
        dweight += product.reshape(dweight.shape)


def deconv_forward(x, weight, bias, s, y):
    """Assign y: the gradient of a convolution's input, and the bias."""
    conv_backward_input(x, weight, s, y)
    y += bias[:, None, None]


def deconv_backward_input(dy, weight, s, dx):
    """Assign dx: a convolution with stride s."""
    conv_forward(dy, weight, np.zeros(len(weight), dy.dtype), s, dx)


def deconv_backward_weight(dy, x, s, dweight):
    """Assign dweight: the gradient of a convolution's filters, x and dy exchanged."""
    conv_backward_weight(x, dy, s, dweight)


def prelu_forward(x, slope, y):
    """Assign y."""
    np.multiply(np.minimum(x, 0), slope[:, None, None], out=y)
    y += np.maximum(x, 0)


def prelu_backward(dy, x, slope, dx, dslope):
    """Assign dx and dslope (C,)."""
    negative = x <= 0
    dx[...] = np.where(negative, slope[:, None, None], x.dtype.type(1)) * dy
    dslope[...] = np.sum(dy * x, axis=(0, 2, 3), where=negative)


Part = tuple[slice, slice, slice]


def strips(y: np.ndarray, depth: int) -> Iterator[Part]:
    """Parts of an output (N, D, I, J): samples, all channels, rows. `depth` is the length of a column."""
    N, _, I, J = y.shape
    row = depth * J * y.itemsize
    samples = max(1, STRIP // (row * I))
    rows = I if samples > 1 else max(1, min(I, STRIP // row))
    for n in range(0, N, samples):
        for i in range(0, I, rows):
            yield slice(n, min(n + samples, N)), slice(None), slice(i, min(i + rows, I))


def columns_of(x: np.ndarray, f: int, s: int, part: Part) -> np.ndarray:
    """The input values that filters read for a part's output, a column per pixel: (C·f·f, pixels)."""
    samples, _, rows = part
    windows = sliding_window_view(x[samples], (f, f), axis=(2, 3))[:, :, ::s, ::s][:, :, rows]
    return windows.transpose(1, 4, 5, 0, 2, 3).reshape(x.shape[1] * f * f, -1)


def add_columns(columns: np.ndarray, s: int, part: Part, dx: np.ndarray) -> None:
    """Add columns (C, f, f, N, I, J) of a part to the pixels that they were read from."""
    _, f, _, _, I, J = columns.shape
    samples, _, rows = part
    for u in range(f):
        for v in range(f):
            first = s * rows.start + u
            target = dx[samples, :, first : first + s * I : s, v : v + s * J : s]
            target += columns[:, u, v].swapaxes(0, 1)


def flattened(y: np.ndarray) -> np.ndarray:
    """(N, D, I, J) as a matrix D × NIJ."""
    return y.swapaxes(0, 1).reshape(y.shape[1], -1)


def unflattened(product: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The matrix D × NIJ as (N, D, I, J)."""
    N, D, I, J = shape
    return product.reshape(D, N, I, J).swapaxes(0, 1)
