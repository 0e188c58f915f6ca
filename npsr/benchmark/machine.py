"""The machine and the libraries behind a figure of speed, without which it means little."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from npsr.system.version import __version__

BUSY = 0.5
"""Load of other programs above which figures of speed mean little."""


def describe_machine(also: Sequence[str] = ()) -> dict[str, Any]:
    """Processor, cores and their load, versions of npsr and of the libraries it computes with, date.

    Parameters
    ----------
    also : sequence of str
        More distributions whose versions are reported.

    Examples
    --------
    >>> "npsr" in npsr.describe_machine()["versions"]
    True
    """
    libraries = ("numpy", "numba", "llvmlite", *also)
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load before": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,  # of other programs
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {"npsr": __version__, **{library: _version(library) for library in libraries}},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
