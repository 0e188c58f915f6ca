"""A+, ANR and GR as models: identities, parts of a plane, files."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr.images.resize import imresize
from npsr.models.archive import WeightsError
from npsr.rivals.anchored import Anchored
from npsr.rivals.features import features, filters_of, overlap_mean
from npsr.rivals.files import load_model, save_rival
from npsr.upscaling.bands import bands
from npsr.upscaling.factors import by_factor
from npsr.upscaling.operations import Part, rival_operation
from npsr.upscaling.plan import plan_enlargement
from npsr_kernels.conv2d import conv2d_forward
from npsr_kernels.deconv2d import deconv2d_forward


def made(rng, n=3, anchors=7, p=5, name="a+"):
    """A model whose every number shows in the result."""
    filters = filters_of(rng.standard_normal((36 * n * n, p)) / (6 * n), n).astype(np.float32)
    atoms = rng.standard_normal((anchors, p)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    regressors = rng.standard_normal((anchors, p, 9 * n * n)).astype(np.float32) / 10
    return Anchored(name, n, filters, atoms, regressors)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_without_regressors_it_is_bicubic(rng, n):
    model = made(rng, n)
    model.regressors[:] = 0
    low = rng.random((6, 8))
    np.testing.assert_allclose(model(low), imresize(low, n), atol=1e-14)


def test_one_anchor_is_a_convolution_and_a_transposed_one(rng):
    n, model = 2, made(rng, 2, anchors=1)
    low = rng.random((9, 10))
    wide = np.pad(low, 5, mode="symmetric")[None, None]
    maps = conv2d_forward(wide, model.filters[:, None].astype(float), np.zeros(5))
    weight = model.regressors[0].astype(float).reshape(5, 1, 6, 6)
    details = deconv2d_forward(maps, weight, np.zeros(1), n)[0, 0, 2 * n : -2 * n, 2 * n : -2 * n] / 9
    np.testing.assert_allclose(model(low), imresize(low, n) + details, atol=1e-6)


def test_regressors_are_odd(rng):
    """The dark side of an edge is served like the bright one: −x gives −details."""
    model, low = made(rng), rng.random((7, 9))
    np.testing.assert_allclose(model(-low), -model(low), atol=1e-6)


def test_each_pixel_takes_the_anchor_that_it_points_along(rng):
    model, low = made(rng), rng.random((7, 9))
    found = features(low, model.filters)
    chosen = np.argmax(np.abs(found @ model.anchors.T), axis=2)
    expected = np.einsum("ijp,ijpq->ijq", found, model.regressors[chosen])
    np.testing.assert_allclose(model(low) - imresize(low, 3), overlap_mean(expected, 3), atol=1e-6)


@pytest.mark.parametrize("ensemble", [False, True])
@needs_jit
def test_bands_of_any_height_give_the_same_bits(rng, scene, ensemble):
    model = made(rng)
    image = (scene(33, 41, 3) * 255).astype(np.uint8)
    whole = npsr.upscale(image, 3, model, ensemble)
    work = plan_enlargement(image, by_factor(image.shape, 3), model, ensemble)
    for height in (1, 7, 20):
        cut = np.concatenate(list(bands(image, work, height * work.bytes_a_row)))
        np.testing.assert_array_equal(cut, whole)


def test_of_an_ensemble_a_part_needs_a_part(rng):
    operation = rival_operation(made(rng), (300, 200), ensemble=True)
    assert operation.needs(Part((300, 330), (0, 600))) == ((95, 115), (0, 200))
    assert operation.needs(Part((300, 330), (301, 302))) == ((95, 115), (95, 106))


def test_half_precision_is_kept_in_a_file(rng, tmp_path):
    model, low = made(rng), rng.random((8, 9))
    half = replace(model, regressors=model.regressors.astype(np.float16))
    save_rival(half, tmp_path / "half.npz")
    again = load_model(tmp_path / "half.npz")
    assert again.regressors.dtype == np.float16
    np.testing.assert_array_equal(again(low), half(low))
    np.testing.assert_allclose(half(low), model(low), atol=2e-3)


def test_a_released_model_goes_by_its_name(scene, capsys):
    from npsr.cli import main

    with pytest.raises(SystemExit, match="0"):
        main(["info", "a+"])
    text = capsys.readouterr().out
    assert text.startswith("a+ ×2") and "1024×29×36" in text and "scores" in text
    low = npsr.low_resolution(scene(40, 44), 2)
    large = npsr.upscale(low, 2, "a+")
    np.testing.assert_allclose(large, np.clip(load_model("a+", 2)(low), 0, 1), atol=1e-6)
    assert npsr.upscale(low, 3, "a+").shape == (60, 66)
    with pytest.raises(WeightsError, match="no released model 'a\\+' at ×3: there are a\\+ at ×2"):
        load_model("a+", 3)


def test_a_bad_model_is_one_line_on_the_command_line(rng, tmp_path, capsys):
    from PIL import Image

    from npsr.cli import main

    path, image = tmp_path / "a.npz", tmp_path / "p.png"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(image)
    save_rival(made(rng, 2), path)
    whole = path.read_bytes()
    for content, words in (
        (whole, "for ×2, but scale is 3: use -s 2"),
        (whole[:-300], "damaged|not an .npz"),
        (b"", "damaged|not an .npz"),
    ):
        path.write_bytes(content)
        with pytest.raises(SystemExit, match="2"):
            main(["evaluate", str(tmp_path), "-s", "3", "-m", str(path)])
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("npsr: error: ") and re.search(words, line), line
    with pytest.raises(ValueError, match="regressors that are not finite"):
        save_rival(replace(made(rng), regressors=np.full((7, 5, 81), np.nan)), path, force=True)


def test_other_factors_and_alpha_go_through_it(rng, scene):
    model = made(rng, 2)
    assert npsr.upscale(scene(9, 8, 4), 3, model).shape == (27, 24, 4)
    assert npsr.upscale(scene(9, 8), model=model).shape == (18, 16)
    with pytest.raises(ValueError, match="for ×2, but scale is 3"):
        npsr.evaluate("nowhere", 3, model)


def test_a_file_gives_the_model_back(rng, tmp_path):
    model, path = made(rng), tmp_path / "m.npz"
    save_rival(model, path)
    again = load_model(path)
    assert (again.name, again.scale) == ("a+", 3)
    low = rng.random((6, 6))
    np.testing.assert_array_equal(again(low), model(low))
    np.testing.assert_array_equal(npsr.upscale(low, 3, path), npsr.upscale(low, 3, model))
    with pytest.raises(FileExistsError):
        save_rival(model, path)
    with pytest.raises(WeightsError, match="is a model for ×3"):
        load_model(path, 2)
    with pytest.raises(WeightsError, match="holds a\\+, not a network"):
        npsr.load(path)


def damaged(path, change):
    with np.load(path) as file:
        arrays = dict(file)
    metadata = json.loads(str(arrays["metadata"]))
    change(arrays, metadata)
    arrays["metadata"] = np.array(json.dumps(metadata))
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays, _: arrays["anchors"].__setitem__((0, 0), 9), "damaged"),
        (lambda arrays, _: arrays["anchors"].__setitem__((0, 0), np.nan), "damaged"),
        (lambda arrays, _: arrays.pop("filters"), "filters"),
        (lambda arrays, _: arrays.update(regressors=arrays["regressors"][:, :, :80]), "must be"),
        (lambda _, metadata: metadata.update(scale=4), "must be"),
        (lambda _, metadata: metadata.update(format=9), "format 9"),
        (lambda _, metadata: metadata.update(method="b+"), "not a model of npsr"),
    ],
)
def test_damaged_files_are_refused(rng, tmp_path, change, words):
    path = tmp_path / "m.npz"
    save_rival(made(rng), path)
    damaged(path, change)
    with pytest.raises(WeightsError, match=words):
        load_model(path)


def test_arrays_that_are_not_finite_are_not_saved(rng, tmp_path):
    model = made(rng)
    model.regressors[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        save_rival(model, tmp_path / "m.npz")
