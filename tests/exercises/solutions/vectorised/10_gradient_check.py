import numpy as np


def numerical_gradient(f, theta, step):
    units = np.eye(theta.size).reshape(-1, *theta.shape) * step
    return np.array([f(theta + e) - f(theta - e) for e in units]).reshape(theta.shape) / (2 * step)


def relative_error(a, b):
    size = max(np.abs(a).max(), np.abs(b).max())
    return np.abs(a - b).max() / size if size > 0 else 0.0


def wrong_tensors(loss_and_gradients, parameters, tolerance):
    _, gradients = loss_and_gradients(parameters)
    return [
        name
        for name, theta in parameters.items()
        if relative_error(
            gradients[name],
            numerical_gradient(
                lambda moved, name=name: loss_and_gradients(parameters | {name: moved})[0], theta, 1e-4
            ),
        )
        > tolerance
    ]
