import numpy as np


def pad_replicate(x, before, after):
    N, C, H, W = x.shape
    out = np.empty((N, C, before + H + after, before + W + after), dtype=x.dtype)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            h = min(max(i - before, 0), H - 1)
            w = min(max(j - before, 0), W - 1)
            out[:, :, i, j] = x[:, :, h, w]
    return out


def pad_replicate_backward(dpadded, before, after):
    N, C, P, Q = dpadded.shape
    H, W = P - before - after, Q - before - after
    dx = np.zeros((N, C, H, W), dtype=dpadded.dtype)
    for i in range(P):
        for j in range(Q):
            h = min(max(i - before, 0), H - 1)
            w = min(max(j - before, 0), W - 1)
            dx[:, :, h, w] += dpadded[:, :, i, j]
    return dx
