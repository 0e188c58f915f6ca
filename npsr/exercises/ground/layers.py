"""npsr's layers in plain NumPy: what an exercise stands on, and what it is held against.

The formulas of kernels/README.md without a compiler. N batch, C input channels, D output channels,
H W rows and columns, f filter side, s or n stride. Slow for photographs, instant for the sizes of
an exercise. The tests hold every function to the compiled kernels.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Arrays = dict[str, np.ndarray]


def windows(x: np.ndarray, f: int, stride: int) -> np.ndarray:
    """Every window that a filter sees: (N, C, I, J, f, f)."""
    return sliding_window_view(x, (f, f), axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> np.ndarray:
    """Valid convolution: (N, C, H, W), (D, C, f, f), (D,) → (N, D, I, J)."""
    seen = windows(x, weight.shape[-1], stride)
    return np.einsum("ncijuv,dcuv->ndij", seen, weight) + bias[:, None, None]


def conv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dx, dweight and dbias of `conv2d`."""
    f = weight.shape[-1]
    dweight = np.einsum("ndij,ncijuv->dcuv", dy, windows(x, f, stride))
    dx = np.zeros_like(x)
    rows = [slice(u, u + stride * (dy.shape[2] - 1) + 1, stride) for u in range(f)]
    columns = [slice(v, v + stride * (dy.shape[3] - 1) + 1, stride) for v in range(f)]
    for u in range(f):
        for v in range(f):
            dx[:, :, rows[u], columns[v]] += np.einsum("ndij,dc->ncij", dy, weight[:, :, u, v])
    return dx, dweight, dy.sum(axis=(0, 2, 3))


def deconv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """Full transposed convolution: (N, C, H, W), (C, D, f, f), (D,) → (N, D, (H − 1)·s + f, …)."""
    N, _, H, W = x.shape
    _, D, f, _ = weight.shape
    y = np.zeros((N, D, (H - 1) * stride + f, (W - 1) * stride + f), x.dtype)
    for u in range(f):
        for v in range(f):
            rows, columns = (
                slice(u, u + stride * H - stride + 1, stride),
                slice(v, v + stride * W - stride + 1, stride),
            )
            y[:, :, rows, columns] += np.einsum("nchw,cd->ndhw", x, weight[:, :, u, v])
    return y + bias[:, None, None]


def deconv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dx, dweight and dbias of `deconv2d`."""
    seen = windows(dy, weight.shape[-1], stride)
    dx = np.einsum("ndhwuv,cduv->nchw", seen, weight)
    return dx, np.einsum("nchw,ndhwuv->cduv", x, seen), dy.sum(axis=(0, 2, 3))


def prelu(x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """max(x, 0) + a·min(0, x), with a slope a channel, (C,), or one shared, (1,)."""
    return np.maximum(x, 0) + slope[:, None, None] * np.minimum(x, 0)


def prelu_backward(dy: np.ndarray, x: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dx and dslope of `prelu`; at 0 the derivative of the negative side."""
    dx = np.where(x > 0, dy, dy * slope[:, None, None])
    dslope = (dy * np.minimum(x, 0)).sum(axis=(0, 2, 3))
    return dx, dslope if len(slope) == len(dslope) else dslope.sum(keepdims=True)


def pad_replicate(x: np.ndarray, before: int, after: int) -> np.ndarray:
    """Continue rows and columns by the nearest pixel."""
    return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), mode="edge")


def pad_replicate_backward(dpadded: np.ndarray, before: int, after: int) -> np.ndarray:
    """Dx of `pad_replicate`: a replicated pixel collects from its copies."""
    for axis in (2, 3):
        side = dpadded.shape[axis] - before - after
        first, inner, last = np.split(dpadded, [before, before + side], axis)
        dpadded = inner.copy()
        rows = np.moveaxis(dpadded, axis, 0)
        rows[0] += first.sum(axis)
        rows[-1] += last.sum(axis)
    return dpadded


def conv_same(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Convolution with zeros around the input: the output has the input's sides; f is odd."""
    return conv2d(_zeros_around(x, weight.shape[-1] // 2), weight, bias)


def conv_same_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dx, dweight and dbias of `conv_same`."""
    p = weight.shape[-1] // 2
    dx, dweight, dbias = conv2d_backward(dy, _zeros_around(x, p), weight)
    return dx[:, :, p : p + x.shape[2], p : p + x.shape[3]], dweight, dbias


def deconv_cut(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, n: int) -> np.ndarray:
    """Transposed convolution cut to n times the input's sides, from p = ⌈(f − n)/2⌉ on."""
    p = centring_padding(weight.shape[-1], n)
    return deconv2d(x, weight, bias, n)[:, :, p : p + n * x.shape[2], p : p + n * x.shape[3]]


def deconv_cut_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dx, dweight and dbias of `deconv_cut`."""
    (N, D, I, J), f = dy.shape, weight.shape[-1]
    p = centring_padding(f, n)
    full = np.zeros((N, D, max(I + p, I - n + f), max(J + p, J - n + f)), dy.dtype)
    full[:, :, p : p + I, p : p + J] = dy
    return deconv2d_backward(full[:, :, : I - n + f, : J - n + f], x, weight, n)


def centring_padding(f: int, n: int) -> int:
    """⌈(f − n)/2⌉: the cut that centres an f-wide filter on the n pixels that it enlarges one to; f ≥ n."""
    return -((n - f) // 2)


def fsrcnn_parameters(
    d: int, s: int, m: int, rng: np.random.Generator, f: int = 9, spread: float = 0.5
) -> Arrays:
    """Parameters of FSRCNN(d, s, m) in forward order, with a deconvolution of f × f, drawn at random."""
    layers = [("feature", d, 1, 5), ("shrinking", s, d, 1)]
    layers += [(f"mapping_{k}", s, s, 3) for k in range(1, m + 1)]
    layers += [("expanding", d, s, 1)]
    parameters: Arrays = {}
    for name, n_out, n_in, side in layers:
        deviation = spread * np.sqrt(2 / (n_in * side * side))
        parameters[f"{name}.weight"] = rng.normal(0, deviation, (n_out, n_in, side, side))
        parameters[f"{name}.bias"] = rng.normal(0, 0.1, n_out)
        parameters[f"{name}.slope"] = rng.uniform(-0.5, 0.5, n_out)
    parameters["deconvolution.weight"] = rng.normal(0, spread / np.sqrt(d * f), (d, 1, f, f))
    parameters["deconvolution.bias"] = rng.normal(0, 0.1, 1)
    return parameters


def convolutions(parameters: Arrays) -> list[str]:
    """Names of the layers before the deconvolution, in forward order."""
    names = [key.removesuffix(".weight") for key in parameters if key.endswith(".weight")]
    return [name for name in names if name != "deconvolution"]


def forward(parameters: Arrays, x: np.ndarray, n: int) -> np.ndarray:
    """FSRCNN: (N, 1, H, W) → (N, 1, nH, nW)."""
    for name in convolutions(parameters):
        z = conv_same(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])
        x = prelu(z, parameters[f"{name}.slope"])
    return deconv_cut(x, parameters["deconvolution.weight"], parameters["deconvolution.bias"], n)


def loss(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Equation 3, summed over pixels and averaged over samples, and its gradient dy."""
    difference = y - target
    dy = (2 / len(y) * difference).astype(y.dtype)
    return float(np.sum(np.square(difference, dtype=np.float64))) / len(y), dy


def gradients(parameters: Arrays, x: np.ndarray, target: np.ndarray, n: int) -> Arrays:
    """∂L/∂θ of Equation 3 for every parameter."""
    kept = []
    for name in convolutions(parameters):
        z = conv_same(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])
        kept.append((name, x, z))
        x = prelu(z, parameters[f"{name}.slope"])
    weight = parameters["deconvolution.weight"]
    _, dy = loss(deconv_cut(x, weight, parameters["deconvolution.bias"], n), target)
    found: Arrays = {}
    dy, found["deconvolution.weight"], found["deconvolution.bias"] = deconv_cut_backward(dy, x, weight, n)
    for name, x, z in reversed(kept):
        dz, found[f"{name}.slope"] = prelu_backward(dy, z, parameters[f"{name}.slope"])
        weight = parameters[f"{name}.weight"]
        dy, found[f"{name}.weight"], found[f"{name}.bias"] = conv_same_backward(dz, x, weight)
    return {key: found[key] for key in parameters}


def _zeros_around(x: np.ndarray, p: int) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
