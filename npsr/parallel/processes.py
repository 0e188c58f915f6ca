"""The gradients of a batch by several processes: the same bits for any number of them, and as by one.

A batch has its fixed chunks, at most eight. Every process computes some of them, each into a place of its
own in shared memory. This one, which computes some too, then adds them in their order. Between processes go
two words: one says that the batch is there, the other that the chunks are done.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from npsr.networks.network import Arrays, Network, loss_and_gradients
from npsr.networks.training_engine import LARGEST_SIDE, suits
from npsr_kernels.compiling.compiled import INSTALLED
from npsr_kernels.compiling.threads import default_threads
from npsr_kernels.loss import Loss

if INSTALLED:  # else one process computes
    from npsr.parallel.batch import shared_batch
    from npsr.parallel.worker import DONE, GO, chunk_computer, serve
    from npsr_kernels.training_step.step import added

Compute = Callable[[Network, np.ndarray, np.ndarray], tuple[float, Arrays]]
"""Loss and gradients of a network on sub-images and labels."""
PATIENCE = 5.0
"""Seconds that processes get to end by themselves."""


@contextmanager
def gradients_by(
    workers: int,
    net: Network,
    x_shape: Sequence[int],
    target_shape: Sequence[int],
    loss: Loss = "squared",
) -> Iterator[tuple[Compute, int]]:
    """Loss and gradients by several processes, this one included.

    Parameters
    ----------
    workers : int
        How many; those that a batch has no chunks for are not started. Each uses its share of the threads.
    net : Network
        Whose gradients; its parameters may change, its layers may not.
    x_shape, target_shape : sequence of int
        Of every batch: sub-images (N, C, h, h) and labels (N, 1, H, H).
    loss : {"squared", "psnr"}
        The loss, as `npsr.loss_and_gradients` takes it.

    Yields
    ------
    compute : callable
        As `npsr.loss_and_gradients`. It raises ChildProcessError if a process has ended.
    used : int
        How many processes compute.

    Raises
    ------
    ValueError
        If there are several, and the network is none that the vector kernels train.
    """
    if workers == 1:
        yield partial(loss_and_gradients, loss=loss), 1
        return
    if not suits(net.layers, tuple(x_shape)):
        raise ValueError(
            f"workers is {workers}, but {net.name} is not trained by the vector kernels, whose chunks "
            f"workers share (no sparse coding, no sub-images above {LARGEST_SIDE} pixels, and Numba): use 1"
        )
    context = get_context("spawn")
    batch = shared_batch(context, net, x_shape, target_shape, loss)
    chunks = len(batch.losses.view())
    used = min(workers, chunks)
    shares = [range(k, chunks, used) for k in range(used)]
    threads = max(1, default_threads() // used)
    x_view, target_view = batch.x.view(), batch.target.view()
    views, sums = [p.view() for p in batch.parameters], (batch.losses.view(), batch.gradients.view())
    own = chunk_computer(batch, shares[0], threads)
    with ExitStack() as stack:
        helpers = [stack.enter_context(_helper(context, batch, share, threads)) for share in shares[1:]]

        def compute(net: Network, x: np.ndarray, target: np.ndarray) -> tuple[float, Arrays]:
            x_view[...], target_view[...] = x, target
            for view, parameter in zip(views, net.parameters.values(), strict=True):
                view[...] = parameter
            for ask, _ in helpers:
                ask()
            own()
            for _, wait in helpers:
                wait()
            cost, gradients = added(batch.plan, *sums)
            return cost, dict(zip(net.parameters, gradients, strict=True))

        yield compute, used


Helper = tuple[Callable[[], None], Callable[[], None]]
"""Asks a process to compute its chunks, and waits until it has."""


@contextmanager
def _helper(context: Any, *task: Any) -> Iterator[Helper]:
    """A process that computes some chunks; it ends with the context, or with this process."""
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, *task), daemon=True)
    process.start()
    there.close()  # so that this end tells when the other is gone

    def ask() -> None:
        try:
            here.send_bytes(GO)
        except ConnectionError:
            raise _ended(process) from None

    def wait() -> None:
        try:
            answer = here.recv_bytes()
        except (EOFError, ConnectionError):
            raise _ended(process) from None
        if answer != DONE:
            raise ChildProcessError(f"worker process {process.pid} failed: {answer.decode()}")

    try:
        yield ask, wait
    finally:
        here.close()
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()


def _ended(process: Any) -> ChildProcessError:
    """What to say of a process that is gone."""
    process.join(PATIENCE)
    code = process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return ChildProcessError(
        f"worker process {process.pid} {how} (the system kills processes when memory runs out)"
    )
