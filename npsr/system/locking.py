"""A folder that one process at a time writes to."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Keep a folder for oneself: whoever asks for it meanwhile is refused.

    It is made if missing, and removed again if nothing has been put into it. The lock goes with the
    process, however that ends. Windows, and file systems without locks, keep nobody out.

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
        with _locked(folder):
            yield
    finally:
        if new:
            with suppress(OSError):  # it is not empty
                folder.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(
                f"another run writes to {folder}: wait for its end, or choose another folder"
            ) from error
        except OSError:  # no locks here
            pass
        yield
    finally:
        os.close(descriptor)
