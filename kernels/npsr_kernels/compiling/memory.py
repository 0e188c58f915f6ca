"""Working memory of threads, kept from call to call: new memory costs a page fault every 4096 bytes."""

import numpy as np

LINE = 64
"""Bytes of a cache line."""

_FREE: list[np.ndarray] = []


def zeroed(size: int) -> np.ndarray:
    """So many bytes, all 0, from the start of a cache line on: no aligned vector lies across two lines."""
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size]


def borrow(size: int) -> np.ndarray:
    """At least so many bytes, of any content, that are nobody else's until `give_back`."""
    try:
        memory = _FREE.pop()
    except IndexError:
        return zeroed(size)
    return memory if memory.size >= size else zeroed(size)


def give_back(memory: np.ndarray) -> None:
    """Keep memory for whoever borrows next."""
    _FREE.append(memory)
