import math

import numpy as np

from npsr.exercises.ground.layers import forward, gradients, loss

RATE, MOMENTUM, TOTAL = 2e-3, 0.9, 60


def sgd_step(theta, gradient, velocity, rate, momentum):
    new_theta, new_velocity = np.empty_like(theta), np.empty_like(velocity)
    for k in np.ndindex(*theta.shape):
        new_velocity[k] = momentum * velocity[k] - rate * gradient[k]
        new_theta[k] = theta[k] + new_velocity[k]
    return new_theta, new_velocity


def adam_step(theta, gradient, mean, square, rate, step):
    theta, mean, square = theta.copy(), mean.copy(), square.copy()
    for k in np.ndindex(*theta.shape):
        g = gradient[k]
        mean[k] = 0.9 * mean[k] + 0.1 * g
        square[k] = 0.999 * square[k] + 0.001 * g * g
        m_hat = mean[k] / (1 - 0.9**step)
        s_hat = square[k] / (1 - 0.999**step)
        theta[k] = theta[k] - rate * m_hat / (math.sqrt(s_hat) + 1e-8)
    return theta, mean, square


def cosine_rate(rate, step, total):
    return rate * (1 + math.cos(math.pi * step / total)) / 2


def train(parameters, velocity, x, target, n, first, steps):
    losses = []
    for step in range(first, first + steps):
        value, _ = loss(forward(parameters, x, n), target)
        losses.append(value)
        found = gradients(parameters, x, target, n)
        rate = cosine_rate(RATE, step, TOTAL)
        new_parameters, new_velocity = {}, {}
        for key in parameters:
            new_parameters[key], new_velocity[key] = sgd_step(
                parameters[key], found[key], velocity[key], rate, MOMENTUM
            )
        parameters, velocity = new_parameters, new_velocity
    return parameters, velocity, losses
