import numpy as np


def prelu(x, slope):
    N, C, H, W = x.shape
    y = np.empty_like(x)
    for n in range(N):
        for c in range(C):
            a = slope[c] if len(slope) == C else slope[0]
            for h in range(H):
                for w in range(W):
                    v = x[n, c, h, w]
                    y[n, c, h, w] = v if v > 0 else a * v
    return y


def prelu_backward(dy, x, slope):
    N, C, H, W = x.shape
    dx = np.empty_like(x)
    dslope = np.zeros_like(slope)
    for n in range(N):
        for c in range(C):
            k = c if len(slope) == C else 0
            for h in range(H):
                for w in range(W):
                    if x[n, c, h, w] > 0:
                        dx[n, c, h, w] = dy[n, c, h, w]
                    else:
                        dx[n, c, h, w] = dy[n, c, h, w] * slope[k]
                        dslope[k] += dy[n, c, h, w] * x[n, c, h, w]
    return dx, dslope
