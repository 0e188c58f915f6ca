"""Reading and writing at the same time as the work between them, each in a thread of its own.

What is in flight is bounded. An error in a thread is raised where the work takes or gives an item.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")

_END: Any = object()


def read_ahead(items: Iterable[Item], depth: int) -> Generator[Item, None, None]:
    """The same items, taken by a thread up to `depth` in advance.

    Parameters
    ----------
    items : iterable
        What the thread iterates over; nothing else may.
    depth : int
        Items held at most, at least 1.

    Yields
    ------
    object
        Each item, in order. Who may stop early closes the iterator, which waits for the thread.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1, "npsr-read") as thread:
        pending = deque(thread.submit(next, iterator, _END) for _ in range(depth))
        try:
            while (item := pending.popleft().result()) is not _END:
                pending.append(thread.submit(next, iterator, _END))
                yield item
        finally:
            _cancel(pending)


@contextmanager
def write_behind(write: Callable[[Item], object], depth: int) -> Iterator[Callable[[Item], None]]:
    """A function that has a thread write items, in order, and waits when `depth` are unwritten.

    Parameters
    ----------
    write : callable
        Takes an item; runs in the thread.
    depth : int
        Items held at most, at least 1.

    Yields
    ------
    callable
        Takes an item. When the context ends, all items are written; when it ends by an error, those
        not yet begun are not.
    """
    pending: deque[Future[object]] = deque()

    def put(item: Item) -> None:
        if len(pending) == depth:
            pending.popleft().result()
        pending.append(thread.submit(write, item))

    with ThreadPoolExecutor(1, "npsr-write") as thread:
        try:
            yield put
            while pending:
                pending.popleft().result()
        finally:
            _cancel(pending)


def _cancel(pending: Iterable[Future[Any]]) -> None:
    for future in pending:
        future.cancel()
