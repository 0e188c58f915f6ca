"""The transposed convolution ("deconvolution"): paint, then gather.

You learn: how a network enlarges, why the same output can be painted by input pixels or gathered by
output pixels, and where the filter's middle falls.
Time: about 60 minutes.
Explorer: panel "deconvolution": paint with one input pixel, or gather one output pixel; the phases
are coloured.

Each input pixel adds its filter, times its value, to the output at s times its place (s is the
stride, the upscaling factor):

    y[n,d, s·h+u, s·w+v]  gets  +  weight[c,d,u,v] · x[n,c,h,w]    for all n, c, d, h, w, u, v
    plus bias[d], once for each output pixel

The output is the *full* one: I = (H − 1)·s + f rows, J = (W − 1)·s + f columns. The weight has
input channels first: (C, D, f, f).

By hand in one dimension, f = 3, s = 2, bias 0:

    x = 1 10        weight = 1 2 3
    y = 1 2 3+10 20 30  =  1 2 13 20 30

Read from the output's side: pixel i takes those taps u for which s·h + u = i for some input pixel
h, that is u ≡ i (mod s), its *phase*. Pixel i = 2 takes tap 2 of pixel 0 and tap 0 of pixel 1. A
pixel h outside the picture gives nothing.

The network then cuts p pixels from the start. Input pixel h covers the s output pixels whose middle
is s·h + (s − 1)/2; after the cut the filter's middle falls on s·h + (f − 1)/2 − p. They agree best
for p = ⌈(f − s)/2⌉: 3 for f = 9 at s = 3.
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

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import biases, case, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.mistakes.deconvolution import hints, padding_hints, pixel, pixel_hints

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
    case("one column", N=1, C=2, D=2, H=4, W=1, f=3, s=2),
    case("four samples, stride 4, a filter of 7 × 7", N=4, C=5, D=3, H=2, W=3, f=7, s=4),
)


def arguments(rng: np.random.Generator, N: int, C: int, D: int, H: int, W: int, f: int, s: int) -> tuple:
    """Whole numbers in all arrays."""
    return whole(rng, N, C, H, W), whole(rng, C, D, f, f), biases(rng, D), s


def pixel_arguments(rng: np.random.Generator, i: int, j: int, **sizes: int) -> tuple:
    """As for the whole output, and one of its pixels."""
    return *arguments(rng, **sizes), i, j


PIXELS = tuple(
    case(f"{place}, stride {s}", N=2, C=2, D=3, H=3, W=4, f=5, s=s, i=i, j=j)
    for place, s, i, j in (
        ("a pixel inside", 2, 4, 5), ("the first pixel", 2, 0, 0), ("another phase", 2, 4, 7),
        ("the last pixel", 2, 8, 10), ("near the border", 2, 1, 9), ("a pixel inside", 3, 5, 7),
        ("the first row", 3, 1, 6), ("the last column", 3, 6, 13), ("every tap", 1, 4, 4),
        ("a stride of 4", 4, 7, 9),
    )
)  # fmt: skip


def _gaps(student: Student, rng: np.random.Generator) -> None:
    inputs = arguments(rng, 1, 1, 1, 2, 2, 2, 3)
    judge("pixel", student("output_pixel", *inputs, 2, 0), inputs[2][None], {})


def _all_pixels(student: Student, rng: np.random.Generator) -> None:
    for f, s in ((9, 4), (3, 2), (2, 3)):
        enlarged = arguments(rng, 1, 1, 2, 1, 3, f, s)
        for place in np.ndindex(f, 2 * s + f):
            inputs = (*enlarged, *place)
            judge("pixel", student("output_pixel", *inputs), pixel(*inputs), pixel_hints(*inputs))


def _paper(student: Student, _: np.random.Generator) -> None:
    paper, small = [(9, 3), (9, 2), (9, 4)], [(f, s) for f in range(1, 13) for s in range(1, f + 1)]
    for f, s in (*paper, *small):
        judge("p", student("centring_padding", f, s), layers.centring_padding(f, s), padding_hints(f, s))


def _translation(student: Student, rng: np.random.Generator) -> None:
    x, weight, _, s = arguments(rng, 1, 2, 1, 3, 3, 4, 2)
    moved = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))
    none = np.zeros(1)
    (y,) = arrays_of("y", student("deconv2d", x, weight, none, s))
    (later,) = arrays_of("y", student("deconv2d", moved, weight, none, s))
    if not np.allclose(later[:, :, s:], y):
        raise Wrong("the picture moved down by 1 pixel does not give the result moved down by s pixels")


def _picture(rng: np.random.Generator) -> tuple:
    return whole(rng, 1, 2, 3, 3), np.arange(32.0).reshape(2, 1, 4, 4) - 15, np.zeros(1), 2


CHECKS: list[Check] = [
    *numbers("deconv2d", "y", CASES, arguments, layers.deconv2d, hints),
    linear("deconv2d", 0, _picture),
    Check("deconv2d", "translation", _translation, "Every input pixel must paint alike."),
    *numbers("output_pixel", "pixel", PIXELS, pixel_arguments, pixel, pixel_hints),
    Check("output_pixel", "a gap between filters", _gaps, "A pixel that no tap reaches is the bias alone."),
    linear("output_pixel", 0, lambda rng: (*_picture(rng), 3, 4)),
    Check(
        "output_pixel", "every pixel of a row", _all_pixels, "Work this pixel by hand: which taps reach it?"
    ),
    Check("centring_padding", "the paper's layers", _paper, "p = ⌈(f − s)/2⌉, a whole number."),
]
