"""Working memory of threads, stored between calls: new memory costs a page fault every 4096 bytes."""

import numpy as np

LINE = 64
"""Bytes of a cache line."""

_FREE: list[np.ndarray] = []


def zeroed(size: int) -> np.ndarray:
    """`size` bytes, all 0, from the start of a cache line on: no aligned vector lies across two lines."""
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size]


def borrow(size: int) -> np.ndarray:
    """At least `size` bytes, of any content. No other thread uses them until `give_back`."""
    try:
        memory = _FREE.pop()
    except IndexError:
        return zeroed(size)
    return memory if memory.size >= size else zeroed(size)


def give_back(memory: np.ndarray) -> None:
    """Store memory for the next `borrow`."""
    _FREE.append(memory)
