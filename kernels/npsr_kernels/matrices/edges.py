"""Major edges made smooth: every pixel of them takes one of its candidates, by iterated conditional modes.

H W rows and columns, K nodes, C candidates of each. `nodes` (H, W) has the number of each node, from 0, and
−1 for pixels that are none.
"""

import numpy as np

from npsr_kernels.compiling.compiled import inner, parallel, pndindex, prange


@parallel()
def nearest_candidates(candidates, guess, nodes, y):
    """Assign y (H, W): guess, at nodes the candidate (K, C) nearest to it. An iteration owns a pixel."""
    for h, w in pndindex(guess.shape):
        y[h, w] = guess[h, w]
        if nodes[h, w] >= 0:
            best = np.inf
            for z in candidates[nodes[h, w]]:
                size = abs(z - guess[h, w])
                if size < best:
                    best = size
                    y[h, w] = z


@parallel()
def visit(candidates, guess, nodes, numbers, row, column, y, waiting):
    """Change y at nodes of every second row and column, from (row, column) on: the best candidate there.

    It minimises ((z − guess)/σ_R)² + Σ (|z − y_q|/σ_N)^α over the eight neighbours q, numbers being
    (σ_R, σ_N, α). A node whose neighbours have not changed since its last visit is passed by: `waiting`
    says which have. Nodes of a visit are no neighbours of each other, and one parallel iteration owns a
    row of them, and marks its neighbours by a constant: no race.
    """
    H, W = y.shape
    for k in prange((H - row + 1) // 2):
        h = row + 2 * k
        for w in range(column, W, 2):
            if nodes[h, w] >= 0 and waiting[h, w]:
                waiting[h, w] = False
                best = _best(candidates[nodes[h, w]], guess, numbers, y, h, w)
                if best != y[h, w]:
                    y[h, w] = best
                    for i in range(max(0, h - 1), min(H, h + 2)):
                        for j in range(max(0, w - 1), min(W, w + 2)):
                            if i != h or j != w:
                                waiting[i, j] = True


@inner
def _best(candidates, guess, numbers, y, h, w):
    """Of a pixel's candidates (C,) that which costs least; the present value, if none costs less."""
    H, W = y.shape
    best = y[h, w]
    least = cost(best, guess, numbers, y, h, w)
    for z in candidates:
        total = ((z - guess[h, w]) / numbers[0]) ** 2
        for i in range(max(0, h - 1), min(H, h + 2)):
            for j in range(max(0, w - 1), min(W, w + 2)):
                if total < least and (i != h or j != w):
                    total += (abs(z - y[i, j]) / numbers[1]) ** numbers[2]
        if total < least:
            least, best = total, z
    return best


@inner
def cost(z, guess, numbers, y, h, w):
    """What a value costs at a pixel."""
    H, W = y.shape
    total = ((z - guess[h, w]) / numbers[0]) ** 2
    for i in range(max(0, h - 1), min(H, h + 2)):
        for j in range(max(0, w - 1), min(W, w + 2)):
            if i != h or j != w:
                total += (abs(z - y[i, j]) / numbers[1]) ** numbers[2]
    return total
