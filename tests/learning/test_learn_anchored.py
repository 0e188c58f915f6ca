"""A+, ANR and GR learnt at small size: identities, runs in folders, the command line."""

import json
from dataclasses import replace

import numpy as np
import pytest

import npsr
from npsr.cli import main
from npsr.images.resize import imresize
from npsr.learning import anchors
from npsr.learning.pools import pairs, samples
from npsr.learning.recipe import AnchoredRecipe, find_rival, read_rival, shipped_rivals
from npsr.learning.run import learn_rival
from npsr.rivals.files import save_rival

SMALL = AnchoredRecipe("a+", 2, ("photos",), atoms=12, passes=2, neighbours=60, scales=2)


@pytest.fixture
def images(scene):
    return [(scene(60, 52) * 255).astype(np.uint8), (scene(48, 66) * 255).astype(np.uint8)]


def learnt(recipe, images, state=None):
    return list(anchors.learn(recipe, images, state or {}))


@pytest.mark.parametrize("method", ["a+", "anr", "gr"])
def test_learning_improves_on_bicubic(images, scene, method):
    recipe = replace(SMALL, method=method, ridge=0.01)
    steps = learnt(recipe, images)
    assert len(steps) == anchors.total(recipe)
    model = anchors.model(recipe, steps[-1][0])
    low = npsr.low_resolution(images[0] / 255.0, 2)
    errors = [np.mean((plane - images[0] / 255.0) ** 2) for plane in (model(low), imresize(low, 2))]
    assert errors[0] < 0.8 * errors[1]


def test_regressors_equal_the_dear_way(images):
    """H (LᵀL + λI)⁻¹ Lᵀ over an anchor's neighbours found by sorting the whole pool."""
    state = learnt(SMALL, images)[-1][0]
    filters, atoms = state["filters"], state["atoms"]
    pool = [samples(pair, filters, 2) for pair in pairs(images, 2, (1.0, 0.98))]
    found, details = anchors.normalised(*(np.concatenate(parts) for parts in zip(*pool, strict=True)))
    for a in (0, 5, 11):
        near = np.argsort(-(found @ atoms[a]), kind="stable")[:60]
        L, H = found[near].T.astype(float), details[near].T.astype(float)
        expected = H @ np.linalg.solve(L.T @ L + 0.1 * np.eye(60), L.T)
        np.testing.assert_allclose(state["regressors"][a].T, expected, atol=2e-4)


def test_weak_features_keep_their_details():
    found = np.array([[3, 4], [0.03, 0.04]], np.float32)
    of_length_1, details = anchors.normalised(found, np.full((2, 2), 10, np.float32))
    np.testing.assert_allclose(of_length_1, [[0.6, 0.8]] * 2, atol=1e-6)
    np.testing.assert_allclose(details, [[2, 2], [10, 10]], atol=1e-5)


def test_samples_keep_a_margin(images):
    (pair,) = pairs(images[:1], 2)
    found, details = samples(pair, np.zeros((3, 9, 9)), 2)
    assert (found.shape, details.shape) == ((26 * 22, 3), (26 * 22, 36))
    assert list(pairs([np.zeros((9, 40), np.uint8)], 2)) == []


@pytest.mark.parametrize("method", ["anr", "gr"])
def test_a_dictionary_is_taken_from_a_model(images, method, tmp_path):
    recipe = replace(SMALL, method=method, ridge=0.01)
    expected = learnt(recipe, images)
    save_rival(anchors.model(SMALL, learnt(SMALL, images)[-1][0]), tmp_path / "a+.npz")
    taken = replace(recipe, start=str(tmp_path / "a+.npz"))
    steps = learnt(taken, images)
    assert len(steps) == anchors.total(taken) == 1
    np.testing.assert_array_equal(steps[-1][0]["regressors"], expected[-1][0]["regressors"])


def test_a_start_without_a_dictionary_is_refused(images, tmp_path):
    of_gr = replace(SMALL, method="gr")
    save_rival(anchors.model(of_gr, learnt(of_gr, images)[-1][0]), tmp_path / "a.npz")
    with pytest.raises(ValueError, match="a.npz is a model for ×2, but scale is 3"):
        learnt(replace(SMALL, scale=3, start=str(tmp_path / "a.npz")), images)
    with pytest.raises(ValueError, match="start is gr, but must"):
        learnt(replace(SMALL, start=str(tmp_path / "a.npz")), images)
    with pytest.raises(ValueError, match="start is fsrcnn.*must be a model of A"):
        learnt(replace(SMALL, start="fsrcnn"), images)
    with pytest.raises(ValueError, match="start is 5, but must be a text"):
        replace(SMALL, start=5)
    with pytest.raises(SystemExit, match="2"):
        main(["train", "kk", "--data", str(tmp_path), "-o", str(tmp_path / "run"), "--start", "a.npz"])


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_goes_on_bit_for_bit(images, stop):
    steps = learnt(SMALL, images)
    rest = learnt(SMALL, images, steps[stop - 1][0])
    assert len(rest) == len(steps) - stop
    np.testing.assert_array_equal(rest[-1][0]["regressors"], steps[-1][0]["regressors"])


def test_the_number_of_threads_changes_no_bit(images, monkeypatch):
    expected = learnt(SMALL, images)[-1][0]["regressors"]
    monkeypatch.setattr("npsr_kernels.compiling.threads.default_threads", lambda: 1)
    np.testing.assert_array_equal(learnt(SMALL, images)[-1][0]["regressors"], expected)


def test_runs_in_folders(data, tmp_path):
    told = []
    model = learn_rival(SMALL, data, tmp_path / "run", report=told.append)
    assert [entry["step"] for entry in told] == [1, 2, 3, 4, 5]
    again = npsr.load_model(tmp_path / "run" / "model.npz")
    np.testing.assert_array_equal(again.regressors, model.regressors)
    assert again.provenance["data"] == ["photos"]
    with pytest.raises(FileExistsError, match="use --resume"):
        learn_rival(SMALL, data, tmp_path / "run")
    with pytest.raises(ValueError, match="another recipe \\(ridge\\)"):
        learn_rival(replace(SMALL, ridge=0.2), data, tmp_path / "run", resume=True)
    resumed = learn_rival(SMALL, data, tmp_path / "run", resume=True)
    np.testing.assert_array_equal(resumed.regressors, model.regressors)
    (data / "photos" / "1.png").unlink()
    with pytest.raises(ValueError, match="other images"):
        learn_rival(SMALL, data, tmp_path / "run", resume=True)
    (tmp_path / "run" / "recipe.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        learn_rival(SMALL, data, tmp_path / "run", resume=True)


def test_unusable_images_are_told(rng):
    flat = [np.full((60, 60), 128, np.uint8)]
    with pytest.raises(ValueError, match="flat"):
        learnt(SMALL, flat)
    small = [(rng.random((12, 12)) * 255).astype(np.uint8)]
    with pytest.raises(ValueError, match="use more or larger"):
        learnt(SMALL, small)


def test_recipes(tmp_path):
    assert {"a+", "anr", "gr"} <= set(shipped_rivals())
    recipe = find_rival("a+", tmp_path)
    assert (recipe.atoms, recipe.neighbours, recipe.pool, recipe.data) == (1024, 2048, 5_000_000, (".",))
    path = tmp_path / "r.toml"
    for text, words in (
        ('method = "b+"', "method is 'b\\+'"),
        ('method = "a+"\nwidth = 3', "the key 'width' is unknown"),
        ('method = "a+"\natoms = 0', "atoms is 0"),
        ('method = "a+"\nridge = "x"', "ridge is 'x'"),
        ('method = "a+"\ndata = [1]', "data is"),
        ("method = ", "is not TOML"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            read_rival(path)


def test_the_command_line(data, tmp_path, capsys):
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'method = "a+"\ndata = ["photos"]\natoms = 12\npasses = 1\nneighbours = 60\nscales = 1\n'
    )
    run = str(tmp_path / "run")
    for arguments, code, words in (
        (["train", str(recipe), "--data", str(data), "-s", "2", "-o", run], 0, "a+ ×2"),
        (
            ["train", str(recipe), "--data", str(data), "-s", "2", "-o", run, "--batch", "3"],
            2,
            "--batch is for",
        ),
        (["info", f"{run}/model.npz"], 0, "multiplications per LR pixel"),
        (["evaluate", str(data / "more"), "-s", "2", "-m", f"{run}/model.npz"], 0, "mean"),
        (["upscale", str(data / "more/3.png"), "-o", f"{run}/large.png", "-m", f"{run}/model.npz"], 0, ""),
        (["evaluate", str(data / "more"), "-s", "3", "-m", f"{run}/model.npz"], 2, "use -s 2"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        output = capsys.readouterr()
        assert ended.value.code == code, output
        assert words in output.out + output.err
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["scale"] == 2
