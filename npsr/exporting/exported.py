"""Files of other programs, run as those programs run them: what a file does to luma."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from npsr.exporting.glsl_run import read_shader
from npsr.exporting.runtimes import read_ncnn, read_onnx

READERS: dict[str, Callable[[Path], Callable[[np.ndarray, int], np.ndarray]]] = {
    ".glsl": read_shader,
    ".onnx": read_onnx,
    ".param": read_ncnn,
}
"""For each suffix what reads a file. That gives a function of a plane and a factor: (H, W) luma in [0, 1], in
studio range, is enlarged to (nH, nW), not clipped.
"""


def is_exported(model: Any) -> TypeGuard[str | Path]:
    """Whether a model is a file of another program, by its suffix."""
    return isinstance(model, str | Path) and Path(model).suffix.lower() in READERS


def read_exported(path: str | Path, scale: int) -> Callable[[np.ndarray], np.ndarray]:
    """The function by which a file enlarges a plane.

    Raises
    ------
    ValueError
        If the file cannot be read, is damaged, or beyond what is run; when called, if it is for another
        factor.
    """
    run = READERS[Path(path).suffix.lower()](Path(path))
    return lambda plane: run(plane, scale)
