"""Weights files: round trips, provenance, and every kind of damage."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npsr
from npsr.learning.recipe import SHIPPED, read_rival, rival_of
from npsr.models.archive import WeightsError
from npsr.models.weights import digest
from npsr.training.recipe import differences, read_recipe, recipe_of

RECIPES = Path(__file__).parents[2] / "experiments" / "recipes"


def test_a_file_contains_what_numpy_would_save(tmp_path):
    net = npsr.fsrcnn(3, 2, 1)
    npsr.save(net, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as saved:
        assert saved.files == ["metadata", *net.parameters]
        np.savez(tmp_path / "b.npz", **saved)
    with zipfile.ZipFile(tmp_path / "a.npz") as ours, zipfile.ZipFile(tmp_path / "b.npz") as numpys:
        assert ours.namelist() == numpys.namelist()
        assert all(ours.read(name) == numpys.read(name) for name in ours.namelist())


@pytest.mark.parametrize("name", ["fsrcnn(3,2,1)", "srcnn", "transition-1", "transition-2"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip(tmp_path, rng, name, dtype):
    net = npsr.build(name, 2, dtype=dtype)
    net.provenance["data"] = "none"
    npsr.save(net, tmp_path / "net.npz")
    loaded = npsr.load(tmp_path / "net.npz")
    assert (loaded.name, loaded.scale, loaded.provenance) == (net.name, 2, {"data": "none"})
    assert loaded.layers == net.with_border("replicate").layers
    assert list(loaded.parameters) == list(net.parameters)
    x = rng.random((1, 1, 6, 5))
    np.testing.assert_array_equal(loaded(x), net.with_border("replicate")(x))


def chain(provenance):
    """The provenances of the runs that a model comes from, the first first."""
    return ([*chain(provenance["start"])] if "start" in provenance else []) + [provenance]


@pytest.mark.parametrize(("name", "n"), [(m, n) for m, factors in npsr.released().items() for n in factors])
def test_recipes_are_those_that_the_released_models_are_of(name, n):
    provenance = npsr.load_model(name, n).provenance
    if "method" in provenance["recipe"]:
        recipe = rival_of(provenance["recipe"], Path(name))
        assert recipe == replace(read_rival(SHIPPED / f"{name}.toml"), scale=n)
        return
    others = [
        npsr.load_model(other, n).provenance["recipe"]
        for other, factors in npsr.released().items()
        if n in factors and other != name
    ]
    recipes = [run["recipe"] for run in chain(provenance)]
    runs = [recipe for recipe in recipes if recipe["scale"] == n and recipe not in others]
    files = sorted(RECIPES.glob(f"{name}_x{n}*.toml"))
    assert len(files) == len(runs)
    for file, kept in zip(files, runs, strict=True):
        assert set(differences(read_recipe(file), recipe_of(kept, file))) <= {"start"}
        assert "/" not in kept["start"]


def test_a_foreign_provenance_is_refused(tmp_path):
    for wrong in ({"samples": "many"}, {"seconds": [1]}, {"data": [1]}, {"data": 1}):
        npsr.save(replace(npsr.fsrcnn(2, 2, 0), provenance=wrong), tmp_path / "net.npz", force=True)
        with pytest.raises(WeightsError, match="not an npsr model"):
            npsr.load(tmp_path / "net.npz")


def test_released_models_have_provenance():
    assert 3 in npsr.released()["fsrcnn"]
    for name, factors in npsr.released().items():
        for n in factors:
            model = npsr.load_model(name, n)
            assert model.scale == n
            assert {"data", "recipe", "seed", "scores", "seconds"} <= set(model.provenance)
            if isinstance(model, npsr.Network):
                assert npsr.build(model.name, n).layers == model.with_border("zero").layers
                assert "samples" in model.provenance


def test_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "net.npz"
    npsr.save(npsr.fsrcnn(1, 1, 0, seed=1), path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="--force"):
        npsr.save(npsr.fsrcnn(1, 1, 0, seed=2), path)
    assert path.read_bytes() == before
    npsr.save(npsr.fsrcnn(1, 1, 0, seed=2), path, force=True)
    assert path.read_bytes() != before
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]


@pytest.mark.parametrize("name", ["net", "net.npz.bak", "net.NPZ", ".npz"])
def test_a_network_is_saved_only_under_a_name_it_is_found_by(tmp_path, name):
    with pytest.raises(ValueError, match="saved as .npz"):
        npsr.save(npsr.fsrcnn(1, 1, 0), tmp_path / name)
    assert not list(tmp_path.iterdir())


def altered(tmp_path, change):
    """A saved network whose metadata and arrays went through `change(metadata, arrays)`."""
    path = tmp_path / "net.npz"
    npsr.save(npsr.fsrcnn(2, 2, 1), path, force=True)
    with np.load(path) as file:
        arrays = dict(file)
    metadata = json.loads(str(arrays.pop("metadata")))
    change(metadata, arrays)
    np.savez(path, metadata=np.array(json.dumps(metadata)), **arrays)
    return path


def flip(metadata, arrays):
    arrays["feature.weight"][0, 0, 0, 0] += 1


def poison(metadata, arrays):
    arrays["feature.weight"][0, 0, 0, 0] = np.nan
    metadata["sha256"] = digest(arrays)


def unfit(metadata, arrays):
    arrays["shrinking.weight"] = np.zeros((3, 3, 1, 1), np.float32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (flip, "damaged"),
        (poison, "damaged"),
        (unfit, r"needs \(2, 2, 1, 1\)"),
        (lambda m, a: a.pop("feature.bias"), "not an npsr model"),
        (lambda m, a: a.update({"feature.bias": np.zeros(2, np.int32)}), "int32"),
        (lambda m, a: m.update(format=99), "format 99"),
        (lambda m, a: m.pop("layers"), "not an npsr model"),
        (lambda m, a: m["layers"].append({"kind": "Dense"}), "not an npsr model"),
        (lambda m, a: m["layers"][0].update(f=-5), "not an npsr model"),
        (lambda m, a: m["layers"][0].update(border="mirror"), "not an npsr model"),
        (lambda m, a: m["layers"][-1].update(stride=2), "do not fit together"),
        (lambda m, a: m["layers"][1].update(slopes=1), "needs"),
        (lambda m, a: m["layers"][-1].update(padding=7), "do not fit together"),
        (lambda m, a: m["layers"][-1].update(padding=10**30), "do not fit together"),
        (lambda m, a: m["layers"][-1].update(padding=-1), "not an npsr model"),
        (lambda m, a: m["layers"][0].update(f=10**30), "needs"),
        (lambda m, a: m["layers"][0].update(n=10**30, c=10**30), "needs"),
        (lambda m, a: m.update(scale=10**30), "do not fit together"),
        (lambda m, a: m.update(scale=1e999), "not an npsr model"),
        (lambda m, a: m["layers"].clear(), "not|do not fit"),
    ],
)
def test_damaged_and_foreign_files_are_refused(tmp_path, change, words):
    with pytest.raises(WeightsError, match=words):
        npsr.load(altered(tmp_path, change))


def test_other_files_are_refused(tmp_path):
    def refused(name, words, content=None):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=words):
            npsr.load(tmp_path / name)

    refused("none.npz", "does not exist")
    refused("text.npz", "not an .npz file", b"text")
    refused("empty.npz", "not an .npz file", b"")
    np.savez(tmp_path / "foreign.npz", a=np.zeros(3))
    refused("foreign.npz", "not an npsr model")
    np.savez(tmp_path / "pickled.npz", metadata=np.array([{}], dtype=object))
    refused("pickled.npz", "not an .npz file")
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(2**24))
    refused("bomb.npz", "at most")
    (tmp_path / "folder.npz").mkdir()
    refused("folder.npz", "cannot be read")


@given(st.data())
def test_no_damage_gets_through(tmp_path_factory, data):
    """Whatever byte changes or is cut: the same network, or a WeightsError."""
    path = tmp_path_factory.mktemp("fuzz") / "net.npz"
    net = npsr.fsrcnn(1, 1, 0)
    npsr.save(net, path)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        loaded = npsr.load(path)
    except WeightsError:
        return
    for key, p in loaded.parameters.items():
        np.testing.assert_array_equal(p, net.parameters[key])


def test_unknown_models_and_factors_list_what_there_is():
    with pytest.raises(WeightsError, match="'espcn'.*fsrcnn at ×"):
        npsr.load("espcn", 3)
    with pytest.raises(WeightsError, match="×8.*fsrcnn at ×"):
        npsr.load("fsrcnn", 8)


def test_a_files_factor_is_checked(tmp_path):
    npsr.save(npsr.fsrcnn(1, 1, 0, 2), tmp_path / "net.npz")
    with pytest.raises(WeightsError, match="for ×2, but scale is 3"):
        npsr.load(tmp_path / "net.npz", 3)
