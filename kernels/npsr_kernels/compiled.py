"""The decorators of compiled functions: kept on disk, never stale, safe to call from several threads."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from numba import config, njit

from npsr_kernels.keeping import keep

_PARALLEL = Lock()
"""Held while a parallel kernel runs: Numba's simplest threading layer aborts the process when a second
thread enters one. Each kernel uses all cores anyway."""


def available() -> bool:
    """True unless Numba's compilation is disabled, without which vectors do not exist."""
    return not config.DISABLE_JIT


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several Python threads may run at once."""
    return keep(njit(nogil=True)(function))


def inner(function: Callable[..., Any]) -> Any:
    """Compile a part of a kernel: only compiled functions can call it, and only they are kept.

    Without entries for Python, compilation takes a quarter less.
    """
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def parallel(*fastmath: str) -> Callable[[Callable[..., Any]], Any]:
    """Compile a kernel whose `prange` and `pndindex` loops run on all cores, with these of LLVM's flags."""

    def decorate(function: Callable[..., Any]) -> Any:
        kernel = keep(njit(parallel=True, fastmath=set(fastmath))(function))

        @wraps(function)
        def run(*arguments: Any) -> Any:
            with _PARALLEL:
                return kernel(*arguments)

        return run

    return decorate
