"""Typical mistakes of exercise 5: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake
from npsr.exercises.mistakes.convolution_gradients import MEAN


def hints(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    arguments = dy, x, weight, s
    return {"dx": of_dx(*arguments), "dweight": of_dweight(*arguments), "dbias": of_dbias(*arguments)}


def of_dx(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the input."""
    back, f, (_, C, H, W) = layers.deconv2d_backward, weight.shape[-1], x.shape
    dx, none = back(dy, x, weight, s)[0], np.zeros(C, dy.dtype)
    start = dy[:, :, : H - 1 + f, : W - 1 + f]
    return [
        ("dx: the filter is turned by 180°. Tap (u, v) of pixel h landed on s·h + u: read it there.",
         lambda: back(dy, x, weight[:, :, ::-1, ::-1], s)[0]),
        ("dx: rows and columns of the filter are exchanged.", lambda: back(dy, x, weight.swapaxes(2, 3), s)[0]),
        ("dx: the stride is ignored: the window of input pixel h begins at s·h.",
         lambda: layers.conv2d(dy, weight, none, 1)),
        ("dx: the right size, but the stride is ignored inside: the window begins at s·h.",
         lambda: back(start, x, weight, 1)[0]),
        ("dx: only the first output channel's share is there: sum over d.",
         lambda: back(dy[:, :1], x, weight[:, :1], s)[0]),
        ("dx: only the last output channel's share is there: sum over d.",
         lambda: back(dy[:, -1:], x, weight[:, -1:], s)[0]),
        ("dx: " + MEAN, lambda: dx / len(x)),
        ("dx: only the first sample is filled.", lambda: np.concatenate([back(dy[:1], x[:1], weight, s)[0], 0 * dx[1:]])),
        ("dx: only the last sample is filled.", lambda: np.concatenate([0 * dx[:-1], back(dy[-1:], x[-1:], weight, s)[0]])),
        ("dx: the samples are added up.", lambda: np.broadcast_to(dx.sum(0, keepdims=True), dx.shape)),
        ("dx: this paints once more. The gradient is gathered: the size goes back to that of x.",
         lambda: layers.deconv2d(dy, weight.swapaxes(0, 1), none, s)),
        ("dx: a single tap counts: is the sum assigned (=) instead of added to (+=)?",
         lambda: np.einsum("ndhw,cd->nchw", dy[:, :, f - 1 :: s, f - 1 :: s], weight[:, :, -1, -1])),
    ]  # fmt: skip


def of_dweight(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the filters."""
    back, f, (N, _, H, W) = layers.deconv2d_backward, weight.shape[-1], x.shape
    dw = back(dy, x, weight, s)[1]
    single = [back(dy[n : n + 1], x[n : n + 1], weight, s)[1] for n in range(N)]
    start = dy[:, :, : H - 1 + f, : W - 1 + f]
    return [
        ("dweight: the sum over the samples is forgotten: only the first counts.", lambda: single[0]),
        ("dweight: the sum over the samples is forgotten: only the last counts (= instead of +=?).",
         lambda: single[-1]),
        ("dweight: the sum over the samples is forgotten: there is one gradient a sample.",
         lambda: np.stack(single)),
        ("dweight: " + MEAN, lambda: dw / N),
        ("dweight: the mean over the pixels is taken; it is a sum.", lambda: dw / (H * W)),
        ("dweight: the mean over samples and pixels is taken; it is a sum.", lambda: dw / (N * H * W)),
        ("dweight: it is turned by 180°: x[h, w] meets dy[s·h+u, s·w+v].", lambda: dw[:, :, ::-1, ::-1]),
        ("dweight: rows and columns are exchanged.", lambda: dw.swapaxes(2, 3)),
        ("dweight: input and output channels are exchanged: its shape is (C, D, f, f).",
         lambda: dw.swapaxes(0, 1)),
        ("dweight: the stride is ignored: x[h, w] meets dy[s·h+u, s·w+v].",
         lambda: back(start, x, weight, 1)[1]),
        ("dweight: only the last input pixel counts: is it assigned (=) instead of added to (+=)?",
         lambda: np.einsum("nc,nduv->cduv", x[:, :, -1, -1], dy[:, :, -f:, -f:])),
    ]  # fmt: skip


def of_dbias(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the bias."""
    db, (N, _, H, W) = dy.sum((0, 2, 3)), x.shape
    return [
        ("dbias: the sum over the samples is forgotten.", lambda: dy[0].sum((1, 2))),
        ("dbias: the sum over the samples is forgotten: only the last counts.", lambda: dy[-1].sum((1, 2))),
        ("dbias: the sum over the samples is forgotten: there is one gradient a sample.",
         lambda: dy.sum((2, 3))),
        ("dbias: the sum over the pixels is forgotten.", lambda: dy.sum(0)),
        ("dbias: " + MEAN, lambda: db / N),
        ("dbias: the mean over pixels and samples is taken; it is a sum.", lambda: dy.mean((0, 2, 3))),
        ("dbias: the mean over the pixels is taken; it is a sum.", lambda: dy.mean((2, 3)).sum(0)),
        ("dbias: it is 0: the bias is in every output pixel with factor 1.", lambda: 0 * db),
        ("dbias: all channels are added up: one sum an output channel.", lambda: np.full_like(db, dy.sum())),
        ("dbias: all channels are added up: one sum an output channel.", lambda: np.sum(dy)),
        ("dbias: only the cut part of dy is summed: the bias is in every pixel of the full output.",
         lambda: dy[:, :, : s * H, : s * W].sum((0, 2, 3))),
    ]  # fmt: skip
