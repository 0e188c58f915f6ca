"""The losses of samples, and the gradients of networks trained for them."""

from dataclasses import replace
from math import log10

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr_kernels.loss import FLOORS, sample_losses

FLOOR = FLOORS["psnr"]


def test_equation_3_is_the_squared_error_itself(rng):
    errors = rng.random(5)
    losses, weights = sample_losses(errors, 100)
    np.testing.assert_array_equal(losses, errors)
    np.testing.assert_array_equal(weights, 1)


def test_the_psnr_loss_is_the_squared_error_of_good_samples_and_follows_the_psnr_of_bad_ones():
    good, bad = FLOOR * 100 * np.array([1e-9, 3e-9]), FLOOR * 100 * np.array([1e6, 2e6])
    np.testing.assert_allclose(sample_losses(good, 100, "psnr")[0], good, rtol=1e-8)
    first, second = sample_losses(bad, 100, "psnr")[0]
    decibels = 10 * log10(2)
    assert second - first == pytest.approx(FLOOR * 100 * np.log(10) / 10 * decibels, rel=1e-5)


def test_weights_are_the_derivative_of_the_loss(rng):
    errors, step = FLOOR * 100 * 10 ** rng.uniform(-2, 2, 20), 1e-6
    above, below = (sample_losses(errors * (1 + sign * step), 100, "psnr")[0] for sign in (1, -1))
    _, weights = sample_losses(errors, 100, "psnr")
    np.testing.assert_allclose((above - below) / (2 * step * errors), weights, rtol=1e-7)


def task(net, side, count=19):
    """A disturbed network in training form, and labels near its outputs: good and bad samples."""
    rng = np.random.default_rng(3)
    net = net.astype("float64").with_border("valid")
    net = replace(
        net, parameters={key: p + rng.normal(0, 0.05, p.shape) for key, p in net.parameters.items()}
    )
    x = rng.random((count, 1, side, side))
    y = net(x)
    return net, x, y + rng.normal(1, 1, y.shape) * 10 ** rng.uniform(-2, 0, (count, 1, 1, 1))


NETWORKS = {"×3": (npsr.fsrcnn(7, 4, 1, scale=3), 11), "×2": (npsr.fsrcnn(5, 3, 1, scale=2), 14)}
NETWORKS["SRCNN"] = npsr.srcnn(), 15


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_the_psnr_loss_agree_with_central_differences(name):
    net, x, target = task(*NETWORKS[name])
    rng, step = np.random.default_rng(0), 1e-6
    _, gradients = npsr.loss_and_gradients(net, x, target, "numpy", "psnr")
    for key, p in net.parameters.items():
        direction = rng.normal(0, 1, p.shape)
        moved = [net.parameters | {key: p + sign * step * direction} for sign in (1, -1)]
        above, below = (
            npsr.loss_and_gradients(replace(net, parameters=parameters), x, target, "numpy", "psnr")[0]
            for parameters in moved
        )
        numeric = (above - below) / (2 * step)
        scale = np.linalg.norm(gradients[key]) * np.linalg.norm(direction)
        assert abs(numeric - np.vdot(gradients[key], direction)) <= 1e-6 * scale, key


@needs_jit
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_vector_kernels_agree_on_the_psnr_loss(name, dtype, tolerance):
    """Also when the last group of samples is not full."""
    net, x, target = task(*NETWORKS[name])
    net, x, target = net.astype(dtype), x.astype(dtype), target.astype(dtype)
    cost, gradients = npsr.loss_and_gradients(net, x, target, "fast", "psnr")
    wide = [a.astype("float64") for a in (net, x, target)]
    expected_cost, expected = npsr.loss_and_gradients(*wide, "numpy", "psnr")
    assert cost == pytest.approx(expected_cost, rel=tolerance)
    for key, gradient in expected.items():
        assert np.abs(gradients[key] - gradient).max() <= tolerance * np.abs(gradient).max(), key
    assert cost < npsr.loss_and_gradients(net, x, target, "fast")[0]


def test_an_unknown_loss_is_refused():
    net, x, target = task(*NETWORKS["×3"], count=1)
    with pytest.raises(ValueError, match="loss is 'charbonnier', but must be one of squared, psnr"):
        npsr.loss_and_gradients(net, x, target, loss="charbonnier")
