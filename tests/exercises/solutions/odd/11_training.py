"""With the dicts in another order, and complex numbers for the cosine."""

import cmath

import numpy as np

from npsr.exercises.ground.layers import forward, gradients, loss

RATE, MOMENTUM, TOTAL = 2e-3, 0.9, 60


def sgd_step(theta, gradient, velocity, rate, momentum):
    velocity = np.add(momentum * velocity, -rate * gradient)
    return np.add(theta, velocity), velocity


def adam_step(theta, gradient, mean, square, rate, step):
    mean = np.average([mean, gradient], axis=0, weights=[0.9, 0.1]).astype(mean.dtype)
    square = (square * 0.999 + np.square(gradient) * 0.001).astype(square.dtype)
    first, second = (1 - beta**step for beta in (0.9, 0.999))
    return theta - rate * (mean / first) / (np.sqrt(square / second) + 1e-8), mean, square


def cosine_rate(rate, step, total):
    return rate * abs(1 + cmath.exp(1j * cmath.pi * step / total)) ** 2 / 4


def train(parameters, velocity, x, target, n, first, steps):
    if not steps:
        return parameters, velocity, []
    g = gradients(parameters, x, target, n)
    keys = sorted(parameters, reverse=True)
    new = {
        k: sgd_step(parameters[k], g[k], velocity[k], cosine_rate(RATE, first, TOTAL), MOMENTUM) for k in keys
    }
    before = loss(forward(parameters, x, n), target)[0]
    ordered = {k: new[k][0] for k in parameters}  # npsr's layers follow the order
    found = train(ordered, {k: v[1] for k, v in new.items()}, x, target, n, first + 1, steps - 1)
    return {k: found[0][k] for k in keys}, {k: found[1][k] for k in keys}, [before, *found[2]]
