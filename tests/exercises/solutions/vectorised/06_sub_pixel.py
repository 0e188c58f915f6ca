import numpy as np


def sub_pixel_weight(weight, stride):
    C, D, f, _ = weight.shape
    t = -(-f // stride)
    more = t * stride - f
    grown = np.pad(weight, ((0, 0), (0, 0), (0, more), (0, more)))
    small = [
        grown[:, :, a::stride, b::stride][:, :, ::-1, ::-1] for a in range(stride) for b in range(stride)
    ]
    return np.stack(small).transpose(2, 0, 1, 3, 4).reshape(D * stride**2, C, t, t)


def interleave(phases, stride):
    N, K, H, W = phases.shape
    y = np.empty((N, K // stride**2, H * stride, W * stride), phases.dtype)
    for k in range(stride**2):
        y[:, :, k // stride :: stride, k % stride :: stride] = phases[:, k :: stride**2]
    return y
