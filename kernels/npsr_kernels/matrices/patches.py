"""A matrix per pixel, and the patches that it gives added where they overlap.

H W rows and columns of pixels, A anchors, p features, q = (3n)² numbers of a patch, n upscaling factor.
"""

import numpy as np

from npsr_kernels.compiling.compiled import compiled, parallel, prange


@compiled
def strongest(scores, chosen):
    """Assign chosen (W): for each column of scores (A, W), the first row of largest size."""
    A, W = scores.shape
    best = np.full(W, -1, scores.dtype)
    for a in range(A):
        for w in range(W):
            size = abs(scores[a, w])
            if size > best[w]:
                best[w] = size
                chosen[w] = a


@compiled
def regress(features, chosen, matrices, patches):
    """Assign patches (W, q): features (W, p) times the chosen one of matrices (A, p, q)."""
    W, p = features.shape
    for w in range(W):
        patches[w] = 0
        for k in range(p):
            factor = features[w, k]
            row = matrices[chosen[w], k]
            for j in range(row.size):
                patches[w, j] += factor * row[j]


@parallel()
def overlap_add(patches, n, y):
    """Assign y ((H − 2)n, (W − 2)n): the sum of patches (H, W, 3, n, 3, n), each 3n × 3n, n apart.

    The same as a transposed convolution of q maps with q filters that are each 1 at one place, cut by 2n
    on every side; nine patches meet in every pixel. One parallel iteration owns n output rows: no race.
    """
    H, W = patches.shape[:2]
    for h in prange(H - 2):
        for u in range(n):
            row = y[h * n + u]
            row[:] = 0
            for a in range(3):
                for w in range(W - 2):
                    for b in range(3):
                        for v in range(n):
                            row[w * n + v] += patches[h + 2 - a, w + 2 - b, a, u, b, v]
