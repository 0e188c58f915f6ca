"""Matrix products whose bits do not depend on the number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import RLock

from threadpoolctl import ThreadpoolController

_ONE_AT_A_TIME = RLock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's matrix products use one thread each: with more, their number would change the last bits.

    Whoever wants all cores shares pieces of a fixed size among threads, see
    `npsr_kernels.compiling.threads.share`. The setting is the process's, so one caller at a time has it.
    """
    with _ONE_AT_A_TIME, _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
