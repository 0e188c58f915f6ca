"""The three gradients of a convolution: where the rotation comes from.

You learn: to derive a backward pass by asking of each number "where was it used, and with which
factor?".
Time: about 75 minutes.
Explorer: panel "backward": click a pixel of dy and see where it goes; switch between scattering and
gathering.

Given dy = ∂L/∂y, the gradient of the output of exercise 1, find the gradients of what went in. y is
a sum of products, so each factor's gradient is dy times the other factor, summed over all places
where it was used:

    dbias[d]         = Σ_n Σ_i Σ_j  dy[n,d,i,j]
    dweight[d,c,u,v] = Σ_n Σ_i Σ_j  dy[n,d,i,j] · x[n,c, s·i+u, s·j+v]
    dx[n,c, s·i+u, s·j+v]  gets  +  dy[n,d,i,j] · weight[d,c,u,v]    from every n, d, c, i, j, u, v

The last line *scatters*: an output pixel gives to all pixels of its window. Written the other way
round, as what one input pixel *gathers*, the taps are visited backwards: that is the rotation of
the filter that books speak of. Pixels that no window reached get 0.

By hand, N = C = D = 1, f = 2, s = 1, one row of two output pixels:

    x  = 1 2 0      weight = 1  2      dy = 1 10
         3 1 4               0 -1

    dbias = 11      dweight = 21  2      dx = 1 12 20
                              13 41           0 -1 -10

    for example dweight[0,0,1,0] = 1·3 + 10·1, and dx[0,0,0,1] = 1·2 + 10·1

Return new arrays, and leave the arguments unchanged, here and in all exercises.
"""

import numpy as np


def conv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of x, weight and bias.

    Parameters
    ----------
    dy : ndarray of shape (N, D, I, J)
    x : ndarray of shape (N, C, H, W), the input of the forward pass
    weight : ndarray of shape (D, C, f, f)
    stride : int

    Returns
    -------
    dx : ndarray of shape (N, C, H, W)
    dweight : ndarray of shape (D, C, f, f)
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
from npsr.exercises.mistakes.convolution_gradients import hints

CASES = (
    case("one channel, one filter, a square picture", N=1, C=1, D=1, H=5, W=5, f=3, s=1),
    case("a picture that is not square", N=1, C=1, D=1, H=3, W=6, f=2, s=1),
    case("a filter of one pixel", N=1, C=1, D=1, H=3, W=4, f=1, s=1),
    case("several channels", N=1, C=3, D=1, H=4, W=5, f=3, s=1),
    case("several filters", N=1, C=2, D=3, H=4, W=5, f=3, s=1),
    case("two samples", N=2, C=2, D=3, H=4, W=5, f=2, s=1),
    case("stride 2", N=1, C=1, D=2, H=7, W=5, f=3, s=2),
    case("stride 2 with pixels left over", N=2, C=2, D=1, H=6, W=8, f=3, s=2),
    case("a stride larger than the filter", N=1, C=2, D=2, H=6, W=9, f=2, s=3),
    case("three samples, a filter of 5 × 5", N=3, C=2, D=2, H=7, W=6, f=5, s=1),
    case("one column of output", N=1, C=2, D=2, H=6, W=3, f=3, s=1),
    case("four samples, stride 4, a filter of 7 × 7", N=4, C=5, D=3, H=13, W=16, f=7, s=4),
)


def arguments(rng: np.random.Generator, N: int, C: int, D: int, H: int, W: int, f: int, s: int) -> tuple:
    """Whole numbers in all arrays."""
    I, J = (H - f) // s + 1, (W - f) // s + 1
    return whole(rng, N, D, I, J), whole(rng, N, C, H, W), whole(rng, D, C, f, f), s


def _differences(student: Student, rng: np.random.Generator) -> None:
    """The forward pass is linear in each of its arguments, so that large steps are exact."""
    dy, x, weight, s = arguments(rng, 2, 2, 3, 5, 4, 3, 2)
    bias = np.zeros(len(weight))
    want = tuple(differences(lambda: layers.conv2d(x, weight, bias, s), a, dy) for a in (x, weight, bias))
    judge("dx dweight dbias", student("conv2d_backward", dy, x, weight, s), want, hints(dy, x, weight, s))


def _example(student: Student, _: np.random.Generator) -> None:
    x, weight = np.array([[[[1.0, 2, 0], [3, 1, 4]]]]), np.array([[[[1.0, 2], [0, -1]]]])
    got = student("conv2d_backward", np.array([[[[1.0, 10]]]]), x, weight, 1)
    dx, dweight = np.array([[[[1.0, 12, 20], [0, -1, -10]]]]), np.array([[[[21.0, 2], [13, 41]]]])
    judge("dx dweight dbias", got, (dx, dweight, np.array([11.0])), {})


def _adjoint(student: Student, rng: np.random.Generator) -> None:
    for s in (1, 2, 3):
        dy, x, weight, _ = (a * 0.37 for a in arguments(rng, 2, 3, 2, 8, 7, 3, s))
        got = student("conv2d_backward", dy, x, weight, s)
        dx, dweight, dbias = arrays_of("dx dweight dbias", got, x.shape, weight.shape, weight.shape[:1])
        if not close(dbias, dy.sum((0, 2, 3))):
            raise Wrong("dbias is not the sum of dy over samples and pixels when dy has fractions")
        probe, none = rng.normal(size=x.shape), np.zeros(2)
        forward = float((layers.conv2d(probe, weight, none, s) * dy).sum())
        backward = float((probe * dx).sum())
        if not close(backward, forward):
            raise Wrong(
                f"⟨conv(x), dy⟩ = {forward:.6g}, but ⟨x, dx⟩ = {backward:.6g} (stride {s}): they must be equal"
            )
        filters = rng.normal(size=weight.shape)
        forward = float((layers.conv2d(x, filters, none, s) * dy).sum())
        if not close(float((filters * dweight).sum()), forward):
            raise Wrong("⟨conv(x; w), dy⟩ and ⟨w, dweight⟩ differ: they must be equal")


CHECKS: list[Check] = [
    *numbers("conv2d_backward", "dx dweight dbias", CASES, arguments, layers.conv2d_backward, hints),
    Check(
        "conv2d_backward",
        "central differences",
        _differences,
        "(L(a + ε) − L(a − ε)) / 2ε for each number a.",
    ),
    Check("conv2d_backward", "the example of the task", _example, "Follow the numbers of the task by hand."),
    Check(
        "conv2d_backward", "the adjoint", _adjoint, "It is right for whole numbers: are numbers kept as int?"
    ),
    linear("conv2d_backward", 0, lambda rng: _fixed(rng, whole(rng, 2, 2, 3, 3))),
]


def _fixed(rng: np.random.Generator, dy: np.ndarray) -> tuple:
    x, weight = np.arange(100.0).reshape(2, 2, 5, 5) - 50, np.arange(36.0).reshape(2, 2, 3, 3) - 18
    return dy, x, weight, 1
