"""A submission in a process of its own, with limits of time and memory.

The checker calls functions through a pipe and judges what comes back in its own process, so that a submission
has nothing to forge: it can only answer. See `worker` for the other end.
"""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npsr.exercises.ground.wire import BrokenMessage, receive, send

PATIENCE = 3
"""How many times its processor seconds a process may take by the clock."""

KILLED = {code & mask for code in (-9, -24) for mask in (-1, 0x7F)}
"""Exit codes of a process ended by the limit of processor time (or by a system without memory)."""

PRINTED = 2000
"""Bytes kept of what a submission prints."""


@dataclass(frozen=True)
class Limits:
    """Of one exercise's process: seconds of processor time, megabytes, whether it is confined to its folder.

    The clock gives it three times as long, so that a busy machine costs nobody their points.
    """

    seconds: int = 15
    megabytes: int = 2048
    confined: bool = False


class Stopped(Exception):  # noqa: N818
    """The process ended, or was ended; the message says why."""


class Process:
    """A running submission; call it to call a function of it."""

    def __init__(self, file: Path, limits: Limits) -> None:
        self.limits, file = limits, file.resolve()
        folder = str(file.parent) if limits.confined else "-"
        command = [sys.executable, "-P", "-m", "npsr.exercises.worker", str(file)]
        self.process = subprocess.Popen(
            [*command, str(limits.seconds), str(limits.megabytes), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=file.parent,
            env=_environment(file.parent if limits.confined else None),
            start_new_session=True,
        )
        self.printed, self.answered = b"", False
        self.replies: queue.Queue[Any] = queue.Queue()
        self.readers = [threading.Thread(target=work, daemon=True) for work in (self._listen, self._drain)]
        for reader in self.readers:
            reader.start()
        self.ended = time.monotonic() + 60  # until it is ready: not the submission's time
        self.guards = self._next()
        self.ended = time.monotonic() + PATIENCE * limits.seconds
        self._send(None)

    def __call__(self, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
        """What `calling.Caller` says about a call.

        Raises
        ------
        Stopped
            If there is no answer.
        """
        self._send((name, list(arguments)))
        reply = self._next()
        if not isinstance(reply, dict):
            raise Stopped("what it returned is far too large, or no answer at all")
        self.answered = True
        return reply

    def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, 9)
            self.process.kill()
        self.process.wait()
        pipes = [self.process.stdin]
        for reader, pipe in zip(self.readers, (self.process.stdout, self.process.stderr), strict=True):
            reader.join(1)  # a pipe that is being read, as something outlived the kill, stays open
            pipes += [] if reader.is_alive() else [pipe]
        for pipe in pipes:
            with suppress(OSError):
                assert pipe
                pipe.close()

    def _send(self, value: Any) -> None:
        assert self.process.stdin
        with suppress(OSError):  # it has gone: the missing answer will say so
            send(self.process.stdin, value)

    def _next(self) -> Any:
        try:
            reply = self.replies.get(timeout=max(0, self.ended - time.monotonic()))
        except queue.Empty:
            raise Stopped(self._overtime()) from None
        if isinstance(reply, Exception):
            raise Stopped(self._death(reply))
        return reply

    def _overtime(self) -> str:
        return f"it ran longer than {self.limits.seconds} s: does a loop never end?"

    def _death(self, reply: Exception) -> str:
        if isinstance(reply, BrokenMessage):
            return "what it returned is far too large, or no answer at all"
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        if self.process.returncode in KILLED:
            return self._overtime()
        return "its process ended in the middle: does it call exit, or need too much memory?"

    def _listen(self) -> None:
        assert self.process.stdout
        try:
            while True:
                self.replies.put(receive(self.process.stdout))
        except (EOFError, BrokenMessage) as error:
            self.replies.put(error)
        except (OSError, ValueError):  # closed by kill
            self.replies.put(EOFError())

    def _drain(self) -> None:
        """Read all that is printed, so that printing never blocks; keep its beginning."""
        assert self.process.stderr
        with suppress(OSError, ValueError):
            while chunk := os.read(self.process.stderr.fileno(), 2**16):
                self.printed += chunk[: max(0, PRINTED - len(self.printed))]


@contextmanager
def running(file: Path, limits: Limits) -> Iterator[Process]:
    """A submission's process, ended whatever happens."""
    process = None
    try:
        process = Process(file, limits)
        yield process
    finally:
        if process:
            process.kill()


def _environment(home: Path | None) -> Mapping[str, str]:
    """Of the process: our modules, one thread for matrix products, no files beside the sources."""
    kept = (
        dict(os.environ)
        if home is None
        else {k: os.environ[k] for k in ("PATH", "SYSTEMROOT") if k in os.environ}
    )
    places = {name: str(home) for name in ("HOME", "TMPDIR", "TEMP", "TMP")} if home else {}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    paths = os.pathsep.join(str(Path(p).resolve()) for p in sys.path if p and Path(p).exists())
    fixed = {
        "PYTHONPATH": paths,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return kept | places | threads | fixed
