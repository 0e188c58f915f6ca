"""Features of A+ and of the forests: differences in the bicubic enlargement, as one small convolution.

H W rows and columns of the LR plane, n upscaling factor, p features. An LR pixel's patch is the 3n × 3n
HR pixels around it, its own n × n in the middle. Its features are the patch of four derivatives of the
enlargement (Zeyde, Elad, Protter, 2010): first and second differences over n pixels, across and down,
36n² numbers, of which PCA keeps about 30 combinations. As the enlargement is linear in the LR plane and
its phases repeat every n pixels, each of these is a 9 × 9 filter on the LR plane.
"""

from collections.abc import Callable

import numpy as np

from npsr.images.resize import imresize, taps, weigh_rows
from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share
from npsr_kernels.conv2d import conv2d_forward
from npsr_kernels.matrices import patches as kernels

SIDE = 9
"""Of the filters; four LR pixels around the middle one."""
REACH = SIDE // 2 + 1
"""LR pixels around its own that an output pixel depends on: a neighbour's patch covers it."""
STEP = 1
"""Parts of a plane may begin at any row or column."""


def enlarged(low: np.ndarray, n: int) -> np.ndarray:
    """MATLAB's bicubic enlargement (nH, nW) of a plane (H, W), every pixel by the same operations.

    `imresize` computes the taps of each pixel from its place, which rounds differently in a part of a plane.
    """
    weights, places = taps(SIDE, n * SIDE, n)
    middle, margin = SIDE // 2, 3
    phases = slice(n * middle, n * (middle + 1))
    for _ in range(2):
        rows = len(low)
        wide = np.pad(low, ((margin, margin), (0, 0)), mode="symmetric")
        offsets = np.tile(places[phases] - middle + margin, (rows, 1))
        at = np.repeat(np.arange(rows), n)[:, None] + offsets
        low = weigh_rows(wide, np.tile(weights[phases], (rows, 1)), at).T
    return np.ascontiguousarray(low)


def derivatives(middle: np.ndarray, n: int) -> np.ndarray:
    """First differences of a plane (H, W) across and down, second differences likewise: (4, H, W).

    As MATLAB's convolution of the same size: zeros outside, the middle of an even filter after its centre.
    """
    rows, columns = middle.shape
    wide = np.pad(middle, n)
    after = (n + 2) // 2

    def moved(down: int, right: int) -> np.ndarray:
        return wide[n + down : n + down + rows, n + right : n + right + columns]

    across = moved(0, after) - moved(0, after - n)
    down = moved(after, 0) - moved(after - n, 0)
    return np.stack(
        [
            across,
            down,
            (moved(0, n) - 2 * middle + moved(0, -n)) / 2,
            (moved(n, 0) - 2 * middle + moved(-n, 0)) / 2,
        ]
    )


def responses(n: int) -> np.ndarray:
    """The 36n² derivatives of a patch as numbers of the 81 LR pixels: shape (36n², 81).

    One derivative's patch after the other, each down its columns, as MATLAB orders them.
    """
    middle, side = SIDE, 3 * n  # of 2·9 + 1 LR pixels, so that no border takes part
    columns = []
    for u, v in np.ndindex(SIDE, SIDE):
        low = np.zeros((2 * SIDE + 1, 2 * SIDE + 1))
        low[middle + u - SIDE // 2, middle + v - SIDE // 2] = 1
        maps = derivatives(imresize(low, n), n)
        first = n * (middle - 1)
        patch = maps[:, first : first + side, first : first + side]
        columns.append(patch.transpose(0, 2, 1).ravel())
    return np.stack(columns, axis=1)


def filters_of(basis: np.ndarray, n: int) -> np.ndarray:
    """The filters (p, 9, 9) whose values are the combinations `basis` (36n², p) of the derivatives."""
    return (basis.T @ responses(n)).reshape(-1, SIDE, SIDE)


def features(low: np.ndarray, filters: np.ndarray, margin: int = 1) -> np.ndarray:
    """Features of every LR pixel, and of `margin` pixels around the plane, which is mirrored there.

    Parameters
    ----------
    low : ndarray of shape (H, W)
        LR luma.
    filters : ndarray of shape (p, 9, 9)
        Filters.
    margin : int
        Pixels around; −2 leaves out those whose patch would reach the outermost n HR pixels.

    Returns
    -------
    ndarray of shape (H + 2·margin, W + 2·margin, p), float32
    """
    wide = np.pad(low.astype(np.float32), SIDE // 2 + margin, mode="symmetric")
    weight = filters.astype(np.float32)[:, None]
    maps = conv2d_forward(wide[None, None], weight, np.zeros(len(weight), np.float32))
    return np.ascontiguousarray(maps[0].transpose(1, 2, 0))


def patches_of(high: np.ndarray, n: int) -> np.ndarray:
    """The 3n × 3n patches (H − 4, W − 4, 9n²) of a plane (nH, nW) that begin n pixels inside its border."""
    side = 3 * n
    windows = np.lib.stride_tricks.sliding_window_view(high[n:-n, n:-n], (side, side))[::n, ::n]
    return windows.reshape(*windows.shape[:2], side * side)


def with_details(
    low: np.ndarray, n: int, filters: np.ndarray, make: Callable[[np.ndarray, np.ndarray], None]
) -> np.ndarray:
    """A plane enlarged by bicubic interpolation, and details added that are made of its features.

    Parameters
    ----------
    low : ndarray of shape (H, W)
        LR luma.
    n : int
        Upscaling factor.
    filters : ndarray of shape (p, 9, 9)
        Give the features.
    make : callable
        Takes the features (W, p) of a row, and assigns its patches (W, 9n²); threads share the rows.

    Returns
    -------
    ndarray of shape (nH, nW)
        Of the dtype of `low`, not clipped.
    """
    found = features(low, filters)
    patches = np.empty((*found.shape[:2], 9 * n * n), np.float32)
    remaining = iter(range(len(found)))

    def work() -> None:
        for row in remaining:
            make(found[row], patches[row])

    with one_blas_thread():
        share(work, parts=len(found))
    return enlarged(low, n) + overlap_mean(patches, n).astype(low.dtype)


def overlap_mean(patches: np.ndarray, n: int) -> np.ndarray:
    """The plane (nH, nW) that patches (H + 2, W + 2, 9n²) make: nine overlap in every pixel.

    A transposed convolution with filters of 3n × 3n and stride n, divided by nine.
    """
    rows, columns = patches.shape[:2]
    summed = np.empty(((rows - 2) * n, (columns - 2) * n), patches.dtype)
    kernels.overlap_add(patches.reshape(rows, columns, 3, n, 3, n), n, summed)
    return summed / patches.dtype.type(9)


def principal(gram: np.ndarray, n: int, lost: float = 1e-3) -> np.ndarray:
    """Filters (p, 9, 9) of the principal components of the derivatives, without centring.

    Parameters
    ----------
    gram : ndarray of shape (81, 81)
        Sum of w wᵀ over windows w of 9 × 9 LR pixels.
    n : int
        Upscaling factor.
    lost : float
        Share of the energy that the components left out may have.

    Returns
    -------
    ndarray of shape (p, 9, 9)

    Raises
    ------
    ValueError
        If the windows are all flat.
    """
    with one_blas_thread():
        of_derivatives = responses(n)
        energy, basis = np.linalg.eigh(of_derivatives @ gram @ of_derivatives.T)
        energy = np.maximum(energy, 0)
        if energy.sum() <= 1e-12 * np.trace(gram):
            raise ValueError("the images are flat, but must hold edges to learn from: use photographs")
        kept = np.cumsum(energy) >= lost * energy.sum()
        basis = basis[:, kept][:, ::-1]
        basis = basis * np.sign(basis.sum(axis=0) + 1e-300)
        return filters_of(basis, n)
