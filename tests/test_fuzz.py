"""A few damaged files of every format; `fuzz_files.py` does as many as one likes."""

import numpy as np
import pytest
from fuzz_files import batches, fits, run_batch, run_valid_batch
from helpers.damaged_files import good_files
from helpers.running import environment
from helpers.valid_files import valid_file


def test_good_files_of_every_format_are_enlarged(tmp_path):
    counts, wrong = run_batch(tmp_path, good_files(), environment())
    assert not wrong
    assert set(counts) == {"done"}


def test_damaged_files_do_no_harm(tmp_path):
    counts, wrong = run_batch(tmp_path, next(batches(120, seed=1)), environment())
    assert not wrong
    assert counts["failed"] > 20
    assert counts["done"] > 0


def test_damage_is_damage():
    damaged = next(batches(200, seed=2))
    good = good_files()
    same = [name for name, content in damaged.items() if content == good[name.partition("_")[2]]]
    assert len(same) < 20
    assert len(np.unique([len(content) for content in damaged.values()])) > 50


@pytest.mark.parametrize("target", ["png", "tif", "webp"])
def test_sound_files_are_enlarged_and_lose_nothing_without_a_word(tmp_path, target):
    rng = np.random.default_rng(4)
    made = (valid_file(number, rng) for number in range(40))
    files = [file for file in made if fits(target, file.pixels)]
    counts, wrong = run_valid_batch(tmp_path, target, files, environment())
    assert not wrong
    assert counts == {"done": len(files)}


def test_a_loss_without_a_word_is_found(tmp_path):
    """What is planted, but is not in the file, counts as lost; so do pixels that differ."""
    file = valid_file(0, np.random.default_rng(5))
    altered = file._replace(planted=[(b"not there", "nothing")], pixels=file.pixels ^ 1)
    _, wrong = run_valid_batch(tmp_path, "npy", [altered], environment())
    assert [line.partition(": ")[2][:20] for line in wrong] == [
        "nothing is neither k",
        "its pixels are not t",
    ]
