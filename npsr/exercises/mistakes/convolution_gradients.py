"""Typical mistakes of exercise 2: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake

MEAN = "The mean over the samples is taken: the loss has divided already, the layer sums."


def hints(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    arguments = dy, x, weight, s
    return {"dx": of_dx(*arguments), "dweight": of_dweight(*arguments), "dbias": of_dbias(*arguments)}


def of_dx(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the input."""
    back, turned, (I, J) = layers.conv2d_backward, weight[:, :, ::-1, ::-1], dy.shape[2:]
    dx = back(dy, x, weight, s)[0]
    return [
        ("dx: the rotation is missing (or there is one too many): tap (u, v) carries dy[i, j] to x[s·i+u, s·j+v]. "
         "Gathering, tap (u, v) meets dy[h − u, k − v].", lambda: back(dy, x, turned, s)[0]),
        ("dx: rows and columns of the filter are exchanged.", lambda: back(dy, x, weight.swapaxes(2, 3), s)[0]),
        ("dx: the stride is ignored: dy[i, j] goes to the window that begins at s·i, s·j.",
         lambda: back(_dense(dy, x, weight), x, weight, 1)[0]),
        ("dx: contributions overwrite each other: use += where windows overlap.",
         lambda: _overwritten(dy, x, weight, s)),
        ("dx: only the last filter's share is there: sum over d.", lambda: back(dy[:, -1:], x, weight[-1:], s)[0]),
        ("dx: only the first filter's share is there: sum over d.", lambda: back(dy[:, :1], x, weight[:1], s)[0]),
        ("dx: only the first sample is filled.", lambda: np.concatenate([back(dy[:1], x[:1], weight, s)[0], 0 * dx[1:]])),
        ("dx: only the last sample is filled.", lambda: np.concatenate([0 * dx[:-1], back(dy[-1:], x[-1:], weight, s)[0]])),
        ("dx: " + MEAN, lambda: dx / len(x)),
        ("dx: the samples are added up.", lambda: np.broadcast_to(dx.sum(0, keepdims=True), dx.shape)),
        ("dx: only where the output lies is filled, the border is cut off: dx has the shape of x.",
         lambda: dx[:, :, :I, :J]),
        ("dx: this is dy convolved, as if forward: each window must be added to, not read.",
         lambda: layers.conv2d(dy, weight.swapaxes(0, 1), np.zeros(x.shape[1], dy.dtype))),
    ]  # fmt: skip


def of_dweight(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the filters."""
    back, (I, J), N = layers.conv2d_backward, dy.shape[2:], len(x)
    dw = back(dy, x, weight, s)[1]
    single = [back(dy[n : n + 1], x[n : n + 1], weight, s)[1] for n in range(N)]
    return [
        ("dweight: the sum over the samples is forgotten: only the first counts.", lambda: single[0]),
        ("dweight: the sum over the samples is forgotten: only the last counts (= instead of +=?).",
         lambda: single[-1]),
        ("dweight: only the last output pixel counts: is it assigned (=) instead of added to (+=)?",
         lambda: back(_last(dy), x, weight, s)[1]),
        ("dweight: only the last output pixel of the last sample counts: is it assigned (=) instead of added to (+=)?",
         lambda: back(_last(dy)[-1:], x[-1:], weight, s)[1]),
        ("dweight: the sum over the samples is forgotten: there is one gradient a sample.",
         lambda: np.stack(single)),
        ("dweight: " + MEAN, lambda: dw / N),
        ("dweight: the mean over the pixels is taken; it is a sum.", lambda: dw / (I * J)),
        ("dweight: the mean over samples and pixels is taken; it is a sum.", lambda: dw / (N * I * J)),
        ("dweight: it is turned by 180°. Here nothing is turned: dy meets x[s·i+u, s·j+v].",
         lambda: dw[:, :, ::-1, ::-1]),
        ("dweight: rows and columns are exchanged.", lambda: dw.swapaxes(2, 3)),
        ("dweight: filters and channels are exchanged: its shape is (D, C, f, f).", lambda: dw.swapaxes(0, 1)),
        ("dweight: the stride is ignored: dy[i, j] meets x[s·i+u, s·j+v].",
         lambda: back(_dense(dy, x, weight), x, weight, 1)[1]),
        ("dweight: the weight itself is added: only dy and x have a part in it.", lambda: dw + weight),
    ]  # fmt: skip


def of_dbias(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> list[Mistake]:
    """In the gradient of the bias."""
    db, N = dy.sum((0, 2, 3)), len(x)
    return [
        ("dbias: the sum over the samples is forgotten.", lambda: dy[0].sum((1, 2))),
        ("dbias: the sum over the samples is forgotten: only the last counts.", lambda: dy[-1].sum((1, 2))),
        ("dbias: the sum over the samples is forgotten: there is one gradient a sample.",
         lambda: dy.sum((2, 3))),
        ("dbias: the sum over the pixels is forgotten.", lambda: dy.sum(0)),
        ("dbias: " + MEAN, lambda: db / N),
        ("dbias: the mean over pixels and samples is taken: the bias is in every pixel with factor 1, so that "
         "its gradient is a sum.", lambda: dy.mean((0, 2, 3))),
        ("dbias: the mean over the pixels is taken; it is a sum.", lambda: dy.mean((2, 3)).sum(0)),
        ("dbias: it is 0: the bias is in every output pixel with factor 1.", lambda: 0 * db),
        ("dbias: all filters are added up: one sum a filter.", lambda: np.full_like(db, dy.sum())),
        ("dbias: all filters are added up: one sum a filter.", lambda: np.sum(dy)),
    ]  # fmt: skip


def _overwritten(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> np.ndarray:
    f = weight.shape[-1]
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dy.shape[2:]):
        dx[:, :, s * i : s * i + f, s * j : s * j + f] = np.einsum("nd,dcuv->ncuv", dy[:, :, i, j], weight)
    return dx


def _last(dy: np.ndarray) -> np.ndarray:
    out = np.zeros_like(dy)
    out[:, :, -1, -1] = dy[:, :, -1, -1]
    return out


def _dense(dy: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    f = weight.shape[-1]
    spread = np.zeros((*dy.shape[:2], x.shape[2] - f + 1, x.shape[3] - f + 1), dy.dtype)
    spread[:, :, : dy.shape[2], : dy.shape[3]] = dy
    return spread
