"""What one process at a time may do: write to a folder, compile for the first time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any

LOCK = ".lock"
"""Name of the lock's file in a folder. It stays: a file that comes and goes could be locked twice."""


def lock_across_forks() -> Any:
    """A lock of threads that is free in a forked process: the threads that held it are not there."""
    lock: Any = RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lock._at_fork_reinit)
    return lock


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Keep a folder for oneself: whoever asks for it meanwhile is refused, on every platform.

    It is made if missing, and removed again if nothing has been put into it. The lock goes with the
    process, however that ends. File systems without locks keep nobody out.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    FileExistsError
        If it is a file.
    BlockingIOError
        If another keeps it.
    OSError
        If it cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file, but a run needs a folder: choose another name")
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / LOCK) as free:
            if not free:
                raise BlockingIOError(
                    f"another run writes to {folder}: wait for its end, or choose another folder"
                )
            yield
    finally:
        if new and [path.name for path in folder.glob("*")] in ([], [LOCK]):
            with suppress(OSError):
                (folder / LOCK).unlink(missing_ok=True)
                folder.rmdir()


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of a file, without waiting for it.

    Parameters
    ----------
    path : Path
        The file, made if missing.

    Yields
    ------
    bool
        False if another holds it. True also where files cannot be locked.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except (OSError, NotImplementedError):  # a folder that cannot be written, or has no locks
        yield True
        return
    try:
        yield True
    finally:
        lock.release()


def claim(descriptor: int) -> bool:
    """Lock an open file until all that was opened or copied with it is closed.

    Returns
    -------
    bool
        False if another keeps it. True also where there are no locks.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # no locks here
        return True
    return True
