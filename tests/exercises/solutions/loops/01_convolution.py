import numpy as np


def conv2d(x, weight, bias, stride):
    N, C, H, W = x.shape
    D, _, f, _ = weight.shape
    I = (H - f) // stride + 1
    J = (W - f) // stride + 1
    y = np.zeros((N, D, I, J), dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            for i in range(I):
                for j in range(J):
                    total = bias[d]
                    for c in range(C):
                        for u in range(f):
                            for v in range(f):
                                total += weight[d, c, u, v] * x[n, c, stride * i + u, stride * j + v]
                    y[n, d, i, j] = total
    return y
