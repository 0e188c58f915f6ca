"""The layers of sparse coding as a network (SCN), forward above backward.

N batch, C channels read, D written, H W rows and columns, f side of a patch. Like the others they hold no
state: a forward returns what its backward takes. Nothing flows back into the image that the network reads.

Most of the work is in convolutions of 1 × 1 with many channels, without bias. By matrix products such a
convolution of an image is one product a row, so that parts of the image get the whole's bits; of a batch it
is one a sample. Threads share these pieces, each of which is computed by one.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from npsr.networks.layers import Combine, Conv, Lista, Margin, Normalise, Patches, SoftThreshold
from npsr.system.blas import one_blas_thread
from npsr_kernels.borders import pad, pad_backward
from npsr_kernels.compiling.threads import share
from npsr_kernels.conv2d import conv2d_backward_input, conv2d_backward_weight, conv2d_forward
from npsr_kernels.deconv2d import deconv2d_backward_input, deconv2d_forward
from npsr_kernels.normalise import EPSILON, normalise_backward, normalise_forward
from npsr_kernels.soft_threshold import soft_threshold_backward, soft_threshold_forward

Arrays = dict[str, np.ndarray]
SparseLayer = Conv | Margin | Patches | Normalise | SoftThreshold | Lista | Combine
GAIN = 1.1
"""By which the authors' program strengthens the details that it combines."""


def unbiased_forward(x: np.ndarray, weight: np.ndarray, products: bool) -> np.ndarray:
    """Convolve x (N, C, H, W) with filters (D, C, f, f): by the plain kernels, or by matrix products."""
    if products and weight.shape[2] == 1:
        return _applied(weight[:, :, 0, 0], x)
    return conv2d_forward(x, weight, np.zeros(len(weight), x.dtype))


def unbiased_backward_input(
    dy: np.ndarray, weight: np.ndarray, sides: tuple[int, int], products: bool
) -> np.ndarray:
    """Gradient of the input, of the given sides."""
    if products and weight.shape[2] == 1:
        return _applied(np.ascontiguousarray(weight[:, :, 0, 0].T), dy)
    return conv2d_backward_input(dy, weight, sides)


def unbiased_backward_weight(dy: np.ndarray, x: np.ndarray, f: int, products: bool) -> np.ndarray:
    """Gradient of the filters; the samples' shares are added in their order."""
    if not products or f != 1:
        return conv2d_backward_weight(dy, x, f)
    N, D, C = len(x), dy.shape[1], x.shape[1]
    shares = np.empty((N, D, C), x.dtype)

    def piece(n: int) -> None:
        np.matmul(dy[n].reshape(D, -1), x[n].reshape(C, -1).T, out=shares[n])

    _share(piece, N)
    return shares.sum(axis=0)[:, :, None, None]


def _applied(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The matrix (D, C) times every pixel of x (N, C, H, W): (N, D, H, W)."""
    N, C, H, W = x.shape
    y = np.empty((N, len(matrix), H, W), x.dtype)

    def sample(n: int) -> None:
        np.matmul(matrix, x[n].reshape(C, -1), out=y[n].reshape(len(matrix), -1))

    def row(h: int) -> None:
        y[0, :, h] = matrix @ x[0, :, h]

    _share(sample if N > 1 else row, N if N > 1 else H)
    return y


def _share(piece: Callable[[int], None], count: int) -> None:
    remaining = iter(range(count))

    def work() -> None:
        for k in remaining:
            piece(k)

    with one_blas_thread():
        share(work, parts=count)


def margin_forward(layer: Margin, x: np.ndarray) -> np.ndarray:
    """The image continued, unless the border is "valid"."""
    return x if layer.border == "valid" else pad(x, layer.width, layer.width, layer.border)


def margin_backward(layer: Margin, dy: np.ndarray) -> np.ndarray:
    """Gradient of the image."""
    return dy if layer.border == "valid" else pad_backward(dy, layer.width, layer.width, layer.border)


def patches_forward(layer: Patches, x: np.ndarray) -> np.ndarray:
    """The f × f pixels of each map around every pixel as channels: map by map, down the columns of a patch.

    A convolution with f² one-hot filters for each map, written as slices.
    """
    f, (N, C, H, W) = layer.f, x.shape
    y = np.empty((N, C, f, f, H - f + 1, W - f + 1), x.dtype)
    for row, column in np.ndindex(f, f):
        y[:, :, column, row] = x[:, :, row : H - f + 1 + row, column : W - f + 1 + column]
    return y.reshape(N, C * f * f, H - f + 1, W - f + 1)


def patches_backward(layer: Patches, dy: np.ndarray) -> np.ndarray:
    """Gradient of the maps: every pixel collects from the patches that hold it."""
    f, (N, _, I, J) = layer.f, dy.shape
    parts = dy.reshape(N, layer.c, f, f, I, J)
    dx = np.zeros((N, layer.c, I + f - 1, J + f - 1), dy.dtype)
    for row, column in np.ndindex(f, f):
        dx[:, :, row : I + row, column : J + column] += parts[:, :, column, row]
    return dx


def lista_forward(
    layer: Lista, parameters: Arrays, v: np.ndarray, products: bool
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Codes z of v: z ← S_θ(v), and then a number of times z ← S_θ(v + U z). Also all that was shrunk."""
    weight, theta = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.threshold"]
    shrunk = [v]
    for step in range(layer.steps):
        z = soft_threshold_forward(shrunk[-1], theta)
        shrunk.append(v + unbiased_forward(z, weight[step % len(weight)][:, :, None, None], products))
    return soft_threshold_forward(shrunk[-1], theta), shrunk


def lista_backward(
    layer: Lista, parameters: Arrays, dz: np.ndarray, shrunk: list[np.ndarray], products: bool
) -> tuple[np.ndarray, Arrays]:
    """Gradients of v and of U and θ, from the last step to the first; v collects from every one."""
    weight, theta = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.threshold"]
    dweight, dtheta, dv = np.zeros_like(weight), np.zeros_like(theta), np.zeros_like(dz)
    for step in reversed(range(layer.steps)):
        dt, of_theta = soft_threshold_backward(dz, shrunk[step + 1], theta)
        dv += dt
        dtheta += of_theta
        z = soft_threshold_forward(shrunk[step], theta)
        place = step % len(weight)
        dweight[place] += unbiased_backward_weight(dt, z, 1, products)[:, :, 0, 0]
        dz = unbiased_backward_input(dt, weight[place][:, :, None, None], dt.shape[2:], products)
    dt, of_theta = soft_threshold_backward(dz, shrunk[0], theta)
    return dv + dt, {f"{layer.name}.weight": dweight, f"{layer.name}.threshold": dtheta + of_theta}


def combine_forward(
    layer: Combine, parameters: Arrays, q: np.ndarray, image: np.ndarray
) -> tuple[np.ndarray, Any]:
    """Patches of details added where they overlap, to the mean of the image's own patches.

    Every patch is scaled by the contrast of the image there: y = B ⋆ image + Σ_k shifted 1.1 m p_k q_k.
    """
    f, reach = layer.f, image.shape[2] - q.shape[2] - layer.f + 1
    around = image[:, :, reach // 2 : image.shape[2] - reach // 2, reach // 2 : image.shape[3] - reach // 2]
    contrast = GAIN * contrasts(around, f)
    scaled = q * contrast * parameters[f"{layer.name}.weight"][:, None, None]
    details = _overlapped(scaled.astype(q.dtype), f)
    box = np.full((1, 1, f, f), 1 / f**2, image.dtype)
    none = np.zeros(1, image.dtype)
    means = conv2d_forward(conv2d_forward(around, box, none), box, none)
    return means + details, (q, contrast)


def combine_backward(
    layer: Combine, parameters: Arrays, dy: np.ndarray, cache: Any
) -> tuple[np.ndarray, Arrays]:
    """Gradients of q and p; the image is given."""
    q, contrast = cache
    f = layer.f
    wide = np.pad(dy, ((0, 0), (0, 0), (f - 1, f - 1), (f - 1, f - 1)))
    gathered = deconv2d_backward_input(wide, _one_hot(f, dy.dtype), 1) * contrast
    dweight = np.sum(gathered * q, axis=(0, 2, 3))
    return (gathered * parameters[f"{layer.name}.weight"][:, None, None]).astype(q.dtype), {
        f"{layer.name}.weight": dweight.astype(q.dtype)
    }


def contrasts(image: np.ndarray, f: int) -> np.ndarray:
    """Length of every f × f patch less its mean: (N, 1, H − f + 1, W − f + 1)."""
    shifts = patches_forward(Patches("", f, 1), image)
    rest = shifts - shifts.mean(axis=1, keepdims=True)
    return np.sqrt(np.sum(rest * rest, axis=1, keepdims=True) + image.dtype.type(EPSILON))


def _overlapped(patches: np.ndarray, f: int) -> np.ndarray:
    """A transposed convolution with one-hot filters, of which every pixel has all f² patches."""
    full = deconv2d_forward(patches, _one_hot(f, patches.dtype), np.zeros(1, patches.dtype), 1)
    return np.ascontiguousarray(full[:, :, f - 1 : 1 - f, f - 1 : 1 - f])


def _one_hot(f: int, dtype: Any) -> np.ndarray:
    """Filters (f², 1, f, f), each 1 at one place, down the columns."""
    return np.ascontiguousarray(np.eye(f * f, dtype=dtype).reshape(f * f, 1, f, f).transpose(0, 1, 3, 2))


def sparse_forward(
    layer: SparseLayer, parameters: Arrays, x: np.ndarray, image: np.ndarray, products: bool
) -> tuple[np.ndarray, Any]:
    """Output of one layer, and what its backward needs; `image` is the network's, with its margin."""
    cache: Any = x
    match layer:
        case Conv():
            y = unbiased_forward(x, parameters[f"{layer.name}.weight"], products)
        case Margin():
            y = margin_forward(layer, x)
        case Patches():
            y = patches_forward(layer, x)
        case Normalise():
            y = normalise_forward(x)
        case SoftThreshold():
            y = soft_threshold_forward(x, parameters[f"{layer.name}.threshold"])
        case Lista():
            y, cache = lista_forward(layer, parameters, x, products)
        case Combine():
            y, cache = combine_forward(layer, parameters, x, image)
    return y, cache


def sparse_backward(
    layer: SparseLayer, parameters: Arrays, dy: np.ndarray, cache: Any, need_dx: bool, products: bool
) -> tuple[np.ndarray, Arrays]:
    """Gradients of one layer's input and parameters; see `npsr.networks.network.layer_backward`."""
    gradients: Arrays = {}
    match layer:
        case Conv():
            key = f"{layer.name}.weight"
            gradients[key] = unbiased_backward_weight(dy, cache, layer.f, products)
            dx = unbiased_backward_input(dy, parameters[key], cache.shape[2:], products) if need_dx else dy
        case Margin():
            dx = margin_backward(layer, dy)
        case Patches():
            dx = patches_backward(layer, dy)
        case Normalise():
            dx = normalise_backward(dy, cache)
        case SoftThreshold():
            key = f"{layer.name}.threshold"
            dx, gradients[key] = soft_threshold_backward(dy, cache, parameters[key])
        case Lista():
            dx, gradients = lista_backward(layer, parameters, dy, cache, products)
        case Combine():
            dx, gradients = combine_backward(layer, parameters, dy, cache)
    return dx, gradients
