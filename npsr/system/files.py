"""Writing files so that a failure never leaves half of one, and never costs an existing one."""

import errno
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Any

from npsr.system import windows
from npsr.system.locking import claim

LONGEST_STEM = 234
"""Bytes of a name to which a temporary one is added: file systems allow 255."""
ROOM = 20
"""Characters by which a temporary name is longer than the file's."""
MARK, ENDING = ".npsr-", ".part"
"""What names of half-written files hold, so that none but ours is taken for a leftover."""
LEFTOVER = re.compile(rf"\..+{re.escape(MARK)}[a-z0-9_]{{8}}{re.escape(ENDING)}", re.DOTALL)


@contextmanager
def atomic_write(path: Path, force: bool = False) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name only when it is complete.

    Parameters
    ----------
    path : Path
        The file.
    force : bool
        Replace an existing file.

    Yields
    ------
    file object, binary

    Raises
    ------
    FileExistsError
        If `path` exists and `force` is False.
    OSError
        If the folder is missing or cannot be written; nothing is left behind.
    """
    check_target(path, force)
    path = Path(os.path.realpath(path))  # through a link, the file that it names is replaced
    path = windows.long_form(path, ROOM)
    remove_leftovers(path.parent)
    descriptor, name = _claimed_file(path)
    temporary = Path(name)
    lock = None if windows.ON_WINDOWS else os.dup(descriptor)  # Windows renames no file that is open
    try:
        with named_if_full(path):
            with open(name, "w+b", opener=lambda *_: descriptor) as file:  # its name is a path, as some want
                yield file
                file.flush()
                os.fsync(descriptor)
            temporary.chmod(0o666 & ~_umask())
            if force:
                windows.replace(temporary, path)
            else:
                _publish_new(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        if lock is not None:
            os.close(lock)


def _claimed_file(path: Path) -> tuple[int, str]:
    """A new file beside a path, locked: a descriptor and its name."""
    while True:
        try:
            descriptor, name = mkstemp(dir=path.parent, prefix=f".{_stem(path.name)}{MARK}", suffix=ENDING)
        except OSError as error:
            raise type(error)(f"the folder {path.parent} cannot be written: {error.strerror}") from error
        if claim(descriptor) and os.path.lexists(name):
            return descriptor, name
        os.close(descriptor)  # another run took it for a leftover before it was locked


@contextmanager
def named_if_full(path: Path) -> Iterator[None]:
    """Let the error for a full disk say which file does not fit."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG) and error.filename is None:
            error.filename = str(path)
        raise


def write_json(path: Path, value: Any, force: bool = False) -> None:
    """Write a value as JSON, atomically; numbers that are not finite become null, as JSON has none.

    Raises
    ------
    FileExistsError, OSError
        As `atomic_write`.
    """
    with atomic_write(path, force) as file:
        file.write((json.dumps(_finite(value), indent=1, allow_nan=False) + "\n").encode())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def remove_leftovers(folder: Path) -> None:
    """Remove what writes into a folder left that were killed half-way; not those that still go on."""
    with suppress(OSError):  # a folder that cannot be listed can be written to none the less
        for path in folder.iterdir():
            if LEFTOVER.fullmatch(path.name):
                _remove_unclaimed(path)


def _remove_unclaimed(path: Path) -> None:
    with suppress(OSError):
        if sys.platform == "win32":  # where no open file can be removed
            path.unlink()
            return
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if claim(descriptor):
                path.unlink()
        finally:
            os.close(descriptor)


def _stem(name: str) -> str:
    """A name, cut to what a temporary one has room for."""
    whole = os.fsencode(name)
    return name if len(whole) <= LONGEST_STEM else whole[:LONGEST_STEM].decode(errors="ignore")


def check_target(path: Path, force: bool) -> None:
    """Refuse a file that cannot or must not be written, before any work is done for it.

    Parameters
    ----------
    path : Path
        The file.
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    FileExistsError
        If it exists and `force` is False.
    OSError
        If it is a folder, its folder is missing, or its name is no name, on Windows also that of a device.
    """
    windows.check_name(path)
    path = windows.long_form(path)
    with suppress(FileNotFoundError, NotADirectoryError):
        path.lstat()  # names that are too long, and folders that may not be entered
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, but must be a file name: add one")
    if os.path.lexists(path) and not force:
        raise FileExistsError(f"{path} exists and is kept: choose another name or replace it with --force")
    if Path(os.path.realpath(path)).is_symlink():
        raise OSError(f"{path} is a link that leads in a circle: choose another name")
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a regular file, but must be one: choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist: create it first")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, at any length of its path, unless they are there.

    Raises
    ------
    OSError
        If it cannot be made, or on Windows if a part of it is no name there.
    """
    windows.check_name(folder)
    windows.long_form(folder).mkdir(parents=True, exist_ok=True)


def _publish_new(temporary: Path, path: Path) -> None:
    """Give a finished file its name; fail rather than replace one that appeared meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        check_target(path, force=False)
        raise
    except OSError:  # a file system without hard links
        check_target(path, force=False)
        windows.replace(temporary, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
