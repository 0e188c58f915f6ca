"""Three ways to one result: the deconvolution as a sub-pixel convolution.

You learn: that a transposed convolution is s² small convolutions whose outputs are interleaved,
which is how fast programs compute it.
Time: about 60 minutes.
Explorer: panel "three-ways": zeros between pixels, s² small convolutions, or painting: the
difference is 0.

Output pixel s·q + r of the full deconvolution takes the taps of phase r (one dimension, one
channel):

    y[s·q + r] = Σ_k  weight[s·k + r] · x[q − k]            k from 0 while s·k + r < f

For each r that is a small convolution with t = ⌈f/s⌉ taps. A convolution reads forwards, x[q],
x[q+1], …, and here k reads backwards, so that the taps are stored turned: put tap s·k + r at place
t − 1 − k, and 0 where s·k + r ≥ f. In two dimensions there are s² phases (a for rows, b for
columns), outputs number d·s² + s·a + b:

    small[d·s² + s·a + b, c, t−1−k, t−1−l] = weight[c, d, s·k + a, s·l + b]

npsr pads x by t − 1 zeros on all sides, convolves it with your small filters, and gives the result
to your interleave:

    y[n, d, s·i + a, s·j + b] = phases[n, d·s² + s·a + b, i, j]

By hand in one dimension, f = 3, s = 2, so that t = 2:

    weight = 1 2 3      phase 0: taps 1 3, stored 3 1        phase 1: taps 2 –, stored 0 2
    x = 1 10            padded: 0 1 10 0
    phase 0: 0·3+1·1  1·3+10·1  10·3+0·1  =  1 13 30        phase 1: 2 20 0
    interleaved: 1 2 13 20 30 0        (exercise 4 had 1 2 13 20 30: the rest is cut)

Where nothing has to be moved, a view of the argument will do.
"""

import numpy as np


def sub_pixel_weight(weight: np.ndarray, stride: int) -> np.ndarray:
    """The filters of the small convolutions.

    Parameters
    ----------
    weight : ndarray of shape (C, D, f, f), of the deconvolution
    stride : int

    Returns
    -------
    ndarray of shape (D·s², C, t, t) with t = ⌈f/s⌉, the dtype of weight
    """
    raise NotImplementedError


def interleave(phases: np.ndarray, stride: int) -> np.ndarray:
    """Put the pixels of s² phases between each other.

    Parameters
    ----------
    phases : ndarray of shape (N, D·s², H, W)
    stride : int

    Returns
    -------
    ndarray of shape (N, D, s·H, s·W), the dtype of phases
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import case, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.mistakes.sub_pixel import interleaved, phase_hints, small, weight_hints

WEIGHTS = (
    case("stride 1: only turned", C=1, D=1, f=3, s=1),
    case("a filter that the stride divides", C=1, D=1, f=4, s=2),
    case("the paper's layer at ×3", C=1, D=1, f=9, s=3),
    case("phases of unequal length", C=1, D=1, f=3, s=2),
    case("stride 4, a filter of 9 × 9", C=1, D=1, f=9, s=4),
    case("several input channels", C=3, D=1, f=3, s=2),
    case("several output channels", C=2, D=3, f=5, s=2),
    case("a filter smaller than the stride", C=2, D=2, f=2, s=3),
    case("many channels, stride 4", C=4, D=5, f=7, s=4),
    case("stride 5, a filter of 11 × 11", C=1, D=2, f=11, s=5),
)
PHASES = (
    case("stride 1: nothing to do", N=1, D=1, H=2, W=3, s=1),
    case("stride 2", N=1, D=1, H=2, W=2, s=2),
    case("a picture that is not square", N=1, D=1, H=2, W=4, s=2),
    case("stride 3", N=1, D=1, H=3, W=2, s=3),
    case("several channels", N=1, D=3, H=2, W=3, s=2),
    case("two samples", N=2, D=2, H=3, W=2, s=3),
    case("stride 4, three samples", N=3, D=2, H=2, W=3, s=4),
    case("stride 5, one column", N=1, D=3, H=4, W=1, s=5),
)


def weight_arguments(rng: np.random.Generator, C: int, D: int, f: int, s: int) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(C * D * f * f).reshape(C, D, f, f) + 1.0, s


def phase_arguments(rng: np.random.Generator, N: int, D: int, H: int, W: int, s: int) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(N * D * s * s * H * W).reshape(N, D * s * s, H, W) + 1.0, s


def _three_ways(student: Student, rng: np.random.Generator) -> None:
    for C, D, H, W, f, s in ((2, 1, 3, 4, 9, 3), (1, 2, 2, 3, 5, 2), (2, 1, 2, 2, 4, 4), (1, 1, 3, 2, 9, 4)):
        x, weight = whole(rng, 2, C, H, W), whole(rng, C, D, f, f)
        t = -(-f // s) - 1
        shape = (D * s * s, C, t + 1, t + 1)
        (filters,) = arrays_of("small", student("sub_pixel_weight", weight, s), shape)
        padded = np.pad(x, ((0, 0), (0, 0), (t, t), (t, t)))
        y = interleaved(layers.conv2d(padded, filters, np.zeros(D * s * s)), s)
        full = layers.deconv2d(x, weight, np.zeros(D), s)
        judge("y", y[:, :, : full.shape[2], : full.shape[3]].copy(), full, {})


def _each_once(student: Student, rng: np.random.Generator) -> None:
    weight = rng.permutation(2 * 81).reshape(2, 1, 9, 9) + 1.0
    (used,) = arrays_of("small", student("sub_pixel_weight", weight, 2))
    if sorted(used[used != 0]) != sorted(weight.ravel()):
        raise Wrong("every weight must be there once, and nothing else but zeros")


VIEWS = ("sub_pixel_weight", "interleave")  # at stride 1 nothing has to be moved
CHECKS: list[Check] = [
    *numbers("sub_pixel_weight", "small", WEIGHTS, weight_arguments, small, weight_hints),
    Check("sub_pixel_weight", "every weight once", _each_once, "Count the numbers that are not 0."),
    Check("sub_pixel_weight", "equal to the deconvolution", _three_ways, "Follow the example of the task."),
    linear("sub_pixel_weight", 0, lambda rng: (whole(rng, 2, 2, 5, 5), 2)),
    *numbers("interleave", "y", PHASES, phase_arguments, interleaved, phase_hints),
    linear("interleave", 0, lambda rng: (whole(rng, 2, 8, 3, 2), 2)),
]
