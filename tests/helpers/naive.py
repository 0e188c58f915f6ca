"""Slow, obvious oracles in float64, with the paper's indices and no Numba."""

from math import ceil, floor

import numpy as np


def conv2d(x, weight, bias, stride):
    N, _, H, W = x.shape
    D, _, f, _ = weight.shape
    y = np.zeros((N, D, (H - f) // stride + 1, (W - f) // stride + 1))
    for n, d, i, j in np.ndindex(y.shape):
        window = x[n, :, stride * i : stride * i + f, stride * j : stride * j + f]
        y[n, d, i, j] = bias[d] + np.sum(weight[d] * window, dtype=np.float64)
    return y


def deconv2d(x, weight, bias, stride):
    N, _, H, W = x.shape
    _, D, f, _ = weight.shape
    y = np.zeros((N, D, (H - 1) * stride + f, (W - 1) * stride + f)) + bias[:, None, None]
    for n, c, h, w in np.ndindex(x.shape):
        y[n, :, stride * h : stride * h + f, stride * w : stride * w + f] += (
            x[n, c, h, w].astype(float) * weight[c]
        )
    return y


def prelu(x, slope):
    return np.where(x > 0, x, x * np.broadcast_to(slope, (x.shape[1],))[:, None, None])


def soft_threshold(x, threshold):
    theta = np.broadcast_to(threshold, (x.shape[1],))[:, None, None].astype(float)
    return np.sign(x) * np.maximum(np.abs(x) - theta, 0)


def normalise(x, epsilon):
    y = np.zeros(x.shape)
    for n, h, w in np.ndindex(x.shape[0], *x.shape[2:]):
        vector = x[n, :, h, w].astype(float)
        y[n, :, h, w] = vector / np.sqrt(vector @ vector + epsilon)
    return y


def derivative(f, x, dy, step=1e-4):
    """Gradient of Σ dy · f(x) by central differences, entry by entry; x is changed and restored."""
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + step
        above = f()
        x[index] = kept - step
        dx[index] = np.sum(dy * (above - f())) / (2 * step)
        x[index] = kept
    return dx


def imresize_line(line, scale):
    """MATLAB's imresize of one line of pixels, sample by sample, with MATLAB's indices from 1."""
    size = len(line)
    squeeze = min(scale, 1)
    width = 4 / squeeze

    def cubic(t):
        t = abs(t)
        if t <= 1:
            return 1.5 * t**3 - 2.5 * t**2 + 1
        return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0

    out = []
    for sample in range(1, ceil(size * scale - 1e-9) + 1):
        u = sample / scale + 0.5 * (1 - 1 / scale)
        left = floor(u - width / 2)
        total = weights = 0.0
        for index in range(left, left + ceil(width) + 2):
            weight = squeeze * cubic(squeeze * (u - index))
            mirrored = [*range(1, size + 1), *range(size, 0, -1)][(index - 1) % (2 * size)]
            total += weight * line[mirrored - 1]
            weights += weight
        out.append(total / weights)
    return np.array(out)
