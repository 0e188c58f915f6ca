"""PReLU in both directions: a slope that is learned, and a kink.

You learn: what an activation passes on backwards, how a parameter that many pixels share collects
its gradient, and what to do where there is no derivative.
Time: about 40 minutes.
Explorer: panel "prelu": drag the slope and watch real pre-activations before and after.

Forward, with one slope a (the argument `slope`) for each channel c, shape (C,), or one shared by all
channels, shape (1,):

    y[n,c,h,w] = max(x[n,c,h,w], 0) + a[c] · min(x[n,c,h,w], 0)

Backward, from dy:

    dx[n,c,h,w] = dy[n,c,h,w] · (1 if x[n,c,h,w] > 0, else a[c])
    da[c]       = Σ_n Σ_h Σ_w  dy[n,c,h,w] · min(x[n,c,h,w], 0)      a shared slope: summed over c as well

At exactly 0 there is a kink. We take the derivative of the negative side, as the formula says: a,
not 1. A slope may be any number: negative, 0 (that is ReLU), or more than 1.

By hand, one channel, a = 0.5:

    x = -2 0 3      y  = -1 0 3
    dy = 1 1 10     dx = 0.5 0.5 10       da = -2

Return new arrays of the dtype of x.
"""

import numpy as np


def prelu(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Rectify.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), float32 or float64
    slope : ndarray of shape (C,) or (1,), same dtype

    Returns
    -------
    ndarray of shape (N, C, H, W), same dtype
    """
    raise NotImplementedError


def prelu_backward(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of x and of the slope.

    Parameters
    ----------
    dy, x : ndarray of shape (N, C, H, W)
        Gradient of the output, and the input of the forward pass.
    slope : ndarray of shape (C,) or (1,)

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dslope : ndarray of the shape of slope
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import case, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.prelu import backward_hints, forward_hints

CASES = (
    case("one channel", N=1, C=1, H=3, W=5, shared=False),
    case("several channels, a slope each", N=1, C=3, H=2, W=5, shared=False),
    case("as many channels as columns and rows", N=1, C=3, H=3, W=3, shared=False),
    case("two samples", N=2, C=3, H=4, W=2, shared=False),
    case("one slope shared by all channels", N=2, C=4, H=3, W=2, shared=True),
    case("a row of pixels, six channels", N=3, C=6, H=1, W=4, shared=False),
    case("a shared slope for a single channel", N=2, C=1, H=3, W=2, shared=True),
)
SLOPES = np.array([0.5, -1.5, 3.0, 0.0, 1.0, -0.25])


def _slopes(C: int, shared: bool) -> np.ndarray:
    return SLOPES[1:2].copy() if shared else SLOPES[:C].copy()


def forward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, shared: bool) -> tuple:
    """Whole numbers, zeros among them; slopes below 0 and above 1."""
    x = whole(rng, N, C, H, W)
    x[0, :, 0, 0], x[-1, :, -1, -1], x[0, :, -1, 0] = 0, -3, 4
    return x, _slopes(C, shared)


def backward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, shared: bool) -> tuple:
    """The same, and a gradient without zeros."""
    dy = whole(rng, N, C, H, W)
    return np.where(dy == 0, 5, dy), *forward_arguments(rng, N, C, H, W, shared)


def _scales(student: Student, rng: np.random.Generator) -> None:
    for slope in (SLOPES[:3].copy(), SLOPES[1:2].copy()):
        x = rng.normal(size=(2, 3, 4, 5))
        for power in (0, -40, -30, 10, 40):
            (y,) = arrays_of("y", student("prelu", x * 2.0**power, slope), x.shape)
            if not close(y * 2.0**-power, layers.prelu(x, slope)):
                raise Wrong(f"prelu(x · 2^{power}) is not prelu(x) · 2^{power}")


def _scales_backward(student: Student, rng: np.random.Generator) -> None:
    x, dy, slope = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 4, 5)), SLOPES[:3].copy()
    right = layers.prelu_backward(dy, x, slope)
    for power in (-40, -30, 10, 40):
        got = student("prelu_backward", dy, x * 2.0**power, slope)
        dx, dslope = arrays_of("dx dslope", got, x.shape, slope.shape)
        if not (close(dx, right[0]) and close(dslope * 2.0**-power, right[1])):
            raise Wrong(f"for x · 2^{power}, dx must be the same, and dslope 2^{power} times as large")


def _differences(student: Student, rng: np.random.Generator) -> None:
    x, dy = (
        rng.uniform(0.1, 1, (2, 3, 3, 4)) * rng.choice([-1, 1], (2, 3, 3, 4)),
        rng.normal(size=(2, 3, 3, 4)),
    )
    slope, step = np.array([0.3, -0.7, 1.9]), 1e-3
    got = student("prelu_backward", dy, x, slope)
    dx, dslope = arrays_of("dx dslope", got, x.shape, slope.shape)
    up, down = layers.prelu(x + step, slope), layers.prelu(x - step, slope)
    judge("dx", dx, dy * (up - down) / (2 * step), backward_hints(dy, x, slope))
    up, down = layers.prelu(x, slope + step), layers.prelu(x, slope - step)
    judge("dslope", dslope, (dy * (up - down)).sum((0, 2, 3)) / (2 * step), backward_hints(dy, x, slope))


def _example(student: Student, _: np.random.Generator) -> None:
    x, dy, a = np.array([[[[-2.0, 0, 3]]]]), np.array([[[[1.0, 1, 10]]]]), np.array([0.5])
    got = student("prelu_backward", dy, x, a)
    judge("dx dslope", got, (np.array([[[[0.5, 0.5, 10]]]]), np.array([-2.0])), backward_hints(dy, x, a))


def _dy(rng: np.random.Generator) -> tuple:
    return whole(rng, 1, 2, 3, 3), np.arange(18.0).reshape(1, 2, 3, 3) % 5 - 2, SLOPES[:2].copy()


SIGN = "Only the sign of x may decide, not its size: compare with 0 itself, and clip nothing."
CHECKS: list[Check] = [
    *numbers("prelu", "y", CASES, forward_arguments, layers.prelu, forward_hints),
    Check("prelu", "tiny and large numbers", _scales, SIGN),
    *numbers("prelu_backward", "dx dslope", CASES, backward_arguments, layers.prelu_backward, backward_hints),
    Check(
        "prelu_backward", "the example of the task", _example, "Follow the three pixels of the task by hand."
    ),
    Check("prelu_backward", "central differences", _differences, "Compare with (L(x + ε) − L(x − ε)) / 2ε."),
    Check("prelu_backward", "tiny and large numbers", _scales_backward, SIGN),
    linear("prelu_backward", 0, _dy),
]
