"""Typical mistakes of exercise 4: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints, Mistake


def hints(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    arguments = x, weight, bias, s
    return {"y": [*of_places(*arguments), *of_sums(*arguments)]}


def of_places(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> list[Mistake]:
    """In where a filter is painted, and which of its taps."""
    deconv, f = layers.deconv2d, weight.shape[-1]
    (_, C, H, W), none, column = x.shape, np.zeros_like(bias), bias[:, None, None]
    y = deconv(x, weight, bias, s)

    def painted(channels: range) -> np.ndarray:
        out = np.zeros_like(y)
        for c, h, w in np.ndindex(1, H, W):
            value = sum(x[:, c + k, h, w, None, None, None] * weight[c + k] for k in channels)
            out[:, :, s * h : s * h + f, s * w : s * w + f] = value
        return out + column

    return [
        ("Overlapping filters overwrite each other: add with += where they overlap.", lambda: painted(range(C))),
        ("Overlapping filters and channels overwrite each other: add with +=.", lambda: painted(range(C - 1, C))),
        ("The output has the right size, but the stride is ignored inside: paint from s·h on.",
         lambda: _within(y, deconv(x, weight, none, 1)) + column),
        ("The output is cut to s times the input's size: the full one, (H − 1)·s + f, is asked for.",
         lambda: y[:, :, : s * H, : s * W]),
        ("The size is off: (H − 1)·s + f rows, not H·s + f.",
         lambda: np.pad(y - column, ((0, 0), (0, 0), (0, s), (0, s))) + column),
        ("The filter is turned by 180°: tap (u, v) lands on (s·h + u, s·w + v).",
         lambda: deconv(x, weight[:, :, ::-1, ::-1], bias, s)),
        ("Rows and columns of the filter are exchanged.", lambda: deconv(x, weight.swapaxes(2, 3), bias, s)),
        ("The stride is ignored: input pixel h begins to paint at s·h.", lambda: deconv(x, weight, bias, 1)),
        ("The output is cut already: the full one, (H − 1)·s + f, is asked for.",
         lambda: layers.deconv_cut(x, weight, bias, s)),
        ("Input and output channels of the weight are exchanged: it is (C, D, f, f).",
         lambda: deconv(x, weight.swapaxes(0, 1), bias, s)),
        ("This is a convolution, which makes the picture smaller.",
         lambda: layers.conv2d(x, weight.swapaxes(0, 1), bias, s)),
    ]  # fmt: skip


def of_sums(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> list[Mistake]:
    """In what is added up, and with which bias."""
    deconv, C, column = layers.deconv2d, x.shape[1], bias[:, None, None]
    y, none = deconv(x, weight, bias, s), np.zeros_like(bias)
    times = deconv(np.ones_like(x[:1, :1]), np.ones_like(weight[:1, :1]), none[:1], s)
    return [
        ("The bias is forgotten.", lambda: y - column),
        ("The bias is added by every filter that is painted; it belongs to each output pixel once.",
         lambda: y + (C * times - 1) * column),
        ("The bias is added by every filter that is painted; it belongs to each output pixel once.",
         lambda: y + (times - 1) * column),
        ("The bias is added once a channel; it belongs to each output pixel once.",
         lambda: y + (C - 1) * column),
        ("Overlaps are averaged: contributions are added, not divided by their number.",
         lambda: (y - column) / np.maximum(times, 1) + column),
        ("Only the first input channel paints: sum over c.", lambda: deconv(x[:, :1], weight[:1], bias, s)),
        ("Only the last input channel paints: sum over c.", lambda: deconv(x[:, -1:], weight[-1:], bias, s)),
        ("The mean over the input channels is taken; it is a sum.", lambda: (y - column) / C + column),
        ("Only the first sample is used.", lambda: np.broadcast_to(y[:1], y.shape)),
        ("The samples are added up.",
         lambda: np.broadcast_to((y - column).sum(0, keepdims=True) + column, y.shape)),
    ]  # fmt: skip


def _within(y: np.ndarray, smaller: np.ndarray) -> np.ndarray:
    out = np.zeros_like(y)
    out[:, :, : smaller.shape[2], : smaller.shape[3]] = smaller
    return out


def pixel(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int) -> np.ndarray:
    """The pixel out of the whole output."""
    return layers.deconv2d(x, weight, bias, s)[:, :, i, j].copy()


def pixel_hints(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int
) -> dict[str, Hints]:
    """Typical mistakes of gathering."""
    return {"pixel": [*of_taps(x, weight, bias, s, i, j), *of_gathered_sums(x, weight, bias, s, i, j)]}


def of_taps(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int) -> list[Mistake]:
    """In which taps meet which input pixels."""
    H, W, f = *x.shape[2:], weight.shape[-1]
    want = pixel(x, weight, bias, s, i, j)

    def gathered(
        row: int,
        column: int,
        wraps: tuple[bool, bool] = (False, False),
        shift: int = 0,
        steps: tuple[int, int] = (s, s),
    ) -> np.ndarray:
        out = np.zeros_like(want) + bias
        for u in range(row % steps[0], f, steps[0]):
            for v in range(column % steps[1], f, steps[1]):
                h, w = (i - u) // s + shift, (j - v) // s + shift
                if (-H if wraps[0] else 0) <= h < H and (-W if wraps[1] else 0) <= w < W:
                    out = out + np.einsum("nc,cd->nd", x[:, :, h, w], weight[:, :, u, v])
        return out

    every = (
        "Taps of other phases are taken too: one meets an input pixel only if s divides i − u (and j − v)."
    )
    return [
        ("A negative index wraps around to the other side: a pixel outside the picture gives nothing.",
         lambda: gathered(i, j, wraps=(True, True))),
        ("A negative row wraps around to the other side: a pixel outside the picture gives nothing.",
         lambda: gathered(i, j, wraps=(True, False))),
        ("A negative column wraps around to the other side: a pixel outside the picture gives nothing.",
         lambda: gathered(i, j, wraps=(False, True))),
        ("The taps of another phase are taken: u ≡ i and v ≡ j (mod s).", lambda: gathered(0, 0)),
        (every, lambda: gathered(i, j, steps=(1, 1))),
        (every, lambda: gathered(i, j, steps=(1, s))),
        (every, lambda: gathered(i, j, steps=(s, 1))),
        ("The rows' taps of another phase are taken: u ≡ i (mod s).", lambda: gathered(0, j)),
        ("The columns' taps of another phase are taken: v ≡ j (mod s).", lambda: gathered(i, 0)),
        ("Rows and columns are exchanged: i goes with u, j with v.", lambda: gathered(j, i)),
        ("Rows and columns are exchanged.", lambda: pixel(x, weight.swapaxes(2, 3), bias, s, i, j)),
        ("The input pixel is off by one: h = (i − u) / s.", lambda: gathered(i, j, shift=1)),
        ("The filter is turned by 180°: tap u meets h = (i − u)/s.",
         lambda: pixel(x, weight[:, :, ::-1, ::-1], bias, s, i, j)),
    ]  # fmt: skip


def of_gathered_sums(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int
) -> list[Mistake]:
    """In what is added up for one output pixel."""
    want = pixel(x, weight, bias, s, i, j)
    return [
        ("The bias is forgotten.", lambda: want - bias),
        ("The bias is added more than once.", lambda: want + bias),
        ("Only the first sample is used.", lambda: np.broadcast_to(want[:1], want.shape)),
        ("Only the first input channel is gathered: sum over c.",
         lambda: pixel(x[:, :1], weight[:1], bias, s, i, j)),
        ("Only the last input channel is gathered: sum over c.",
         lambda: pixel(x[:, -1:], weight[-1:], bias, s, i, j)),
    ]  # fmt: skip


def padding_hints(f: int, s: int) -> dict[str, Hints]:
    """Typical mistakes of the cut."""
    half = "That is half the filter, as for a convolution: here it depends on the stride."
    return {
        "p": [
            ("Round up: for an odd f − s the larger of the two cuts is meant, ⌈(f − s)/2⌉.", lambda: (f - s) // 2),
            (half, lambda: f // 2),
            (half, lambda: (f - 1) // 2),
            ("The cut is off by one: a pixel too much.", lambda: -((s - f) // 2) + 1),
            ("The cut is off by one: a pixel too little.", lambda: -((s - f) // 2) - 1),
            ("f and s are exchanged.", lambda: -((f - s) // 2)),
            ("Half of f − s is meant.", lambda: f - s),
        ]
    }  # fmt: skip
