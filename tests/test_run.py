"""Recipes and runs: mistakes, resumption, and nothing lost."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from test_cli import run

import npsr
from npsr.recipe import Recipe, Stage, read_recipe
from npsr.run import rate_at, run_training
from npsr.weights import WeightsError

RECIPE = """
model = "fsrcnn(2,2,0)"
seed = 7
batch = 4
scales = [1.0, 0.8]
checkpoint_every = 3
validation = ["photos/1.png"]
[[stages]]
data = ["photos"]
steps = 5
[[stages]]
data = ["photos", "more"]
steps = 3
rate = 5e-4
decay = "cosine"
"""


@pytest.fixture
def data(tmp_path, scene):
    for folder, names in (("photos", "12"), ("more", "3")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for name in names:
            pixels = (scene(50, 45, 3) * 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / folder / f"{name}.png")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path / "data"


def test_recipes_are_read_and_checked(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    assert recipe.stages == (Stage(("photos",), 5), Stage(("photos", "more"), 3, 5e-4, "cosine"))
    assert (recipe.steps, recipe.momentum, recipe.scales) == (8, 0.9, (1.0, 0.8))
    for old, new, words in [
        ("seed", "sede", "'sede' is unknown: there are model"),
        ("steps = 5", "", "'steps' is missing"),
        ("steps = 5", "step = 5", "'step' is unknown"),
        ("batch = 4", "batch = 4.5", "batch is 4.5"),
        ("batch = 4", "batch = true", "batch is True"),
        ("batch = 4", "batch = -4", "must be positive"),
        ('"cosine"', '"linear"', "'linear'.*none, halve, cosine"),
        ("[[stages]]", "[other]", "not TOML|no stages|unknown"),
        ("seed = 7", "seed 7", "not TOML"),
    ]:
        (tmp_path / "bad.toml").write_text(RECIPE.replace(old, new))
        with pytest.raises(ValueError, match=words):
            read_recipe(tmp_path / "bad.toml")
    with pytest.raises(FileNotFoundError, match="check the name"):
        read_recipe(tmp_path / "none.toml")


def test_rates_decay():
    assert [rate_at(Stage((), 1, 1.0, "halve"), d) for d in (0, 0.49, 0.5, 0.74, 0.75, 0.9)] == [
        1, 1, 0.5, 0.5, 0.25, 0.125,
    ]  # fmt: skip
    assert rate_at(Stage((), 1, 1.0, "none"), 0.9) == 1
    assert rate_at(Stage((), 1, 1.0, "cosine"), 0.5) == pytest.approx(0.5)


class StoppedError(Exception):
    """Stands for a kill at any moment."""


@pytest.mark.parametrize(("moment", "optimiser"), [(1, "sgd"), (2, "sgd"), (2, "adam"), (3, "adam")])
def test_a_resumed_run_is_bit_identical(tmp_path, data, moment, optimiser):
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), optimiser=optimiser)
    whole = run_training(recipe, data, tmp_path / "whole")
    entries = []

    def stop(entry):
        entries.append(entry)
        if len(entries) == moment:
            raise StoppedError

    with pytest.raises(StoppedError):
        run_training(recipe, data, tmp_path / "cut", progress=stop)
    resumed = run_training(recipe, data, tmp_path / "cut", resume=True)
    for key, p in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[key], p)
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "cut")]
    steps = [[(e["step"], e["loss"], e["validation"]) for e in map(json.loads, log)] for log in logs]
    assert [step for step, *_ in steps[0]] == [3, 5, 6, 8]
    if moment > 1:  # stopped before its first checkpoint, a run starts anew
        assert steps[0][-1][0] == steps[1][-1][0]
    assert steps[1][-1] == steps[0][-1]
    model = npsr.load(tmp_path / "cut" / "model.npz")
    assert model.provenance["samples"] == 32
    assert model.provenance["data"] == ["more", "photos"]
    assert model.provenance["recipe"]["seed"] == 7


def test_a_run_is_not_overwritten_or_continued_as_another(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    run_training(recipe, data, tmp_path / "run")
    with pytest.raises(FileExistsError, match="--resume"):
        run_training(recipe, data, tmp_path / "run")
    other = Recipe(model="fsrcnn(2,2,0)", stages=(Stage(("photos",), 9),))
    with pytest.raises(ValueError, match="another recipe"):
        run_training(other, data, tmp_path / "run", resume=True)
    (tmp_path / "run" / "checkpoint.npz").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="checkpoint"):
        run_training(recipe, data, tmp_path / "run", resume=True)
    np.savez(tmp_path / "run" / "checkpoint.npz", a=1)
    with pytest.raises(WeightsError, match="not a checkpoint"):
        run_training(recipe, data, tmp_path / "run", resume=True)


def test_unusable_data(tmp_path, data):
    recipe = Recipe(model="fsrcnn(2,2,0)", stages=(Stage(("photos",), 2),), batch=2)
    (data / "photos" / "4.png").write_bytes(b"not an image")
    with pytest.raises(ValueError, match="4.png is no image"):
        run_training(recipe, data, tmp_path / "a")
    (data / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no image"):
        run_training(Recipe(stages=(Stage(("empty",), 2),)), data, tmp_path / "b")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(data / "empty" / "small.png")
    with pytest.raises(ValueError, match="smaller than a sub-image"):
        run_training(Recipe(stages=(Stage(("empty",), 2),)), data, tmp_path / "c")
    Image.fromarray(np.zeros((40, 40), np.uint16)).save(data / "empty" / "deep.png")
    with pytest.raises(ValueError, match="takes 8-bit"):
        run_training(Recipe(stages=(Stage(("empty",), 2),)), data, tmp_path / "d")


def test_starting_from_another_model(tmp_path, data):
    start = npsr.fsrcnn(2, 2, 0, seed=9)
    npsr.save(start, tmp_path / "start.npz")
    recipe = Recipe(
        "fsrcnn(2,2,0)",
        start=str(tmp_path / "start.npz"),
        stages=(Stage(("photos",), 1, rate=1e-12),),
        batch=2,
    )
    with pytest.raises(ValueError, match="start is fsrcnn"):
        run_training(replace(recipe, model="fsrcnn"), data, tmp_path / "other")
    net = run_training(recipe, data, tmp_path / "run")
    np.testing.assert_allclose(
        net.parameters["feature.weight"], start.parameters["feature.weight"], atol=1e-6
    )


def test_training_a_network_that_no_name_tells(tmp_path, data):
    layers = [npsr.Conv("only", 3, 2, 1), npsr.ReLU("only"), npsr.DeConv("deconvolution", 9, 1, 2, 3, 3)]
    net = npsr.initialise("relu", 3, layers)
    recipe = Recipe("relu", stages=(Stage(("photos",), 2, rate=1e-12),), batch=2)
    trained = run_training(recipe, data, tmp_path / "run", net=net)
    assert (trained.name, trained.layers) == ("relu", net.with_border("replicate").layers)
    np.testing.assert_allclose(trained.parameters["only.weight"], net.parameters["only.weight"], atol=1e-6)
    again = run_training(recipe, data, tmp_path / "run", resume=True, net=net)
    np.testing.assert_array_equal(again.parameters["only.weight"], trained.parameters["only.weight"])


def test_the_command(capsys, tmp_path, data):
    code, out, _ = run(capsys, "train", tmp_path / "recipe.toml", "--data", data, "-o", tmp_path / "run")
    assert code == 0
    assert "validation" in out
    assert "samples/s" in out
    assert npsr.load(tmp_path / "run" / "model.npz").name == "fsrcnn(2,2,0)"
    photos = data / "photos"
    arguments = [
        "train",
        "-m",
        "fsrcnn(2,2,0)",
        "-s",
        2,
        "--data",
        photos,
        "-o",
        tmp_path / "own",
        "--steps",
        2,
    ]
    assert run(capsys, *arguments, "--seed", 3, "--checkpoint-every", 1)[0] == 0
    assert npsr.load(tmp_path / "own" / "model.npz").provenance["seed"] == 3
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "--resume" in err
    assert run(capsys, "train", "--data", tmp_path / "none", "-o", tmp_path / "x", "--steps", 1)[0] == 2
