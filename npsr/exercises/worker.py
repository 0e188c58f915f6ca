"""A submission's process: loads one file, answers calls of its functions until the pipe is closed.

    python -P -m npsr.exercises.worker FILE SECONDS MEGABYTES FOLDER|-

Calls come on standard input, replies go to what was standard output; whatever the submission prints
goes to standard error. With a FOLDER the process confines itself to it. The checker is in another
process: what runs here can answer, and nothing else.
"""

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from npsr.exercises import isolation
from npsr.exercises.ground.calling import Caller, described, guarded
from npsr.exercises.ground.wire import receive, send


def main(file: str, seconds: str, megabytes: str, folder: str) -> None:
    """Serve one submission."""
    calls, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    isolation.limit(int(seconds), int(megabytes) * 2**20)
    send(replies, isolation.confine(Path(folder)) if folder != "-" else [])
    warnings.formatwarning = in_a_line
    receive(calls)  # wait until the checker has noted it, before a stranger's line runs
    functions, failed = loaded(file)
    caller = Caller(functions, file)
    while True:
        try:
            name, arguments = receive(calls, make=True)
        except EOFError:
            os._exit(0)
        send(replies, failed or guarded(lambda: caller(name, arguments), file))  # noqa: B023


def in_a_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning without the path of the file and its line."""
    return f"{category.__name__}: {message} (line {lineno})\n"


def loaded(file: str) -> tuple[dict[str, Any], Any]:
    """What a file defines, and how it failed if it did."""
    sys.path.append(str(Path(file).parent))
    spec = importlib.util.spec_from_file_location("submission", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["submission"] = module  # where its classes are looked for
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        return {}, described(error, file) | {"loading": True}
    return vars(module), None


if __name__ == "__main__":
    main(*sys.argv[1:])
