"""A few damaged files of every format; `fuzz_files.py` does as many as one likes."""

import numpy as np
from fuzz_files import batches, good_files, run_batch
from helpers.running import environment


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
