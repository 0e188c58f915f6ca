"""Convolution: the formula becomes a function.

You learn: what a convolutional layer computes, and how to read a formula with six indices.
Time: about 40 minutes.
Explorer: panel "convolution": put the pointer on an output pixel and see its window, its products
and its sum.

A layer with D filters of f × f reads N pictures of C channels, H rows and W columns:

    y[n,d,i,j] = bias[d] + Σ_c Σ_u Σ_v  weight[d,c,u,v] · x[n,c, s·i+u, s·j+v]

u and v run from 0 to f − 1; s is the stride, the step between windows. No window leaves the
picture, so that the output has I = ⌊(H − f)/s⌋ + 1 rows and J = ⌊(W − f)/s⌋ + 1 columns. The filter
is not turned: mathematics calls this a cross-correlation, networks call it a convolution.

By hand, N = C = D = 1, f = 2, s = 1:

    x  = 1 2 0      weight = 1  2      bias = 10
         3 1 4               0 -1

    y[0,0,0,0] = 10 + 1·1 + 2·2 + 0·3 − 1·1 = 14
    y          = 14  8                    (1 row, 2 columns)

Loops are fine; so is anything from NumPy. Return a new array of the dtype of x, and leave the
arguments unchanged.
"""

import numpy as np


def conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Convolve.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), float32 or float64
    weight : ndarray of shape (D, C, f, f), same dtype
    bias : ndarray of shape (D,), same dtype
    stride : int

    Returns
    -------
    ndarray of shape (N, D, I, J), same dtype
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import biases, case, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.convolution import hints

CASES = (
    case("one channel, one filter, a square picture", N=1, C=1, D=1, H=5, W=5, f=3, s=1),
    case("a picture that is not square", N=1, C=1, D=1, H=4, W=7, f=3, s=1),
    case("a filter of one pixel", N=1, C=1, D=1, H=3, W=4, f=1, s=1),
    case("a filter of even side", N=1, C=1, D=1, H=5, W=4, f=2, s=1),
    case("several channels", N=1, C=3, D=1, H=5, W=6, f=3, s=1),
    case("several filters", N=1, C=2, D=4, H=4, W=6, f=3, s=1),
    case("stride 2", N=1, C=1, D=1, H=7, W=9, f=3, s=2),
    case("stride 2 with pixels left over", N=1, C=2, D=3, H=8, W=6, f=3, s=2),
    case("a stride larger than the filter", N=1, C=1, D=2, H=9, W=8, f=2, s=3),
    case("a filter as large as the picture", N=1, C=2, D=2, H=4, W=4, f=4, s=1),
    case("two samples", N=2, C=2, D=3, H=5, W=7, f=3, s=1),
    case("three samples, stride 3, a filter of 5 × 5", N=3, C=3, D=2, H=12, W=9, f=5, s=3),
    case("one column of output", N=1, C=2, D=2, H=6, W=3, f=3, s=1),
    case("one row of output", N=2, C=1, D=2, H=2, W=7, f=2, s=2),
    case("four samples, stride 4, a filter of 7 × 7", N=4, C=5, D=3, H=13, W=16, f=7, s=4),
)


def arguments(rng: np.random.Generator, N: int, C: int, D: int, H: int, W: int, f: int, s: int) -> tuple:
    """Whole numbers in all arrays."""
    return whole(rng, N, C, H, W), whole(rng, D, C, f, f), biases(rng, D), s


def _example(student: Student, _: np.random.Generator) -> None:
    x = np.array([[[[1.0, 2, 0], [3, 1, 4]]]])
    y = student("conv2d", x, np.array([[[[1.0, 2], [0, -1]]]]), np.array([10.0]), 1)
    judge("y", y, np.array([[[[14.0, 8.0]]]]), {})


def _translation(student: Student, rng: np.random.Generator) -> None:
    wide, weight, bias, s = arguments(rng, 1, 2, 2, 9, 11, 3, 2)
    (whole_picture,) = arrays_of("y", student("conv2d", wide, weight, bias, s))
    (moved,) = arrays_of("y", student("conv2d", wide[:, :, s:, s:], weight, bias, s))
    if not close(moved, whole_picture[:, :, 1:, 1:]):
        raise Wrong("the picture moved by s pixels does not give the result moved by 1 pixel")


def _pictures(rng: np.random.Generator) -> tuple:
    x, _, _, s = arguments(rng, 2, 2, 2, 4, 5, 3, 1)
    return x, np.arange(36.0).reshape(2, 2, 3, 3) - 17, np.zeros(2), s


CHECKS: list[Check] = [
    *numbers("conv2d", "y", CASES, arguments, layers.conv2d, hints),
    Check("conv2d", "the example of the task", _example, "Follow the four products of the task by hand."),
    linear("conv2d", 0, _pictures),
    Check("conv2d", "translation", _translation, "Every window must be treated alike, wherever it is."),
]
