"""A few threads that share a piece of work: each takes the next part from one iterator when it is free."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from threading import local

from npsr_kernels.compiling.compiled import INSTALLED, config

_LIMIT = local()


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Let what this thread calls meanwhile use no more threads: where many such calls run side by side."""
    before = getattr(_LIMIT, "threads", None)
    _LIMIT.threads = threads
    try:
        yield
    finally:
        _LIMIT.threads = before


def default_threads() -> int:
    """As many as Numba would use: one a core, or NUMBA_NUM_THREADS; fewer within `at_most`."""
    every, limit = _all_threads(), getattr(_LIMIT, "threads", None)
    return every if limit is None else min(every, limit)


def _all_threads() -> int:
    if INSTALLED:
        return config.NUMBA_NUM_THREADS
    return int(os.environ.get("NUMBA_NUM_THREADS", "0")) or os.cpu_count() or 1


def share(work: Callable[[], None], threads: int | None = None, parts: int | None = None) -> None:
    """Call `work` in this thread and in helping ones, and return when all are done.

    Parameters
    ----------
    work : callable
        Does parts of the work until none is left; must release the interpreter lock while it computes.
    threads : int, optional
        How many threads, this one included; `default_threads` by default.
    parts : int, optional
        How many parts there are; more threads than parts are not started.
    """
    threads = threads or default_threads()
    helpers = [_pool(os.getpid()).submit(work) for _ in range(min(threads, parts or threads) - 1)]
    work()
    for helper in helpers:
        helper.result()


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """Threads that wait for work; a forked process, which inherits none, starts its own."""
    return ThreadPoolExecutor(_all_threads(), "npsr")
