import numpy as np


def prelu(x, slope):
    return np.where(x > 0, x, x * slope.reshape(1, -1, 1, 1))


def prelu_backward(dy, x, slope):
    positive = x > 0
    a = slope.reshape(1, -1, 1, 1)
    dx = dy * (positive + ~positive * a)
    per_channel = np.einsum("nchw,nchw->c", dy, np.minimum(x, 0))
    return dx.astype(x.dtype), per_channel if slope.size == per_channel.size else per_channel.sum().reshape(1)
