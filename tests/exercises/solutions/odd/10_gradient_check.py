"""By generators and flat indices."""

import numpy as np


def moved(theta, k, by):
    out = np.array(theta)
    out.flat[k] += by
    return out


def numerical_gradient(f, theta, step):
    terms = ((f(moved(theta, k, step)) - f(moved(theta, k, -step))) / (2 * step) for k in range(theta.size))
    return np.fromiter(terms, float, theta.size).reshape(theta.shape)


def relative_error(a, b):
    if not a.any() and not b.any():
        return 0
    return np.ptp([0, *np.abs(np.ravel(a - b))]) / np.abs([a, b]).max()


def wrong_tensors(loss_and_gradients, parameters, tolerance):
    given = loss_and_gradients(parameters)[1]

    def right(name):
        def loss(theta):
            return loss_and_gradients({**parameters, name: theta})[0]

        return relative_error(numerical_gradient(loss, parameters[name], 1e-6), given[name]) <= tolerance

    return tuple(sorted(name for name in parameters if not right(name)))
