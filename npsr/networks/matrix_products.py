"""Convolutions by matrix products: for the many channels of sparse coding, far faster than the plain kernels.

N batch, C channels read, D written, H W rows and columns. Only 1 × 1 filters are products here; others go to
the plain kernels. An image is multiplied row by row, so that parts of it get the whole's bits; of a batch
each sample is one product. Threads share the pieces.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share
from npsr_kernels.conv2d import conv2d_backward_input, conv2d_backward_weight, conv2d_forward


class Convolutions(NamedTuple):
    """The kernels that a network's convolutions are computed by: see `npsr_kernels.conv2d`."""

    forward: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    backward_input: Callable[[np.ndarray, np.ndarray, tuple[int, int]], np.ndarray]
    backward_weight: Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def forward(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """As `conv2d_forward` with stride 1."""
    if weight.shape[2] != 1:
        return conv2d_forward(x, weight, bias)
    return _applied(weight[:, :, 0, 0], x) + bias[:, None, None]


def backward_input(dy: np.ndarray, weight: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """As `conv2d_backward_input` with stride 1."""
    if weight.shape[2] != 1:
        return conv2d_backward_input(dy, weight, sides)
    return _applied(np.ascontiguousarray(weight[:, :, 0, 0].T), dy)


def backward_weight(dy: np.ndarray, x: np.ndarray, f: int) -> np.ndarray:
    """As `conv2d_backward_weight` with stride 1; the samples' shares are added in their order."""
    if f != 1:
        return conv2d_backward_weight(dy, x, f)
    N, D, C = len(x), dy.shape[1], x.shape[1]
    shares = np.empty((N, D, C), x.dtype)

    def piece(n: int) -> None:
        np.matmul(dy[n].reshape(D, -1), x[n].reshape(C, -1).T, out=shares[n])

    _share(piece, N)
    return shares.sum(axis=0)[:, :, None, None]


def _applied(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The matrix (D, C) times every pixel of x (N, C, H, W): (N, D, H, W)."""
    N, C, H, W = x.shape
    y = np.empty((N, len(matrix), H, W), x.dtype)
    if N > 1:
        _share(lambda n: np.matmul(matrix, x[n].reshape(C, -1), out=y[n].reshape(len(matrix), -1)), N)
    else:

        def row(h: int) -> None:
            y[0, :, h] = matrix @ x[0, :, h]

        _share(row, H)
    return y


def _share(piece: Callable[[int], object], count: int) -> None:
    remaining = iter(range(count))

    def work() -> None:
        for k in remaining:
            piece(k)

    with one_blas_thread():
        share(work, parts=count)


PLAIN = Convolutions(conv2d_forward, conv2d_backward_input, conv2d_backward_weight)
PRODUCTS = Convolutions(forward, backward_input, backward_weight)
