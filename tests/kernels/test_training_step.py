"""The fast training step against the plain kernels in float64."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from npsr.networks import training_engine
from npsr.networks.architectures import fsrcnn, srcnn, transition
from npsr.networks.gradient_check import gradcheck, plain
from npsr.networks.layers import PReLU
from npsr.networks.network import Network, loss_and_gradients
from npsr_kernels.training_step import step as training_step
from npsr_kernels.vector.simd import lanes

compiled = pytest.mark.skipif(
    not training_step.available(), reason="the fast engine needs Numba's compilation"
)

L = lanes(np.float32)
NETWORKS = {
    "×3": (fsrcnn(11, 5, 2, scale=3), 11),
    "×3, no mapping layer, shared slopes": (fsrcnn(4, 3, 0, scale=3, shared_slopes=True), 11),
    "×2": (fsrcnn(9, 4, 1, scale=2), 14),
    "×4, shared slopes": (fsrcnn(5, 6, 1, scale=4, shared_slopes=True), 10),
    "narrow": (fsrcnn(3, 2, 1, scale=3), 7),
    "transition 1": (transition(1), 13),
    "transition 2": (transition(2), 13),
    "SRCNN 9-1-5": (srcnn(9, 1, 5), 15),
    "SRCNN 9-5-5": (srcnn(9, 5, 5), 18),
}


def disturbed(net: Network, seed: int = 0) -> Network:
    """The network in training form and float64, every parameter moved: biases not 0, slopes of both signs."""
    rng = np.random.default_rng(seed)
    parameters = {key: p + rng.normal(0, 0.2, p.shape) for key, p in net.astype("float64").parameters.items()}
    for layer in net.layers:
        if isinstance(layer, PReLU):
            parameters[f"{layer.name}.slope"][0] = -0.3
    return Network(net.name, net.scale, net.with_border("valid").layers, parameters)


def batch(net: Network, side: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    x = rng.random((count, 1, side, side))
    return x, rng.random(net(x).shape)


def assert_close(found: tuple, expected: tuple, tolerance: float) -> None:
    assert found[0] == pytest.approx(expected[0], rel=tolerance)
    assert found[1].keys() == expected[1].keys()
    for key, gradient in expected[1].items():
        assert found[1][key].shape == gradient.shape
        assert np.abs(found[1][key] - gradient).max() <= tolerance * np.abs(gradient).max(), key


@compiled
@pytest.mark.parametrize("name", NETWORKS)
def test_float32_agrees_with_the_plain_kernels_in_float64(name: str) -> None:
    net, side = NETWORKS[name]
    net = disturbed(net)
    x, target = batch(net, side, 19)  # no multiple of 4, 8 or 16 lanes: the last group is not full
    # the same rounded numbers for both, or pre-activations near 0 would fall on both sides of the kink
    net, x, target = net.astype("float32"), x.astype("float32"), target.astype("float32")
    found = loss_and_gradients(net, x, target, "fast")
    assert all(gradient.dtype == np.float32 for gradient in found[1].values())
    assert_close(found, plain(net.astype("float64"), x, target), 1e-5)


@compiled
@pytest.mark.parametrize("count", [1, L - 1, L, 2 * L + 1])
def test_float64_agrees_to_rounding(count: int) -> None:
    net, side = NETWORKS["×3"]
    net = disturbed(net, seed=count)
    x, target = batch(net, side, count)
    assert_close(loss_and_gradients(net, x, target, "fast"), plain(net, x, target), 1e-12)


@compiled
@pytest.mark.parametrize("name", NETWORKS)
def test_central_differences_agree(name: str) -> None:
    """The vector kernels' own gradients, in float64."""
    net, side = NETWORKS[name]
    net = disturbed(net)
    reports = gradcheck(
        net, *batch(net, side, 2), entries=3, gradient=partial(loss_and_gradients, engine="fast")
    )
    assert all(r.passed for r in reports), [r for r in reports if not r.passed]


@compiled
def test_threads_do_not_change_a_bit() -> None:
    net, side = NETWORKS["×3"]
    net = disturbed(net).astype("float32")
    x, target = (a.astype("float32") for a in batch(net, side, 5 * L + 1))
    plan = training_step.make_plan(training_engine.describe(net.layers), side, np.dtype("float32"))
    parameters = list(net.parameters.values())
    results = [
        training_step.loss_and_gradients(plan, parameters, x, target, threads) for threads in (1, 2, 3, 2)
    ]
    for loss, gradients in results[1:]:
        assert loss == results[0][0]
        assert all(np.array_equal(a, b) for a, b in zip(gradients, results[0][1], strict=True))


def test_every_weight_has_one_place_for_its_gradient() -> None:
    for net, side in NETWORKS.values():
        layers = net.with_border("valid").layers
        plan = training_step.make_plan(training_engine.describe(layers), side, np.dtype("float32"))
        count = sum(parameter.size for parameter in net.parameters.values())
        none = count + 6 * plan.weighed.shape[1]
        places = np.bincount(plan.unpack, minlength=none + 1)
        assert places[count:none].max(initial=0) <= 1
        among_points = np.bincount(plan.weighed.ravel(), minlength=count)[:count]
        start = 0
        for parameter in net.parameters.values():
            found, stop = places[start : start + parameter.size], start + parameter.size
            if parameter.ndim == 4:
                assert (found + among_points[start:stop] == 1).all()
            else:
                assert (found >= 1).all()
                assert not among_points[start:stop].any()
            start = stop


@compiled
def test_what_the_engine_does_not_take() -> None:
    net = fsrcnn(3, 2, 1)
    assert training_engine.supports(net.with_border("valid").layers)
    assert not training_engine.supports(net.layers)
    assert not training_engine.supports(net.with_border("replicate").layers)
    valid = net.with_border("valid").layers
    assert training_engine.suits(valid, (1, 1, 11, 11))
    assert not training_engine.suits(valid, (1, 1, 11, 12))
    assert not training_engine.suits(valid, (1, 1, 65, 65))
    x = np.zeros((1, 1, 11, 11), np.float32)
    with pytest.raises(ValueError, match="training form"):
        loss_and_gradients(net, x, np.zeros((1, 1, 33, 33)), "fast")
    with pytest.raises(ValueError, match="target has shape"):
        loss_and_gradients(net.with_border("valid"), x, np.zeros((1, 1, 18, 18)), "fast")
    with pytest.raises(ValueError, match="engine is 'slow'"):
        loss_and_gradients(net, x, x, "slow")  # type: ignore[arg-type]


@compiled
@pytest.mark.parametrize("name", ["×3", "×2", "SRCNN 9-5-5"])
def test_a_diverged_network_gives_no_finite_loss_and_leaves_nothing_behind(name: str) -> None:
    net, side = NETWORKS[name]
    net = disturbed(net).astype("float32")
    x, target = batch(net, side, 2)
    loss, gradients = loss_and_gradients(net, x, target, "fast")
    diverged = disturbed(NETWORKS[name][0]).astype("float32")
    for parameter in diverged.parameters.values():
        parameter[:] = np.nan
    assert np.isnan(loss_and_gradients(diverged, x, target, "fast")[0])
    again = loss_and_gradients(net, x, target, "fast")
    assert again[0] == loss
    assert all(np.array_equal(again[1][key], gradients[key]) for key in gradients)


@compiled
def test_several_python_threads_may_train_at_once() -> None:
    net, side = NETWORKS["×3"]
    net = disturbed(net).astype("float32")
    x, target = batch(net, side, 2 * L)
    expected = loss_and_gradients(net, x, target, "fast")[0]
    with ThreadPoolExecutor(4) as pool:
        losses = list(pool.map(lambda _: loss_and_gradients(net, x, target, "fast")[0], range(12)))
    assert losses == [expected] * 12
