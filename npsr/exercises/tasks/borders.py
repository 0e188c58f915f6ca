"""Borders: replicate the edge, and what its gradient is.

You learn: that everything a network does to its input has an adjoint, copying as well: what was copied collects.
Time: about 40 minutes.
Explorer: panel "convolution": move to the edge of the picture, and switch between the borders.

A convolution of 3 × 3 makes a picture 2 rows smaller. To keep its size, the picture is continued beyond its border. Zeros darken the
edge of a photograph; npsr repeats the nearest pixel, in the corners too:

    x = 1 2 3        before = 2, after = 1        1 1 1 2 3 3
        4 5 6                                     1 1 1 2 3 3
                                                  1 1 1 2 3 3
                                                  4 4 4 5 6 6
                                                  4 4 4 5 6 6

`before` rows and columns are added at the top and at the left, `after` at the bottom and at the right; each may be 0.

Backward: every number of the padded picture came from one pixel. So a pixel's gradient is the *sum* of the gradients of all its
copies: pixel 1 above collects from 9 places, pixel 2 from 3, pixel 6 from 4. If dpadded is 1 everywhere, then

    dx = 9 3 6
         6 2 4
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

from npsr.exercises import reference
from npsr.exercises.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.properties import case, differences, linear, numbers, whole

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
    case("a picture of one row", N=1, C=2, H=1, W=4, before=2, after=1),
    case("a picture of one pixel", N=2, C=1, H=1, W=1, before=1, after=3),
    case("a border wider than the picture", N=1, C=1, H=2, W=2, before=4, after=5),
)


def forward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, before: int, after: int) -> tuple:
    """Different numbers in all places."""
    return rng.permutation(N * C * H * W).reshape(N, C, H, W) + 1.0, before, after


def forward_hints(x: np.ndarray, before: int, after: int) -> dict[str, Hints]:
    """Typical mistakes."""
    def padded(mode: str, rows: tuple[int, int] = (before, after), columns: tuple[int, int] = (before, after)) -> np.ndarray:
        return np.pad(x, ((0, 0), (0, 0), rows, columns), mode=mode)  # type: ignore[call-overload]

    def corners() -> np.ndarray:
        out, (H, W) = padded("edge"), x.shape[2:]
        out[:, :, :before, :before] = out[:, :, :before, before + W :] = 0
        out[:, :, before + H :, :before] = out[:, :, before + H :, before + W :] = 0
        return out

    swapped = (after, before)
    return {
        "padded": [
            ("Zeros are added; the nearest pixel is asked for.", lambda: padded("constant")),
            ("The picture is mirrored with its edge repeated; the nearest pixel is asked for everywhere.",
             lambda: padded("symmetric")),
            ("The picture is mirrored about its edge; the nearest pixel is asked for.", lambda: padded("reflect")),
            ("The picture is continued from its other side; the nearest pixel is asked for.", lambda: padded("wrap")),
            ("before and after are exchanged: before is at the top and at the left.",
             lambda: padded("edge", swapped, swapped)),
            ("before and after are exchanged along the columns.", lambda: padded("edge", columns=swapped)),
            ("before and after are exchanged along the rows.", lambda: padded("edge", rows=swapped)),
            ("The corners are 0: they repeat the corner pixel.", corners),
            ("Only the rows are continued.", lambda: padded("edge", columns=(0, 0))),
            ("Only the columns are continued.", lambda: padded("edge", rows=(0, 0))),
            ("`before` is used on both sides.", lambda: padded("edge", (before, before), (before, before))),
            ("`after` is used on both sides.", lambda: padded("edge", (after, after), (after, after))),
            ("The mean of the picture is added, not its nearest pixel.", lambda: padded("mean")),
        ]
    }  # fmt: skip


def backward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, before: int, after: int) -> tuple:
    """Different numbers in all places."""
    shape = N, C, before + H + after, before + W + after
    return rng.permutation(np.prod(shape)).reshape(shape) + 1.0, before, after


def backward_want(dpadded: np.ndarray, before: int, after: int) -> np.ndarray:
    """By central differences of the forward pass."""
    N, C, H, W = dpadded.shape
    x = np.zeros((N, C, H - before - after, W - before - after))
    return differences(lambda: reference.pad_replicate(x, before, after), x, dpadded).astype(dpadded.dtype)


def backward_hints(dpadded: np.ndarray, before: int, after: int) -> dict[str, Hints]:
    """Typical mistakes."""
    N, C, *_ = dpadded.shape
    H, W = (side - before - after for side in dpadded.shape[2:])
    inner = dpadded[:, :, before : before + H, before : before + W]
    right = reference.pad_replicate_backward(dpadded, before, after)
    counts = reference.pad_replicate_backward(np.ones_like(dpadded), before, after)

    def collected(start: Callable[[np.ndarray], np.ndarray], add: bool = True) -> np.ndarray:
        return _collected(dpadded, before, H, W, start, add)

    def swapped() -> np.ndarray:
        return reference.pad_replicate_backward(dpadded, after, before)

    return {
        "dx": [
            ("The copies are forgotten: the gradient is not just the middle. A replicated pixel collects from its copies.",
             lambda: inner),
            ("The corners are forgotten: their copies belong to the corner pixels.", lambda: collected(_no_corners)),
            ("Copies overwrite each other: add with +=.", lambda: collected(lambda d: d, add=False)),
            ("The mean of the copies is taken; it is their sum.", lambda: right / counts),
            ("before and after are exchanged: before is at the top and at the left.", swapped),
            ("Only the rows collect.", lambda: collected(lambda d: _only(d, before, before + W, 3))),
            ("Only the columns collect.", lambda: collected(lambda d: _only(d, before, before + H, 2))),
            ("Only the copies before the picture are collected.", lambda: reference.pad_replicate_backward(
                dpadded[:, :, : before + H, : before + W], before, 0)),
            ("Only the copies after the picture are collected.", lambda: reference.pad_replicate_backward(
                dpadded[:, :, before:, before:], 0, after)),
            ("The pixel's own gradient is forgotten: it is one of its copies.", lambda: right - inner),
            ("The middle is counted twice.", lambda: right + inner),
            ("The samples are added up.", lambda: np.broadcast_to(right.sum(0, keepdims=True), right.shape)),
            ("All of it is padded again; the gradient has the size of x.",
             lambda: reference.pad_replicate(dpadded, before, after)),
        ]
    }  # fmt: skip


def _collected(
    dpadded: np.ndarray, before: int, H: int, W: int, start: Callable[[np.ndarray], np.ndarray], add: bool
) -> np.ndarray:
    d, out = dpadded.copy(), np.zeros((*dpadded.shape[:2], H, W), dpadded.dtype)
    keep = np.zeros(d.shape[2:], bool)
    keep[before : before + H] = True
    keep[:, before : before + W] = True
    d = d * keep if start is _no_corners else start(d)
    for i, j in np.ndindex(d.shape[2:]):
        h, w = np.clip(i - before, 0, H - 1), np.clip(j - before, 0, W - 1)
        out[:, :, h, w] = d[:, :, i, j] + (out[:, :, h, w] if add else 0)
    return out


def _no_corners(d: np.ndarray) -> np.ndarray:
    return d


def _only(d: np.ndarray, first: int, end: int, axis: int) -> np.ndarray:
    keep = np.zeros(d.shape[axis], bool)
    keep[first:end] = True
    return d * (keep if axis == 3 else keep[:, None])


def _example(student: Student, _: np.random.Generator) -> None:
    got = student("pad_replicate_backward", np.ones((1, 1, 5, 6)), 2, 1)
    judge("dx", got, np.array([[[[9.0, 3, 6], [6, 2, 4]]]]), backward_hints(np.ones((1, 1, 5, 6)), 2, 1))


def _adjoint(student: Student, rng: np.random.Generator) -> None:
    x, dy = rng.normal(size=(2, 2, 3, 4)), rng.normal(size=(2, 2, 8, 9))
    forward = float((reference.pad_replicate(x, 3, 2) * dy).sum())
    backward = float((x * student("pad_replicate_backward", dy, 3, 2)).sum())
    if not close(backward, forward):
        raise Wrong(f"⟨pad(x), dy⟩ = {forward:.6g}, but ⟨x, dx⟩ = {backward:.6g}: they must be equal")


CHECKS: list[Check] = [
    *numbers("pad_replicate", "padded", CASES, forward_arguments, reference.pad_replicate, forward_hints),
    linear("pad_replicate", 0, lambda rng: (whole(rng, 1, 2, 3, 4), 1, 2)),
    *numbers("pad_replicate_backward", "dx", CASES, backward_arguments, backward_want, backward_hints),
    Check("pad_replicate_backward", "the example of the task", _example, "Count the copies of each pixel."),
    Check("pad_replicate_backward", "the adjoint", _adjoint, "It is right for whole numbers: are numbers kept as int?"),
    linear("pad_replicate_backward", 0, lambda rng: (whole(rng, 1, 2, 6, 7), 1, 2)),
]
