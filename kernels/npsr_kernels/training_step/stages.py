"""Every layer of a training step as a convolution, from which the program is written.

f filter side, C D channels of input and output.
"""

from typing import NamedTuple

import numpy as np


class Stage(NamedTuple):
    """A layer as a convolution from `side` to `out` pixels: out[i] reads side[i + u − padding].

    Weights and slopes are places in the list of all parameters, −1 for zero.
    """

    weight: np.ndarray  # (D, f, f, C)
    bias: np.ndarray  # (D,)
    slope: np.ndarray | None  # (D,)
    padding: int
    side: int
    out: int
    labels: np.ndarray | None = None  # (D, out, out) places in the label, −1 where the output is cut away


def adjoint(stage: Stage) -> Stage:
    """The input's gradient as a convolution of the output's: filters rotated by 180°, channels exchanged."""
    weight = stage.weight[:, ::-1, ::-1].transpose(3, 1, 2, 0)
    padding = stage.weight.shape[1] - 1 - stage.padding
    return Stage(weight, np.full(len(weight), -1), None, padding, stage.out, stage.side)


def ring(stage: Stage) -> int:
    """Zeros needed around the stage's input."""
    return max(0, stage.padding, stage.out + stage.weight.shape[1] - 1 - stage.padding - stage.side)
