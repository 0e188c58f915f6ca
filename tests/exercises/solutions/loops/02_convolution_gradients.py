import numpy as np


def conv2d_backward(dy, x, weight, stride):
    N, C, H, W = x.shape
    D, _, f, _ = weight.shape
    I, J = dy.shape[2:]
    dx = np.zeros_like(x)
    dweight = np.zeros_like(weight)
    dbias = np.zeros(D, dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            for i in range(I):
                for j in range(J):
                    g = dy[n, d, i, j]
                    dbias[d] += g
                    for c in range(C):
                        for u in range(f):
                            for v in range(f):
                                dweight[d, c, u, v] += g * x[n, c, stride * i + u, stride * j + v]
                                dx[n, c, stride * i + u, stride * j + v] += g * weight[d, c, u, v]
    return dx, dweight, dbias
