"""The transposed convolution ("deconvolution"): paint, then gather.

You learn: how a network enlarges, why the same output can be painted by input pixels or gathered by output pixels, and where the
filter's middle falls.
Time: about 60 minutes.
Explorer: panel "deconvolution": paint with one input pixel, or gather one output pixel; the phases are coloured.

Each input pixel adds its filter, times its value, to the output at s times its place (s is the stride, the upscaling factor):

    y[n,d, s·h+u, s·w+v]  gets  +  weight[c,d,u,v] · x[n,c,h,w]    for all n, c, d, h, w, u, v;   plus bias[d] once

The output is the *full* one: I = (H − 1)·s + f rows, J = (W − 1)·s + f columns. The weight has input channels first: (C, D, f, f).

By hand in one dimension, f = 3, s = 2, bias 0:

    x = 1 10        weight = 1 2 3
    y = 1 2 3+10 20 30  =  1 2 13 20 30

Read from the output's side: pixel i takes those taps u for which s·h + u = i for some input pixel h, that is u ≡ i (mod s), its
*phase*. Pixel i = 2 takes tap 2 of pixel 0 and tap 0 of pixel 1. A pixel h outside the picture gives nothing.

The network then cuts p pixels from the start. Input pixel h covers the s output pixels whose middle is s·h + (s − 1)/2; after the
cut the filter's middle falls on s·h + (f − 1)/2 − p. They agree best for p = ⌈(f − s)/2⌉: 3 for f = 9 at s = 3.
"""

import numpy as np


def deconv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Enlarge: the full transposed convolution.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), float32 or float64
    weight : ndarray of shape (C, D, f, f), same dtype
    bias : ndarray of shape (D,), same dtype
    stride : int

    Returns
    -------
    ndarray of shape (N, D, (H − 1)·s + f, (W − 1)·s + f), same dtype
    """
    raise NotImplementedError


def output_pixel(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int, i: int, j: int
) -> np.ndarray:
    """One pixel (i, j) of the full output, gathered: only the taps of its phase are visited.

    Parameters
    ----------
    x, weight, bias, stride
        As for deconv2d.
    i, j : int
        Row and column of the full output.

    Returns
    -------
    ndarray of shape (N, D), the dtype of x
    """
    raise NotImplementedError


def centring_padding(f: int, stride: int) -> int:
    """The cut p = ⌈(f − s)/2⌉ that centres the filter; f ≥ s.

    Returns
    -------
    int
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.exercises import reference
from npsr.exercises.checking import Check, Hints, Student, Wrong, judge
from npsr.exercises.properties import biases, case, linear, numbers, whole

CASES = (
    case("one channel, a filter as wide as the stride", N=1, C=1, D=1, H=2, W=2, f=2, s=2),
    case("filters that overlap", N=1, C=1, D=1, H=3, W=3, f=3, s=2),
    case("a picture that is not square", N=1, C=1, D=1, H=2, W=4, f=3, s=2),
    case("stride 1", N=1, C=1, D=1, H=3, W=4, f=3, s=1),
    case("stride 3, a filter of 5 × 5", N=1, C=1, D=1, H=3, W=2, f=5, s=3),
    case("a stride larger than the filter", N=1, C=1, D=1, H=3, W=2, f=2, s=3),
    case("several input channels", N=1, C=3, D=1, H=3, W=4, f=3, s=2),
    case("several output channels", N=1, C=2, D=3, H=3, W=2, f=4, s=2),
    case("two samples", N=2, C=3, D=2, H=2, W=3, f=3, s=2),
    case("the paper's layer: 9 × 9, stride 3, three samples", N=3, C=2, D=1, H=3, W=4, f=9, s=3),
)


def arguments(rng: np.random.Generator, N: int, C: int, D: int, H: int, W: int, f: int, s: int) -> tuple:
    """Whole numbers in all arrays."""
    return whole(rng, N, C, H, W), whole(rng, C, D, f, f), biases(rng, D), s


def hints(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    deconv, f = reference.deconv2d, weight.shape[-1]
    (N, C, H, W), none = x.shape, np.zeros_like(bias)
    y, column = deconv(x, weight, bias, s), bias[:, None, None]
    times = deconv(np.ones_like(x[:1, :1]), np.ones_like(weight[:1, :1]), none[:1], s)

    def painted(channels: range) -> np.ndarray:
        out = np.zeros_like(y)
        for c, h, w in np.ndindex(1, H, W):
            value = sum(x[:, c + k, h, w, None, None, None] * weight[c + k] for k in channels)
            out[:, :, s * h : s * h + f, s * w : s * w + f] = value
        return out + column

    return {
        "y": [
            ("Overlapping filters overwrite each other: add with += where they overlap.", lambda: painted(range(C))),
            ("Overlapping filters and channels overwrite each other: add with +=.", lambda: painted(range(C - 1, C))),
            ("The filter is turned by 180°: tap (u, v) lands on (s·h + u, s·w + v).",
             lambda: deconv(x, weight[:, :, ::-1, ::-1], bias, s)),
            ("Rows and columns of the filter are exchanged.", lambda: deconv(x, weight.swapaxes(2, 3), bias, s)),
            ("The bias is forgotten.", lambda: y - column),
            ("The bias is added by every filter that is painted; it belongs to each output pixel once.",
             lambda: y + (C * times - 1) * column),
            ("The bias is added by every filter that is painted; it belongs to each output pixel once.",
             lambda: y + (times - 1) * column),
            ("The bias is added once a channel; it belongs to each output pixel once.",
             lambda: y + (C - 1) * column),
            ("The stride is ignored: input pixel h begins to paint at s·h.", lambda: deconv(x, weight, bias, 1)),
            ("The output has the right size, but the stride is ignored inside: paint from s·h on.",
             lambda: _within(y, deconv(x, weight, none, 1)) + column),
            ("The output is cut to s times the input's size: the full one, (H − 1)·s + f, is asked for.",
             lambda: y[:, :, : s * H, : s * W]),
            ("The output is cut already: the full one, (H − 1)·s + f, is asked for.",
             lambda: reference.deconv_cut(x, weight, bias, s)),
            ("The size is off: (H − 1)·s + f rows, not H·s + f.",
             lambda: np.pad(y - column, ((0, 0), (0, 0), (0, s), (0, s))) + column),
            ("Overlaps are averaged: contributions are added, not divided by their number.",
             lambda: (y - column) / np.maximum(times, 1) + column),
            ("Only the first input channel paints: sum over c.", lambda: deconv(x[:, :1], weight[:1], bias, s)),
            ("Only the last input channel paints: sum over c.", lambda: deconv(x[:, -1:], weight[-1:], bias, s)),
            ("The mean over the input channels is taken; it is a sum.", lambda: (y - column) / C + column),
            ("Input and output channels of the weight are exchanged: it is (C, D, f, f).",
             lambda: deconv(x, weight.swapaxes(0, 1), bias, s)),
            ("Only the first sample is used.", lambda: np.broadcast_to(y[:1], y.shape)),
            ("The samples are added up.",
             lambda: np.broadcast_to((y - column).sum(0, keepdims=True) + column, y.shape)),
            ("This is a convolution, which makes the picture smaller.",
             lambda: reference.conv2d(x, weight.swapaxes(0, 1), bias, s)),
        ]
    }


def _within(y: np.ndarray, smaller: np.ndarray) -> np.ndarray:
    out = np.zeros_like(y)
    out[:, :, : smaller.shape[2], : smaller.shape[3]] = smaller
    return out


def pixel_arguments(rng: np.random.Generator, i: int, j: int, **sizes: int) -> tuple:
    """As for the whole output, and one of its pixels."""
    return *arguments(rng, **sizes), i, j


def pixel(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int) -> np.ndarray:
    """The pixel out of the whole output."""
    return reference.deconv2d(x, weight, bias, s)[:, :, i, j].copy()


def pixel_hints(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, s: int, i: int, j: int) -> dict[str, Hints]:
    """Typical mistakes of gathering."""
    H, W, f = *x.shape[2:], weight.shape[-1]
    want = pixel(x, weight, bias, s, i, j)

    def gathered(row: int, column: int, wraps: tuple[bool, bool] = (False, False), shift: int = 0) -> np.ndarray:
        out = np.zeros_like(want) + bias
        for u in range(row % s, f, s):
            for v in range(column % s, f, s):
                h, w = (i - u) // s + shift, (j - v) // s + shift
                if (-H if wraps[0] else 0) <= h < H and (-W if wraps[1] else 0) <= w < W:
                    out = out + np.einsum("nc,cd->nd", x[:, :, h, w], weight[:, :, u, v])
        return out

    return {
        "pixel": [
            ("A negative index wraps around to the other side: a pixel outside the picture gives nothing.",
             lambda: gathered(i, j, wraps=(True, True))),
            ("A negative row wraps around to the other side: a pixel outside the picture gives nothing.",
             lambda: gathered(i, j, wraps=(True, False))),
            ("A negative column wraps around to the other side: a pixel outside the picture gives nothing.",
             lambda: gathered(i, j, wraps=(False, True))),
            ("The bias is forgotten.", lambda: want - bias),
            ("The bias is added more than once.", lambda: want + bias),
            ("The taps of another phase are taken: u ≡ i and v ≡ j (mod s).", lambda: gathered(0, 0)),
            ("The rows' taps of another phase are taken: u ≡ i (mod s).", lambda: gathered(0, j)),
            ("The columns' taps of another phase are taken: v ≡ j (mod s).", lambda: gathered(i, 0)),
            ("Rows and columns are exchanged: i goes with u, j with v.", lambda: gathered(j, i)),
            ("Rows and columns are exchanged.", lambda: pixel(x, weight.swapaxes(2, 3), bias, s, i, j)),
            ("The input pixel is off by one: h = (i − u) / s.", lambda: gathered(i, j, shift=1)),
            ("The filter is turned by 180°: tap u meets h = (i − u)/s.",
             lambda: pixel(x, weight[:, :, ::-1, ::-1], bias, s, i, j)),
            ("Only the first sample is used.", lambda: np.broadcast_to(want[:1], want.shape)),
            ("Only the first input channel is gathered: sum over c.",
             lambda: pixel(x[:, :1], weight[:1], bias, s, i, j)),
            ("Only the last input channel is gathered: sum over c.",
             lambda: pixel(x[:, -1:], weight[-1:], bias, s, i, j)),
        ]
    }


PIXELS = tuple(
    case(f"{place}, stride {s}", N=2, C=2, D=3, H=3, W=4, f=5, s=s, i=i, j=j)
    for place, s, i, j in (
        ("a pixel inside", 2, 4, 5), ("the first pixel", 2, 0, 0), ("another phase", 2, 4, 7),
        ("the last pixel", 2, 8, 10), ("near the border", 2, 1, 9), ("a pixel inside", 3, 5, 7),
        ("the first row", 3, 1, 6), ("the last column", 3, 6, 13), ("every tap", 1, 4, 4),
    )
)  # fmt: skip


def _gaps(student: Student, rng: np.random.Generator) -> None:
    given = arguments(rng, 1, 1, 1, 2, 2, 2, 3)
    judge("pixel", student("output_pixel", *given, 2, 0), given[2][None], {})


def _paper(student: Student, _: np.random.Generator) -> None:
    for f, s in ((9, 3), (9, 2), (9, 4), (3, 3), (4, 2), (5, 2), (2, 1), (8, 3), (7, 7), (6, 1), (1, 1)):
        p = reference.centring_padding(f, s)
        wrong: Hints = [
            ("Round up: for an odd f − s the larger of the two cuts is meant, ⌈(f − s)/2⌉.", lambda f=f, s=s: (f - s) // 2),
            ("That is half the filter, as for a convolution: here it depends on the stride.", lambda f=f: f // 2),
            ("That is half the filter, as for a convolution: here it depends on the stride.", lambda f=f: (f - 1) // 2),
            ("f and s are exchanged.", lambda f=f, s=s: -((f - s) // 2)),
            ("Half of f − s is meant.", lambda f=f, s=s: f - s),
        ]  # fmt: skip
        got = student("centring_padding", f, s)
        judge("p", got, p, {"p": wrong})


def _translation(student: Student, rng: np.random.Generator) -> None:
    x, weight, _, s = arguments(rng, 1, 2, 1, 3, 3, 4, 2)
    moved = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))
    y, later = (student("deconv2d", picture, weight, np.zeros(1), s) for picture in (x, moved))
    if not np.allclose(later[:, :, s:], y):
        raise Wrong("the picture moved down by 1 pixel does not give the result moved down by s pixels")


def _picture(rng: np.random.Generator) -> tuple:
    return whole(rng, 1, 2, 3, 3), np.arange(32.0).reshape(2, 1, 4, 4) - 15, np.zeros(1), 2


def _fractions(student: Student, rng: np.random.Generator) -> None:
    given = [a / 4 for a in arguments(rng, 2, 2, 2, 3, 4, 3, 2)[:3]]
    judge("y", student("deconv2d", *given, 2), reference.deconv2d(*given, 2), hints(*given, 2))


CHECKS: list[Check] = [
    *numbers("deconv2d", "y", CASES, arguments, reference.deconv2d, hints),
    linear("deconv2d", 0, _picture),
    Check("deconv2d", "translation", _translation, "Every input pixel must paint alike."),
    Check("deconv2d", "fractions", _fractions, "It is right for whole numbers: are numbers rounded or kept as int?"),
    *numbers("output_pixel", "pixel", PIXELS, pixel_arguments, pixel, pixel_hints),
    Check("output_pixel", "a gap between filters", _gaps, "A pixel that no tap reaches is the bias alone."),
    Check("centring_padding", "the paper's layers", _paper, "p = ⌈(f − s)/2⌉, a whole number."),
]
