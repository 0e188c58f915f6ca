"""A streamed network run over images, by a few threads.

N images, H W rows and columns, n upscaling factor.
"""

from collections.abc import Iterator

import numpy as np

from npsr_kernels.checks import require, require_same_dtype
from npsr_kernels.compiling.cache import is_stored
from npsr_kernels.compiling.compiled import available
from npsr_kernels.compiling.memory import borrow, give_back
from npsr_kernels.compiling.threads import default_threads, share
from npsr_kernels.stream.geometry import Geometry, make_geometry, rows_needed
from npsr_kernels.stream.plan import Convolution, Deconvolution, Plan, make_plan
from npsr_kernels.stream.stream import clear_sums, stream

__all__ = [
    "Convolution",
    "Deconvolution",
    "Plan",
    "available",
    "is_compiled",
    "make_plan",
    "rows_needed",
    "run",
    "working_bytes",
]

TILE = 544
"""Columns of a row in memory at most: then the line buffers stay in the L2 cache."""


def run(
    plan: Plan,
    images: np.ndarray,
    out: np.ndarray | None = None,
    threads: int | None = None,
    tile: int = TILE,
) -> np.ndarray:
    """Run a network over images.

    Parameters
    ----------
    plan : Plan
        The network.
    images : ndarray of shape (N, 1, H, W)
        Input, of the weights' dtype.
    out : ndarray of shape (N, 1, nH, nW), optional
        Where to write the output, contiguous.
    threads : int, optional
        As many as Numba would use by default. Results do not depend on it, nor on `tile`.
    tile : int
        Columns of a row in memory at most.

    Returns
    -------
    ndarray of shape (N, 1, nH, nW)

    Raises
    ------
    TypeError, ValueError
        If an argument's dtype or shape does not fit.
    """
    require("images", images, "N 1 H W", **{"1": 1})
    N, _, H, W = images.shape
    shape = (N, 1, plan.scale * H, plan.scale * W)
    out = np.empty(shape, images.dtype) if out is None else out
    require_same_dtype(images=images, weights=plan.weights, out=out)
    if out.shape != shape or not out.flags.c_contiguous:
        raise ValueError(f"out has shape {out.shape}, but must be {shape} and contiguous: use np.empty")
    threads = threads or default_threads()
    geometry = make_geometry(plan, (N, H, W), tile, threads)
    tasks = iter(range(len(geometry.tasks)))
    images = np.require(images, requirements=["C", "A", "W"])  # others would be compiled again
    share(lambda: _work(geometry, tasks, images[:, 0], out.reshape(-1)), threads)
    return out


def is_compiled() -> bool:
    """Whether `run` can begin at once, because its code has been compiled before."""
    return is_stored(stream)


def working_bytes(plan: Plan, images: np.ndarray, threads: int | None = None, tile: int = TILE) -> int:
    """Bytes of the buffers that `run` gives to its threads."""
    N, _, H, W = images.shape
    threads = threads or default_threads()
    return threads * make_geometry(plan, (N, H, W), tile, threads).size * images.itemsize


def _work(geometry: Geometry, tasks: Iterator[int], images: np.ndarray, out: np.ndarray) -> None:
    """Take tasks until none is left; several threads share the iterator."""
    size = geometry.size * images.itemsize
    memory = borrow(size)
    work = memory[:size].view(images.dtype)
    frame, _, _, stages, tables, _ = geometry
    for i in tasks:
        clear_sums(frame, work)
        stream(frame, geometry.tasks[i], geometry.spans[i], stages, tables, images, work, out)
    give_back(memory)
