"""SCN trained: from a learnt dictionary, in a run's folder, resumed to the bit."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.running import needs_jit
from PIL import Image

import npsr
from npsr.networks.cascade import with_second_stage
from npsr.networks.sparse_coding import learn_dictionary, scn, spherical_means
from npsr.training.recipes.shipped import find_recipe
from npsr.training.sgd import paper_rates, rates_by_kind

RECIPE = npsr.Recipe(
    model="scn",
    scale=2,
    stages=(npsr.Stage(("photos",), 6, 5e-3),),
    batch=4,
    optimiser="adam",
    initialisation="dictionary",
    scales=(1.0,),
    rotations=(0, 1),
    sub_image=14,
    checkpoint_every=3,
)


@pytest.fixture
def photos(tmp_path, scene):
    (tmp_path / "photos").mkdir()
    for name in "12":
        pixels = (scene(60, 56, 3) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    return tmp_path


def assert_resumes_to_the_bit(recipe, photos, folder, whole):
    """A run that is stopped after three steps ends, resumed, as the whole one."""

    def stop(entry):
        if entry.get("step") == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        npsr.run_training(recipe, photos, folder, progress=stop)
    resumed = npsr.run_training(recipe, photos, folder, resume=True)
    for key, p in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[key], p, err_msg=key)


@needs_jit
def test_a_run_starts_from_a_dictionary_and_resumes_to_the_bit(photos, tmp_path):
    whole = npsr.run_training(RECIPE, photos, tmp_path / "whole")
    assert_resumes_to_the_bit(RECIPE, photos, tmp_path / "cut", whole)
    assert npsr.load(tmp_path / "cut" / "model.npz").provenance["recipe"]["initialisation"] == "dictionary"


@needs_jit
def test_a_second_stage_learns_from_the_first_ones_outputs(photos, tmp_path):
    first = tmp_path / "first.npz"
    npsr.save(scn(seed=2), first)
    recipe = replace(RECIPE, scale=4, start=str(first), cascade=True, initialisation="paper")
    whole = npsr.run_training(recipe, photos, tmp_path / "whole")
    assert (whole.scale, whole.first.scale) == (4, 2)
    for key, p in npsr.load(first).parameters.items():
        np.testing.assert_array_equal(whole.first.parameters[key], p)
        assert not np.array_equal(whole.parameters[key], p)
    assert_resumes_to_the_bit(recipe, photos, tmp_path / "cut", whole)
    np.testing.assert_array_equal(
        npsr.load(tmp_path / "cut" / "model.npz").first.parameters["maps.weight"],
        npsr.load(first).parameters["maps.weight"],
    )


def test_a_cascade_needs_a_first_stage_for_its_factor(photos, tmp_path):
    recipe = replace(RECIPE, scale=4, cascade=True, initialisation="paper")
    with pytest.raises(ValueError, match="start is missing"):
        npsr.run_training(recipe, photos, tmp_path / "run")
    npsr.save(scn(seed=2), tmp_path / "first.npz")
    other = replace(recipe, scale=3, start=str(tmp_path / "first.npz"))
    with pytest.raises(ValueError, match="scale is 3, but the cascade.*makes ×4: use -s 4"):
        npsr.run_training(other, photos, tmp_path / "run")
    npsr.save(with_second_stage(scn(seed=2)), tmp_path / "both.npz")
    as_start = replace(recipe, scale=2, cascade=False, start=str(tmp_path / "both.npz"))
    with pytest.raises(ValueError, match="start is a cascade for ×4, but scale is 2"):
        npsr.run_training(as_start, photos, tmp_path / "run")


@needs_jit
def test_a_dictionary_is_worth_more_than_chance(scene):
    images = [scene(60, 56), scene(64, 50)]
    pairs = [(npsr.imresize(npsr.low_resolution(image, 2), 2), image) for image in images]
    net = scn(32, scale=2)
    learnt = learn_dictionary(net, pairs)
    errors = [
        np.mean(
            (npsr.imresize(image, 1.0) - one(image_in[None, None].astype(np.float32))[0, 0])[8:-8, 8:-8] ** 2
        )
        for one in (net, learnt)
        for image_in, image in pairs[:1]
    ]
    assert errors[1] < errors[0]


def test_spherical_means_find_lines(rng):
    """Vectors along three lines, either way: the lines are found."""
    lines = np.linalg.qr(rng.standard_normal((8, 3)))[0].T
    chosen = rng.integers(0, 3, 200)
    vectors = lines[chosen] * rng.choice([-1, 1], 200)[:, None] + 0.05 * rng.standard_normal((200, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    best = max(
        (np.abs(spherical_means(vectors, 3, np.random.default_rng(seed)) @ lines.T) for seed in range(4)),
        key=lambda likeness: likeness.max(axis=0).min(),
    )
    assert best.max(axis=0).min() > 0.99


def test_images_without_texture_are_refused():
    flat = np.full((60, 60), 0.5)
    with pytest.raises(ValueError, match="patches with texture"):
        learn_dictionary(scn(32), [(flat, flat)])
    with pytest.raises(ValueError, match="no sparse codes"):
        learn_dictionary(npsr.fsrcnn(), [])


def test_rates_and_the_recipe(tmp_path, photos):
    rates = paper_rates(scn(12), 1.0)
    assert rates["maps.weight"] == rates["encoding.weight"] == 1
    assert rates["lista.weight"] == rates["decoding.weight"] == 0.2
    assert rates["combining.weight"] == 0.05
    assert set(rates_by_kind(scn(12), rates)) == {"maps", "encoding", "lista", "decoding", "combining"}
    recipe = find_recipe("scn", photos / "photos")
    assert (recipe.model, recipe.scale, recipe.steps, recipe.initialisation) == ("scn", 2, 5000, "dictionary")
    recipe = find_recipe("cscn", photos / "photos")
    assert (recipe.model, recipe.scale, recipe.cascade, recipe.start) == ("scn", 4, True, "scn_x2")
