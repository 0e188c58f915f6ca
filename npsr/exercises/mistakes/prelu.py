"""Typical mistakes of exercise 3: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake


def forward_hints(x: np.ndarray, slope: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the forward pass."""
    a = slope[:, None, None]
    return {
        "y": [
            ("max(x, a·x) equals PReLU only while a is at most 1.", lambda: np.maximum(x, a * x)),
            ("The slope is on the wrong side: it is for x below 0.", lambda: np.where(x > 0, a * x, x)),
            ("The slope is ignored: this is ReLU.", lambda: np.maximum(x, 0) + 0 * a),
            ("Nothing happens: the input comes back.", lambda: x),
            ("min(x, a·x) takes the wrong one of the two.", lambda: np.minimum(x, a * x)),
            ("The sign of the negative side is wrong: a·min(x, 0), not a·|x| or −a·min(x, 0).",
             lambda: np.maximum(x, 0) - a * np.minimum(x, 0)),
            ("The absolute value of the slope is taken: it may be negative.",
             lambda: np.maximum(x, 0) + np.abs(a) * np.minimum(x, 0)),
            ("The slope is cut to the range from 0 to 1.",
             lambda: np.maximum(x, 0) + np.clip(a, 0, 1) * np.minimum(x, 0)),
            ("The slope goes along the columns: it belongs to the channel. Write slope[:, None, None].",
             lambda: np.where(x > 0, x, slope * x)),
            ("The slope goes along the rows: it belongs to the channel. Write slope[:, None, None].",
             lambda: np.where(x > 0, x, slope[:, None] * x)),
            ("All channels have the first slope.", lambda: np.where(x > 0, x, slope[0] * x)),
            ("All channels have the last slope.", lambda: np.where(x > 0, x, slope[-1] * x)),
            ("The slope alone stands below 0: it must be multiplied with x.",
             lambda: np.where(x > 0, x, a + 0 * x)),
            ("Both parts are added for all x: max(x, 0) and min(x, 0), not x.", lambda: x + a * x),
            ("At 0 something else than 0 comes out.", lambda: np.where(x == 0, a, layers.prelu(x, slope))),
            ("Only the first sample is used.",
             lambda: np.broadcast_to(layers.prelu(x, slope)[:1], x.shape)),
        ]
    }  # fmt: skip


def backward_hints(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the backward pass."""
    arguments = dy, x, slope
    return {"dx": of_dx(*arguments), "dslope": of_dslope(*arguments)}


def of_dx(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> list[Mistake]:
    """In the gradient of the input."""
    a, dx = slope[:, None, None], layers.prelu_backward(dy, x, slope)[0]
    return [
        ("dx: at exactly 0 the positive side's derivative is taken: it is x > 0 that passes dy, not x ≥ 0.",
         lambda: np.where(x >= 0, dy, a * dy)),
        ("dx: at exactly 0 nothing is passed on: there the slope counts.", lambda: np.where(x == 0, 0, dx)),
        ("dx: at exactly 0 the mean of both sides is taken: there the slope counts.",
         lambda: np.where(x == 0, (1 + a) / 2 * dy, dx)),
        ("dx: the slope is on the wrong side: it is for x below 0.", lambda: np.where(x > 0, a * dy, dy)),
        ("dx: the slope is ignored below 0: this is ReLU's gradient.", lambda: np.where(x > 0, dy, 0)),
        ("dx: dy is forgotten: the chain rule multiplies with it.", lambda: np.where(x > 0, 1, a + 0 * x)),
        ("dx: the sign of dy decides, but it is x that was rectified.", lambda: np.where(dy > 0, dy, a * dy)),
        ("dx: the sign of the output decides: with a slope below 0 it is not that of x.",
         lambda: np.where(layers.prelu(x, slope) > 0, dy, a * dy)),
        ("dx: x is multiplied in: the derivative below 0 is a, not a·x.", lambda: np.where(x > 0, dy, a * dy * x)),
        ("dx: the slope goes along the columns: it belongs to the channel. Write slope[:, None, None].",
         lambda: np.where(x > 0, dy, slope * dy)),
        ("dx: the slope goes along the rows: it belongs to the channel. Write slope[:, None, None].",
         lambda: np.where(x > 0, dy, slope[:, None] * dy)),
        ("dx: all channels have the first slope.", lambda: np.where(x > 0, dy, slope[0] * dy)),
    ]  # fmt: skip


def of_dslope(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> list[Mistake]:
    """In the gradient of the slope."""
    da = layers.prelu_backward(dy, x, slope)[1]
    low, N = dy * np.minimum(x, 0), len(x)
    axes = (0, 1, 2, 3) if len(slope) == 1 < x.shape[1] else (0, 2, 3)

    def summed(terms: np.ndarray) -> np.ndarray:
        return np.atleast_1d(terms.sum(axes))

    return [
        ("dslope: the shared slope has one gradient: sum over the channels as well.",
         lambda: low.sum((0, 2, 3))),
        ("dslope: the sum is one for all channels, but each has a slope of its own.",
         lambda: np.full_like(da, low.sum())),
        ("dslope: the sum is one for all channels, but each has a slope of its own.", lambda: np.sum(low)),
        ("dslope: the shared slope's gradient has the shape of the slope, (1,), not ().", lambda: np.sum(low)),
        ("dslope: the mean is taken over the channels; a shared slope's gradient is the sum.",
         lambda: da / x.shape[1]),
        ("dslope: the sum over the samples is forgotten.", lambda: summed(low[:1])),
        ("dslope: the sum over the samples is forgotten: only the last counts.", lambda: summed(low[-1:])),
        ("dslope: the sum over the samples is forgotten: there is one gradient a sample.",
         lambda: low.sum((2, 3))),
        ("dslope: the mean over the samples is taken; it is a sum.", lambda: da / N),
        ("dslope: the mean is taken; it is a sum.", lambda: da / (low.size / da.size)),
        ("dslope: the pixels above 0 are counted too: there the slope plays no part.", lambda: summed(dy * x)),
        ("dslope: the positive side is summed: the slope is for x below 0.",
         lambda: summed(dy * np.maximum(x, 0))),
        ("dslope: x is forgotten: the slope was multiplied with min(x, 0).", lambda: summed(dy * (x < 0))),
        ("dslope: x is forgotten: the slope was multiplied with min(x, 0).", lambda: summed(dy * (x <= 0))),
        ("dslope: that is dx below 0, summed: the derivative by a of a·x is x, not a.",
         lambda: summed(dy * (x < 0) * slope[:, None, None])),
        ("dslope: dy is forgotten: the chain rule multiplies with it.", lambda: summed(np.minimum(x, 0))),
        ("dslope: the sign is wrong: min(x, 0) is negative, not |x|.", lambda: -da),
        ("dslope: the slope itself is multiplied in: the derivative by a of a·x is x.", lambda: da * slope),
        ("dslope: the sums over the pixels are missing.", lambda: low),
    ]  # fmt: skip
