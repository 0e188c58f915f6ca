"""The kernels' decorators: for the fast ones, compiled without the interpreter lock, cached, never
stale; for the plain ones, run by Numba's threads.

Numba's cache looks at the file of the function alone, and would not notice a change in another from
which code is generated or imported. Here the stamp is made of every source of this package.
"""

from collections.abc import Callable
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from numba import config, njit

_ONE_AT_A_TIME = Lock()


def available() -> bool:
    """True unless Numba's compilation is disabled, without which vectors do not exist."""
    return not config.DISABLE_JIT


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a kernel that several Python threads may run at once."""
    dispatcher = njit(nogil=True, cache=True)(function)
    cached = getattr(dispatcher, "_cache", None)  # a plain function when compilation is disabled
    if cached is not None:
        cached._cache_file._source_stamp = sources_stamp()
    return dispatcher


def inner(function: Callable[..., Any]) -> Any:
    """Compile a part of a kernel: only compiled functions can call it, and only they are cached.

    Without entries for Python, compilation takes a quarter less.
    """
    return njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def parallel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel whose parallel loops Numba's threads share, with options of `njit`.

    Calls from several Python threads wait for each other: Numba's workqueue, the only threading layer
    of some installations, ends the process otherwise.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        dispatcher = njit(parallel=True, cache=True, **options)(function)

        @wraps(function)
        def run(*arguments: Any) -> Any:
            with _ONE_AT_A_TIME:
                return dispatcher(*arguments)

        return run

    return decorate


@cache
def sources_stamp() -> str:
    """A digest of every source file of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
