import numpy as np


def deconv2d_backward(dy, x, weight, stride):
    f = weight.shape[-1]
    N, C, H, W = x.shape
    s = stride
    dx, dweight = np.zeros(x.shape, x.dtype), np.zeros(weight.shape, x.dtype)
    for u in range(f):
        for v in range(f):
            part = dy[:, :, u : u + s * (H - 1) + 1 : s, v : v + s * (W - 1) + 1 : s]
            dx += np.tensordot(part, weight[:, :, u, v], axes=(1, 1)).transpose(0, 3, 1, 2)
            dweight[:, :, u, v] = np.tensordot(x, part, axes=((0, 2, 3), (0, 2, 3)))
    return dx, dweight, dy.sum(axis=(0, 2, 3))
