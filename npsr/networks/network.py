"""A network: its layers, its parameters, forward, loss and gradients.

The core of the program. N batch, H W rows and columns, n upscaling factor. Each layer's forward
is beside its backward below. A layer's forward returns the values that its backward needs; layers
have no state.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from npsr.images.resize import MATLAB
from npsr.networks import inference_engine, training_engine
from npsr.networks.layers import (
    Border,
    Conv,
    DeConv,
    Layer,
    Margin,
    PReLU,
    ReLU,
    deconvolution_borders,
    is_sparse_coding,
    with_border,
)
from npsr.networks.sparse_layers import sparse_backward, sparse_forward
from npsr_kernels.borders import crop, crop_backward, pad, pad_backward
from npsr_kernels.compiling.compiled import INSTALLED, report_no_numba
from npsr_kernels.conv2d import (
    conv2d_backward_bias,
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
)
from npsr_kernels.deconv2d import deconv2d_backward_input, deconv2d_backward_weight, deconv2d_forward
from npsr_kernels.loss import FLOORS, Loss, loss_and_gradient
from npsr_kernels.prelu import prelu_backward, prelu_forward

Arrays = dict[str, np.ndarray]
Engine = Literal["plain", "numpy", "fast"]
ENGINES: tuple[Engine, ...] = ("plain", "numpy", "fast")


@dataclass(frozen=True, eq=False)
class Network:
    """Layers and their parameters.

    Attributes
    ----------
    name : str
        Name of the architecture, for example ``"fsrcnn(56,12,4)"``.
    scale : int
        Upscaling factor n that the network is for.
    layers : tuple of Layer
        Layers in forward order.
    parameters : dict of str to ndarray
        In forward order: convolution weight (n_out, n_in, f, f), deconvolution weight
        (n_in, n_out, f, f), bias (n_out,), slope (C,) or (1,).
    provenance : dict
        Where the parameters come from; empty for a newly initialised network.
    first : Network, optional
        In a cascade, what enlarges before; `npsr.networks.cascade`.
    cubic : float
        a of the cubic kernel by which the plane that it reads is enlarged, if it does not read the LR plane.

    Examples
    --------
    >>> net = npsr.load("fsrcnn", 3)
    >>> net.name, net.scale, len(net.layers)
    ('fsrcnn(56,12,4)', 3, 15)
    >>> net.parameters["deconvolution.weight"].shape
    (56, 1, 9, 9)
    >>> net(np.zeros((1, 1, 20, 30), "float32")).shape
    (1, 1, 60, 90)
    """

    name: str
    scale: int
    layers: tuple[Layer, ...]
    parameters: Arrays
    provenance: dict[str, Any] = field(default_factory=dict)
    first: "Network | None" = None
    cubic: float = MATLAB

    def __call__(self, x: np.ndarray, engine: Engine | None = None) -> np.ndarray:
        """Run the network.

        Parameters
        ----------
        x : ndarray of shape (N, 1, H, W)
            Luma in [0, 1]: the LR image, or for SRCNN its bicubic enlargement. Converted to the
            parameters' dtype.
        engine : {"plain", "numpy", "fast"}, optional
            The plain kernels; the same by matrix products, in NumPy alone; or the streamed vector
            kernels. The default is the fast engine if it can run the network
            (`npsr.networks.inference_engine.supports`), else the plain one; without Numba, NumPy's.
            They agree to 1e-5 in float32.

        Returns
        -------
        ndarray of shape (N, 1, nH, nW)
            (N, 1, H, W) for SRCNN; smaller with border "valid". Not clipped to [0, 1].

        Raises
        ------
        ValueError
            If x has another shape, or the engine is unknown or cannot run the network.
        """
        engine = engine or self.default_engine
        _check_engine(engine)
        if engine == "fast":
            return inference_engine.forward(self.layers, self.parameters, _check_images("x", x, self.dtype))
        return forward(self, x, products=engine == "numpy")

    @property
    def default_engine(self) -> Engine:
        """The default engine for the network."""
        return "fast" if inference_engine.supports(self.layers) else _layer_by_layer(self)

    @property
    def dtype(self) -> np.dtype:
        """The parameters' dtype."""
        return next(iter(self.parameters.values())).dtype

    @property
    def channels(self) -> int:
        """Channels of the input: 1, or those of the maps that a part of a network reads."""
        return getattr(self.layers[0], "c", 1)

    @property
    def enlarges(self) -> bool:
        """True if the network takes the LR image, False if its bicubic enlargement (SRCNN)."""
        return isinstance(self.layers[-1], DeConv)

    @property
    def factor(self) -> int:
        """By how much it enlarges what the stages before it in a cascade make."""
        return self.scale // self.first.scale if self.first else self.scale

    def with_border(self, border: Border) -> "Network":
        """The same network, sharing its parameters, with another border rule."""
        return replace(self, layers=with_border(self.layers, border))

    def astype(self, dtype: Any) -> "Network":
        """The same network with its parameters converted."""
        return replace(self, parameters={key: p.astype(dtype) for key, p in self.parameters.items()})


def forward(
    net: Network, x: np.ndarray, caches: list[Any] | None = None, products: bool = False
) -> np.ndarray:
    """Run the network by the plain kernels, or by matrix products.

    Appends to `caches`, if it is not None, the values that each layer's backward needs.
    """
    image = x = _check_images("x", x, net.dtype, net.channels)
    for layer in net.layers:
        x, cache = layer_forward(layer, net.parameters, x, products, image)
        if isinstance(layer, Margin):
            image = x
        if caches is not None:
            caches.append(cache)
    return x


def loss_and_gradients(
    net: Network,
    x: np.ndarray,
    target: np.ndarray,
    engine: Engine | None = None,
    loss: Loss = "squared",
) -> tuple[float, Arrays]:
    """The cost, Equation 3, and its gradient.

    (1/N) Σ_i ‖F(x_i; θ) − target_i‖²: summed over the pixels of a sample, averaged over samples.

    Parameters
    ----------
    net : Network
        The network F and its parameters θ.
    x : ndarray of shape (N, 1, H, W)
        Inputs in [0, 1]; (N, C, H, W) if the network is a part that reads C channels.
    target : ndarray of the shape of ``net(x)``
        Labels in [0, 1].
    engine : {"plain", "numpy", "fast"}, optional
        The plain kernels, or the same by matrix products: both accept every network. Or the vector
        kernels, for networks in training form (border "valid") and square sub-images. The
        default is the fast engine where it is made for the task
        (`npsr.networks.training_engine.suits`), else the plain one; without Numba, NumPy's. They
        agree to 1e-5 in float32.
    loss : {"squared", "psnr"}
        Equation 3; or instead of ‖·‖² a loss of each sample that follows its PSNR:
        `npsr_kernels.loss.sample_losses`.

    Returns
    -------
    cost : float
    gradients : dict of str to ndarray
        The keys, their order, the shapes and the dtype of ``net.parameters``.

    Raises
    ------
    ValueError
        If x or target have another shape, the loss is unknown, or the engine is unknown or cannot train
        the network.

    Examples
    --------
    >>> net = npsr.fsrcnn(8, 4, 1, border="valid")
    >>> rng = np.random.default_rng(0)
    >>> x, target = rng.random((2, 1, 11, 11)), rng.random((2, 1, 19, 19))
    >>> loss, gradients = npsr.loss_and_gradients(net, x, target)
    >>> list(gradients) == list(net.parameters)
    True
    """
    if engine is None:
        engine = "fast" if training_engine.suits(net.layers, np.shape(x)) else _layer_by_layer(net)
    _check_engine(engine)
    if loss not in FLOORS:
        raise ValueError(f"loss is {loss!r}, but must be one of {', '.join(FLOORS)}")
    x = _check_images("x", x, net.dtype, net.channels)
    target = _check_images("target", target, net.dtype)
    if engine == "fast":
        return training_engine.loss_and_gradients(net.layers, net.parameters, x, target, FLOORS[loss])
    caches: list[Any] = []
    products = engine == "numpy"
    cost, dy = loss_and_gradient(forward(net, x, caches, products), target, loss)
    return cost, backward(net, dy, caches, products)


def backward(net: Network, dy: np.ndarray, caches: list[Any], products: bool = False) -> Arrays:
    """Gradients of all parameters from the gradient of the output; empties `caches`."""
    gradients: Arrays = {}
    for index in reversed(range(len(net.layers))):
        layer, cache = net.layers[index], caches.pop()
        need_dx = any(not isinstance(before, Margin) for before in net.layers[:index])
        dy, of_layer = layer_backward(layer, net.parameters, dy, cache, need_dx, products)
        gradients |= of_layer
    return {key: gradients[key] for key in net.parameters}


def layer_forward(
    layer: Layer,
    parameters: Arrays,
    x: np.ndarray,
    products: bool = False,
    image: np.ndarray | None = None,
) -> tuple[np.ndarray, Any]:
    """Output of one layer, and what its backward needs. `image` is the network's own, with its margin."""
    match layer:
        case Conv() if layer.biased:
            x = pad(x, layer.padding, layer.padding, layer.border) if layer.padding else x
            weight, bias = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.bias"]
            return conv2d_forward(x, weight, bias, products=products), x
        case PReLU():
            return prelu_forward(x, parameters[f"{layer.name}.slope"], products), x
        case ReLU():
            return prelu_forward(x, np.zeros(1, x.dtype), products), x
        case DeConv():
            rows, columns = x.shape[2:]
            before, after, start, loss = deconvolution_borders(layer)
            x = pad(x, before, after, "replicate")
            weight, bias = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.bias"]
            full = deconv2d_forward(x, weight, bias, layer.stride, products)
            cut = start, layer.stride * rows - loss, layer.stride * columns - loss
            return crop(full, *cut), (x, full.shape[2:])
        case _:
            return sparse_forward(layer, parameters, x, x if image is None else image, products)


def layer_backward(
    layer: Layer,
    parameters: Arrays,
    dy: np.ndarray,
    cache: Any,
    need_dx: bool = True,
    products: bool = False,
) -> tuple[np.ndarray, Arrays]:
    """Gradients of one layer's input and parameters.

    The first layer's input is the image, whose gradient nobody needs. Then `need_dx` is False, and a
    convolution returns dy in place of its input's gradient.
    """
    match layer:
        case Conv() if layer.biased:
            gradients = {
                f"{layer.name}.weight": conv2d_backward_weight(dy, cache, layer.f, products=products),
                f"{layer.name}.bias": conv2d_backward_bias(dy),
            }
            if need_dx:
                weight, sides = parameters[f"{layer.name}.weight"], cache.shape[2:]
                dy = conv2d_backward_input(dy, weight, sides, products=products)
                if layer.padding:
                    dy = pad_backward(dy, layer.padding, layer.padding, layer.border)
            return dy, gradients
        case PReLU():
            dx, dslope = prelu_backward(dy, cache, parameters[f"{layer.name}.slope"], products)
            return dx, {f"{layer.name}.slope": dslope}
        case ReLU():
            return prelu_backward(dy, cache, np.zeros(1, dy.dtype), products)[0], {}
        case DeConv():
            x, full_sides = cache
            before, after, start, _ = deconvolution_borders(layer)
            dbias = dy.sum(axis=(0, 2, 3))
            dy = crop_backward(dy, start, *full_sides)
            gradients = {
                f"{layer.name}.weight": deconv2d_backward_weight(dy, x, layer.f, layer.stride, products),
                f"{layer.name}.bias": dbias,
            }
            weight = parameters[f"{layer.name}.weight"]
            dx = deconv2d_backward_input(dy, weight, layer.stride, products)
            return pad_backward(dx, before, after, "replicate"), gradients
        case _:
            return sparse_backward(layer, parameters, dy, cache, need_dx, products)


def _check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}, but must be one of {', '.join(ENGINES)}")


def _layer_by_layer(net: Network) -> Engine:
    """The engine for what the vector kernels cannot run: the plain one; NumPy's for sparse coding, whose
    many channels are matrix products, and without a compiler.
    """
    if not INSTALLED:
        report_no_numba()
    return "plain" if INSTALLED and not is_sparse_coding(net.layers) else "numpy"


def _check_images(name: str, images: np.ndarray, dtype: np.dtype, channels: int = 1) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] != channels or 0 in images.shape:
        raise ValueError(
            f"{name} has shape {images.shape}, but must be (N, {channels}, H, W) with N, H, W ≥ 1: "
            "add axes with image[None, None]"
        )
    return np.ascontiguousarray(images, dtype)
