"""The gradients of the transposed convolution: its backward is a convolution.

You learn: that forward and backward of convolution and deconvolution are the same two operations
with their roles exchanged.
Time: about 45 minutes.
Explorer: panel "backward": choose the deconvolution, and see which output pixels an input pixel
hears from.

Forward (exercise 4), each input pixel painted its filter; s is the stride:

    y[n,d, s·h+u, s·w+v]  gets  +  weight[c,d,u,v] · x[n,c,h,w];   plus bias[d]

Ask of x, weight and bias: where was it used, with which factor? Every (input pixel, tap) meets in
exactly one output pixel:

    dx[n,c,h,w]      = Σ_d Σ_u Σ_v  weight[c,d,u,v] · dy[n,d, s·h+u, s·w+v]
    dweight[c,d,u,v] = Σ_n Σ_h Σ_w  x[n,c,h,w] · dy[n,d, s·h+u, s·w+v]
    dbias[d]         = Σ_n Σ_i Σ_j  dy[n,d,i,j]

The first is a convolution of dy with stride s. dy has the full output's size: (H − 1)·s + f rows.

By hand in one dimension, f = 3, s = 2:

    x = 1 10      weight = 1 2 3      dy = 1 0 2 0 1
    dx = 1·1+2·0+3·2  1·2+2·0+3·1  =  7 5
    dweight = 1·1+10·2  1·0+10·0  1·2+10·1  =  21 0 12
    dbias = 4

Return new arrays.
"""

import numpy as np


def deconv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of x, weight and bias.

    Parameters
    ----------
    dy : ndarray of shape (N, D, (H − 1)·s + f, (W − 1)·s + f)
    x : ndarray of shape (N, C, H, W), the input of the forward pass
    weight : ndarray of shape (C, D, f, f)
    stride : int

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dweight : ndarray of shape (C, D, f, f)
    dbias : ndarray of shape (D,)
        All of the dtype of x; summed over the samples, not averaged.
    """
    raise NotImplementedError


# --- How it is checked ---

from npsr.exercises.ground import layers
from npsr.exercises.ground.checking import Check, Student, Wrong
from npsr.exercises.ground.comparing import judge
from npsr.exercises.ground.properties import case, differences, linear, numbers, whole
from npsr.exercises.ground.replies import arrays_of
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.deconvolution_gradients import hints

CASES = (
    case("one channel, a filter as wide as the stride", N=1, C=1, D=1, H=2, W=2, f=2, s=2),
    case("filters that overlap", N=1, C=1, D=1, H=3, W=3, f=3, s=2),
    case("a picture that is not square", N=1, C=1, D=1, H=2, W=4, f=3, s=2),
    case("stride 1", N=1, C=1, D=1, H=3, W=4, f=2, s=1),
    case("stride 3, a filter of 5 × 5", N=1, C=1, D=1, H=3, W=2, f=5, s=3),
    case("a stride larger than the filter", N=1, C=1, D=1, H=3, W=2, f=2, s=3),
    case("several input channels", N=1, C=3, D=1, H=3, W=2, f=3, s=2),
    case("several output channels", N=1, C=2, D=3, H=2, W=3, f=4, s=2),
    case("two samples", N=2, C=3, D=2, H=2, W=3, f=3, s=2),
    case("three samples, three pixels under every tap", N=3, C=2, D=1, H=3, W=2, f=6, s=2),
    case("one column", N=1, C=2, D=2, H=4, W=1, f=3, s=2),
    case("four samples, stride 4, a filter of 7 × 7", N=4, C=5, D=3, H=2, W=3, f=7, s=4),
)


def arguments(rng: np.random.Generator, N: int, C: int, D: int, H: int, W: int, f: int, s: int) -> tuple:
    """Whole numbers in all arrays."""
    I, J = (H - 1) * s + f, (W - 1) * s + f
    return whole(rng, N, D, I, J), whole(rng, N, C, H, W), whole(rng, C, D, f, f), s


def _differences(student: Student, rng: np.random.Generator) -> None:
    """The forward pass is linear in each of its arguments, so that large steps are exact."""
    dy, x, weight, s = arguments(rng, 2, 3, 2, 3, 2, 3, 2)
    bias = np.zeros(weight.shape[1])
    want = tuple(differences(lambda: layers.deconv2d(x, weight, bias, s), a, dy) for a in (x, weight, bias))
    judge("dx dweight dbias", student("deconv2d_backward", dy, x, weight, s), want, hints(dy, x, weight, s))


def _adjoint(student: Student, rng: np.random.Generator) -> None:
    for s in (1, 2, 3):
        dy, x, weight, _ = (a * 0.37 for a in arguments(rng, 2, 3, 2, 4, 3, 4, s))
        got = student("deconv2d_backward", dy, x, weight, s)
        dx, dweight, dbias = arrays_of("dx dweight dbias", got, x.shape, weight.shape, weight.shape[1:2])
        if not close(dbias, dy.sum((0, 2, 3))):
            raise Wrong("dbias is not the sum of dy over samples and pixels when dy has fractions")
        probe, none = rng.normal(size=x.shape), np.zeros(2)
        forward = float((layers.deconv2d(probe, weight, none, s) * dy).sum())
        backward = float((probe * dx).sum())
        if not close(backward, forward):
            raise Wrong(
                f"⟨deconv(x), dy⟩ = {forward:.6g}, but ⟨x, dx⟩ = {backward:.6g} (stride {s}): they must be equal"
            )
        filters = rng.normal(size=weight.shape)
        forward = float((layers.deconv2d(x, filters, none, s) * dy).sum())
        if not close(float((filters * dweight).sum()), forward):
            raise Wrong("⟨deconv(x; w), dy⟩ and ⟨w, dweight⟩ differ: they must be equal")


def _fixed(rng: np.random.Generator) -> tuple:
    x, weight = np.arange(18.0).reshape(1, 2, 3, 3) - 9, np.arange(36.0).reshape(2, 2, 3, 3) - 18
    return whole(rng, 1, 2, 7, 7), x, weight, 2


CHECKS: list[Check] = [
    *numbers("deconv2d_backward", "dx dweight dbias", CASES, arguments, layers.deconv2d_backward, hints),
    Check(
        "deconv2d_backward",
        "central differences",
        _differences,
        "(L(a + ε) − L(a − ε)) / 2ε for each number a.",
    ),
    Check(
        "deconv2d_backward",
        "the adjoint",
        _adjoint,
        "It is right for whole numbers: are numbers kept as int?",
    ),
    linear("deconv2d_backward", 0, _fixed),
]
