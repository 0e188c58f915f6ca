"""A grid of trainings: what is trained, what comes of it, and that nothing is trained twice."""

import json

import numpy as np
import pytest
from helpers.running import needs_jit, run, said
from PIL import Image

import npsr

pytest.importorskip("distributed", reason="needs npsr[dask]")

from npsr.dask.grid import read_grid
from npsr.dask.sweep_report import markdown
from npsr.training.run import run_training

GRID = """
recipe = "base.toml"
batch = 8
m = 0
[grid]
d = [4, 6]
s = [2]
rate = [1e-3, 2e-3]
seed = [0, 1]
"""
BASE = """
scale = 2
optimiser = "adam"
checkpoint_every = 2
validation = ["2.png"]
[[stages]]
data = ["."]
steps = 4
rate = 0.5
"""


@pytest.fixture
def folder(tmp_path, scene):
    (tmp_path / "data").mkdir()
    for name in "12":
        Image.fromarray((scene(60, 50) * 255).astype(np.uint8)).save(tmp_path / "data" / f"{name}.png")
    (tmp_path / "grid.toml").write_text(GRID)
    (tmp_path / "base.toml").write_text(BASE)
    return tmp_path


def test_every_combination_is_a_recipe(folder):
    points = read_grid(folder / "grid.toml", folder / "data")
    assert list(points) == [
        f"d{d}-s2-rate{rate}-seed{seed}" for d in (4, 6) for rate in (0.001, 0.002) for seed in (0, 1)
    ]
    recipe = points["d6-s2-rate0.002-seed1"].recipe
    assert (recipe.model, recipe.seed, recipe.batch, recipe.scale) == ("fsrcnn(6,2,0)", 1, 8, 2)
    assert (recipe.stages[0].rate, recipe.steps) == (0.002, 4)


@needs_jit
def test_a_sweep(folder, address, capsys, monkeypatch):
    arguments = "sweep", folder / "grid.toml", "--data", folder / "data", "-o", folder / "runs"
    code, out, err = run(capsys, *arguments, "--scheduler", address)
    assert (code, said(err)) == (0, [])
    rows = json.loads((folder / "runs" / "sweep.json").read_text())
    assert [row["run"] for row in rows] == list(read_grid(folder / "grid.toml", folder / "data"))
    assert rows[0]["weights"] == npsr.weight_count(npsr.fsrcnn(4, 2, 0, 2))
    assert markdown(rows) in out
    with Image.open(folder / "runs" / "sweep.png") as picture:
        assert min(picture.size) > 300
    recipe = read_grid(folder / "grid.toml", folder / "data")["d6-s2-rate0.002-seed1"].recipe
    alone = run_training(recipe, folder / "data", folder / "alone").parameters
    found = npsr.load(folder / "runs" / "d6-s2-rate0.002-seed1" / "model.npz").parameters
    for key, parameter in alone.items():
        np.testing.assert_array_equal(found[key], parameter)

    monkeypatch.setattr("npsr.dask.sweep.run_training", None)  # not called: all is trained
    assert run(capsys, *arguments, "--scheduler", address)[0] == 0


@needs_jit
def test_one_failure_costs_no_other(folder, address, capsys):
    (folder / "grid.toml").write_text(
        'recipe = "base.toml"\nmodel = "fsrcnn(4,2,0)"\nrate = 1e-3\n[grid]\nbatch = [8, 10000]'
    )
    arguments = "sweep", folder / "grid.toml", "--data", folder / "data", "-o", folder / "runs"
    code, out, err = run(capsys, *arguments, "--scheduler", address)
    assert code == 2
    assert said(err)[0].startswith("npsr: error: batch10000: there are ")
    assert "2 batch8: trained" in out
    rows = json.loads((folder / "runs" / "sweep.json").read_text())
    assert ["error" in row for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("d = 4", "has no \\[grid\\]"),
        ("[grid]\nd = 4", "has no \\[grid\\]"),
        ("[grid]\ncolour = [1]", "the key 'colour' is unknown"),
        ("seed = 1\n[grid]\nseed = [1]", "seed is in \\[grid\\] and outside of it"),
        ("[grid]\nd = [4, 4]", "two trainings would be named d4"),
        ("model = 'fsrcnn'\n[grid]\nd = [4]", "model is given beside d"),
        ("[grid]\nbatch = ['many']", "batch is 'many', but must be a whole number"),
        ("recipe = 'slow'\n[grid]\nseed = [1]", "there is no recipe 'slow'"),
        ("grid", "is not TOML"),
    ],
)
def test_a_grid_that_is_none_is_refused(folder, text, words):
    (folder / "grid.toml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read_grid(folder / "grid.toml", folder / "data")
