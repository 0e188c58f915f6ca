"""The samples nearest to every anchor, found in a stream, and sums over them.

A anchors, B samples of a block, p features, q targets, C room for candidates, twice as many as are kept.
"""

import numpy as np

from npsr_kernels.compiling.compiled import inner, parallel, prange


@parallel()
def offer(scores, first, values, samples, counts, floors):
    """Change the candidates of every anchor by a block of samples, numbered from `first`.

    A score (A, B) above the anchor's floor (A) enters `values` and `samples` (A, C); when these are full,
    the better half stays and the floor rises to the worst of it. So at any time the C/2 best are there; of
    equal ones those that came first. One parallel iteration owns one anchor: no race.
    """
    A, B = scores.shape
    for a in prange(A):
        for b in range(B):
            if scores[a, b] > floors[a]:
                values[a, counts[a]] = scores[a, b]
                samples[a, counts[a]] = first + b
                counts[a] += 1
                if counts[a] == values.shape[1]:
                    floors[a] = _halve(values[a], samples[a])
                    counts[a] = values.shape[1] // 2


@inner
def _halve(values, samples):
    """Move the better half to the front, in its order; returns the worst value of it."""
    half = values.size // 2
    floor = np.sort(values)[values.size - half]
    equal = half - np.sum(values > floor)
    kept = 0
    for k in range(values.size):
        if values[k] > floor or (values[k] == floor and equal > 0):
            if values[k] == floor:
                equal -= 1
            values[kept] = values[k]
            samples[kept] = samples[k]
            kept += 1
    return floor


@parallel()
def accumulate(features, targets, first, samples, done, grams, crosses):
    """Add a block of samples, numbered from `first`, to the sums of the anchors that chose them.

    grams (A, p, p) += f fᵀ and crosses (A, p, q) += f tᵀ. `samples` (A, C) are ascending, `done` (A)
    says how many of them have been added. One parallel iteration owns one anchor: no race.
    """
    A = len(samples)
    end = first + len(features)
    p, q = features.shape[1], targets.shape[1]
    for a in prange(A):
        while done[a] < samples.shape[1] and samples[a, done[a]] < end:
            b = samples[a, done[a]] - first
            for i in range(p):
                f = np.float64(features[b, i])
                for j in range(p):
                    grams[a, i, j] += f * features[b, j]
                for j in range(q):
                    crosses[a, i, j] += f * targets[b, j]
            done[a] += 1
