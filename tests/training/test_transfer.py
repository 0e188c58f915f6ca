"""From one factor to another: what is taken, what is trained, and that the parts make the whole."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.running import needs_jit
from PIL import Image

import npsr
from npsr.degradation.degrading import plain
from npsr.networks.network import loss_and_gradients
from npsr.training.checkpoint import load_checkpoint, save_checkpoint
from npsr.training.log import read_log
from npsr.training.recipe import Recipe, Stage
from npsr.training.run import run_training
from npsr.training.transfer import deconvolution_of, features, reduced_features, starting_network


def shaken(net, rng):
    for p in net.parameters.values():
        p[...] += rng.normal(0, 0.1, p.shape)
    return net


def is_convolution(key):
    return not key.startswith("deconvolution.")


def test_another_factor_gives_its_convolutions(tmp_path, rng):
    npsr.save(shaken(npsr.fsrcnn(3, 2, 1, scale=3, shared_slopes=True), rng), tmp_path / "x3.npz")
    old, new = npsr.load(tmp_path / "x3.npz"), npsr.fsrcnn(3, 2, 1, scale=4, seed=5)
    net = starting_network("fsrcnn(3,2,1)", 4, 5, str(tmp_path / "x3.npz"))
    assert (net.scale, net.layers[-1].stride) == (4, 4)
    assert list(net.parameters) == list(old.parameters)
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(p, (old if is_convolution(key) else new).parameters[key])
    assert net(np.zeros((1, 1, 5, 6), np.float32)).shape == (1, 1, 20, 24)
    same = starting_network("fsrcnn(3,2,1)", 3, 5, str(tmp_path / "x3.npz"))
    for key, p in same.parameters.items():
        np.testing.assert_array_equal(p, old.parameters[key])


def test_starts_by_name():
    released = npsr.load("fsrcnn", 3)
    for start, scale in (("fsrcnn", 3), ("fsrcnn_x3", 3), ("fsrcnn_x3", 5)):
        net = starting_network("fsrcnn", scale, 0, start)
        assert net.scale == scale
        np.testing.assert_array_equal(net.parameters["feature.weight"], released.parameters["feature.weight"])
    with pytest.raises(ValueError, match="no released model 'fsrcnn' at ×7"):
        starting_network("fsrcnn", 3, 0, "fsrcnn_x7")
    with pytest.raises(ValueError, match="start is fsrcnn.*name the same network"):
        starting_network("fsrcnn-s", 3, 0, "fsrcnn")


def test_what_is_new_is_drawn_as_asked(tmp_path):
    drawn = starting_network("srcnn", 3, 4, initialisation="he")
    for key, p in npsr.he_initialised(npsr.srcnn(seed=4), 4).parameters.items():
        np.testing.assert_array_equal(drawn.parameters[key], p)
    npsr.save(npsr.srcnn(seed=1), tmp_path / "srcnn.npz")
    kept = starting_network("srcnn", 3, 4, str(tmp_path / "srcnn.npz"), "he")
    assert (kept.parameters["mapping.weight"] == npsr.srcnn(seed=1).parameters["mapping.weight"]).all()


def test_slopes_are_shared_by_what_is_new_throughout(tmp_path):
    shared = starting_network("fsrcnn(3,2,1)", 3, 4, slopes="layer")
    expected = npsr.fsrcnn(3, 2, 1, 3, seed=4, shared_slopes=True)
    assert shared.layers == expected.layers
    for key, p in expected.parameters.items():
        np.testing.assert_array_equal(shared.parameters[key], p)
    npsr.save(npsr.fsrcnn(3, 2, 1), tmp_path / "start.npz")
    kept = starting_network("fsrcnn(3,2,1)", 4, 4, str(tmp_path / "start.npz"), slopes="layer")
    assert kept.parameters["feature.slope"].shape == (3,)


def test_srcnn_serves_every_factor(tmp_path):
    npsr.save(npsr.srcnn(scale=3, seed=4), tmp_path / "srcnn.npz")
    net = starting_network("srcnn", 2, 0, str(tmp_path / "srcnn.npz"))
    assert net.scale == 2
    np.testing.assert_array_equal(
        net.parameters["mapping.weight"], npsr.srcnn(seed=4).parameters["mapping.weight"]
    )


def test_convolutions_and_deconvolution_make_the_network(rng):
    net = shaken(npsr.fsrcnn(3, 2, 1, scale=3, dtype="float64", border="replicate"), rng)
    low = rng.random((9, 11))
    last = deconvolution_of(net)
    assert last.parameters["deconvolution.weight"] is net.parameters["deconvolution.weight"]
    whole = net(low[None, None], engine="plain")
    np.testing.assert_allclose(last(features(net, low)[None], engine="plain"), whole, rtol=1e-12)


@needs_jit
@pytest.mark.parametrize(("scale", "channels", "side"), [(2, 5, 10), (3, 56, 7), (4, 12, 6), (3, 1, 14)])
def test_a_deconvolution_alone_runs_on_the_fast_engine(rng, scale, channels, side):
    net = deconvolution_of(shaken(npsr.fsrcnn(channels, 2, 0, scale=scale, border="valid"), rng))
    x = rng.normal(size=(11, channels, side, side)).astype("float32")
    target = rng.random((11, 1, *[scale * side - scale + 1] * 2), np.float32)
    loss, gradients = loss_and_gradients(net, x, target, "fast")
    expected_loss, expected = loss_and_gradients(net.astype("float64"), x, target, "plain")
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for key, gradient in expected.items():
        np.testing.assert_allclose(gradients[key], gradient, atol=1e-5 * np.abs(gradient).max())
    with pytest.raises(ValueError, match=rf"x has shape .* must be \(N, {channels}, H, W\)"):
        loss_and_gradients(net, x[:, :0], target, "fast")


def test_features_are_cut_where_sub_images_are(rng, scene):
    """Away from borders a sample is the window of the features that the label lies over."""
    net = shaken(npsr.fsrcnn(2, 2, 0, scale=3, border="replicate"), rng)
    last = deconvolution_of(net.with_border("valid"))
    image = scene(60, 66)
    samples = npsr.Samples([image], last, (1.0,), (0,), reduce=partial(reduced_features, net, plain))
    x, target = samples[np.arange(len(samples))]
    assert x.shape[1:] == (2, 7, 7)
    assert target.shape[1:] == (1, 19, 19)
    low = npsr.imresize(image, size=(20, 22))
    whole = features(net, low)
    np.testing.assert_array_equal(x[1], whole[:, :7, 4:11])
    np.testing.assert_allclose(target[1, 0], image[1:20, 13:32], atol=1e-6)


@pytest.fixture
def data(tmp_path, scene):
    for name in "12":
        pixels = (scene(60, 54) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    npsr.save(npsr.fsrcnn(6, 3, 1, scale=3, seed=1), tmp_path / "x3.npz")
    return tmp_path


def recipe_from(data, **changes):
    recipe = Recipe("fsrcnn(6,3,1)", 2, (Stage((".",), 40),), batch=8, start=str(data / "x3.npz"))
    return replace(recipe, validation=("2.png",), **changes)


def validation(folder):
    return [entry["validation"] for entry in read_log(folder / "log.jsonl") if "validation" in entry]


@needs_jit
def test_only_the_deconvolution_is_trained(data):
    net = run_training(recipe_from(data, train="deconvolution"), data, data / "run")
    start = starting_network("fsrcnn(6,3,1)", 2, 0, str(data / "x3.npz"))
    for key, p in net.parameters.items():
        assert np.array_equal(p, start.parameters[key]) == is_convolution(key), key
    scores = validation(data / "run")
    assert scores[-1] > scores[0] + 1


@needs_jit
def test_solving_is_better_than_training_and_needs_no_step(data):
    run_training(recipe_from(data, train="deconvolution"), data, data / "trained")
    none = (Stage((".",), 0),)
    net = run_training(recipe_from(data, solve_deconvolution=True, stages=none), data, data / "solved")
    assert len(validation(data / "solved")) == 1
    assert validation(data / "solved")[0] > validation(data / "trained")[-1]
    assert net.provenance["samples"] == 0
    assert npsr.load(data / "solved" / "model.npz").scale == 2


@needs_jit
def test_the_cost_is_that_of_all_that_a_model_comes_from(data):
    first = run_training(recipe_from(data, start=""), data, data / "first")
    assert first.provenance["samples"] == 320
    for seconds, expected in ((1000, 1000), (None, None)):
        cost = {"samples": 320} | ({"seconds": seconds} if seconds else {})
        npsr.save(replace(first, provenance=cost), data / "start.npz", force=True)
        folder = data / f"second{seconds}"
        second = run_training(recipe_from(data, start=str(data / "start.npz")), data, folder)
        assert second.provenance["samples"] == 640
        own = read_log(folder / "log.jsonl")[-1]["seconds"]
        found = second.provenance.get("seconds")  # unknown if the start's is
        assert found == (expected and pytest.approx(expected + own, abs=0.5))


@needs_jit
def test_seconds_survive_a_resumption(data):
    def stop(entry):
        if entry.get("step") == 20:
            raise RuntimeError

    recipe = recipe_from(data, checkpoint_every=10)
    with pytest.raises(RuntimeError):
        run_training(recipe, data, data / "run", progress=stop)
    state = load_checkpoint(data / "run" / "checkpoint.npz")
    state.seconds += 500
    save_checkpoint(data / "run" / "checkpoint.npz", state, state.net.provenance)
    net = run_training(recipe, data, data / "run", resume=True)
    assert net.provenance["seconds"] >= 500
