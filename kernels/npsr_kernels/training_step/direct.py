"""A convolution of a training step by its definition.

f filter side, C D channels of input and output, T taps.
"""

import numpy as np

from npsr_kernels.training_step.operations import TAPS
from npsr_kernels.training_step.stages import Stage
from npsr_kernels.training_step.writer import Map, ProgramWriter, grouped_taps


def write_products(w: ProgramWriter, stage: Stage, x: Map, z: Map) -> None:
    """Z = stage(x). Taps are in the order (row u, channel c, column v), so neighbours read the same row."""
    D, f, _, C = stage.weight.shape
    T = f * C * f
    weight = stage.weight.transpose(0, 1, 3, 2).reshape(D, T)
    u, c, v = np.indices((f, C, f)).reshape(3, T) - [[stage.padding], [0], [stage.padding]]
    taps = u * x.row + c * x.channel + v
    w.products(weight, stage.bias, taps, tap_spans(w, stage) * C * f, stage.out, x, z)


def tap_spans(w: ProgramWriter, stage: Stage) -> np.ndarray:
    """For each block and row i of the output, the filter rows (first, last + 1) that read the input."""
    f = stage.weight.shape[1]
    used = w.in_any_channel(stage.weight.max(axis=(2, 3)) >= 0)[:, None, :]
    live = np.max(live_pixels(w, stage), axis=2)[:, :, None]
    rows = np.arange(stage.out)[:, None] + np.arange(f) - stage.padding
    used = used & live & (rows >= 0) & (rows < stage.side)
    return _first_and_last(used)


def live_pixels(w: ProgramWriter, stage: Stage) -> np.ndarray:
    """For each block, a mask of the output's pixels that are not cut away in all of its channels."""
    if stage.labels is None:
        return np.ones((-(-len(stage.weight) // w.A), stage.out, stage.out), bool)
    live = w.in_any_channel((stage.labels >= 0).reshape(len(stage.labels), -1))
    return live.reshape(-1, stage.out, stage.out)


def write_weight_gradient(w: ProgramWriter, stage: Stage, x: Map, z: Map) -> None:
    """Gradient of the stage's weights from its input and its output's gradient."""
    _, f, _, C = stage.weight.shape
    u, v, c = grouped_taps(f, f, C).T
    weight = stage.weight[:, u, v, c]
    weight[:, f * f * C :] = -1
    taps = (u - stage.padding) * x.row + c * x.channel + v - stage.padding
    used = tap_pixels(stage, u, v)[:, None] & live_pixels(w, stage)
    w.product_gradients(weight, taps, used, x, z)


def tap_pixels(stage: Stage, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """For each group of taps, a mask of the pixels at which any of its taps reads the input."""
    rows, columns = (np.arange(stage.out) + tap[:, None] - stage.padding for tap in (u, v))
    rows, columns = ((k >= 0) & (k < stage.side) for k in (rows, columns))
    inside = rows[:, :, None] & columns[:, None, :]
    return inside.reshape(-1, TAPS, stage.out, stage.out).any(axis=1)


def _first_and_last(used: np.ndarray) -> np.ndarray:
    """Along the last axis, the first True and one beyond the last; (0, 0) without any."""
    last = used.shape[-1] - np.argmax(used[..., ::-1], axis=-1)
    return np.where(used.any(axis=-1, keepdims=True), np.stack([np.argmax(used, axis=-1), last], axis=-1), 0)
