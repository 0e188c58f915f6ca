"""The decorators of compiled functions: cached on disk, never stale, safe to call from several threads.

If Numba is not installed, they return functions unchanged, and parallel loops are Python's.
"""

import logging
from collections.abc import Callable
from functools import cache, wraps
from threading import Lock
from typing import Any

import numpy as np

try:
    from numba import config, njit, pndindex, prange

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

_ONE_AT_A_TIME = Lock()


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
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def parallel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel whose parallel loops Numba's threads share, with options of `njit`.

    Calls from several Python threads wait for each other: Numba's workqueue, the only threading layer
    of some installations, ends the process otherwise; and each kernel uses all cores anyway.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if not INSTALLED:
            return function
        kernel = cached(njit(parallel=True, **options)(function))

        @wraps(function)
        def run(*arguments: Any) -> Any:
            with _ONE_AT_A_TIME:
                return kernel(*arguments)

        return run

    return decorate
