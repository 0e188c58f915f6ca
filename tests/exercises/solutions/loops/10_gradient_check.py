import numpy as np


def numerical_gradient(f, theta, step):
    gradient = np.zeros_like(theta)
    it = np.nditer(theta, flags=["multi_index"])
    while not it.finished:
        k = it.multi_index
        old = theta[k]
        theta[k] = old + step
        above = f(theta)
        theta[k] = old - step
        below = f(theta)
        theta[k] = old
        gradient[k] = (above - below) / (2 * step)
        it.iternext()
    return gradient


def relative_error(a, b):
    difference, size = 0.0, 0.0
    for p, q in zip(a.ravel(), b.ravel()):
        difference = max(difference, abs(p - q))
        size = max(size, abs(p), abs(q))
    if size == 0:
        return 0.0
    return difference / size


def wrong_tensors(loss_and_gradients, parameters, tolerance):
    wrong = []
    loss, gradients = loss_and_gradients(parameters)
    for name in parameters:

        def f(theta):
            return loss_and_gradients({**parameters, name: theta})[0]

        numeric = numerical_gradient(f, parameters[name], 1e-5)
        if relative_error(gradients[name], numeric) > tolerance:
            wrong.append(name)
    return wrong
