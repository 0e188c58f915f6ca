"""Compiled code on disk: a copy of the package with a tiny kernel, used by processes of its own."""

import os
import shutil
import subprocess
import sys

import pytest
from helpers.running import needs_jit

from npsr_kernels.compiling import cache

pytestmark = needs_jit

GENERATOR = """
from numba import types
from numba.extending import intrinsic

@intrinsic
def number(typingctx):
    return types.int64(), lambda context, *_: context.get_constant(types.int64, 3)
"""
TINY = """
from npsr_kernels.compiling.compiled import compiled, parallel
from npsr_kernels.vector.generator import number

@compiled
def tiny(x):
    return x + number()
"""
USE = """
import logging, sys
import numpy as np
logging.basicConfig(level=logging.INFO, format="%(message)s")
from npsr_kernels.tiny import tiny
print(tiny(np.dtype(sys.argv[1]).type(1)))
"""


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "npsr_kernels"
    for name in ("__init__", "compiling/__init__", "compiling/compiled", "compiling/cache"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(cache.PACKAGE / f"{name}.py", folder / f"{name}.py")
    (folder / "vector").mkdir()
    (folder / "vector" / "generator.py").write_text(GENERATOR)
    (folder / "tiny.py").write_text(TINY)
    return folder


def start(package, dtype="float32", **environment):
    """A process that runs the tiny kernel."""
    own = {"PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(package.parent / "user"), **environment}
    inherited = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", USE, dtype]
    return subprocess.Popen(
        command, env=inherited | own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end(process):
    """Its result, and what it told."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    return float(out), err


def use(package, dtype="float32", **environment):
    return end(start(package, dtype, **environment))


def test_every_change_of_the_sources_is_noticed(package):
    assert use(package) == (4, "compiling for this processor, once; later runs start at once\n")
    assert use(package) == (4, "")
    generator = package / "vector" / "generator.py"
    generator.write_text(GENERATOR.replace("3", "5"))
    result, told = use(package)
    assert result == 6
    assert "compiling" in told
    assert use(package) == (6, "")
    assert len(list(package.glob("__pycache__/*.code"))) == 1  # what other sources left is gone


def test_a_package_that_cannot_be_written(package):
    (package / "__pycache__").write_text("a file where a folder would be")
    assert "compiling" in use(package)[1]
    assert use(package) == (4, "")
    assert len(list(package.parent.glob("user/npsr/npsr_kernels_*/*.code"))) == 1


def test_what_was_kept_in_a_read_only_package_is_used(package):
    use(package)
    folder = package / "__pycache__"
    folder.chmod(0o555)
    assert use(package) == (4, "")
    folder.chmod(0o755)


def test_the_given_folder_comes_first(package):
    given = package.parent / "given"
    assert "compiling" in use(package, NUMBA_CACHE_DIR=str(given))[1]
    assert len(list(given.glob("npsr_kernels_*/*.code"))) == 1
    assert not list(package.glob("__pycache__/*.code"))


def test_nowhere_to_write(package):
    for place in (package / "__pycache__", package.parent / "user", package.parent / "given"):
        place.write_text("a file where a folder would be")
    result, told = use(package, NUMBA_CACHE_DIR=str(package.parent / "given"))
    assert result == 4
    assert "cannot be stored" in told
    assert "set NUMBA_CACHE_DIR" in told


def test_a_file_cut_short_is_replaced(package):
    use(package)
    (file,) = package.glob("__pycache__/*.code")
    whole = file.read_bytes()
    for kept in (b"", whole[:-1]):
        file.write_bytes(kept)
        result, told = use(package)
        assert result == 4
        assert "compiling" in told
    assert use(package) == (4, "")


def test_processes_that_compile_at_once(package):
    processes = [start(package, dtype) for dtype in ("float32", "float64") * 2]
    assert [end(process)[0] for process in processes] == [4] * 4
    for dtype in ("float32", "float64"):
        assert use(package, dtype) == (4, "")
    assert not [path for path in package.glob("__pycache__/*.code*") if path.suffix != ".code"]
