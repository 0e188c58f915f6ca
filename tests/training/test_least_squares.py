"""The exact deconvolution: recovers the filters that made the data, and is a minimum."""

from dataclasses import replace

import numpy as np
import pytest

import npsr
from npsr.training.least_squares import solve_deconvolution
from npsr.training.samples import planes


def shaken(net, rng):
    for p in net.parameters.values():
        p[...] += rng.normal(0, 0.1, p.shape)
    return net


@pytest.mark.parametrize(("n", "padding"), [(2, 4), (3, 3), (3, 4), (4, 3)])
def test_filters_that_made_the_data_are_recovered(rng, n, padding):
    net = shaken(npsr.fsrcnn(2, 2, 0, n, dtype="float64", border="replicate"), rng)
    net = replace(net, layers=(*net.layers[:-1], replace(net.layers[-1], padding=padding)))
    lows = [rng.random((12, 11)) for _ in range(3)]
    pairs = [(low, net(low[None, None])[0, 0]) for low in lows]
    blank = net.astype("float64")
    blank.parameters["deconvolution.weight"][...] = 0
    found = solve_deconvolution(blank, pairs, ridge=0).parameters
    for key, p in net.parameters.items():
        np.testing.assert_allclose(found[key], p, atol=1e-9, err_msg=key)


def test_any_other_filters_are_worse(rng, scene):
    net = shaken(npsr.fsrcnn(2, 2, 1, 3, dtype="float64"), rng)
    low, high = rng.random((9, 10)), scene(27, 30)
    best = solve_deconvolution(net, [(low, high)], ridge=0)

    def error(network):
        return np.sum((network(low[None, None])[0, 0] - high) ** 2)

    for key in ("deconvolution.weight", "deconvolution.bias"):
        for sign in (-1, 1):
            other = best.astype("float64")
            other.parameters[key][...] += sign * 1e-3 * rng.random(other.parameters[key].shape)
            assert error(other) > error(best)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_ridge_costs_less_than_float32_can_tell(n, scene):
    """Of a new network, whose features are alike; on images of far more pixels than unknowns."""
    net = npsr.fsrcnn(4, 2, 1, n, dtype="float64")
    pairs = list(planes([scene(40 * n, 44 * n) for _ in range(3)], net, (1.0,)))

    def error(solved):
        return sum(np.sum((solved(low[None, None])[0, 0] - high) ** 2) for low, high in pairs)

    exact, kept = (error(solve_deconvolution(net, pairs, **ridge)) for ridge in ({"ridge": 0}, {}))
    assert exact <= kept * (1 + 1e-9)
    assert kept <= exact * (1 + 1e-6)


def test_features_that_leave_filters_undetermined_do_no_harm(rng, scene):
    """Features that are 0, or the same."""
    net = shaken(npsr.fsrcnn(4, 2, 0, 3), rng)
    net.parameters["expanding.weight"][0] = net.parameters["expanding.bias"][0] = 0
    for key in ("expanding.weight", "expanding.bias", "expanding.slope"):
        net.parameters[key][1] = net.parameters[key][2]
    solved = solve_deconvolution(net, planes([scene(90, 93)], net, (1.0,)))
    assert np.abs(solved.parameters["deconvolution.weight"]).max() < 1e3


def test_srcnn_has_none():
    with pytest.raises(ValueError, match="no deconvolution"):
        solve_deconvolution(npsr.srcnn(), [])
