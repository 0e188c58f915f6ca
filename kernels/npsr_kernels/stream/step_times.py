"""How long each stage takes, step by step: for measurements only.

A stage's step is ten to some hundred microseconds of work. Other programs interrupt few steps, and stages
that follow each other find the machine in the same state. Neither is true of whole runs.
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np

from npsr_kernels.compiling.memory import zeroed
from npsr_kernels.compiling.threads import default_threads
from npsr_kernels.stream.geometry import make_geometry
from npsr_kernels.stream.inference import TILE
from npsr_kernels.stream.plan import Plan
from npsr_kernels.stream.stream import clear_sums, stream


def run_timed(
    plan: Plan, images: np.ndarray, threads: int | None = None, tile: int = TILE
) -> tuple[np.ndarray, np.ndarray]:
    """Run a network as `inference.run` does, but in this thread and part by part, and time the parts.

    Parameters
    ----------
    plan, images, tile
        As in `inference.run`; the images are contiguous.
    threads : int, optional
        Number of threads for which the image is divided into tasks; by default as many as Numba would use.

    Returns
    -------
    out : ndarray of shape (N, 1, nH, nW)
        What `inference.run` returns.
    seconds : ndarray of shape (T, K + 2)
        For each of the T steps of all tasks: the time of loading the image, of each of the K stages, and of
        a call that runs nothing. All other times include this last one.
    """
    N, _, H, W = images.shape
    out = np.empty((N, 1, plan.scale * H, plan.scale * W), images.dtype)
    threads = threads or default_threads()
    frame, tasks, all_spans, stages, tables, size = make_geometry(plan, (N, H, W), tile, threads)
    work = zeroed(size * images.itemsize).view(images.dtype)
    planes, flat = images[:, 0], out.reshape(-1)
    seconds = []
    for task, spans in zip(tasks, all_spans, strict=True):
        clear_sums(frame, work)
        for step in range(spans[0, 0], spans[-1, 1] + 1):
            times = []
            for part in _parts(spans, step):
                start = perf_counter()
                stream(frame, task, part, stages, tables, planes, work, flat)
                times.append(perf_counter() - start)
            seconds.append(times)
    return out, np.array(seconds)


def _parts(spans: np.ndarray, step: int) -> Iterator[np.ndarray]:
    """Spans with which `stream` runs one step of one line buffer; the last spans run nothing."""
    idle = np.full_like(spans, (step + 1, step))
    for k, (first, last) in enumerate(spans):
        part = idle.copy()
        if step >= first:
            part[k] = step, min(step, last)
        yield part
    yield idle
