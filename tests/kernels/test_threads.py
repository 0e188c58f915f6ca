"""Several Python threads at once, whatever Numba's threading layer; the interpreter's lock; shared work."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from helpers.running import environment, needs_jit

import npsr
from npsr_kernels.compiling.threads import share
from npsr_kernels.stream import inference

AT_ONCE = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import npsr
from npsr.networks.network import forward, loss_and_gradients

rng = np.random.default_rng(0)
net, srcnn = npsr.fsrcnn(6, 3, 1, 2), npsr.srcnn(3, 1, 3, 2)
for p in (*net.parameters.values(), *srcnn.parameters.values()):
    p[...] = rng.normal(0, 0.2, p.shape)
images = [rng.random((40 + k, 50, 3)) for k in range(6)]
x, target = rng.random((2, 1, 9, 9)), rng.random((2, 1, 18, 18))

def job(k):
    large = npsr.upscale(images[k], 2, net if k % 2 else srcnn)
    plain = forward(net, images[k][None, None, ..., 0])
    loss, gradients = loss_and_gradients(net, x, target)
    return [large, plain, *gradients.values()]

order = [k % 6 for k in range(24)]
with ThreadPoolExecutor(6) as threads:  # from the first call on: compiling must stand it too
    together = list(threads.map(job, order))
alone = [job(k) for k in range(6)]
for k, found in zip(order, together):
    for one, other in zip(found, alone[k], strict=True):
        np.testing.assert_array_equal(one, other)
import numba
print("done", numba.threading_layer())
"""


@needs_jit
@pytest.mark.parametrize("layer", ["workqueue", "default"])
def test_threads_may_call_at_once(layer):
    """In a process of its own, as the layer is chosen once, and workqueue ends it when misused."""
    command = [sys.executable, "-W", "error", "-c", AT_ONCE]
    chosen = environment(NUMBA_THREADING_LAYER=layer)
    run = subprocess.run(command, check=False, env=chosen, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("done workqueue" if layer == "workqueue" else "done")


@needs_jit
def test_the_network_runs_without_the_interpreters_lock(monkeypatch):
    """While the kernel runs another thread takes a step, which it could not do if the lock were held:
    the interpreter is told never to take it away by itself.
    """
    kernel, during = inference.stream, []

    def watched(*arguments):
        gate, stepped = threading.Lock(), []
        gate.acquire()
        other = threading.Thread(target=lambda: (gate.acquire(), stepped.append(True)))
        other.start()
        gate.release()
        before = bool(stepped)
        kernel(*arguments)
        during.append(not before and bool(stepped))
        other.join()

    monkeypatch.setattr(inference, "stream", watched)
    monkeypatch.setattr(inference, "default_threads", lambda: 1)
    net, interval = npsr.fsrcnn(56, 12, 4, 2), sys.getswitchinterval()
    image = np.zeros((200, 300), np.float32)
    npsr.upscale(image, 2, net)  # compiles
    during.clear()
    sys.setswitchinterval(1000)
    try:
        for _ in range(50):  # a busy machine may not give the other thread a processor at once
            npsr.upscale(image, 2, net)
            if any(during):
                break
    finally:
        sys.setswitchinterval(interval)
    assert any(during)


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
