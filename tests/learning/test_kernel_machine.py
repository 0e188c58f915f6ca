"""KK learnt at small size: the ridge, the basis' gradient, a run that goes on."""

import numpy as np
import pytest

import npsr
from npsr.images.resize import imresize
from npsr.learning import kernel_machine
from npsr.learning.kernel_machine import Data, basis_gradient, solve
from npsr.learning.recipe import KernelRecipe
from npsr.rivals.kernel_regression import gaussians

SMALL = KernelRecipe(
    "kk", 2, basis=12, samples=1500, steps=60, batch=300, confidence_samples=2000, ridge=1e-6
)


@pytest.fixture
def problem(rng):
    found, details = rng.standard_normal((40, 6)), rng.standard_normal((40, 25))
    return Data(found, details, rng.uniform(0.5, 2, 40), 3.0), rng.standard_normal((5, 6))


def loss(data, basis, coefficients):
    errors = gaussians(data.found, basis, data.width) @ coefficients - data.details
    return np.sum(data.weights[:, None] * errors**2) / len(data.found)


def test_the_basis_gradient_equals_central_differences(problem, rng):
    data, basis = problem
    coefficients = rng.standard_normal((5, 25))
    gradient = basis_gradient(data, basis, coefficients)
    for index in np.ndindex(basis.shape):
        step = np.zeros(basis.shape)
        step[index] = 1e-5
        change = loss(data, basis + step, coefficients) - loss(data, basis - step, coefficients)
        assert gradient[index] == pytest.approx(change / 2e-5, abs=1e-7)


def test_solved_coefficients_are_the_best(problem, rng):
    data, basis = problem
    coefficients = solve(data, basis, 0.01)
    own = gaussians(basis, basis, data.width)

    def cost(a):
        return loss(data, basis, a) + 0.01 * np.trace(a.T @ own @ a)

    for _ in range(5):
        assert cost(coefficients + 1e-3 * rng.standard_normal(coefficients.shape)) > cost(coefficients)


def test_all_samples_as_basis_give_kernel_ridge_regression(rng):
    """A = (K + λI)⁻¹ Y, as N λ K + K K = K (K + N λ I)."""
    found, details = rng.standard_normal((12, 4)), rng.standard_normal((12, 25))
    data = Data(found, details, np.ones(12), 1.0)
    kernels = gaussians(found, found, 1.0)
    expected = np.linalg.solve(kernels + 12 * 0.02 * np.eye(12), details)
    np.testing.assert_allclose(solve(data, found, 0.02), expected, atol=1e-6)


def test_learning_improves_on_bicubic_and_goes_on_bit_for_bit(scene):
    images = [(scene(64, 60) * 255).astype(np.uint8), (scene(70, 58) * 255).astype(np.uint8)]
    steps = list(kernel_machine.learn(SMALL, images, {}))
    assert len(steps) == kernel_machine.total(SMALL)
    model = kernel_machine.model(SMALL, steps[-1][0])
    low = npsr.low_resolution(images[0] / 255.0, 2)
    inner = slice(4, -4), slice(4, -4)
    errors = [np.mean((p - images[0] / 255.0)[inner] ** 2) for p in (model(low), imresize(low, 2))]
    assert errors[0] < 0.9 * errors[1]
    for k in (0, 1):
        (*_, last) = kernel_machine.learn(SMALL, images, steps[k][0])
        for key, array in last[0].items():
            np.testing.assert_array_equal(array, steps[-1][0][key])


def test_flat_images_are_refused():
    with pytest.raises(ValueError, match="0 patches with edges"):
        list(kernel_machine.learn(SMALL, [np.full((60, 60), 99, np.uint8)], {}))
