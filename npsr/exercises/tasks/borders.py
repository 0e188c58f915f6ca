"""Borders: replicate the edge, and what its gradient is.

You learn: that everything a network does to its input has an adjoint, copying as well: what was
copied collects.
Time: about 40 minutes.
Explorer: panel "convolution": move to the edge of the picture, and switch between the borders.

A convolution of 3 × 3 makes a picture 2 rows smaller. To keep its size, the picture is continued
beyond its border. Zeros darken the edge of a photograph; npsr repeats the nearest pixel, in the
corners too:

    x = 1 2 3        before = 2, after = 1        1 1 1 2 3 3
        4 5 6                                     1 1 1 2 3 3
                                                  1 1 1 2 3 3
                                                  4 4 4 5 6 6
                                                  4 4 4 5 6 6

`before` rows and columns are added at the top and at the left, `after` at the bottom and at the
right; each may be 0.

Backward: every number of the padded picture came from one pixel. So a pixel's gradient is the *sum*
of the gradients of all its copies: pixel 1 above collects from 9 places, pixel 2 from 3, pixel 6
from 4. If dpadded is 1 everywhere, then

    dx = 9 3 6
         6 2 4

Return new arrays, also if nothing is added.
"""

import numpy as np


def pad_replicate(x: np.ndarray, before: int, after: int) -> np.ndarray:
    """Continue a picture by its nearest pixels.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W)
    before, after : int, at least 0

    Returns
    -------
    ndarray of shape (N, C, before + H + after, before + W + after), the dtype of x
    """
    raise NotImplementedError


def pad_replicate_backward(dpadded: np.ndarray, before: int, after: int) -> np.ndarray:
    """Gradient of the picture: each pixel collects from all its copies.

    Parameters
    ----------
    dpadded : ndarray of shape (N, C, before + H + after, before + W + after)
    before, after : int, at least 0

    Returns
    -------
    ndarray of shape (N, C, H, W), the dtype of dpadded
    """
    raise NotImplementedError


# --- How it is checked ---

from collections.abc import Callable

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import case, differences, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.borders import backward_hints, forward_hints

CASES = (
    case("one row and column on each side", N=1, C=1, H=3, W=3, before=1, after=1),
    case("a picture that is not square", N=1, C=1, H=2, W=4, before=1, after=1),
    case("two on each side", N=1, C=1, H=3, W=4, before=2, after=2),
    case("more before than after", N=1, C=1, H=3, W=4, before=2, after=1),
    case("more after than before", N=1, C=1, H=4, W=3, before=1, after=3),
    case("nothing after", N=1, C=1, H=3, W=4, before=2, after=0),
    case("nothing before", N=1, C=1, H=3, W=4, before=0, after=2),
    case("nothing at all", N=1, C=2, H=3, W=4, before=0, after=0),
    case("several channels and samples", N=2, C=3, H=3, W=2, before=2, after=1),
    case("a larger picture", N=1, C=1, H=5, W=6, before=3, after=2),
    case("a picture of one row", N=1, C=2, H=1, W=4, before=2, after=1),
    case("a picture of one pixel", N=2, C=1, H=1, W=1, before=1, after=3),
    case("a border wider than the picture", N=1, C=1, H=2, W=2, before=4, after=5),
)


def forward_arguments(
    rng: np.random.Generator, N: int, C: int, H: int, W: int, before: int, after: int
) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(N * C * H * W).reshape(N, C, H, W) + 1.0, before, after


def backward_arguments(
    rng: np.random.Generator, N: int, C: int, H: int, W: int, before: int, after: int
) -> tuple:
    """Different numbers in all places."""
    shape = N, C, before + H + after, before + W + after
    return rng.permutation(np.prod(shape)).reshape(shape) + 1.0, before, after


def backward_want(dpadded: np.ndarray, before: int, after: int) -> np.ndarray:
    """By central differences of the forward pass."""
    N, C, H, W = dpadded.shape
    x = np.zeros((N, C, H - before - after, W - before - after))
    return differences(lambda: layers.pad_replicate(x, before, after), x, dpadded).astype(dpadded.dtype)


def _example(student: Student, _: np.random.Generator) -> None:
    got = student("pad_replicate_backward", np.ones((1, 1, 5, 6)), 2, 1)
    judge("dx", got, np.array([[[[9.0, 3, 6], [6, 2, 4]]]]), backward_hints(np.ones((1, 1, 5, 6)), 2, 1))


def _adjoint(student: Student, rng: np.random.Generator) -> None:
    x, dy = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(2, 2, 8, 9))
    forward = float((layers.pad_replicate(x, 3, 2) * dy).sum())
    (dx,) = arrays_of("dx", student("pad_replicate_backward", dy, 3, 2), x.shape)
    backward = float((x * dx).sum())
    if not close(backward, forward):
        raise Wrong(f"⟨pad(x), dy⟩ = {forward:.6g}, but ⟨x, dx⟩ = {backward:.6g}: they must be equal")


CHECKS: list[Check] = [
    *numbers("pad_replicate", "padded", CASES, forward_arguments, layers.pad_replicate, forward_hints),
    linear("pad_replicate", 0, lambda rng: (whole(rng, 1, 2, 3, 4), 1, 2)),
    *numbers("pad_replicate_backward", "dx", CASES, backward_arguments, backward_want, backward_hints),
    Check("pad_replicate_backward", "the example of the task", _example, "Count the copies of each pixel."),
    Check(
        "pad_replicate_backward",
        "the adjoint",
        _adjoint,
        "It is right for whole numbers: are numbers kept as int?",
    ),
    linear("pad_replicate_backward", 0, lambda rng: (whole(rng, 1, 2, 6, 7), 1, 2)),
]
