"""By one reshape each."""

import numpy as np


def sub_pixel_weight(weight, stride):
    C, D, f, _ = weight.shape
    t = (f + stride - 1) // stride
    grown = np.zeros((C, D, t * stride, t * stride), weight.dtype)
    grown[:, :, :f, :f] = weight
    split = grown.reshape(C, D, t, stride, t, stride)
    return np.flip(np.einsum("cdkalb->dabckl", split).reshape(-1, C, t, t), (2, 3))


def interleave(phases, stride):
    N, K, H, W = phases.shape
    split = phases.reshape(N, K // stride**2, stride, stride, H, W)
    return split.transpose(0, 1, 4, 2, 5, 3).reshape(N, -1, stride * H, stride * W)
