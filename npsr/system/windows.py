"""What Windows asks of names and of renames; elsewhere, names are left as they are."""

import errno
import os
import re
import time
from pathlib import Path

ON_WINDOWS = os.name == "nt"

LONGEST = 259
"""Characters of a path that every Windows takes; longer ones need another form."""

RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*([.:].*)?", re.IGNORECASE)
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')

PATIENCE = 2.0
"""Seconds for which a file may be open elsewhere, as by a virus scanner, before it cannot be replaced."""


def refusal(name: str) -> str:
    """Why Windows cannot give a file or folder this name.

    Parameters
    ----------
    name : str
        One part of a path.

    Returns
    -------
    str
        The rule in words; nothing if the name is allowed.
    """
    if RESERVED.fullmatch(name):
        return "that name is a device on Windows"
    if name != name.rstrip(" .") and name not in (".", ".."):
        return "Windows drops spaces and dots at the end of names"
    if found := FORBIDDEN.search(name):
        return f"Windows has no {found[0]!r} in names"
    return ""


def check_name(path: Path) -> None:
    """Refuse, on Windows, a name under which another file, a device or nothing would be written.

    Raises
    ------
    OSError
        If a part of the path is such a name.
    """
    if not ON_WINDOWS:
        return
    for part in path.parts[1:] if path.anchor else path.parts:
        if problem := refusal(part):
            raise OSError(f"{path} cannot be written, as {problem} ({part!r}): choose another name")


def long_form(path: Path, room: int = 0) -> Path:
    r"""A path in a form that Windows takes at any length, with ``\\?\`` before it.

    Parameters
    ----------
    path : Path
        A file or folder.
    room : int
        Characters that will be added to it.

    Returns
    -------
    Path
        The same path where it is short enough, and on other systems.
    """
    whole = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
    if not ON_WINDOWS or len(whole) + room <= LONGEST or whole.startswith("\\\\?\\"):
        return path
    return Path("\\\\?\\UNC" + whole[1:] if whole.startswith("\\\\") else "\\\\?\\" + whole)


def replace(temporary: Path, path: Path) -> None:
    """Rename a file onto another, and wait for a moment if that is open.

    Windows, and file servers, refuse to replace a file that any program has open.

    Raises
    ------
    PermissionError
        If it still cannot be replaced after `PATIENCE` seconds.
    """
    end, pause = time.monotonic() + PATIENCE, 0.01
    while True:
        try:
            temporary.replace(path)
            return
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EBUSY):
                raise
            if time.monotonic() >= end:
                raise PermissionError(
                    f"{path} cannot be replaced ({error.strerror}): another program may have it open; "
                    "close it there and run again, or choose another name"
                ) from error
        time.sleep(pause)
        pause = min(2 * pause, 0.2)
