"""Several Python threads at once, and work shared by threads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs_jit

from npsr_kernels.threads import share

ROOT = Path(__file__).parents[1]

CROWD = """
from concurrent.futures import ThreadPoolExecutor
import numba, numpy as np
from npsr_kernels.prelu import prelu_forward
x = np.random.default_rng(0).normal(size=(1, 8, 64, 64)).astype(np.float32)
slope = np.full(8, 0.5, np.float32)
with ThreadPoolExecutor(4) as pool:
    results = list(pool.map(lambda _: prelu_forward(x, slope), range(400)))
assert numba.threading_layer() == "workqueue"
assert all(np.array_equal(y, np.where(x > 0, x, x / 2)) for y in results)
"""


@needs_jit
def test_plain_kernels_may_be_entered_by_several_threads():
    """Numba's simplest threading layer aborts the process if nobody takes care."""
    own = {"PYTHONPATH": f"{ROOT / 'kernels'}{os.pathsep}{ROOT}", "NUMBA_THREADING_LAYER": "workqueue"}
    done = subprocess.run(
        [sys.executable, "-c", CROWD],
        env=os.environ | own | {"NUMBA_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("threads", [1, 2, 3, None])
@pytest.mark.parametrize("parts", [1, 2, None])
def test_each_part_is_done_once(threads, parts):
    remaining, done = iter(range(parts or 50)), []

    def work():
        for part in remaining:
            done.append(part)

    share(work, threads, parts)
    assert sorted(done) == list(range(parts or 50))


def test_a_helper_s_failure_is_raised():
    calls = iter([0, 1])

    def work():
        if next(calls):
            raise ValueError("a helper failed")

    with pytest.raises(ValueError, match="a helper failed"):
        share(work, 2)
