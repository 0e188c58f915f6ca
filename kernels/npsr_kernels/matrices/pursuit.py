"""Sparse codes by orthogonal matching pursuit, and atoms renewed for them: one pass of K-SVD.

N samples, p numbers each, A atoms of length 1, K atoms in a sample's code.
"""

import numpy as np

from npsr_kernels.compiling.compiled import compiled, inner, parallel, prange


@parallel()
def pursue(scores, gram, places, codes):
    """Assign places and codes (N, K): the atoms of every sample, and their coefficients.

    Batch OMP (Rubinstein, Zibulevsky, Elad, 2008): `scores` (N, A) are the samples' products with the
    atoms, `gram` (A, A) the atoms' with each other, so that the residual itself is never needed. Each
    of K rounds takes the atom that has most in common with it, and solves for all so far. A place not
    needed has the code 0. One parallel iteration owns one sample: no race.
    """
    N, A = scores.shape
    K = places.shape[1]
    for n in prange(N):
        system = np.empty((K, K + 1), np.float64)
        solved = np.zeros(K, np.float64)
        left = scores[n].copy()
        used = 0
        for k in range(K):
            best, size = 0, -1.0
            for a in range(A):
                if abs(left[a]) > size:
                    best, size = a, abs(left[a])
            again = False
            for j in range(k):
                again = again or places[n, j] == best
            if again or size <= 1e-7:
                break
            places[n, k] = best
            used = k + 1
            _solve(scores[n], gram, places[n, :used], system, solved)
            left[:] = scores[n]
            for j in range(used):
                for a in range(A):
                    left[a] -= solved[j] * gram[places[n, j], a]
        for j in range(K):
            if j < used:
                codes[n, j] = solved[j]
            else:
                codes[n, j] = 0
                places[n, j] = 0


@inner
def _solve(scores, gram, chosen, system, solved):
    """Assign the first numbers of `solved`: the chosen atoms' coefficients, by elimination."""
    k = chosen.size
    for i in range(k):
        for j in range(k):
            system[i, j] = gram[chosen[i], chosen[j]]
        system[i, k] = scores[chosen[i]]
    for i in range(k):
        for j in range(i + 1, k):
            factor = system[j, i] / system[i, i]
            for m in range(i, k + 1):
                system[j, m] -= factor * system[i, m]
    for i in range(k - 1, -1, -1):
        total = system[i, k]
        for j in range(i + 1, k):
            total -= system[i, j] * solved[j]
        solved[i] = total / system[i, i]


@compiled
def renew(residuals, codes, uses, ends, atoms):
    """Change atoms (A, p), codes (N·K) and residuals (N, p): every atom in its turn.

    Approximate K-SVD: with the others as they are, an atom becomes the mean of what its users have left,
    weighted by their coefficients, of length 1; then these are measured anew. `uses` are the places in
    `codes` of atom a from ends[a − 1] to ends[a].
    """
    K = codes.size // len(residuals)
    p = atoms.shape[1]
    renewed = np.empty(p, np.float64)
    for a in range(len(atoms)):
        start = ends[a - 1] if a else 0
        renewed[:] = 0
        for use in uses[start : ends[a]]:
            for i in range(p):
                residuals[use // K, i] += codes[use] * atoms[a, i]
                renewed[i] += codes[use] * residuals[use // K, i]
        length = np.sqrt(np.sum(renewed * renewed))
        if length > 0:
            for i in range(p):
                atoms[a, i] = renewed[i] / length
        for use in uses[start : ends[a]]:
            code = 0.0
            for i in range(p):
                code += atoms[a, i] * residuals[use // K, i]
            codes[use] = code
            for i in range(p):
                residuals[use // K, i] -= code * atoms[a, i]
