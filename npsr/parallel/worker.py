"""What a process does that helps with batches: wait for a word, compute its chunks, answer."""

import signal
from collections.abc import Callable
from multiprocessing.connection import Connection

from npsr.parallel.batch import SharedBatch
from npsr_kernels.compiling.threads import at_most
from npsr_kernels.training_step.step import run_chunks

GO = b"go"
DONE = b"done"


def serve(connection: Connection, batch: SharedBatch, chunks: range, threads: int) -> None:
    """Compute some chunks of each batch until nobody is at the other end.

    Parameters
    ----------
    connection : Connection
        Gives `GO` for every batch; gets `DONE`, or what went wrong.
    batch : SharedBatch
        The batch, written before each word.
    chunks : range
        Which chunks.
    threads : int
        By how many threads.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    compute = chunk_computer(batch, chunks, threads)
    while True:
        try:
            connection.recv_bytes()
        except (EOFError, ConnectionError):
            return
        try:
            compute()
            answer = DONE
        except Exception as error:
            answer = f"{type(error).__name__}: {error}".encode()
        connection.send_bytes(answer)


def chunk_computer(batch: SharedBatch, chunks: range, threads: int) -> Callable[[], None]:
    """A function that computes some chunks of whatever the batch holds when it is called."""
    plan, x, target = batch.plan, batch.x.view(), batch.target.view()
    parameters = [p.view() for p in batch.parameters]
    sums = batch.losses.view(), batch.gradients.view()

    def compute() -> None:
        with at_most(threads):
            run_chunks(plan, parameters, x, target, chunks, sums)

    return compute
