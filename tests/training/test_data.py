"""What a run learns from: any folder of photographs, told clearly where it will not do."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.running import run
from PIL import Image

import npsr
from npsr.training.data import stage_samples
from npsr.training.log import read_log
from npsr.training.recipe import Recipe, Stage, read_recipe
from npsr.training.run import run_training


def test_unusable_data_leaves_no_folder_behind(tmp_path, data):
    def refused(words, **changes):
        with pytest.raises(ValueError, match=words):
            run_training(replace(recipe, **changes), data, tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def stages(*folders):
        return tuple(Stage((folder,), 2) for folder in folders)

    recipe = Recipe(model="fsrcnn(2,2,0)", stages=stages("photos"), batch=2)
    (data / "photos" / "4.png").write_bytes((data / "photos" / "1.png").read_bytes()[:999])
    refused("4.png is no image or is damaged")
    (data / "empty").mkdir()
    refused("holds no image", stages=stages("empty"))
    refused("none is not a folder", stages=stages("none"))
    refused("none is not a folder", stages=stages("more", "none"))
    refused("none.png does not exist", stages=stages("more"), validation=("none.png",))
    refused("held back for validation", stages=stages("more"), validation=("more/3.png",))
    refused("fewer than a batch of 500", stages=stages("more"), batch=500)
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(data / "empty" / "small.png")
    refused("smaller than a sub-image, 33 × 33 pixels", stages=stages("empty"))
    refused("smaller than a sub-image, 40 × 40 pixels", stages=stages("empty"), scale=4)
    refused("smaller than a sub-image, 33 × 33 pixels", stages=stages("empty"), model="srcnn", scale=2)
    refused("too far for sub-images of 4 × 4", stages=stages("more"), sub_image=4)
    refused("no deconvolution", model="srcnn", stages=stages("more"), train="deconvolution")
    refused("no deconvolution", model="srcnn", stages=stages("more"), solve_deconvolution=True)


def test_small_images_among_large_ones_are_no_mistake(tmp_path, data):
    Image.fromarray(np.zeros((2, 90), np.uint8)).save(data / "photos" / "narrow.png")
    recipe = replace(read_recipe(tmp_path / "recipe.toml"), solve_deconvolution=True, optimiser="adam")
    run_training(recipe, data, tmp_path / "run")


def test_images_beyond_the_memory_give_their_middle(tmp_path, data, monkeypatch):
    recipe = Recipe("fsrcnn(2,2,0)", stages=(Stage(("photos",), 1),), batch=2)
    state = npsr.fresh_state(npsr.fsrcnn(2, 2, 0))
    sizes, told = [], []
    for memory in (2**31, 50_000):
        monkeypatch.setattr("npsr.training.data.MEMORY", memory)
        samples = stage_samples(recipe.stages[0], recipe, data, state, told.append)
        sizes.append(samples.pixels.nbytes + samples.table.nbytes)
    assert [entry["reduced"] for entry in told] == [0, 2]
    assert [entry["images"] for entry in told] == [2, 2]
    assert sizes[0] > 50_000
    assert 25_000 < sizes[1] <= 50_000


def test_the_images_must_stay(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    run_training(recipe, data, tmp_path / "run")
    kept = (data / "more" / "3.png").read_bytes()
    Image.fromarray(np.zeros((50, 45), np.uint8)).save(data / "more" / "3.png")
    with pytest.raises(ValueError, match="other images"):
        run_training(recipe, data, tmp_path / "run", resume=True)
    (data / "more" / "3.png").write_bytes(kept)
    run_training(recipe, data, tmp_path / "run", resume=True)


def test_images_that_change_what_is_held_back_are_told_as_such(capsys, tmp_path, data):
    for k in range(10):
        (data / "photos" / f"copy{k}.png").write_bytes((data / "photos" / "1.png").read_bytes())
    arguments = ["train", "-m", "fsrcnn(2,2,0)", "--data", data / "photos", "--batch", 2, "--steps", 1]
    arguments += ["-o", tmp_path / "run"]
    assert run(capsys, *arguments)[0] == 0
    (data / "photos" / "copy0.png").unlink()
    code, _, err = run(capsys, *arguments, "--resume")
    assert code == 2
    assert "other images" in err


def test_flat_and_small_images_held_back_are_passed_over(tmp_path, data):
    Image.fromarray(np.zeros((50, 45), np.uint8)).save(data / "flat.png")
    Image.fromarray(np.zeros((2, 45), np.uint8)).save(data / "small.png")
    recipe = read_recipe(tmp_path / "recipe.toml")
    for name, held_back in (("one", ("flat.png",)), ("two", ("small.png", "flat.png", *recipe.validation))):
        run_training(replace(recipe, validation=held_back), data, tmp_path / name)
        assert "Infinity" not in (tmp_path / name / "log.jsonl").read_text()
    one, two = (read_log(tmp_path / name / "log.jsonl")[0] for name in ("one", "two"))
    assert "validation" not in one  # a new network is black, as the picture is
    assert 0 < two["validation"] < 20


def test_all_unreadable_images_are_named_at_once(tmp_path, data):
    recipe = read_recipe(tmp_path / "recipe.toml")
    for k in range(7):
        (data / "more" / f"bad{k}.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"bad0.png.*bad4.png[^,]*; and 2 more$"):  # of the second stage
        run_training(recipe, data, tmp_path / "run")
    held_back = tuple(f"more/bad{k}.png" for k in range(2))
    with pytest.raises(ValueError, match=r"bad0.png.*bad1.png[^,]*$"):
        run_training(replace(recipe, validation=held_back), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_16_bits_are_rounded_and_hidden_files_passed_over(tmp_path, data):
    pixels = np.asarray(Image.open(data / "photos" / "2.png").convert("L")).clip(max=254)
    (data / "deep").mkdir()
    Image.fromarray(pixels * np.uint16(257) + np.uint16(200)).save(data / "deep" / "a.png")
    (data / "deep" / "._a.png").write_bytes(b"what macOS leaves on foreign disks")
    (data / "flat").mkdir()
    Image.fromarray(pixels + np.uint8(1)).save(data / "flat" / "a.png")
    nets = []
    for name in ("deep", "flat"):
        (data / f"{name}.png").write_bytes((data / name / "a.png").read_bytes())
        recipe = Recipe("fsrcnn(2,2,0)", stages=(Stage((name,), 3),), batch=2, validation=(f"{name}.png",))
        nets.append(run_training(recipe, data, tmp_path / name))
    for key, p in nets[0].parameters.items():
        np.testing.assert_array_equal(nets[1].parameters[key], p)


def test_solving_needs_a_pixel(tmp_path, data):
    (data / "tiny").mkdir()
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(data / "tiny" / "a.png")
    recipe = Recipe("fsrcnn(2,2,0)", stages=(Stage(("tiny",), 0),), solve_deconvolution=True)
    with pytest.raises(ValueError, match="no image is as large as 3 × 3"):
        run_training(recipe, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_dead_link_is_told(tmp_path, data):
    (data / "photos" / "0.png").symlink_to("gone.png")
    with pytest.raises(FileNotFoundError, match=r"photos/0\.png"):
        run_training(read_recipe(tmp_path / "recipe.toml"), data, tmp_path / "run")
