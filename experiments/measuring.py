"""What all our measurements against other runtimes have in common: how long, and where."""

import subprocess
from pathlib import Path
from typing import Any

import npsr

PEERS = ("torch", "onnx", "onnxruntime", "openvino", "ncnn", "opencv-python-headless")

FULL = npsr.Plan(blocks=5, seconds=0.6, most_calls=40, budget=6, pause=0.2)
"""Pauses long enough for the spinning threads of another library to fall asleep."""

QUICK = npsr.Plan(blocks=2, seconds=0.2, most_calls=5, budget=1.0, pause=0.05)


def describe() -> dict[str, Any]:
    """The machine, the versions of all contenders, and our own."""
    root = Path(__file__).parents[1]
    return {
        **npsr.describe_machine(PEERS),
        "commit": _git(root, "rev-parse", "HEAD"),
        "uncommitted changes": bool(_git(root, "status", "--porcelain", "--untracked-files=no")),
    }


def _git(folder: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
