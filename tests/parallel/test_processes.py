"""A batch shared by processes: the bits of one process, whoever computes what; a lost process is a line."""

import os
import signal
from multiprocessing import active_children
from threading import Timer

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr.parallel.processes import gradients_by

pytestmark = needs_jit


def task(rng, batch):
    net = npsr.fsrcnn(5, 3, 1, scale=3, border="valid", seed=1)
    shapes = (batch, 1, 11, 11), (batch, 1, 19, 19)
    return net, shapes, [[rng.random(shape, np.float32) for shape in shapes] for _ in range(2)]


@pytest.mark.parametrize(
    ("workers", "batch", "loss"),
    [(1, 40, "psnr"), (2, 128, "squared"), (2, 128, "psnr"), (3, 100, "squared")],
)
def test_any_number_of_processes_gives_the_bits_of_one(rng, workers, batch, loss):
    net, shapes, batches = task(rng, batch)
    with gradients_by(workers, net, *shapes, loss) as (compute, used):
        assert used == workers
        for x, target in batches:  # parameters change in between
            cost, gradients = compute(net, x, target)
            expected_cost, expected = npsr.loss_and_gradients(net, x, target, loss=loss)
            assert cost == expected_cost
            assert list(gradients) == list(expected)
            for key, gradient in expected.items():
                np.testing.assert_array_equal(gradients[key], gradient)
                net.parameters[key] -= np.float32(1e-4) * gradient


def test_processes_without_a_chunk_are_not_started(rng):
    net, shapes, ((x, target), _) = task(rng, 3)
    with gradients_by(4, net, *shapes) as (compute, used):
        assert used == 1
        assert compute(net, x, target)[0] == npsr.loss_and_gradients(net, x, target)[0]


@pytest.mark.parametrize("while_waiting", [False, True])
def test_a_killed_process_is_told(rng, while_waiting):
    net, shapes, ((x, target), _) = task(rng, 128)
    before = set(active_children())
    with gradients_by(2, net, *shapes) as (compute, _):
        compute(net, x, target)
        (other,) = set(active_children()) - before
        if while_waiting:  # it has the word, and never answers
            os.kill(other.pid, signal.SIGSTOP)
            Timer(0.2, os.kill, (other.pid, signal.SIGKILL)).start()
        else:
            os.kill(other.pid, signal.SIGKILL)
            other.join()
        with pytest.raises(ChildProcessError, match=rf"worker process {other.pid} was killed by SIGKILL"):
            compute(net, x, target)
    assert not set(active_children()) - before


def test_what_has_no_chunks_is_refused():
    net = npsr.fsrcnn(5, 3, 1, border="valid")
    with (
        pytest.raises(ValueError, match=r"workers is 2, but fsrcnn\(5,3,1\) is not trained by"),
        gradients_by(2, net, (4, 1, 80, 80), (4, 1, 226, 226)),
    ):
        pass
