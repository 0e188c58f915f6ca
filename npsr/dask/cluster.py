"""A cluster for pieces of work that are independent: a scheduler's workers, or this machine's cores.

Every piece looks first whether it is done, and what it writes appears when it is complete. So a lost worker
costs only what it was at, and nothing is done twice that need not be.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed

from npsr.system.version import __version__
from npsr_kernels.compiling.threads import at_most, default_threads

Item = TypeVar("Item")
Result = TypeVar("Result")

LOCAL = "local"
"""In the place of a scheduler's address: processes of this machine."""
PATIENCE = 10.0
"""Seconds to wait for a scheduler, and then for its first worker."""
AHEAD = 2
"""Pieces that wait at a worker for each of its threads: no thread is idle while the next is on its way."""


@contextmanager
def connected(
    address: str | None = None, folder: Path | None = None, workers: int | None = None
) -> Iterator[Client]:
    """A client of a cluster whose workers can do our work.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, as ``tcp://host:8786``; by default, or "local", a process for each of this machine's
        cores (fewer with NUMBA_NUM_THREADS).
    folder : Path, optional
        That every worker must see under the same path; it exists.
    workers : int, optional
        Processes of this machine, instead of one for each core.

    Raises
    ------
    OSError
        If no scheduler answers, it has no workers, or one does not see the folder.
    ValueError
        If the address is none, or a worker has another version of npsr.
    """
    if address in (None, LOCAL):
        options = {
            "n_workers": workers or default_threads(),
            "threads_per_worker": 1,
            "dashboard_address": ":0",
        }
        quiet = {"memory_limit": 0, "silence_logs": logging.CRITICAL}
        unwatched = {"distributed.worker.profile.enabled": False}  # half of what an idle worker takes
        with (
            dask.config.set(unwatched),
            LocalCluster(**options, **quiet) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise type(error)(
            f"no scheduler answers at {address}: start one there with `dask scheduler`, or give its address"
        ) from None
    with client:
        _wait_for_workers(client, address)
        check_workers(client, folder)
        yield client


def _wait_for_workers(client: Client, address: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise TimeoutError(
            f"the scheduler at {address} has no workers: start some with `dask worker {address}`"
        ) from None


def check_workers(client: Client, folder: Path | None = None) -> None:
    """Refuse workers that cannot do our work.

    Raises
    ------
    ValueError
        If one has no npsr, or another version.
    FileNotFoundError
        If one does not see the folder.
    """
    remedy = "install the same version on every machine"
    try:
        versions = client.run(_version)
    except ImportError as error:
        raise ValueError(f"a worker cannot import npsr ({error}): {remedy}, with npsr[dask]") from None
    for worker, version in versions.items():
        if version != __version__:
            raise ValueError(f"the worker {worker} has npsr {version}, but this is {__version__}: {remedy}")
    if folder is None:
        return
    mark = folder / f".npsr-{uuid4().hex}"
    mark.touch()
    try:
        blind = [worker for worker, sees in client.run(_exists, str(mark)).items() if not sees]
    finally:
        mark.unlink()
    if blind:
        raise FileNotFoundError(
            f"the worker {blind[0]} does not see the folder {folder}: results must lie where every worker "
            "finds them under the same path"
        )


def _version() -> str:
    from npsr.system.version import __version__

    return __version__


def _exists(path: str) -> bool:
    with suppress(OSError):  # file systems of networks look again when a folder is listed
        return Path(path).name in (entry.name for entry in Path(path).parent.iterdir())
    return False


def completed(
    client: Client, work: Callable[..., Result], items: Iterable[Item], shared: Any = None
) -> Iterator[tuple[Item, Result | Exception]]:
    """Have pieces of work done, in any order.

    Parameters
    ----------
    client : Client
        Of the cluster.
    work : callable
        Called with an item, and with what is shared if it is not None, in one thread of a worker. If the
        worker is lost, it is called again elsewhere.
    items : iterable
        The pieces; taken as workers become free.
    shared : object, optional
        What all pieces need, sent to each worker once.

    Yields
    ------
    (item, result)
        Each item with its result, or with the error that it ended in.
    """
    more = () if shared is None else (client.submit(_same, shared, pure=False),)
    remaining = iter(items)
    running: dict[Any, Item] = {}
    waiting = as_completed([], loop=client.loop)

    def fill() -> None:
        room = max(1, AHEAD * sum(client.nthreads().values())) - len(running)
        for _, item in zip(range(room), remaining, strict=False):
            future = client.submit(_alone, work, __version__, item, *more, pure=False)
            running[future] = item
            waiting.add(future)

    try:
        fill_again = time.monotonic()
        fill()
        while running:
            future = next(waiting)
            yield running.pop(future), _outcome(future)
            if time.monotonic() >= fill_again or len(running) < AHEAD:
                fill_again = time.monotonic() + 0.02
                fill()
    finally:
        client.cancel(list(running))


def _same(shared: Any) -> Any:
    return shared


def _alone(work: Callable[..., Result], version: str, *arguments: Any) -> Result:
    """One piece of work, in one thread: a worker does as many at once as it has threads."""
    if version != __version__:
        raise ValueError(f"a worker has npsr {__version__}, but {version} asks: install the same everywhere")
    with at_most(1):
        return work(*arguments)


def _outcome(future: Any) -> Any:
    """What a piece of work ended in; errors are given, not raised."""
    if future.cancelled():
        return ChildProcessError("the scheduler is gone, or gave it up")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return ChildProcessError(
            f"{error.last_worker.address} and other workers ended while they were at it: see their logs "
            "(the system kills processes when memory runs out)"
        )
    return future.result() if error is None else error
