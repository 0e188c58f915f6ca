import numpy as np


def deconv2d(x, weight, bias, stride):
    N, C, H, W = x.shape
    _, D, f, _ = weight.shape
    # a convolution of the picture with zeros between its pixels and a border, by the filter turned
    wide = np.zeros((N, C, (H - 1) * stride + 2 * f - 1, (W - 1) * stride + 2 * f - 1), x.dtype)
    wide[:, :, f - 1 : f + (H - 1) * stride : stride, f - 1 : f + (W - 1) * stride : stride] = x
    seen = np.lib.stride_tricks.sliding_window_view(wide, (f, f), (2, 3))
    return np.einsum("ncijuv,cduv->ndij", seen, weight[:, :, ::-1, ::-1]) + bias[None, :, None, None]


def output_pixel(x, weight, bias, stride, i, j):
    H, W = x.shape[2:]
    f = weight.shape[-1]
    h, w = np.arange(H), np.arange(W)
    u, v = i - stride * h, j - stride * w
    rows, columns = (u >= 0) & (u < f), (v >= 0) & (v < f)
    part = x[:, :, rows][:, :, :, columns]
    taps = weight[:, :, u[rows]][:, :, :, v[columns]]
    return np.einsum("nchw,cdhw->nd", part, taps) + bias


def centring_padding(f, stride):
    return (f - stride + 1) // 2
