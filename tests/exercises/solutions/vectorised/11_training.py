import numpy as np

from npsr.exercises.ground.layers import forward, gradients, loss

RATE, MOMENTUM, TOTAL = 2e-3, 0.9, 60


def sgd_step(theta, gradient, velocity, rate, momentum):
    moved = momentum * velocity - rate * gradient
    return theta + moved, moved


def adam_step(theta, gradient, mean, square, rate, step):
    mean = mean + (1 - 0.9) * (gradient - mean)
    square = 0.999 * square + (1 - 0.999) * gradient**2
    size = rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
    return theta - size * mean / (np.sqrt(square) + 1e-8 * (1 - 0.999**step) ** 0.5), mean, square


def cosine_rate(rate, step, total):
    return rate * 0.5 * (1 + np.cos(np.pi * step / total))


def train(parameters, velocity, x, target, n, first, steps):
    parameters, velocity, losses = dict(parameters), dict(velocity), []
    for step in range(first, first + steps):
        losses += [loss(forward(parameters, x, n), target)[0]]
        g, rate = gradients(parameters, x, target, n), float(cosine_rate(RATE, step, TOTAL))
        for key in parameters:
            parameters[key], velocity[key] = sgd_step(parameters[key], g[key], velocity[key], rate, MOMENTUM)
    return parameters, velocity, losses
