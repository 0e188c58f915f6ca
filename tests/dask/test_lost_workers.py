"""Workers killed in the middle: all is complete, to the bit, and nothing done twice that need not be."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers.running import environment, needs_jit
from PIL import Image

import npsr
from npsr.training.log import read_log
from npsr.training.recipe import read_recipe
from npsr.training.run import run_training

zarr = pytest.importorskip("zarr", reason="needs npsr[dask]")
pytest.importorskip("distributed", reason="needs npsr[dask]")

pytestmark = [needs_jit, pytest.mark.cluster]


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler with two workers of four threads each, and the process of one of them."""
    code = (
        "import sys, time, distributed\n"
        "if __name__ == '__main__':\n"
        "    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=':0')\n"
        "    pids = [nanny.pid for nanny in cluster.workers.values()]\n"
        "    print(cluster.scheduler_address, *pids, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    (tmp_path / "cluster.py").write_text(code)
    command = [sys.executable, str(tmp_path / "cluster.py")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    own = environment(NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="4")
    process = subprocess.Popen(command, env=own, cwd=tmp_path, **pipes)
    address, worker, _ = process.stdout.readline().split()
    yield address, int(worker)
    process.communicate(timeout=60)


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_four_threads_a_worker_under_workqueue(cluster, rng, engine):
    """Numba allows one caller of its threads at a time: kernels wait for each other; none hangs or aborts."""
    distributed = pytest.importorskip("distributed")
    da = pytest.importorskip("dask.array")
    image = rng.integers(0, 256, (96, 80), np.uint8)
    large = npsr.dask.upscale(da.from_array(image, chunks=(8, 20)), 2, "fsrcnn-s", engine=engine)
    with distributed.Client(cluster[0]) as client:
        found = client.compute(large).result(timeout=200)
    np.testing.assert_array_equal(found, npsr.upscale(image, 2, "fsrcnn-s", engine=engine))


def start(folder, *arguments):
    command = [sys.executable, "-m", "npsr", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=environment(), **pipes)


def kill_when(ready, worker, process):
    """Kill a worker with kill -9 as soon as something is true."""
    while not ready():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    os.kill(worker, signal.SIGKILL)


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def times(folder, pattern):
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.rglob(pattern)}


def test_in_the_middle_of_a_folder(tmp_path, cluster, scene):
    address, worker = cluster
    (tmp_path / "photos").mkdir()
    for number in range(24):
        pixels = (scene(150, 140 + number, 3) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    process = start(tmp_path, "upscale", "photos", "-o", "large", "-s", 2, "--scheduler", address)
    kill_when(lambda: len(list(tmp_path.glob("large/*.png"))) >= 4, worker, process)
    before = times(tmp_path, "large/*.png")
    finished(process)
    results = sorted(tmp_path.glob("large/*.png"))
    assert len(results) == 24
    assert {path: times(tmp_path, "large/*.png")[path] for path in before} == before  # written once
    for path in results:
        source = npsr.read_image(tmp_path / "photos" / f"{path.stem.partition('_')[0]}.png").pixels
        np.testing.assert_array_equal(npsr.read_image(path).pixels, npsr.upscale(source, 2))


def test_in_the_middle_of_a_zarr_and_then_the_client(tmp_path, cluster, scene):
    """A worker is killed, then the command itself; the same command goes on."""
    address, worker = cluster
    image = (scene(1200, 1500, 3) * 255).astype(np.uint8)
    zarr.create_array(tmp_path / "a.zarr", data=image, chunks=(128, 128, 3))
    arguments = "upscale", "a.zarr", "-o", "b.zarr", "-s", 2, "--scheduler", address

    def there():
        return times(tmp_path / "b.zarr", "c/*/*/*")

    process = start(tmp_path, *arguments)
    kill_when(lambda: len(there()) >= 3, worker, process)
    while len(there()) < 9:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.communicate()
    before = {path: when for path, when in there().items() if path.suffix != ".partial"}
    assert 9 <= len(before) < 30
    said = finished(start(tmp_path, *arguments))
    kept = re.search(r"30 chunks, (\d+) of them were there", said)
    assert int(kept[1]) >= len(before)  # workers may have ended one more by then
    after = there()
    assert {path: after[path] for path in before} == before  # not one was done again
    assert len(after) == 30
    found = zarr.open_array(tmp_path / "b.zarr", mode="r")[:]
    np.testing.assert_array_equal(found, npsr.upscale(image, 2))


GRID = """
recipe = "base.toml"
[grid]
d = [4, 6]
s = [2]
m = [0, 1]
"""
BASE = """
scale = 2
batch = 16
checkpoint_every = 50
validation = ["2.png"]
[[stages]]
data = ["."]
steps = 1000
rate = 1e-3
"""


def test_in_the_middle_of_a_sweep(tmp_path, cluster, scene):
    address, worker = cluster
    (tmp_path / "data").mkdir()
    for name in "12":
        pixels = (scene(90, 80) * 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{name}.png")
    (tmp_path / "grid.toml").write_text(GRID)
    (tmp_path / "base.toml").write_text(BASE)
    arguments = "sweep", "grid.toml", "--data", "data", "-o", "runs", "--scheduler", address

    def checkpoints():
        logs = [read_log(path) for path in tmp_path.glob("runs/*/log.jsonl") if path.stat().st_size]
        return min(log[-1]["step"] for log in logs) if len(logs) == 4 else 0

    process = start(tmp_path, *arguments)
    kill_when(lambda: checkpoints() >= 100, worker, process)
    out = finished(process)
    assert out.count(": trained") == 4
    for name, model in (("d4-s2-m0", "fsrcnn(4,2,0)"), ("d6-s2-m1", "fsrcnn(6,2,1)")):
        recipe = read_recipe(tmp_path / "base.toml")
        alone = run_training(
            npsr.Recipe(**{**vars(recipe), "model": model}), tmp_path / "data", tmp_path / name
        ).parameters
        found = npsr.load(tmp_path / "runs" / name / "model.npz").parameters
        for key, parameter in alone.items():
            np.testing.assert_array_equal(found[key], parameter)
        steps = [entry["step"] for entry in read_log(tmp_path / "runs" / name / "log.jsonl")]
        assert steps == sorted(set(steps))  # each once: what the lost worker had done stays
