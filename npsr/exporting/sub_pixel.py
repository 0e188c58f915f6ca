"""A deconvolution written as a convolution with n² outputs whose pixels are then interleaved.

Output pixel n·q + r of a deconvolution uses tap k = n·t + r + padding of input pixel q − t. Therefore the
taps of one phase r are a small convolution, and all n² phases (along both axes) are n² outputs of
one convolution. It is the same sum, in a form for which many runtimes have better kernels.
"""

import numpy as np

from npsr.networks.layers import DeConv
from npsr_kernels.shapes import replicated_reach


def sub_pixel_weight(layer: DeConv, weight: np.ndarray) -> np.ndarray:
    """Weight of the convolution that computes every phase of a deconvolution.

    Parameters
    ----------
    layer : DeConv
        A deconvolution with one output channel.
    weight : ndarray of shape (C, 1, f, f)
        Its weight.

    Returns
    -------
    ndarray of shape (n², C, t, t)
        Output n·a + b holds the pixels (n·i + a, n·j + b); t = before + 1 + after, the input
        continued by `sub_pixel_reach` at its borders.

    Raises
    ------
    ValueError
        If the deconvolution has several output channels or border "valid", which cuts phases off.
    """
    if layer.n != 1 or layer.border == "valid":
        raise ValueError(
            f"the deconvolution has {layer.n} outputs and border {layer.border!r}, but the sub-pixel form "
            'is for 1 output and border "zero" or "replicate"'
        )
    n, f = layer.stride, layer.f
    before, after = sub_pixel_reach(layer)
    side = before + 1 + after
    phases = np.zeros((n, n, layer.c, side, side), weight.dtype)
    for a, b, i, j in np.ndindex(n, n, side, side):
        # The convolution's tap i reads input pixel q + i − before, hence t = before − i.
        row = n * (before - i) + a + layer.padding
        column = n * (before - j) + b + layer.padding
        if 0 <= row < f and 0 <= column < f:
            phases[a, b, :, i, j] = weight[:, 0, row, column]
    return phases.reshape(n * n, layer.c, side, side)


def sub_pixel_reach(layer: DeConv) -> tuple[int, int]:
    """Input pixels before and after its own place that one output pixel reads."""
    return replicated_reach(layer.f, layer.stride, layer.padding)
