import numpy as np


def deconv2d_backward(dy, x, weight, stride):
    N, C, H, W = x.shape
    _, D, f, _ = weight.shape
    dx = np.zeros_like(x)
    dweight = np.zeros_like(weight)
    dbias = np.zeros(D, dtype=x.dtype)
    for n in range(N):
        for d in range(D):
            for i in range(dy.shape[2]):
                for j in range(dy.shape[3]):
                    dbias[d] += dy[n, d, i, j]
            for c in range(C):
                for h in range(H):
                    for w in range(W):
                        for u in range(f):
                            for v in range(f):
                                g = dy[n, d, stride * h + u, stride * w + v]
                                dx[n, c, h, w] += weight[c, d, u, v] * g
                                dweight[c, d, u, v] += x[n, c, h, w] * g
    return dx, dweight, dbias
