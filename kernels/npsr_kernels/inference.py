"""A streamed network run over images, by a few threads.

N images, H W rows and columns, n upscaling factor.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numba import config

from npsr_kernels.checks import require, require_same_dtype
from npsr_kernels.compiled import available
from npsr_kernels.geometry import Geometry, make_geometry
from npsr_kernels.stream import stream
from npsr_kernels.streamplan import Convolution, Deconvolution, Plan, make_plan

__all__ = ["Convolution", "Deconvolution", "Plan", "available", "make_plan", "run"]

TILE = 352
"""Columns of a row in memory at most: the line buffers then stay in the second cache."""


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
    threads = threads or config.NUMBA_NUM_THREADS
    geometry = make_geometry(plan, (N, H, W), tile, threads)
    tasks = iter(range(len(geometry.tasks)))
    images = np.require(images, requirements=["C", "A", "W"])  # others would be compiled for anew
    arguments = geometry, tasks, images[:, 0], out.reshape(-1)
    helpers = [_pool(os.getpid()).submit(_work, *arguments) for _ in range(threads - 1)]
    _work(*arguments)
    for helper in helpers:
        helper.result()
    return out


def _work(geometry: Geometry, tasks: Iterator[int], images: np.ndarray, out: np.ndarray) -> None:
    """Take tasks until none is left; several threads share the iterator."""
    work = np.empty(geometry.size, images.dtype)
    frame, _, _, stages, tables, _ = geometry
    for i in tasks:
        stream(frame, geometry.tasks[i], geometry.spans[i], stages, tables, images, work, out)


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that wait for work; a forked process, which inherits none, starts its own."""
    return ThreadPoolExecutor(thread_name_prefix="npsr")
