"""Killed, out of space, continued with other threads: a run ends in the same bits and loses nothing."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.running import environment, needs_jit
from PIL import Image

import npsr
from npsr.training.log import last_step, read_log
from npsr.training.recipe import read_recipe
from npsr.training.run import run_training

RECIPE = """
model = "fsrcnn(4,2,1)"
start = "{start}"
scale = 2
batch = 32
checkpoint_every = {every}
validation = ["2.png"]
{more}
[[stages]]
data = ["."]
steps = {steps}
decay = "cosine"
"""
pytestmark = needs_jit

MORE = ['optimiser = "adam"', 'train = "deconvolution"\nsolve_deconvolution = true']


@pytest.fixture
def folder(tmp_path, scene):
    (tmp_path / "data").mkdir()
    for name in "12":
        pixels = (scene(80, 70) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{name}.png")
    npsr.save(npsr.fsrcnn(4, 2, 1), tmp_path / "x3.npz")
    return tmp_path


def write_recipe(folder, more, steps, every):
    text = RECIPE.format(start=(folder / "x3.npz").as_posix(), more=more, steps=steps, every=every)
    (folder / "recipe.toml").write_text(text)
    return folder / "recipe.toml"


def command(folder, run, threads):
    arguments = ["train", "recipe.toml", "--data", "data", "-o", run, "--resume"]
    own = environment(NUMBA_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    return subprocess.Popen(
        [sys.executable, "-m", "npsr", *arguments], cwd=folder, env=own, stdout=subprocess.PIPE, text=True
    )


def parameters(path):
    return npsr.load(path / "model.npz").parameters


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for key, p in expected.items():
        np.testing.assert_array_equal(found[key], p, err_msg=key)


@pytest.mark.parametrize("more", MORE)
def test_kills_at_any_moment_do_not_change_a_bit(folder, more):
    """The whole run has one thread, its rival two, and then four; it is killed three times."""
    write_recipe(folder, more, steps=1500, every=25)
    whole = command(folder, "whole", threads=1)
    moments = random.Random(0)
    checkpoint, kills = folder / "cut" / "checkpoint.npz", 0
    while kills < 3:
        process = command(folder, "cut", threads=2 + 2 * (kills % 2))
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        while process.poll() is None:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                break
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.2))
        process.kill()
        process.communicate()
        kills += 1
    last = command(folder, "cut", threads=3)
    assert "after 1500 steps" in last.communicate(timeout=300)[0]
    assert "after 1500 steps" in whole.communicate(timeout=300)[0]
    assert_equal(parameters(folder / "cut"), parameters(folder / "whole"))
    logs = [read_log(folder / name / "log.jsonl") for name in ("whole", "cut")]
    steps = [[(entry["step"], entry.get("loss")) for entry in log] for log in logs]
    assert steps[0] == steps[1]
    found = {path.name for path in (folder / "cut").iterdir()}
    assert found == {"recipe.json", "log.jsonl", "checkpoint.npz", "model.npz", ".lock"}


@pytest.mark.parametrize("more", MORE)
def test_a_disk_that_fills_up_costs_nothing(folder, more, monkeypatch):
    """Every write of a run in its turn fails for want of space; each time it goes on where it was."""
    recipe = read_recipe(write_recipe(folder, more, steps=6, every=2))
    whole = run_training(recipe, folder / "data", folder / "whole").parameters
    fsync, writes, full = os.fsync, 0, 0

    def no_space(descriptor):
        nonlocal writes
        writes += 1
        if writes == full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", no_space)
    for full in range(1, 20):
        writes = 0
        run = folder / f"run{full}"
        try:
            run_training(recipe, folder / "data", run)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        else:
            break
        assert not (run / "model.npz").exists()
        assert not list(run.glob("*.part"))
        resumed = run_training(recipe, folder / "data", run, resume=True)
        assert_equal(resumed.parameters, whole)
    assert full == 1 + len(("recipe", "log", *range(0, 7, 2), "model"))


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
from npsr.cli import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on a file's size")
@pytest.mark.parametrize("size", [100, 400, 1500, 6000])
def test_a_file_that_may_not_grow_ends_in_one_line(folder, size):
    """Real writes that stop half-way: of the recipe, of the log, of the checkpoint."""
    recipe = read_recipe(write_recipe(folder, MORE[0], steps=40, every=1))
    whole = run_training(recipe, folder / "data", folder / "whole").parameters
    arguments = ["train", "recipe.toml", "--data", "data", "-o", "run"]
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED.format(size), *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert limited.returncode == 2
    assert "npsr: error: " in limited.stderr
    told = limited.stderr.splitlines()
    assert str(folder / "run") in told[-1]
    assert len(told) == 1 + (folder / "run" / "checkpoint.npz").exists()
    assert_equal(run_training(recipe, folder / "data", folder / "run", resume=True).parameters, whole)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the worker in /proc")
def test_workers_change_no_bit_and_a_killed_one_costs_a_line(folder):
    """A run by two processes, one of them killed, and resumed by three: as one process alone."""
    write_recipe(folder, "", steps=1200, every=100)
    recipe = read_recipe(folder / "recipe.toml")
    arguments = [
        sys.executable,
        "-m",
        "npsr",
        "train",
        "recipe.toml",
        "--data",
        "data",
        "-o",
        "cut",
        "--resume",
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*arguments, "--workers", "2"], cwd=folder, env=environment(), **pipes)
    while last_step(folder / "cut" / "log.jsonl") < 100:
        time.sleep(0.01)
    worker = next(pid for pid in children(process.pid) if b"spawn_main" in command_line(pid))
    os.kill(worker, signal.SIGKILL)
    said, errors = process.communicate(timeout=100)
    assert process.returncode == 2, said
    assert f"worker process {worker} was killed by SIGKILL" in errors
    assert "--resume goes on from the last checkpoint" in errors
    found = run_training(recipe, folder / "data", folder / "cut", resume=True, workers=3)
    assert_equal(found.parameters, run_training(recipe, folder / "data", folder / "whole").parameters)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_line(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes()
