import math

import numpy as np


def deconv2d(x, weight, bias, stride):
    N, C, H, W = x.shape
    _, D, f, _ = weight.shape
    y = np.zeros((N, D, (H - 1) * stride + f, (W - 1) * stride + f), dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            for c in range(C):
                for h in range(H):
                    for w in range(W):
                        for u in range(f):
                            for v in range(f):
                                y[n, d, stride * h + u, stride * w + v] += weight[c, d, u, v] * x[n, c, h, w]
            y[n, d] += bias[d]
    return y


def output_pixel(x, weight, bias, stride, i, j):
    N, C, H, W = x.shape
    _, D, f, _ = weight.shape
    out = np.zeros((N, D), dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            out[n, d] = bias[d]
            for u in range(i % stride, f, stride):
                h = (i - u) // stride
                if h < 0 or h >= H:
                    continue
                for v in range(j % stride, f, stride):
                    w = (j - v) // stride
                    if w < 0 or w >= W:
                        continue
                    for c in range(C):
                        out[n, d] += weight[c, d, u, v] * x[n, c, h, w]
    return out


def centring_padding(f, stride):
    return math.ceil((f - stride) / 2)
