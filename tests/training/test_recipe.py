"""Recipes: what a file may hold, the shipped ones, and what the command line says instead."""

import json
import re
from argparse import Namespace
from dataclasses import asdict, replace

import numpy as np
import pytest
from helpers.recipes import RUN_RECIPE
from PIL import Image

from npsr.commands.train import asked_recipe
from npsr.training.recipe import (
    Recipe,
    Stage,
    read_recipe,
    recipe_of,
    with_rate,
    with_steps,
)
from npsr.training.recipes.shipped import SHIPPED, find_recipe, shipped_recipes

MORE = """
rotations = [0, 1]
train = "deconvolution"
solve_deconvolution = true
"""
RECIPE = MORE + RUN_RECIPE


@pytest.fixture
def recipe_file(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path / "recipe.toml"


def test_a_recipe_is_read(recipe_file):
    recipe = read_recipe(recipe_file)
    assert recipe.stages == (Stage(("photos",), 5), Stage(("photos", "more"), 3, 5e-4, "cosine"))
    assert (recipe.steps, recipe.momentum, recipe.scales, recipe.rotations) == (8, 0.9, (1.0, 0.8), (0, 1))
    assert (recipe.train, recipe.solve_deconvolution) == ("deconvolution", True)
    assert recipe_of(json.loads(json.dumps(asdict(recipe))), recipe_file) == recipe


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed", "sede", "'sede' is unknown: there are model"),
        ("steps = 5", "", "'steps' is missing"),
        ("steps = 5", "step = 5", "'step' is unknown"),
        ("steps = 5", "steps = -5", "must be at least 0"),
        ("batch = 4", "batch = 4.5", "batch is 4.5, but must be a whole number"),
        ("batch = 4", "batch = true", "batch is True"),
        ("batch = 4", "batch = -4", "must be positive"),
        ("seed = 7", "seed = -7", "must be at least 0"),
        ("seed = 7", "momentum = 1", "at least 0 and below 1"),
        ("seed = 7", "momentum = nan", "at least 0 and below 1"),
        ("seed = 7", 'momentum = "a"', "must be a number"),
        ("seed = 7", "solve_deconvolution = 1\nseed = 7", "TOML"),
        ("solve_deconvolution = true", "solve_deconvolution = 1", "must be true or false"),
        ("seed = 7", "average = 1", "at least 0 and below 1"),
        ("seed = 7", "inner_channels = -1", "0 to 1000"),
        ("seed = 7", "slope_share = 0", "must be positive"),
        ("seed = 7", 'slopes = "all"', "'all'.*channel, layer"),
        ("seed = 7", 'loss = "l1"', "'l1'.*squared, psnr"),
        ("seed = 7", "flips = 1", "must be true or false"),
        ("rate = 5e-4", "rate = inf", "must be positive"),
        ("rate = 5e-4", "rate = nan", "must be positive"),
        ("rate = 5e-4", "rate = 0", "must be positive"),
        ('"cosine"', '"linear"', "'linear'.*none, halve, cosine"),
        ('"deconvolution"', '"bias"', "'bias'.*all, deconvolution"),
        ("[1.0, 0.8]", '[1.0, "0.8"]', "numbers above 0 and at most 1"),
        ("[1.0, 0.8]", "[1.0, nan]", "numbers above 0 and at most 1"),
        ("[1.0, 0.8]", "[inf]", "numbers above 0 and at most 1"),
        ("[1.0, 0.8]", "[true]", "numbers above 0 and at most 1"),
        ("[1.0, 0.8]", "[]", "scales is empty"),
        ("[1.0, 0.8]", "1.0", "scales is 1.0, but must be a list"),
        ("[0, 1]", "[0.5]", "quarter turns"),
        ("[0, 1]", "[4]", "quarter turns"),
        ('["photos"]', "[1]", "names of folders"),
        ('["photos"]', '[""]', "names of folders"),
        ('["photos"]', "[]", "data is empty"),
        ('["photos"]', '"photos"', "must be a list"),
        ('["photos/1.png"]', "[[1]]", "names of images"),
        ("[[stages]]", "[other]", "not TOML|no stages|unknown"),
        ("seed = 7", "stages = [1]\nseed = 7", "no stages|not TOML"),
        ("seed = 7", "seed 7", "not TOML"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(recipe_file, old, new, words):
    assert old in RECIPE
    recipe_file.write_text(RECIPE.replace(old, new, 1))
    with pytest.raises(ValueError, match=words):
        read_recipe(recipe_file)


def test_a_byte_order_mark_is_no_mistake(recipe_file):
    recipe_file.write_bytes(b"\xef\xbb\xbf" + RECIPE.encode())
    assert read_recipe(recipe_file).seed == 7


def test_what_is_no_recipe_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="check the name"):
        read_recipe(tmp_path / "none.toml")
    for content in (b"\xff\xfe", b"a = " + b"[" * 9999):
        (tmp_path / "binary.toml").write_bytes(content)
        with pytest.raises(ValueError, match="not TOML"):
            read_recipe(tmp_path / "binary.toml")
    with pytest.raises(ValueError, match=re.escape("there is no recipe 'papers': there are cscn, paper, ")):
        find_recipe("papers", tmp_path)


@pytest.mark.parametrize("name", [name for name in shipped_recipes() if "scn" not in name])
def test_shipped_recipes_suit_the_papers_folders_and_any_folder(tmp_path, name):
    for folder in ("T91", "General-100"):
        (tmp_path / "sets" / folder).mkdir(parents=True)
    whole = find_recipe(name, tmp_path / "sets")
    assert {folder for stage in whole.stages for folder in stage.data} == {"T91", "General-100"}
    assert len(whole.validation) == 5
    (tmp_path / "own").mkdir()
    with pytest.raises(ValueError, match="holds no image .*nor the folder General-100 and T91"):
        find_recipe(name, tmp_path / "own")
    (tmp_path / "own" / "T91").mkdir()
    with pytest.raises(ValueError, match="name one of its folders, T91; nor the folder General-100$"):
        find_recipe(name, tmp_path / "own")
    expected = {9: "", 10: "05", 34: "05 16 27", 80: "08 24 40 56 72"}
    for count, held_back in expected.items():
        for k in range(count):
            Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "own" / f"{k:02}.png")
        own = find_recipe(name, tmp_path / "own")
        assert own.stages == (replace(whole.stages[0], data=(".",), steps=whole.steps),)
        assert [v.removesuffix(".png") for v in own.validation] == held_back.split()


def test_the_papers_recipe():
    paper = read_recipe(SHIPPED / "paper.toml")
    assert [stage.data for stage in paper.stages] == [("T91",), ("T91", "General-100")]
    assert paper.stages[1].rate == paper.stages[0].rate / 2 == 5e-4
    assert (paper.optimiser, paper.momentum, paper.batch, paper.sub_image) == ("sgd", 0.9, 128, 0)
    assert paper.steps * paper.batch == pytest.approx(1e8, rel=0.03)


def test_steps_keep_proportions_and_rates_too():
    recipe = Recipe(stages=(Stage(("a",), 600, 1e-3), Stage(("b",), 200, 5e-4)))
    for steps in (0, 1, 3, 100, 10**6):
        shorter = with_steps(recipe, steps)
        assert shorter.steps == steps
        assert abs(shorter.stages[0].steps - 0.75 * steps) <= 0.5
    assert [stage.rate for stage in with_rate(recipe, 2e-3).stages] == pytest.approx([2e-3, 1e-3])
    assert [stage.steps for stage in with_steps(with_steps(recipe, 0), 7).stages] == [0, 7]


def test_a_recipe_made_in_python_is_checked_as_well():
    stages = (Stage(("a",), 1),)
    for wrong in ({"optimiser": "Adam"}, {"batch": 0}, {"train": "half"}, {"stages": ()}, {"scale": 2.5}):
        key = next(iter(wrong))
        with pytest.raises(ValueError, match=f"^{key} is .*, but must "):
            Recipe(**({"stages": stages} | wrong))
    with pytest.raises(ValueError, match="decay is 'Halve'"):
        Stage(("a",), 1, decay="Halve")
    listed = Recipe(stages=[Stage(["a"], 1)], scales=[1.0])
    assert listed == Recipe(stages=stages, scales=(1.0,))


def test_the_command_line_overrides(recipe_file):
    keys = "model scale steps batch rate optimiser sub_image seed checkpoint_every start train last_share"
    nothing = dict.fromkeys([*keys.split(), "solve_deconvolution"])
    options = {"recipe": str(recipe_file)}
    assert asked_recipe(Namespace(**options, **nothing), recipe_file.parent) == read_recipe(recipe_file)
    said = {
        "scale": 2,
        "batch": 8,
        "optimiser": "adam",
        "sub_image": 15,
        "seed": 0,
        "train": "all",
        "last_share": 0.5,
    }
    recipe = asked_recipe(
        Namespace(**options, **nothing | said | {"steps": 16, "rate": 1e-2}), recipe_file.parent
    )
    assert {name: getattr(recipe, name) for name in said} == said
    assert [(stage.steps, stage.rate) for stage in recipe.stages] == [(10, 1e-2), (6, pytest.approx(5e-3))]


def test_srcnn_has_rates_of_its_own(tmp_path):
    for folder in ("T91", "General-100"):
        (tmp_path / folder).mkdir()
    nothing = dict.fromkeys(("recipe", "steps", "rate"))
    recipes = [asked_recipe(Namespace(**nothing, model=m), tmp_path) for m in (None, "srcnn-ex", "fsrcnn-s")]
    assert [recipe.stages[0].rate for recipe in recipes] == [1e-3, 1e-4, 1e-3]
