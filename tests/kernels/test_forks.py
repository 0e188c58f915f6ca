"""Forked processes: of one whose threads compute or read, and of one that used Numba's threads."""

import subprocess
import sys

import pytest
from helpers.running import environment, needs_jit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks as Linux does")

COMPUTES = """
import multiprocessing, warnings
import numpy as np
import npsr
from npsr.networks.network import forward, loss_and_gradients
warnings.simplefilter("ignore", DeprecationWarning)  # of Python itself, for any fork with threads

rng = np.random.default_rng(0)
net = npsr.fsrcnn(6, 3, 1, 2)
for p in net.parameters.values():
    p[...] = rng.normal(0, 0.2, p.shape)
image, x, target = rng.random((40, 50)), rng.random((2, 1, 9, 9)), rng.random((2, 1, 18, 18))

def work(_):
    loss, gradients = loss_and_gradients(net, x, target)
    return [npsr.upscale(image, 2, net), forward(net, image[None, None]), *gradients.values()]

if __name__ == "__main__":
    here = work(0)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        there = pool.map_async(work, range(2)).get(300)
    for found in there:
        for one, other in zip(found, here, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    print("done")
"""

READS = """
import os, sys, threading, warnings
from pathlib import Path
import npsr
from npsr.images.photograph import errors
from npsr.upscaling import stopwatch
warnings.simplefilter("ignore", DeprecationWarning)

inside, leave = threading.Event(), threading.Event()

def read():
    with errors(Path("a.png"), 10**6), stopwatch._ONE_AT_A_TIME:
        inside.set()
        leave.wait()

thread = threading.Thread(target=read)
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    with stopwatch.timed({}, "read"):
        npsr.read_image(Path(sys.argv[1]))
    os._exit(7)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
leave.set()
thread.join()
print("child", code)
"""


@needs_jit
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_a_fork_of_a_process_that_computed_computes_the_same(tmp_path, layer):
    script = tmp_path / "computes.py"
    script.write_text(COMPUTES)
    command = [sys.executable, script]
    chosen = environment(NUMBA_THREADING_LAYER=layer)
    run = subprocess.run(command, check=False, env=chosen, capture_output=True, text=True, timeout=600)
    if "No threading layer could be loaded" in run.stderr:
        pytest.skip(f"Numba has no {layer} here")
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr


def test_a_fork_while_a_thread_reads_reads(tmp_path):
    from PIL import Image

    Image.new("L", (4, 4)).save(tmp_path / "b.png")
    command = [sys.executable, "-c", READS, tmp_path / "b.png"]
    run = subprocess.run(command, check=False, env=environment(), capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "child 7\n"), run.stderr
