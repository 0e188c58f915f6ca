"""When tests run, and what their processes need."""

import os
from pathlib import Path

import numba
import pytest

from npsr.cli import main

DATA = Path(os.environ.get("NPSR_DATA", "../shared/data"))

needs_jit = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="too slow when interpreted")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no data sets in {DATA} (set NPSR_DATA)")


def environment(**changes: str) -> dict[str, str]:
    """Of a process that runs this source, installed or not."""
    root = Path(__file__).parents[2]
    paths = [str(root), str(root / "kernels"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **changes}


def said(err):
    """Lines of standard error but that kernels are being compiled, which depends on what ran before."""
    return [line for line in err.splitlines() if "compiling" not in line]


def run(capsys, *arguments):
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return stop.value.code or 0, captured.out, captured.err
