"""Timing contenders fairly on a noisy machine: interleaved blocks with pauses, medians and bests."""

import gc
import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = (
    *("npsr", "numpy", "numba", "llvmlite", "torch", "onnx", "onnxruntime", "openvino", "ncnn"),
    "opencv-python-headless",
)

Run = Callable[[], Any]


@dataclass(frozen=True)
class Plan:
    """How long and how often is measured.

    Attributes
    ----------
    blocks : int
        Turns that every contender gets.
    seconds : float
        Length of a turn; at least one call is measured in it.
    most_calls : int
        Calls measured in a turn at most.
    budget : float
        Seconds after which a slow contender gets no further turn.
    pause : float
        Seconds of silence before a turn: idle threads of the neighbour before stop spinning.
    """

    blocks: int = 5
    seconds: float = 0.6
    most_calls: int = 40
    budget: float = 6.0
    pause: float = 0.2


QUICK = Plan(blocks=2, seconds=0.2, most_calls=5, budget=1.0, pause=0.05)


@dataclass
class Timing:
    """Times of one contender, and why they are missing if they are."""

    seconds: list[float] = field(default_factory=list)
    spent: float = 0.0
    failure: str = ""

    def summary(self) -> dict[str, Any]:
        """Median and best in milliseconds."""
        if self.failure or not self.seconds:
            return {"failure": self.failure or "no time measured"}
        return {
            "median_ms": float(np.median(self.seconds)) * 1e3,
            "best_ms": min(self.seconds) * 1e3,
            "calls": len(self.seconds),
        }


def interleaved(
    builders: dict[str, Callable[[], Run]], check: Callable[[str, Any], None], plan: Plan
) -> dict[str, Timing]:
    """Time contenders in turns.

    Each turn builds the contender anew and drops it afterwards, so that one contender's memory and
    threads are gone while the next one runs.

    Parameters
    ----------
    builders : dict of str to callable
        Name and a function that makes the call to be timed.
    check : callable
        Takes the name and the result of the first call; raises ValueError if it is wrong, so that a
        contender that does other work is not timed.
    plan : Plan
        How often.

    Returns
    -------
    dict of str to Timing
    """
    timings = {name: Timing() for name in builders}
    for _ in range(plan.blocks):
        for name, build in builders.items():
            timing = timings[name]
            if timing.failure or timing.spent > plan.budget:
                continue
            time.sleep(plan.pause)
            try:
                run = build()
                result = run()  # never timed: the first call allocates and compiles
                if not timing.seconds:
                    check(name, result)
                del result
                _take_turn(run, timing, plan)
                del run
            except Exception as error:  # a peer's failure is a result, not the end of the run
                timing.failure = f"{type(error).__name__}: {error}"[:300]
            gc.collect()
    return timings


def _take_turn(run: Run, timing: Timing, plan: Plan) -> None:
    """Time calls until the turn is over."""
    end = time.perf_counter() + plan.seconds
    for _ in range(plan.most_calls):
        start = time.perf_counter()
        run()
        now = time.perf_counter()
        timing.seconds.append(now - start)
        timing.spent += now - start
        if now > end:
            return


def sgemm(side: int = 2048) -> Run:
    """NumPy's product of two float32 matrices: what this machine reaches in practice."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((side, side), np.float32) for _ in range(2))
    out = np.empty((side, side), np.float32)
    return lambda: np.matmul(a, b, out=out)


def describe_machine() -> dict[str, Any]:
    """Processor, cores and their load, versions, date and commit."""
    root = Path(__file__).parents[1]
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = "not installed"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load before": os.getloadavg()[0],  # of other programs: figures of a busy machine say little
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git(root, "rev-parse", "HEAD"),
        "uncommitted changes": bool(_git(root, "status", "--porcelain", "--untracked-files=no")),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _git(folder: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
