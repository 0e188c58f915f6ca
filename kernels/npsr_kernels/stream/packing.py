"""Weights in the order in which the micro-kernel reads them.

D output channels, K taps. A product is a (D, K) matrix with the place of each tap; it is cut into
blocks of 4, 3 or 1 channels, and a block is packed as its biases, its slopes, then tap by tap.
"""

from typing import Any, NamedTuple

import numpy as np

from npsr_kernels.stream.layout import BLOCK
from npsr_kernels.vector.winograd import TAPS, G


class Packed(NamedTuple):
    """A product, packed."""

    taps: np.ndarray
    """(K, 3): each tap's channel, row and column."""
    first: int
    last: int
    """Its blocks."""
    plane: int
    """First output channel."""
    activate: bool
    """Whether PReLU follows."""


class Packer:
    """Collects the weights and blocks of all products of a network."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._size = 0
        self.blocks: list[tuple[int, int, int]] = []

    def add(self, numbers: Any) -> int:
        """Append numbers; return where they start."""
        piece = np.ravel(numbers).astype(np.float64)
        self._pieces.append(piece)
        self._size += piece.size
        return self._size - piece.size

    def product(
        self,
        matrix: np.ndarray,
        taps: np.ndarray,
        bias: np.ndarray | None = None,
        slope: np.ndarray | None = None,
        plane: int = 0,
    ) -> Packed:
        """Append a product: matrix (D, K), taps (K, 3), bias and slope (D,) unless there are none."""
        activate = slope is not None
        bias, slope = (np.zeros(len(matrix)) if vector is None else vector for vector in (bias, slope))
        first, channel = len(self.blocks), 0
        for size in block_sizes(len(matrix)):
            rows = slice(channel, channel + size)
            at = self.add(np.concatenate([bias[rows], slope[rows], matrix[rows].T.ravel()]))
            self.blocks.append((size, at, channel))
            channel += size
        return Packed(taps, first, len(self.blocks), plane, activate)

    def arrays(self, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
        """All weights, and all blocks."""
        return np.concatenate(self._pieces).astype(dtype), np.array(self.blocks, BLOCK)


def block_sizes(channels: int) -> list[int]:
    """Blocks of 4 and 3 channels that add up to `channels`; 1, 2 and 5 need blocks of one."""
    threes = -channels % 4
    if 3 * threes <= channels:
        return [4] * ((channels - 3 * threes) // 4) + [3] * threes
    return [4] * (channels // 4) + [1] * (channels % 4)


def grid(channels: int, rows: int, columns: int) -> np.ndarray:
    """Taps over channels × rows × columns, (K, 3), the last fastest."""
    return np.indices((channels, rows, columns)).reshape(3, -1).T


def convolution(packer: Packer, weight: np.ndarray, bias: np.ndarray, slope: np.ndarray) -> Packed:
    """A convolution by its definition; taps count from its window's first pixel."""
    D, C, f, _ = weight.shape
    return packer.product(weight.reshape(D, -1), grid(C, f, f), bias, np.broadcast_to(slope, D))


def points(packer: Packer, weight: np.ndarray) -> list[Packed]:
    """A 3 × 3 convolution as a product for each of Winograd's points, without bias."""
    D, C, _, f = weight.shape
    transformed = np.einsum("pu,dcuv->pdcv", G, weight.astype(np.float64)).reshape(len(G), D, -1)
    return [packer.product(matrix, grid(C, 1, f)) for matrix in transformed]


def deconvolution_points(packer: Packer, weight: np.ndarray, n: int) -> list[Packed]:
    """A deconvolution with stride n as products for each of Winograd's points.

    Output row n·q + a uses tap n·t + a of input row q − t; the same holds for columns, with phase b. Row taps
    are divided into segments of 3. A product's channels are, outermost first, b, segment and a. The
    column phases b that have all T taps form one group, those that have T − 1 taps another. Each group
    has 6 products.
    """
    C, _, f, _ = weight.shape
    T = -(-f // n)
    segments = -(-T // TAPS)
    padded = np.zeros((C, segments * TAPS * n, T * n))
    padded[:, :f, :f] = weight[:, 0]
    phases = padded.reshape(C, segments, TAPS, n, T, n)
    transformed = np.einsum("pu,ckuatb->pbkact", G, phases)
    full = f - n * (T - 1)
    packed = []
    for columns, taps in ((slice(0, full), T), (slice(full, n), T - 1)):
        if columns.start < n:
            places = grid(C, 1, taps) * (1, 1, -1)
            matrices = transformed[:, columns, ..., :taps].reshape(len(G), -1, C * taps)
            first = columns.start * segments * n
            packed += [packer.product(matrix, places, plane=first) for matrix in matrices]
    return packed
