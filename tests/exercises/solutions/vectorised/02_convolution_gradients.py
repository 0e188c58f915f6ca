import numpy as np
from numpy.lib.stride_tricks import as_strided


def conv2d_backward(dy, x, weight, stride):
    f = weight.shape[-1]
    N, C, H, W = x.shape
    I, J = dy.shape[2:]
    a, b, c, d = x.strides
    columns = as_strided(x, (N, C, f, f, I, J), (a, b, c, d, stride * c, stride * d))
    dweight = np.tensordot(dy, columns, axes=((0, 2, 3), (0, 4, 5)))
    dbias = dy.sum((0, 2, 3))
    # gather: zeros between the pixels of dy, a border of f − 1, the filter turned
    wide = np.zeros((N, len(weight), H + f - 1, W + f - 1), dy.dtype)
    wide[:, :, f - 1 : f - 1 + stride * I : stride, f - 1 : f - 1 + stride * J : stride] = dy
    seen = np.lib.stride_tricks.sliding_window_view(wide, (f, f), (2, 3))
    dx = np.einsum("ndhwuv,dcuv->nchw", seen, weight[:, :, ::-1, ::-1], optimize=True)
    return dx, dweight, dbias
