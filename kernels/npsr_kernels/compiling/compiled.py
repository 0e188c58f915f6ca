"""The decorators of compiled functions: cached on disk, never stale, safe to call from several threads, and
in processes that were forked.

If Numba is not installed, they return functions unchanged, and parallel loops are Python's.
"""

import logging
import os
from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import Any

import numpy as np

try:
    from numba import config, njit, pndindex, prange
    from numba.core.compiler_lock import global_compiler_lock

    from npsr_kernels.compiling.cache import cached
except ImportError:  # a Python that Numba does not support, or a browser's
    config, pndindex, prange = None, np.ndindex, range

__all__ = [
    "INSTALLED",
    "available",
    "compiled",
    "inner",
    "parallel",
    "pndindex",
    "prange",
    "report_no_numba",
]

INSTALLED = config is not None
"""Whether there is a compiler."""

_ONE_AT_A_TIME: Any = Lock()
_SHARED_IN: list[int] = []
"""The process in which Numba's threads were first used; a fork of it inherits none of them."""


@cache
def report_no_numba() -> None:
    """Log once that Numba is not installed."""
    logging.getLogger("npsr_kernels").info(
        "Numba is not installed: networks run by NumPy's matrix products, which takes several times as long"
    )


def available() -> bool:
    """Whether Numba can compile. If it is missing or disabled, there are no vector kernels."""
    return INSTALLED and not config.DISABLE_JIT


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several Python threads may run at once."""
    return cached(njit(nogil=True)(function)) if INSTALLED else function


def inner(function: Callable[..., Any]) -> Any:
    """Compile a part of a kernel: only compiled functions can call it, and only they are cached.

    Without entry points for Python, compilation takes a quarter less time.
    """
    if not INSTALLED:
        return function
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def parallel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel whose parallel loops Numba's threads share, with options of `njit`.

    Calls from several Python threads wait for each other: Numba's workqueue, the only threading layer
    of some installations, ends the process otherwise; and each kernel uses all cores anyway. So does GNU
    OpenMP in a forked process: there, if Numba's threads ran before the fork, the loops run in one thread.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if not INSTALLED:
            return function
        kernel = cached(njit(parallel=True, **options)(function))

        @cache
        def alone() -> Any:
            return cached(njit(**options)(function), "_alone")

        @wraps(function)
        def run(*arguments: Any) -> Any:
            with _ONE_AT_A_TIME:
                if not _SHARED_IN:
                    _SHARED_IN.append(os.getpid())
                return (kernel if _SHARED_IN[0] == os.getpid() else alone())(*arguments)

        return run

    return decorate


if INSTALLED and hasattr(os, "register_at_fork"):
    # A child has the locks, but not the threads that hold them. Whoever compiles is waited for.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )
    os.register_at_fork(after_in_child=_ONE_AT_A_TIME._at_fork_reinit)
