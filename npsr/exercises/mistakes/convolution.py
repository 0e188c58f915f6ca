"""Typical mistakes of exercise 1: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake


def hints(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    arguments = x, weight, bias, s
    return {"y": [*of_taps(*arguments), *of_sums(*arguments), *of_places(*arguments)]}


def of_taps(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> list[Mistake]:
    """In which tap meets which pixel."""
    conv, f = layers.conv2d, weight.shape[-1]
    I, J = conv(x, weight, bias, s).shape[2:]
    none = np.zeros_like(bias)

    def shorter(rows: int, columns: int) -> np.ndarray:
        less = weight.copy()
        less[:, :, rows:], less[:, :, :, columns:] = 0, 0
        return conv(x, less, bias, s)

    return [
        ("The filter is turned by 180°. This layer does not turn it: tap (u, v) meets pixel (s·i + u, s·j + v).",
         lambda: conv(x, weight[:, :, ::-1, ::-1], bias, s)),
        ("Rows and columns of the filter are exchanged: u goes with rows, v with columns.",
         lambda: conv(x, weight.swapaxes(2, 3), bias, s)),
        ("Off by one: the last row and column of taps are missing. u and v run to f − 1.",
         lambda: shorter(f - 1, f - 1)),
        ("Off by one: the last row of taps is missing.", lambda: shorter(f - 1, f)),
        ("Off by one: the last column of taps is missing.", lambda: shorter(f, f - 1)),
        ("Only one tap counts: is the sum assigned (=) instead of added to (+=)?",
         lambda: conv(x[:, -1:, f - 1 :, f - 1 :], weight[:, -1:, -1:, -1:], bias, s)[:, :, :I, :J]),
        ("Only one tap counts: is the sum assigned (=) instead of added to (+=)?",
         lambda: conv(x[:, -1:, f - 1 :, f - 1 :], weight[:, -1:, -1:, -1:], none, s)[:, :, :I, :J]),
        ("The weight is added to the pixel, not multiplied with it.",
         lambda: conv(np.ones_like(x), weight, bias, s) + conv(x, np.ones_like(weight), none, s)),
    ]  # fmt: skip


def of_sums(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> list[Mistake]:
    """In what is added up, and with which bias."""
    conv, f, column = layers.conv2d, weight.shape[-1], bias[:, None, None]
    y = conv(x, weight, bias, s)
    return [
        ("The bias is forgotten.", lambda: y - column),
        ("The bias is subtracted.", lambda: y - 2 * column),
        ("The bias is added once a channel; it belongs to the sum as a whole.",
         lambda: y + (x.shape[1] - 1) * column),
        ("The bias is added once a tap; it belongs to the sum as a whole.",
         lambda: y + (x.shape[1] * f * f - 1) * column),
        ("The bias is added once for each of channel and tap, or multiplied: it is added once to a sum.",
         lambda: y + (f * f - 1) * column),
        ("A mean is taken for the sum over the window and the channels.",
         lambda: (y - column) / (x.shape[1] * f * f) + column),
        ("A mean is taken for the sum over the window.", lambda: (y - column) / (f * f) + column),
        ("A mean is taken for the sum over the channels.", lambda: (y - column) / x.shape[1] + column),
        ("A mean is taken for the sum, bias and all.", lambda: y / (x.shape[1] * f * f)),
        ("Only the first channel is read: sum over c.", lambda: conv(x[:, :1], weight[:, :1], bias, s)),
        ("Only the last channel counts: is the sum assigned (=) instead of added to (+=)?",
         lambda: conv(x[:, -1:], weight[:, -1:], bias, s)),
        ("Only the first sample is used: the formula's n runs over all.",
         lambda: np.broadcast_to(y[:1], y.shape)),
        ("Only the first sample's result is returned.", lambda: y[:1]),
        ("The samples are added up: each has its own output.",
         lambda: np.broadcast_to((y - column).sum(0, keepdims=True) + column, y.shape)),
        ("Only the first filter is used: the formula's d runs over all.",
         lambda: conv(x, np.broadcast_to(weight[:1], weight.shape), bias, s)),
        ("All outputs have the first bias: bias[d] goes with output d.",
         lambda: conv(x, weight, np.broadcast_to(bias[:1], bias.shape), s)),
    ]  # fmt: skip


def of_places(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> list[Mistake]:
    """In where windows begin and end, and where their sums go."""
    conv, f = layers.conv2d, weight.shape[-1]
    y = conv(x, weight, bias, s)
    I, J = y.shape[2:]
    zeros = np.pad(x, ((0, 0), (0, 0), (f // 2, f // 2), (f // 2, f // 2)))
    return [
        ("The stride is ignored: output pixel i begins at input pixel s·i.", lambda: conv(x, weight, bias, 1)),
        ("The output has the right size, but the stride is ignored inside: the window begins at s·i, not at i.",
         lambda: conv(x, weight, bias, 1)[:, :, :I, :J]),
        ("The stride is ignored along the columns.", lambda: conv(x, weight, bias, 1)[:, :, ::s, :J]),
        ("The stride is ignored along the rows.", lambda: conv(x, weight, bias, 1)[:, :, :I, ::s]),
        ("Zeros are added around the picture: here no window leaves it, and the output is smaller.",
         lambda: conv(zeros, weight, bias, s)),
        ("Off by one: the last window is missing. The output has ⌊(H − f)/s⌋ + 1 rows, not ⌊(H − f)/s⌋.",
         lambda: y[:, :, : I - 1, : J - 1]),
        ("Negative results are cut to 0: that is the activation's job, not the convolution's.",
         lambda: np.maximum(y, 0)),
        ("The axes of the output are exchanged: it is [sample, filter, row, column].",
         lambda: y.transpose(0, 2, 3, 1)),
        ("Rows and columns of the output are exchanged.", lambda: y.swapaxes(2, 3)),
    ]  # fmt: skip
