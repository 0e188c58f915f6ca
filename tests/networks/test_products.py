"""Weights trained as products: exact against the network of all factors, run layer by layer."""

from dataclasses import replace

import numpy as np
import pytest

import npsr
from npsr.networks.network import Network, loss_and_gradients
from npsr.networks.products import factorised, multiply_out, pulled_back, weight_of
from npsr.training.loop import sample_order
from npsr.training.transfer import deconvolution_of

CHANNELS = 5


def unfolded(net: Network, factors: dict[str, np.ndarray]) -> Network:
    """Every layer as two: f × f and then 1 × 1; of the deconvolution 1 × 1 first. No biases between."""
    layers, parameters = [], {}
    for layer in net.layers:
        if isinstance(layer, npsr.PReLU):
            layers.append(layer)
            parameters[f"{layer.name}.slope"] = net.parameters[f"{layer.name}.slope"]
            continue
        outer, inner = (factors[f"{layer.name}.weight.{part}"] for part in ("outer", "inner"))
        bias, none = net.parameters[f"{layer.name}.bias"], np.zeros(CHANNELS)
        if isinstance(layer, npsr.Conv):
            layers += [
                npsr.Conv(f"{layer.name}_inner", layer.f, CHANNELS, layer.c, layer.border),
                npsr.Conv(f"{layer.name}_outer", 1, layer.n, CHANNELS, layer.border),
            ]
            pair = inner.reshape(CHANNELS, layer.c, layer.f, layer.f), outer[:, :, None, None]
            own = {"inner.weight": pair[0], "inner.bias": none, "outer.weight": pair[1], "outer.bias": bias}
        else:
            layers += [
                npsr.Conv(f"{layer.name}_outer", 1, CHANNELS, layer.c),
                replace(layer, name=f"{layer.name}_inner", c=CHANNELS),
            ]
            pair = outer.T[:, :, None, None], inner.reshape(CHANNELS, 1, layer.f, layer.f)
            own = {"outer.weight": pair[0], "outer.bias": none, "inner.weight": pair[1], "inner.bias": bias}
        parameters |= {f"{layer.name}_{key}": np.ascontiguousarray(p) for key, p in own.items()}
    return replace(net, layers=tuple(layers), parameters=parameters)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("border", ["valid", "zero"])
def test_products_are_the_layers_one_after_the_other(rng, scale, border):
    """Output and every gradient: of factors, biases and slopes."""
    net = npsr.fsrcnn(4, 3, 2, scale, seed=1, dtype="float64", border=border)
    factors = factorised(net.parameters, CHANNELS, seed=2)
    for p in (*factors.values(), *net.parameters.values()):
        np.add(p, rng.normal(0, 0.1, p.shape), out=p)  # away from the start
    multiply_out(factors, net.parameters)
    long = unfolded(net, factors)
    x = rng.random((2, 1, 9, 9))
    target = rng.random(net(x).shape)
    np.testing.assert_allclose(net(x), long(x, engine="plain"), atol=1e-12)
    loss, gradients = loss_and_gradients(net, x, target, "plain")
    long_loss, expected = loss_and_gradients(long, x, target, "plain")
    assert loss == pytest.approx(long_loss, rel=1e-12)
    pulled = pulled_back(factors, gradients)
    assert len(pulled) == len(gradients) + sum(key.endswith(".weight") for key in gradients)
    for key, gradient in pulled.items():
        layer, _, kind = key.removesuffix(".outer").removesuffix(".inner").partition(".")
        place = {".outer": "_outer", ".inner": "_inner"}.get(key[-6:], "")
        if kind == "bias":
            place = "_inner" if layer == "deconvolution" else "_outer"
        theirs = expected[f"{layer}{place}.{kind}"]
        if key == "deconvolution.weight.outer":
            theirs = theirs[:, :, 0, 0].T
        np.testing.assert_allclose(gradient, theirs.reshape(gradient.shape), atol=1e-10 * loss, err_msg=key)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_give_the_weights_that_they_are_made_of(dtype):
    net = npsr.fsrcnn(6, 3, 1, seed=4, dtype=dtype)
    again = net.astype(dtype)
    factors = factorised(net.parameters, 8, seed=0)
    multiply_out(factors, again.parameters)
    for key, p in net.parameters.items():
        error = np.abs(again.parameters[key] - p).max()
        assert error <= 1e3 * np.finfo(dtype).eps * np.abs(p).max(), key
        if key.endswith(".weight"):
            assert factors[f"{key}.outer"].shape == (len(p), 8)
            assert factors[f"{key}.inner"].shape == (8, p[0].size)
            assert np.linalg.matrix_rank(factors[f"{key}.inner"].astype(float)) == min(8, p[0].size)
    other = factorised(net.parameters, 8, seed=1)
    assert (other["feature.weight.outer"] != factors["feature.weight.outer"]).any()


def test_weights_of_zeros_move_and_single_ones_are_kept():
    parameters = {"a.weight": np.zeros((2, 1, 3, 3)), "b.weight": np.full((1, 1, 1, 1), 0.7)}
    factors = factorised(parameters, 4, seed=0)
    multiply_out(factors, parameters)
    np.testing.assert_allclose(parameters["a.weight"], 0, atol=1e-15)
    assert parameters["b.weight"].item() == pytest.approx(0.7)
    pulled = pulled_back(factors, {"a.weight": np.ones((2, 1, 3, 3))})
    assert np.abs(pulled["a.weight.inner"]).min() > 0


def test_too_few_channels_are_refused():
    parameters = npsr.fsrcnn(6, 3, 1).parameters
    with pytest.raises(ValueError, match=r"inner_channels is 5, but must be at least 6 for feature\.weight"):
        factorised(parameters, 5, 0)
    factorised(parameters, 6, 0)


def test_a_state_learns_factors_biases_and_slopes():
    net = npsr.fsrcnn(4, 2, 1)
    state = npsr.fresh_state(net, factors=factorised(net.parameters, 4, 0))
    assert {weight_of(key) for key in state.learnt} == set(net.parameters)
    assert len(state.learnt) == len(net.parameters) + 5
    alone = npsr.fresh_state(net, "deconvolution", factors=factorised(net.parameters, 4, 0))
    assert {weight_of(key) for key in alone.learnt} == set(deconvolution_of(net).parameters)
    assert list(npsr.fresh_state(net).learnt) == list(net.parameters)


def test_two_steps_are_those_of_the_factors(scene):
    """By hand: v ← 0.9 v − η g and θ ← θ + v on B and A, whose product is the weight of the next step."""
    net = npsr.fsrcnn(3, 2, 0, seed=0, dtype="float64")
    factors = factorised(net.parameters, CHANNELS, seed=0)
    state = npsr.fresh_state(net, factors=factors)
    samples = npsr.Samples([scene(40, 40)], state.net, scales=[1.0])
    rates = dict.fromkeys(state.learnt, 1e-4)
    seen = []
    npsr.train(
        state, samples, npsr.sgd_update(lambda _: rates), 2, 4, after_step=lambda _, loss: seen.append(loss)
    )
    by_hand, velocity = net.with_border("valid"), dict.fromkeys(state.learnt, 0.0)
    multiply_out(factors, by_hand.parameters)
    learnt = {key: p.copy() for key, p in npsr.fresh_state(net, factors=factors).learnt.items()}
    order = sample_order(len(samples), 4, 0, 0)
    for loss in seen:
        found, gradients = loss_and_gradients(by_hand, *samples[next(order)])
        assert found == pytest.approx(loss, rel=1e-12)
        for key, gradient in pulled_back(learnt, gradients).items():
            velocity[key] = 0.9 * velocity[key] - 1e-4 * gradient / 2
            learnt[key] = learnt[key] + velocity[key]
        weights = {
            key: (learnt[f"{key}.outer"] @ learnt[f"{key}.inner"]).reshape(p.shape)
            for key, p in net.parameters.items()
            if key.endswith(".weight")
        }
        by_hand = replace(by_hand, parameters=net.parameters | learnt | weights)
        by_hand = replace(by_hand, parameters={key: by_hand.parameters[key] for key in net.parameters})
    for key, p in by_hand.parameters.items():
        np.testing.assert_allclose(state.net.parameters[key], p, atol=1e-12)
