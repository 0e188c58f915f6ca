"""Regression trees: the test that parts a node's samples best, and the way of a pixel to its leaf.

N samples, p features, q targets. A test sends a sample left if x[a] − x[b] < t. A tree is a table of nodes;
the children of node k are children[k] and the next, and a leaf has children[k] < 0, its number being
−1 − children[k].
"""

import numpy as np

from npsr_kernels.compiling.compiled import compiled, inner, parallel, prange


@inner
def _random(state):
    """The next random number of 64 bits (xorshift; Marsaglia, 2003); `state` (1), not 0, changes."""
    z = state[0]
    z ^= z << np.uint64(13)
    z ^= z >> np.uint64(7)
    z ^= z << np.uint64(17)
    state[0] = z
    return z


@inner
def _below(state, count):
    """A random whole number below `count`."""
    return np.int64(_random(state) % np.uint64(count))


@inner
def _draw(state, values, count):
    """Bring `count` of the values, drawn at random, to the front."""
    for k in range(count):
        other = k + _below(state, values.size - k)
        values[k], values[other] = values[other], values[k]


@parallel()
def split(x, y, order, nodes, numbers, pairs, thresholds, lefts):
    """Find the best of random tests for every node.

    Node k holds the samples order[start:end], by the columns of nodes (K, 3), of which the third is a seed;
    their order changes. Assign pairs (K, 2), thresholds (K) and lefts (K), how many samples go left; 0 if no
    test is good. `numbers` are: samples that a test is judged by, pairs of features, thresholds of each
    besides the median, fewest samples of a child. The cost of a test is the sum over both sides of
    n_side · (variance of y + variance of x), each the mean over dimensions. One parallel iteration owns a
    node and its part of `order`: no race.
    """
    most, pair_count, uniform, least = numbers
    for k in prange(len(nodes)):
        state = np.empty(1, np.uint64)
        state[0] = np.uint64(nodes[k, 2] | 1)
        members = order[nodes[k, 0] : nodes[k, 1]]
        count = min(members.size, most)
        _draw(state, members, count)
        xs, ys = x[members[:count]], y[members[:count]]
        best = np.inf
        lefts[k] = 0
        firsts, seconds = np.arange(x.shape[1]), np.arange(x.shape[1])
        _draw(state, firsts, pair_count)
        _draw(state, seconds, pair_count)
        for c in range(pair_count):
            responses = xs[:, firsts[c]] - xs[:, seconds[c]]
            low, high = responses.min(), responses.max()
            for test in range(uniform + 1):
                t = np.float32(np.median(responses))
                if test < uniform:
                    share = 0.95 * np.float64(_random(state) >> np.uint64(11)) / 2.0**53
                    t = np.float32(low + share * (high - low))
                cost = _cost(xs, ys, responses, t, least)
                if cost < best:
                    best = cost
                    pairs[k, 0], pairs[k, 1], thresholds[k] = firsts[c], seconds[c], t
        if best < np.inf:
            left = 0
            for m in members:
                left += x[m, pairs[k, 0]] - x[m, pairs[k, 1]] < thresholds[k]
            if left >= least and members.size - left >= least:
                lefts[k] = left


@inner
def _cost(xs, ys, responses, t, least):
    """What a test costs; infinite if a side has too few samples."""
    left = 0
    for i in range(responses.size):
        left += responses[i] < t
    if min(left, responses.size - left) < least:
        return np.inf
    return _scatter(ys, responses, t, left) + _scatter(xs, responses, t, left)


@inner
def _scatter(values, responses, t, left):
    """Sum over both sides of n_side times the variance, mean over dimensions; divisor n − 1."""
    count, dims = values.shape
    sums = np.zeros((2, dims))
    squares = np.zeros(2)
    for i in range(count):
        side = 0 if responses[i] < t else 1
        total = 0.0
        for d in range(dims):
            sums[side, d] += values[i, d]
            total += np.float64(values[i, d]) * values[i, d]
        squares[side] += total
    cost = 0.0
    for side in range(2):
        n = left if side == 0 else count - left
        along = 0.0
        for d in range(dims):
            along += sums[side, d] * sums[side, d]
        cost += n * (squares[side] - along / n) / (n - 1) / dims
    return cost


@inner
def _leaf(x, pairs, thresholds, children, root):
    """The leaf of one feature vector."""
    node = root
    while children[node] >= 0:
        goes_left = x[pairs[node, 0]] - x[pairs[node, 1]] < thresholds[node]
        node = children[node] + (0 if goes_left else 1)
    return -1 - children[node]


@parallel()
def leaves_of(x, pairs, thresholds, children, root, leaves):
    """Assign leaves (N): where every sample ends. One parallel iteration owns a sample: no race."""
    for n in prange(len(x)):
        leaves[n] = _leaf(x[n], pairs, thresholds, children, root)


@inner
def _single(half):
    """A finite number in half precision, given as bits, in single precision: 2¹¹² is the ratio of the biases
    of their exponents. Arithmetic alone, so that a loop over numbers runs in vector registers.
    """
    bits = np.uint32(half)
    size = np.uint32((bits & np.uint32(0x7FFF)) << np.uint32(13)).view(np.float32) * np.float32(2.0**112)
    return -size if bits & np.uint32(0x8000) else size


@compiled
def predict(features, pairs, thresholds, children, roots, halves, patches):
    """Assign patches (W, q): the mean over trees of the leaf's matrix times (features, 1), for each pixel.

    `halves` (leaves, p + 1, q) are the matrices in half precision, as bits.
    """
    W, p = features.shape
    for w in range(W):
        patches[w] = 0
        for root in roots:
            matrix = halves[_leaf(features[w], pairs, thresholds, children, root)]
            for k in range(p + 1):
                factor = features[w, k] if k < p else np.float32(1)
                row = matrix[k]
                for j in range(row.size):
                    patches[w, j] += factor * _single(row[j])
        for j in range(patches.shape[1]):
            patches[w, j] /= len(roots)
