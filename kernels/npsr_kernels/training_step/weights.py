"""From parameters to a training step's scalars, in the order of their use, and from its gradients back.

Weights that are used on Winograd's points are transformed by G once per batch, and the gradients of these
points by Gᵀ (see winograd.py).
"""

import numpy as np

from npsr_kernels.compiling.compiled import compiled
from npsr_kernels.vector.winograd import POINTS, G


@compiled
def arrange(flat, triples, pack, scalars):
    """Assign `scalars` = flat[pack]. The end of `flat` has places for points, and a zero.

    The points (6, T) are G w of three weights w at a time; `triples` (3, T) are the places of these weights.
    """
    w = np.empty(triples.shape, flat.dtype)
    for u in range(len(triples)):
        for t in range(triples.shape[1]):
            w[u, t] = flat[triples[u, t]]
    w0, w1, w2 = w
    points = flat[len(flat) - 1 - POINTS * len(w0) : -1].reshape(POINTS, len(w0))
    for p in range(POINTS):
        g0, g1, g2 = flat.dtype.type(G[p, 0]), flat.dtype.type(G[p, 1]), flat.dtype.type(G[p, 2])
        point = points[p]
        for t in range(len(point)):
            point[t] = g0 * w0[t] + g1 * w1[t] + g2 * w2[t]
    for i in range(len(pack)):
        scalars[i] = flat[pack[i]]


@compiled
def collect(gradients, unpack, triples, flat):
    """Add the chunks' gradients (K, ·) in their order, each at its parameter's place in `flat`.

    The sum overwrites the first chunk's gradients. The gradients of points G w are at the end of `flat`, as
    in `arrange`. Then they are transformed and added to the gradients of the weights w.
    """
    total = gradients[0]
    for k in range(1, len(gradients)):
        chunk = gradients[k]
        for i in range(len(total)):
            total[i] += chunk[i]
    for i in range(len(unpack)):
        flat[unpack[i]] += total[i]
    dw = np.empty(triples.shape[1], flat.dtype)
    points = flat[len(flat) - 1 - POINTS * len(dw) : -1].reshape(POINTS, len(dw))
    for u in range(len(triples)):
        dw[:] = 0
        for p in range(POINTS):
            g, point = flat.dtype.type(G[p, u]), points[p]
            for t in range(len(dw)):
                dw[t] += g * point[t]
        for t in range(len(dw)):
            flat[triples[u, t]] += dw[t]
