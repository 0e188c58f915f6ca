"""The command line. Nothing heavy is imported before a command runs, so that help is instant."""

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from npsr.commands import (
    bench,
    evaluate,
    exercises,
    explore,
    export,
    gradcheck,
    import_model,
    info,
    plot,
    sweep,
    train,
    upscale,
    warmup,
)
from npsr.system.defects import MISTAKES, report
from npsr.system.folders import one_line
from npsr.system.version import __version__

USER_ERROR, DEFECT = 2, 3


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 when done, 1 when a check failed, 2 for a user's mistake, 3 for a defect of
    the program. Either is reported in a line, never as a traceback.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a character gets another
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        with _messages():
            code = options.run(options)
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MISTAKES as error:
        print(one_line(f"npsr: error: {error or type(error).__name__}"), file=sys.stderr)
        sys.exit(USER_ERROR)
    except KeyboardInterrupt:
        print("npsr: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        print(f"npsr: {report(error)}", file=sys.stderr)
        sys.exit(DEFECT)


@contextmanager
def _messages() -> Iterator[None]:
    """What the kernels log, such as that they are being compiled, shown on standard error."""
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("npsr: %(message)s"))
    log = logging.getLogger("npsr_kernels")
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="npsr", description="FSRCNN super-resolution from scratch, in NumPy and Numba, on CPUs."
    )
    parser.add_argument("--version", action="version", version=f"npsr {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (
        upscale,
        evaluate,
        explore,
        info,
        gradcheck,
        train,
        sweep,
        plot,
        import_model,
        export,
        bench,
        warmup,
        exercises,
    ):
        command.add(commands)
    return parser
