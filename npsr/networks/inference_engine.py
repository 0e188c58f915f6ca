"""The fast engine for inference: which networks it takes, and its description of them."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from npsr.networks.layers import Conv, DeConv, Layer, PReLU, ReLU, is_sparse_coding, parameter_shapes
from npsr_kernels.compiling.compiled import INSTALLED, available

if INSTALLED:  # else only `supports` is called
    from npsr_kernels.stream import inference
    from npsr_kernels.stream.step_times import run_timed
    from npsr_kernels.vector.winograd import ROWS
else:
    ROWS = 1

__all__ = [
    "ROWS",
    "describe",
    "forward",
    "is_compiled",
    "rows_needed",
    "stages",
    "step_seconds",
    "supports",
    "working_bytes",
]


def supports(layers: tuple[Layer, ...]) -> bool:
    """Whether the fast engine can run a network of these layers.

    It runs every network of the paper with border "zero" or "replicate": one channel in and out,
    convolutions with odd filters, at most one rectifier after each, a deconvolution only at the
    end. It runs none if Numba is missing or disabled.
    """
    weighted = [layer for layer in layers if isinstance(layer, Conv | DeConv)]
    rectified = [isinstance(layer, PReLU | ReLU) for layer in layers]
    return (
        available()
        and not is_sparse_coding(layers)
        and all(layer.biased for layer in weighted if isinstance(layer, Conv))
        and len(weighted) > 0
        and isinstance(layers[0], Conv)
        and all(isinstance(layer, Conv) and layer.f % 2 == 1 for layer in weighted[:-1])
        and (isinstance(weighted[-1], DeConv) or weighted[-1].f % 2 == 1)
        and all(layer.border in ("zero", "replicate") for layer in weighted)
        and len({layer.border for layer in weighted}) == 1
        and layers[0].c == weighted[-1].n == 1
        and not (isinstance(weighted[-1], DeConv) and rectified[-1])
        and not any(first and second for first, second in pairwise(rectified))
    )


def is_compiled() -> bool:
    """Whether the engine, which is the same code for all networks, has been compiled before."""
    return available() and inference.is_compiled()


def forward(
    layers: tuple[Layer, ...],
    parameters: dict[str, np.ndarray],
    x: np.ndarray,
    threads: int | None = None,
) -> np.ndarray:
    """Run a network; see `npsr.networks.network.forward`, which converts and checks.

    Raises
    ------
    ValueError
        If the layers are not those that the engine takes.
    """
    plan = _plan_of(layers, parameters)
    return inference.run(plan, x, threads=threads)


def stages(layers: tuple[Layer, ...], parameters: dict[str, np.ndarray]) -> list[list[str]]:
    """The stages of the engine, each by the names of its one or two layers.

    Raises
    ------
    ValueError
        As `forward`.
    """
    names = iter(layer.name for layer in layers if isinstance(layer, Conv | DeConv))
    return [
        [next(names) for _ in range(2 if stage.pointwise else 1)]
        for stage in _plan_of(layers, parameters).stages
    ]


def rows_needed(
    layers: tuple[Layer, ...], parameters: dict[str, np.ndarray], rows: int, top: int, bottom: int
) -> tuple[int, int]:
    """Input rows, of so many, from which output rows follow to the last bit: see
    `npsr_kernels.stream.geometry.rows_needed`.

    Raises
    ------
    ValueError
        As `forward`.
    """
    return inference.rows_needed(_plan_of(layers, parameters), rows, top, bottom)


def working_bytes(
    layers: tuple[Layer, ...], parameters: dict[str, np.ndarray], x: np.ndarray, threads: int | None = None
) -> int:
    """Bytes of all threads' buffers: the memory that `forward` takes besides input and output.

    Raises
    ------
    ValueError
        As `forward`.
    """
    return inference.working_bytes(_plan_of(layers, parameters), x, threads)


def step_seconds(
    layers: tuple[Layer, ...], parameters: dict[str, np.ndarray], x: np.ndarray, threads: int | None = None
) -> np.ndarray:
    """How long each stage takes in each of its steps: see `npsr_kernels.stream.step_times.run_timed`.

    Raises
    ------
    ValueError
        As `forward`.
    """
    return run_timed(_plan_of(layers, parameters), x, threads)[1]


def _plan_of(layers: tuple[Layer, ...], parameters: dict[str, np.ndarray]) -> "inference.Plan":
    if not supports(layers):
        raise ValueError(
            'engine is "fast", but this network has border "valid", or Numba is missing or disabled: '
            'use net.with_border("zero") or engine="numpy"'
        )
    content = b"".join(p.tobytes() for p in parameters.values())
    return _plan(layers, next(iter(parameters.values())).dtype, content)


@lru_cache(maxsize=8)
def _plan(layers: tuple[Layer, ...], dtype: np.dtype, content: bytes) -> "inference.Plan":
    """The plan for the parameters whose bytes are `content`: training changes them in place."""
    parameters, at = {}, 0
    flat = np.frombuffer(content, dtype)
    for key, shape in parameter_shapes(layers).items():
        size = int(np.prod(shape))
        parameters[key] = flat[at : at + size].reshape(shape)
        at += size
    return inference.make_plan(describe(layers, parameters), layers[0].border)  # type: ignore[union-attr]


def describe(
    layers: tuple[Layer, ...], parameters: dict[str, np.ndarray]
) -> "list[inference.Convolution | inference.Deconvolution]":
    """The layers in the kernels' terms: each convolution together with its rectifier."""
    described: list[inference.Convolution | inference.Deconvolution] = []
    for layer, rectifier in zip(layers, (*layers[1:], None), strict=True):
        if isinstance(layer, Conv | DeConv):
            weight, bias = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.bias"]
        if isinstance(layer, Conv):
            slope = np.full(1, 0 if isinstance(rectifier, ReLU) else 1, weight.dtype)
            if isinstance(rectifier, PReLU):
                slope = parameters[f"{rectifier.name}.slope"]
            described.append(inference.Convolution(weight, bias, slope))
        elif isinstance(layer, DeConv):
            described.append(inference.Deconvolution(weight, bias, layer.stride, layer.padding))
    return described
