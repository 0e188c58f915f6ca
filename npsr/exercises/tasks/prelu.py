"""PReLU in both directions: a slope that is learned, and a kink.

You learn: what an activation passes on backwards, how a parameter that many pixels share collects its gradient, and what to do
where there is no derivative.
Time: about 40 minutes.
Explorer: panel "prelu": drag the slope and watch real pre-activations before and after.

Forward, with one slope a for each channel c, shape (C,), or one shared by all channels, shape (1,):

    y[n,c,h,w] = max(x[n,c,h,w], 0) + a[c] · min(x[n,c,h,w], 0)

Backward, from dy:

    dx[n,c,h,w] = dy[n,c,h,w] · (1 if x[n,c,h,w] > 0, else a[c])
    da[c]       = Σ_n Σ_h Σ_w  dy[n,c,h,w] · min(x[n,c,h,w], 0)      a shared slope: summed over c as well

At exactly 0 there is a kink. We take the derivative of the negative side, as the formula says: a, not 1. A slope may be any number:
negative, 0 (that is ReLU), or more than 1.

By hand, one channel, a = 0.5:

    x = -2 0 3      y  = -1 0 3
    dy = 1 1 10     dx = 0.5 0.5 10       da = -2
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

from npsr.exercises import reference
from npsr.exercises.checking import Check, Hints, Student, Wrong, close, judge
from npsr.exercises.properties import case, linear, numbers, whole

CASES = (
    case("one channel", N=1, C=1, H=3, W=5, shared=False),
    case("several channels, a slope each", N=1, C=3, H=2, W=5, shared=False),
    case("as many channels as columns and rows", N=1, C=3, H=3, W=3, shared=False),
    case("two samples", N=2, C=3, H=4, W=2, shared=False),
    case("one slope shared by all channels", N=2, C=4, H=3, W=2, shared=True),
)
SLOPES = np.array([0.5, -0.25, 2.0, 0.0])


def _slopes(C: int, shared: bool) -> np.ndarray:
    return SLOPES[:1].copy() if shared else SLOPES[:C].copy()


def forward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, shared: bool) -> tuple:
    """Whole numbers, zeros among them; slopes below 0 and above 1."""
    x = whole(rng, N, C, H, W)
    x[0, :, 0, 0], x[-1, :, -1, -1], x[0, :, -1, 0] = 0, -3, 4
    return x, _slopes(C, shared)


def backward_arguments(rng: np.random.Generator, N: int, C: int, H: int, W: int, shared: bool) -> tuple:
    """The same, and a gradient without zeros."""
    dy = whole(rng, N, C, H, W)
    return np.where(dy == 0, 5, dy), *forward_arguments(rng, N, C, H, W, shared)


def forward_hints(x: np.ndarray, slope: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the forward pass."""
    a = slope[:, None, None]
    return {
        "y": [
            ("The slope is on the wrong side: it is for x below 0.", lambda: np.where(x > 0, a * x, x)),
            ("The slope is ignored: this is ReLU.", lambda: np.maximum(x, 0) + 0 * a),
            ("Nothing happens: the input comes back.", lambda: x),
            ("max(x, a·x) equals PReLU only while a is at most 1.", lambda: np.maximum(x, a * x)),
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
            ("At 0 something else than 0 comes out.", lambda: np.where(x == 0, a, reference.prelu(x, slope))),
            ("Only the first sample is used.",
             lambda: np.broadcast_to(reference.prelu(x, slope)[:1], x.shape)),
        ]
    }


def backward_hints(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> dict[str, Hints]:
    """Typical mistakes of the backward pass."""
    a, shared = slope[:, None, None], len(slope) == 1 < x.shape[1]
    dx, da = reference.prelu_backward(dy, x, slope)
    low, N = dy * np.minimum(x, 0), len(x)
    axes = (0, 1, 2, 3) if shared else (0, 2, 3)

    def summed(terms: np.ndarray) -> np.ndarray:
        return np.atleast_1d(terms.sum(axes))

    return {
        "dx": [
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
             lambda: np.where(reference.prelu(x, slope) > 0, dy, a * dy)),
            ("dx: x is multiplied in: the derivative below 0 is a, not a·x.", lambda: np.where(x > 0, dy, a * dy * x)),
            ("dx: the slope goes along the columns: it belongs to the channel. Write slope[:, None, None].",
             lambda: np.where(x > 0, dy, slope * dy)),
            ("dx: the slope goes along the rows: it belongs to the channel. Write slope[:, None, None].",
             lambda: np.where(x > 0, dy, slope[:, None] * dy)),
            ("dx: all channels have the first slope.", lambda: np.where(x > 0, dy, slope[0] * dy)),
        ],
        "dslope": [
            ("dslope: the shared slope has one gradient: sum over the channels as well.",
             lambda: low.sum((0, 2, 3))),
            ("dslope: the sum is one for all channels, but each has a slope of its own.",
             lambda: np.full_like(da, low.sum())),
            ("dslope: the sum is one for all channels, but each has a slope of its own.", lambda: low.sum()),
            ("dslope: the shared slope's gradient has the shape of the slope, (1,), not ().", lambda: low.sum()),
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
            ("dslope: dy is forgotten: the chain rule multiplies with it.", lambda: summed(np.minimum(x, 0))),
            ("dslope: the sign is wrong: min(x, 0) is negative, not |x|.", lambda: -da),
            ("dslope: the slope itself is multiplied in: the derivative by a of a·x is x.", lambda: da * slope),
            ("dslope: the sums over the pixels are missing.", lambda: low),
        ],
    }


def _scales(student: Student, rng: np.random.Generator) -> None:
    x, slope = rng.normal(size=(2, 3, 4, 5)) / 100, SLOPES[:3].copy()
    y = student("prelu", x, slope)
    if not close(100 * y, student("prelu", 100 * x, slope)):
        raise Wrong("prelu(100·x) is not 100·prelu(x)")
    judge("y", y, reference.prelu(x, slope), forward_hints(x, slope))


def _differences(student: Student, rng: np.random.Generator) -> None:
    x, dy = rng.uniform(0.1, 1, (2, 3, 3, 4)) * rng.choice([-1, 1], (2, 3, 3, 4)), rng.normal(size=(2, 3, 3, 4))
    slope, step = np.array([0.3, -0.7, 1.9]), 1e-3
    dx, dslope = student("prelu_backward", dy, x, slope)
    up, down = reference.prelu(x + step, slope), reference.prelu(x - step, slope)
    judge("dx", dx, dy * (up - down) / (2 * step), backward_hints(dy, x, slope))
    up, down = reference.prelu(x, slope + step), reference.prelu(x, slope - step)
    judge("dslope", dslope, (dy * (up - down)).sum((0, 2, 3)) / (2 * step), backward_hints(dy, x, slope))


def _example(student: Student, _: np.random.Generator) -> None:
    x, dy, a = np.array([[[[-2.0, 0, 3]]]]), np.array([[[[1.0, 1, 10]]]]), np.array([0.5])
    got = student("prelu_backward", dy, x, a)
    judge("dx dslope", got, (np.array([[[[0.5, 0.5, 10]]]]), np.array([-2.0])), backward_hints(dy, x, a))


def _dy(rng: np.random.Generator) -> tuple:
    return whole(rng, 1, 2, 3, 3), np.arange(18.0).reshape(1, 2, 3, 3) % 5 - 2, SLOPES[:2].copy()


CHECKS: list[Check] = [
    *numbers("prelu", "y", CASES, forward_arguments, reference.prelu, forward_hints),
    Check("prelu", "small numbers", _scales, "Only the sign of x may matter, not its size."),
    *numbers("prelu_backward", "dx dslope", CASES, backward_arguments, reference.prelu_backward, backward_hints),
    Check("prelu_backward", "the example of the task", _example, "Follow the three pixels of the task by hand."),
    Check("prelu_backward", "central differences", _differences, "Compare with (L(x + ε) − L(x − ε)) / 2ε."),
    linear("prelu_backward", 0, _dy, part=0),
    linear("prelu_backward", 0, _dy, part=1),
]
