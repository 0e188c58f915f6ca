"""The compilation cache: compiled code on disk, where a later process finds it.

Numba's own cache has three defects. It checks only the file that defines the function: it does not notice
that another file has changed, from which code is generated or imported. Its index names a file before the
file is written, so processes that compile at the same time may get each other's code. And it reads only from
folders that it may write to, so an administrator cannot compile for others. Here every piece of code has a
file of its own. The file's name is a digest of everything that the code depends on. So no code can be stale,
and there is no index to race for.
"""

import logging
import os
import pickle
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import llvmlite
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

LOG = logging.getLogger("npsr_kernels")
PACKAGE = Path(__file__).parents[1]


def cached(dispatcher: Any, kind: str = "") -> Any:
    """Let a compiled function look on disk before it compiles, and store there what it compiled; of a
    function compiled in several ways, each has a `kind`.
    """
    if not numba.config.DISABLE_JIT:  # else it is a plain function
        dispatcher._cache = DiskCache(dispatcher.py_func, kind)
    return dispatcher


def folders() -> list[Path]:
    """Folders of compiled code: NUMBA_CACHE_DIR if set, beside the sources, the user's cache folder.

    Code is read from all of them, in this order, and stored in the first that can be written to.
    """
    name = f"{PACKAGE.name}_{_digest(str(PACKAGE))}"  # installations may share a folder
    given = [Path(numba.config.CACHE_DIR, name)] if numba.config.CACHE_DIR else []
    return [*given, PACKAGE / "__pycache__", Path(AppDirs("npsr", False).user_cache_dir, name)]


def cached_files() -> list[Path]:
    """The files of code compiled from the present sources."""
    return [file for folder in folders() for file in sorted(folder.glob(f"*.{sources_stamp()}.*.code"))]


def is_stored(dispatcher: Any) -> bool:
    """Whether compiled code of a function is in memory or on disk, for any types of its arguments."""
    stem = DiskCache(dispatcher.py_func).stem
    files = (file for folder in folders() for file in folder.glob(f"{stem}.{sources_stamp()}.*.code"))
    return bool(dispatcher.overloads) or next(files, None) is not None


class DiskCache(NullCache):
    """The cache that Numba loads a function's compiled code from, and stores it in."""

    def __init__(self, function: Any, kind: str = "") -> None:
        self.stem = f"{function.__module__}.{function.__qualname__}{kind}"

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The function compiled for a signature; or None, and then Numba compiles it.

        Numba's own method would first prepare for compilation, which takes longer than loading.
        """
        rtsys.initialize(target_context)
        name = self._file_name(sig, target_context)
        for folder in folders():
            try:
                content = pickle.loads((folder / name).read_bytes())
            except (OSError, EOFError, pickle.UnpicklingError):  # not there, or not whole
                continue
            return CompileResult._rebuild(target_context, *content)
        _say_once("compiling for this processor, once; later runs start at once")
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store compiled code, and remove code that was compiled from older sources."""
        name, content = self._file_name(sig, data.target_context), dumps(data._reduce())
        for folder in folders():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / name, content)
            except OSError:
                continue
            for file in folder.glob(f"{self.stem}.*.code"):
                if not file.name.startswith(f"{self.stem}.{sources_stamp()}."):
                    file.unlink(missing_ok=True)
            return
        LOG.warning(
            "compiled code cannot be stored, and every start will compile again: none of %s can be written; "
            "set NUMBA_CACHE_DIR to a folder that can",
            ", ".join(map(str, folders())),
        )

    def _file_name(self, sig: Any, target_context: Any) -> str:
        processor = target_context.codegen().magic_tuple()
        versions = sys.version, numba.__version__, llvmlite.__version__
        return f"{self.stem}.{sources_stamp()}.{_digest(repr((sig, processor, versions)))}.code"


@cache
def sources_stamp() -> str:
    """A digest of every source file of this package."""
    return _digest(
        *(
            part
            for path in sorted(PACKAGE.rglob("*.py"))
            for part in (str(path.relative_to(PACKAGE)), path.read_bytes())
        )
    )


def _digest(*parts: str | bytes) -> str:
    total = sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(len(content).to_bytes(8) + content)
    return total.hexdigest()[:16]


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable for everyone."""
    descriptor, name = mkstemp(dir=path.parent, prefix=path.name)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _say_once(message: str) -> None:
    LOG.info(message)
