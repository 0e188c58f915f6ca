"""How a job's time is split."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from npsr.system.locking import lock_across_forks

Split = dict[str, float]
"""Seconds by what they were spent on."""

_ONE_AT_A_TIME = lock_across_forks()


@contextmanager
def not_counted(split: Split, name: str) -> Iterator[None]:
    """Within `timed` of the same name, leave out the time that this context takes."""
    start = time.perf_counter()
    try:
        yield
    finally:
        with _ONE_AT_A_TIME:
            split[name] = split.get(name, 0.0) + start - time.perf_counter()


@contextmanager
def timed(split: Split, name: str, threads: int = 1) -> Iterator[None]:
    """Add the time that the context takes, of one of so many threads that do the same."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = (time.perf_counter() - start) / threads
        with _ONE_AT_A_TIME:
            split[name] = split.get(name, 0.0) + seconds
