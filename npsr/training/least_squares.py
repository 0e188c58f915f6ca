"""The best deconvolution for given convolutions, solved exactly.

With the convolutions fixed the output is linear in the deconvolution's filters, and Equation 3 is a
linear least-squares problem. It falls apart by phase: HR pixel n·q + ρ (rows and columns alike) sees
LR pixels q + δ through the taps k = ρ + p − n·δ, so each of the n² phases has its own taps and only
the bias is shared. All phases read the same windows of the feature maps; one Gram matrix serves all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from npsr.networks.layers import DeConv
from npsr.networks.network import Network
from npsr.training.transfer import features
from npsr_kernels.borders import pad
from npsr_kernels.shapes import replicated_reach

PIXELS = 16_000
"""LR pixels, in whole rows, of which the windows are laid out at a time: with 504 numbers each, 64 MB."""


@dataclass
class Moments:
    """Sums over all LR pixels: of windows times windows, and of windows times each phase's HR pixels.

    A window is the d × (reach)² features around an LR pixel, and a last entry 1 for the bias.
    """

    gram: np.ndarray
    cross: np.ndarray


def solve_deconvolution(
    net: Network, pairs: Iterable[tuple[np.ndarray, np.ndarray]], ridge: float = 1e-12
) -> Network:
    """The network with the deconvolution that minimises the squared error on whole images.

    Parameters
    ----------
    net : Network
        FSRCNN or a transition state; its convolutions stay unchanged.
    pairs : iterable of (ndarray of shape (H, W), ndarray of shape (nH, nW))
        LR and HR luma planes in [0, 1].
    ridge : float
        Added to the Gram matrix' diagonal, in units of its mean, for features that are alike.

    Returns
    -------
    Network
        Border "replicate".

    Raises
    ------
    ValueError
        If the network has no deconvolution, or no image a pixel.

    Examples
    --------
    >>> hr = npsr.luma(npsr.read_image(Path("my.png")).pixels)[:48, :60] / 255
    >>> pairs = [(npsr.low_resolution(hr, 3), hr)]
    >>> net = npsr.solve_deconvolution(npsr.starting_network("fsrcnn", 3, seed=0, start="fsrcnn_x2"), pairs)
    >>> net.scale
    3
    """
    net = net.with_border("replicate")
    last = net.layers[-1]
    if not isinstance(last, DeConv):
        raise ValueError(f"{net.name} has no deconvolution to solve: use FSRCNN or a transition state")
    with threadpool_limits(1, "blas"):  # with more, their number would change the last bits
        moments = _accumulate(net, last, pairs)
        if not moments.gram[-1, -1]:
            raise ValueError(f"no image is as large as {net.scale} × {net.scale} pixels: use larger ones")
        size = len(moments.gram) - 1
        gram = moments.gram / moments.gram[-1, -1]
        gram[np.arange(size), np.arange(size)] += ridge * np.trace(gram) / size
        cross = moments.cross / moments.gram[-1, -1]
        weight, bias = _solve_phases(last, gram, cross)
    parameters = dict(net.parameters)
    parameters[f"{last.name}.weight"] = weight.astype(net.dtype)
    parameters[f"{last.name}.bias"] = np.array([bias], net.dtype)
    return replace(net, parameters=parameters)


def _accumulate(net: Network, last: DeConv, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Moments:
    """Moments of all images, in float64."""
    n, (before, after) = last.stride, replicated_reach(last.f, last.stride, last.padding)
    window = before + 1 + after
    size = last.c * window**2 + 1
    moments = Moments(np.zeros((size, size)), np.zeros((size, n * n)))
    for low, high in pairs:
        padded = pad(features(net, low)[None], before, after, "replicate")[0]
        phases = (
            high.reshape(low.shape[0], n, low.shape[1], n).transpose(0, 2, 1, 3).reshape(*low.shape, n * n)
        )
        height = max(1, PIXELS // low.shape[1])
        for start in range(0, low.shape[0], height):
            rows = padded[:, start : start + height + window - 1]
            windows = np.lib.stride_tricks.sliding_window_view(rows, (window, window), axis=(1, 2))
            flat = windows.transpose(1, 2, 0, 3, 4).reshape(-1, size - 1)
            flat = np.hstack([flat, np.ones((len(flat), 1), flat.dtype)]).astype(np.float64)
            moments.gram += flat.T @ flat
            moments.cross += flat.T @ phases[start : start + height].reshape(-1, n * n)
    return moments


def _solve_phases(last: DeConv, gram: np.ndarray, cross: np.ndarray) -> tuple[np.ndarray, float]:
    """Filters (c, 1, f, f) and bias.

    Per phase, G w + g b = r; over all phases, Σ (gᵀw + b) = Σ r₀. Eliminating w leaves one equation
    for the bias b.
    """
    n, solved, numerator, denominator = last.stride, [], 0.0, 0.0
    for phase in range(n * n):
        entries, taps = _phase(last, *divmod(phase, n))
        block = gram[np.ix_(entries, entries)]
        ones = gram[entries, -1]
        of_cross, of_ones = np.linalg.solve(block, np.stack([cross[entries, phase], ones], axis=1)).T
        numerator += cross[-1, phase] - ones @ of_cross
        denominator += gram[-1, -1] - ones @ of_ones
        solved.append((taps, of_cross, of_ones))
    bias = numerator / denominator
    weight = np.zeros((last.c, 1, last.f, last.f))
    for taps, of_cross, of_ones in solved:
        weight[:, 0].reshape(last.c, -1)[:, taps] = (of_cross - bias * of_ones).reshape(last.c, -1)
    return weight, bias


def _phase(last: DeConv, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Entries of the window that a phase's taps read, and those taps (flat), in the same order."""
    before, after = replicated_reach(last.f, last.stride, last.padding)
    window = before + 1 + after

    def axis(phase: int) -> list[tuple[int, int]]:
        """(place in the window, tap) of one axis."""
        pairs = [
            (delta + before, phase + last.padding - last.stride * delta)
            for delta in range(-before, after + 1)
        ]
        return [(place, tap) for place, tap in pairs if 0 <= tap < last.f]

    places = [(r * window + c, u * last.f + v) for r, u in axis(row) for c, v in axis(column)]
    at, taps = (np.array(column) for column in zip(*places, strict=True))
    entries = (np.arange(last.c)[:, None] * window**2 + at).ravel()
    return entries, taps
