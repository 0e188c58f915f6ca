"""The streamed engine against the plain one: every network, border, and way to cut the work."""

import numpy as np
import pytest
from helpers.networks import plan_of, trained
from helpers.running import needs_jit

from npsr.networks.architectures import build, fsrcnn, srcnn
from npsr.networks.inference_engine import describe
from npsr.networks.layers import BORDERS
from npsr_kernels.compiling import memory
from npsr_kernels.stream import inference

pytestmark = needs_jit

SIDES = [(1, 1), (1, 19), (23, 1), (2, 3), (13, 17), (9, 130)]
NETWORKS = ["fsrcnn(8,4,2)", "fsrcnn(7,5,1)", "fsrcnn(13,3,0)", "srcnn(9,1,5)", "srcnn(5,3,5)",
            "transition-1", "transition-2"]  # fmt: skip


@pytest.mark.parametrize("border", ["zero", "replicate"])
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_stream_agrees_with_the_plain_engine(name, scale, border, rng):
    net = trained(build(name, scale, border=border), rng)
    for rows, columns in SIDES:
        x = rng.random((2, 1, rows, columns)).astype(np.float32)
        plain, fast = net(x, engine="plain"), net(x, engine="fast")
        assert np.abs(plain).max() > 0.01
        np.testing.assert_allclose(fast, plain, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["fsrcnn", "fsrcnn-s", "srcnn-ex"])
def test_the_paper_s_networks_agree_on_an_image_wider_than_a_tile(name, rng):
    net = trained(build(name, 3, border="replicate"), rng)
    x = rng.random((1, 1, 11, 571)).astype(np.float32)
    np.testing.assert_allclose(net(x, engine="fast"), net(x, engine="plain"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [1, 5, 9])
def test_factors_beyond_the_paper(scale, rng):
    net = trained(fsrcnn(6, 4, 1, scale=scale, border="replicate"), rng)
    x = rng.random((1, 1, 12, 15)).astype(np.float32)
    np.testing.assert_allclose(net(x, engine="fast"), net(x, engine="plain"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("border", ["zero", "replicate"])
def test_the_padding_of_imported_models(border, rng):
    """The authors' deconvolution at ×4 is cut by 4 pixels, not by 3."""
    net = trained(fsrcnn(8, 4, 1, scale=4, border=border, shared_slopes=True), rng)
    layers = describe(net.layers, net.parameters)
    moved = inference.make_plan([*layers[:-1], layers[-1]._replace(padding=4)], border)
    x = rng.random((1, 1, 10, 14)).astype(np.float32)
    here, there = inference.run(plan_of(net), x), inference.run(moved, x)
    np.testing.assert_allclose(there[..., :-1, :-1], here[..., 1:, 1:], rtol=0, atol=1e-5)


def test_double_precision(rng):
    net = trained(build("fsrcnn(8,4,2)", 3, dtype="float64", border="replicate"), rng)
    x = rng.random((1, 1, 14, 21))
    np.testing.assert_allclose(net(x, engine="fast"), net(x, engine="plain"), rtol=0, atol=1e-12)


@pytest.mark.parametrize("border", ["zero", "replicate"])
@pytest.mark.parametrize("make", [lambda b: fsrcnn(9, 4, 2, border=b), lambda b: srcnn(5, 3, 3, border=b)])
def test_no_bit_depends_on_threads_or_tiles(make, border, rng):
    plan = plan_of(trained(make(border), rng))
    x = rng.random((2, 1, 37, 150)).astype(np.float32)
    once = inference.run(plan, x, threads=1, tile=1000)
    for threads in (1, 2, 3):
        for tile in (40, 64, 101):
            memory.give_back(np.full(10**7, 255, np.uint8))  # no bit depends on what was there before: NaN
            assert np.array_equal(inference.run(plan, x, threads=threads, tile=tile), once)


def test_the_output_goes_where_it_is_asked_to(rng):
    plan = plan_of(fsrcnn(4, 4, 1))
    x = rng.random((1, 1, 5, 6)).astype(np.float32)
    out = np.full((1, 1, 15, 18), np.nan, np.float32)
    assert inference.run(plan, x, out) is out
    assert np.array_equal(out, inference.run(plan, x))
    with pytest.raises(ValueError, match="out has shape"):
        inference.run(plan, x, out[..., 1:])
    with pytest.raises(TypeError, match="dtypes differ"):
        inference.run(plan, x.astype(np.float64))


def test_parameters_changed_in_place_are_noticed(rng):
    net = fsrcnn(4, 4, 1)
    x = rng.random((1, 1, 5, 6)).astype(np.float32)
    before = net(x)
    net.parameters["deconvolution.bias"] += 1
    np.testing.assert_allclose(net(x), before + 1, atol=1e-6)


def test_each_engine_takes_what_it_can(rng):
    x = rng.random((1, 1, 9, 9)).astype(np.float32)
    for border in BORDERS:
        net = fsrcnn(4, 4, 1, border=border)
        np.testing.assert_allclose(net(x), net(x, engine="plain"), atol=1e-5)
    with pytest.raises(ValueError, match="border"):
        net.with_border("valid")(x, engine="fast")
    with pytest.raises(ValueError, match="engine is"):
        net(x, engine="quick")
