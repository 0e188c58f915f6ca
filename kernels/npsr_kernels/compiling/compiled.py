"""The decorators of compiled functions: cached on disk, never stale, safe to call from several threads."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from numba import config, njit

from npsr_kernels.compiling.cache import cached

_ONE_AT_A_TIME = Lock()


def available() -> bool:
    """True unless Numba's compilation is disabled, without which vectors do not exist."""
    return not config.DISABLE_JIT


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several Python threads may run at once."""
    return cached(njit(nogil=True)(function))


def inner(function: Callable[..., Any]) -> Any:
    """Compile a part of a kernel: only compiled functions can call it, and only they are cached.

    Without entries for Python, compilation takes a quarter less.
    """
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def parallel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel whose parallel loops Numba's threads share, with options of `njit`.

    Calls from several Python threads wait for each other: Numba's workqueue, the only threading layer
    of some installations, ends the process otherwise; and each kernel uses all cores anyway.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        kernel = cached(njit(parallel=True, **options)(function))

        @wraps(function)
        def run(*arguments: Any) -> Any:
            with _ONE_AT_A_TIME:
                return kernel(*arguments)

        return run

    return decorate
