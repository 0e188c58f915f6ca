"""The decorator of the fast kernels: compiled without the interpreter lock, cached, never stale.

Numba's cache looks at the file of the function alone, and would not notice a change in another from
which code is generated or imported. Here the stamp is made of every source of this package.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import config, njit


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


@cache
def sources_stamp() -> str:
    """A digest of every source file of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
