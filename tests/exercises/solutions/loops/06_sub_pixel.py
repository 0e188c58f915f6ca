import math

import numpy as np


def sub_pixel_weight(weight, stride):
    C, D, f, _ = weight.shape
    s = stride
    t = math.ceil(f / s)
    small = np.zeros((D * s * s, C, t, t), dtype=weight.dtype)
    for d in range(D):
        for a in range(s):
            for b in range(s):
                for c in range(C):
                    for k in range(t):
                        for l in range(t):
                            if s * k + a < f and s * l + b < f:
                                small[d * s * s + s * a + b, c, t - 1 - k, t - 1 - l] = weight[
                                    c, d, s * k + a, s * l + b
                                ]
    return small


def interleave(phases, stride):
    N, K, H, W = phases.shape
    s = stride
    D = K // (s * s)
    y = np.empty((N, D, s * H, s * W), dtype=phases.dtype)
    for n in range(N):
        for d in range(D):
            for a in range(s):
                for b in range(s):
                    for i in range(H):
                        for j in range(W):
                            y[n, d, s * i + a, s * j + b] = phases[n, d * s * s + s * a + b, i, j]
    return y
