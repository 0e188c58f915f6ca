"""Without a condition: from |x|."""

import numpy as np


def halves(x):
    return (x + np.abs(x)) / 2, (x - np.abs(x)) / 2


def prelu(x, slope):
    above, below = halves(x)
    return above + np.moveaxis(slope * np.moveaxis(below, 1, -1), -1, 1)


def prelu_backward(dy, x, slope):
    step = np.heaviside(x, np.zeros((), x.dtype))
    a = np.broadcast_to(slope, (x.shape[1],))[:, None, None]
    terms = (dy * halves(x)[1]).swapaxes(0, 1).reshape(x.shape[1], -1)
    dslope = np.add.reduce(terms, 1)
    return dy * (step + (1 - step) * a), dslope if slope.size == x.shape[1] else np.array([dslope.sum()])
