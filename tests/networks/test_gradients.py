"""Whole networks' gradients, and a checker that can fail."""

from itertools import pairwise

import numba
import numpy as np
import pytest
from helpers.running import needs_jit
from hypothesis import given
from hypothesis import strategies as st

import npsr
from npsr.networks.gradient_check import gradcheck
from npsr.networks.network import forward, loss_and_gradients


def problem(net, seed=0, side=7, samples=2):
    """Parameters shaken out of their small initial values, images and targets."""
    rng = np.random.default_rng(seed)
    for key, p in net.parameters.items():
        p[...] += rng.normal(0, 0.02 if p.std() < 0.01 or not key.endswith("weight") else 0, p.shape)
    x = rng.random((samples, 1, side, side + 1)).astype(net.dtype)
    return net, x, rng.random(net(x).shape).astype(net.dtype)


@given(
    d=st.integers(1, 4),
    s=st.integers(1, 3),
    m=st.integers(0, 2),
    scale=st.integers(1, 4),
    border=st.sampled_from(["valid", "zero", "replicate"]),
    shared=st.booleans(),
    seed=st.integers(0, 99),
)
def test_fsrcnn_gradients(d, s, m, scale, border, shared, seed):
    net = npsr.fsrcnn(d, s, m, scale, seed, "float64", border, shared_slopes=shared)
    reports = gradcheck(*problem(net, seed), entries=3, seed=seed)
    assert [r.name for r in reports] == list(net.parameters)
    assert all(r.passed for r in reports), [r for r in reports if not r.passed]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("border", ["valid", "zero"])
def test_a_factor_may_pass_through_a_rectifier(border, shared):
    """PReLU(c x) = c PReLU(x), c > 0: what makes a feature stronger and its reader weaker changes nothing, so
    ⟨w, dw⟩ + b db of the one is ⟨v, dv⟩ of the other, for every channel."""
    net, x, target = problem(npsr.fsrcnn(5, 3, 2, 3, 1, "float64", border, shared_slopes=shared))
    _, gradients = loss_and_gradients(net, x, target)
    strengths = {key: p * gradients[key] for key, p in net.parameters.items()}
    layers = [layer for layer in net.layers if not isinstance(layer, npsr.PReLU)]
    for layer, reader in pairwise(layers):
        own = strengths[f"{layer.name}.weight"].sum(axis=(1, 2, 3)) + strengths[f"{layer.name}.bias"]
        axes = (1, 2, 3) if isinstance(reader, npsr.DeConv) else (0, 2, 3)
        np.testing.assert_allclose(own, strengths[f"{reader.name}.weight"].sum(axis=axes), rtol=1e-9)


@needs_jit
@pytest.mark.parametrize("name", ["fsrcnn", "srcnn", "srcnn-ex", "transition-1", "transition-2"])
@pytest.mark.parametrize("border", ["valid", "replicate"])
def test_the_papers_networks_gradients(name, border):
    net = npsr.build(name, 3, dtype="float64", border=border)
    reports = gradcheck(*problem(net, side=19 if border == "valid" else 6), entries=4)
    assert all(r.passed for r in reports), [r for r in reports if not r.passed]
    assert sum(r.checked for r in reports) > 3 * len(reports)


def planted(key, factor=1.0005, entry=None):
    """A gradient with an error of 0.05 % in one tensor, or in a single entry of it."""

    def gradient(net, x, target):
        loss, gradients = loss_and_gradients(net, x, target)
        wrong = gradients[key].ravel()
        wrong[slice(None) if entry is None else entry] *= factor
        return loss, gradients

    return gradient


@pytest.mark.parametrize("key", npsr.fsrcnn(3, 2, 1).parameters)
def test_a_planted_error_of_a_twentieth_per_cent_fails(key):
    net, x, target = problem(npsr.fsrcnn(3, 2, 1, dtype="float64"))
    failed = [r.name for r in gradcheck(net, x, target, entries=3, gradient=planted(key)) if not r.passed]
    assert failed == [key]


def test_a_planted_error_in_one_entry_fails_through_the_projection():
    """The entry is not sampled, but takes part in the random direction."""
    net, x, target = problem(npsr.fsrcnn(3, 2, 1, dtype="float64"))
    wrong = planted("deconvolution.weight", 1.05, entry=121)
    reports = {r.name: r for r in gradcheck(net, x, target, entries=0, gradient=wrong)}
    assert not reports["deconvolution.weight"].passed
    assert reports["feature.weight"].passed


def test_kinks_are_detected_not_reported_as_errors():
    """With every pre-activation at exactly 0, any step crosses the kink."""
    net = npsr.fsrcnn(2, 2, 0, dtype="float64")
    for key, p in net.parameters.items():
        p[...] *= not key.startswith("feature")
    x = np.random.default_rng(0).random((1, 1, 6, 6))
    (report, *_) = gradcheck(net, x, net(x) + 1)
    assert report.skipped > 0
    assert report.checked == 0
    assert not report.passed


def test_the_loss_is_equation_3():
    """Summed over the pixels of a sample, averaged over samples; float32 agrees with float64."""
    net, x, target = problem(npsr.fsrcnn(3, 2, 1, dtype="float64"), samples=3)
    loss, gradients = loss_and_gradients(net, x, target)
    assert loss == pytest.approx(sum(np.sum((net(x[i : i + 1]) - target[i]) ** 2) for i in range(3)) / 3)
    loss32, gradients32 = loss_and_gradients(net.astype("float32"), x, target)
    assert loss32 == pytest.approx(loss, rel=1e-6)
    for key, gradient in gradients32.items():
        assert gradient.dtype == np.float32
        np.testing.assert_allclose(gradient, gradients[key], atol=1e-5 * np.abs(gradients[key]).max())


def test_targets_of_another_shape_are_refused():
    net = npsr.fsrcnn(2, 2, 0)
    with pytest.raises(ValueError, match=r"target has shape \(1, 1, 4, 4\)"):
        loss_and_gradients(net, np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 4, 4)))


@needs_jit
def test_results_do_not_depend_on_the_number_of_threads():
    net, x, target = problem(npsr.fsrcnn(16, 5, 1), side=20, samples=5)
    most, results = numba.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            numba.set_num_threads(threads)
            _, gradients = loss_and_gradients(net, x, target)
            results.append([forward(net, x), *gradients.values()])
    finally:
        numba.set_num_threads(most)
    for other in results[1:]:
        for first, last in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, last)
