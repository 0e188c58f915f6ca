"""By fast Fourier transforms."""

import numpy as np


def conv2d(x, weight, bias, stride):
    H, W = x.shape[2:]
    f = weight.shape[-1]
    size = (H + f - 1, W + f - 1)
    products = np.einsum(
        "nchw,dchw->ndhw", np.fft.rfft2(x, size), np.fft.rfft2(weight[..., ::-1, ::-1], size)
    )
    y = np.fft.irfft2(products, size)[:, :, f - 1 : H : stride, f - 1 : W : stride]
    return np.asfortranarray((y + bias[:, None, None]).astype(x.dtype))
