"""What is done to an image that is to have a certain size: networks, resizing, memory."""

from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npsr.models.weights import released
from npsr.networks.network import Network
from npsr.rivals.files import load_model
from npsr.rivals.model import Rival
from npsr.upscaling.factors import Size, networks_for
from npsr.upscaling.operations import (
    Operation,
    chain,
    network_operation,
    resizing_operation,
    rival_operation,
)

BICUBIC = "bicubic"


class Enlargement(NamedTuple):
    """What is done to an image.

    Attributes
    ----------
    size : Size
        Of the output.
    factors : tuple of int
        Of the networks.
    networks, last, direct : Operation
        From the image's luma to the networks' output, from that to the output's, and from any plane
        of the image to the output's by bicubic alone.
    bytes_a_row : float
        Memory for a row of a band.
    """

    size: Size
    factors: tuple[int, ...]
    networks: Operation
    last: Operation
    direct: Operation
    bytes_a_row: float


def plan_enlargement(
    image: Any, size: Size, model: str | Path | Network | Rival, ensemble: bool = False
) -> Enlargement:
    """Plan what to do to an image.

    Parameters
    ----------
    image : ndarray or alike
        Its shape and dtype matter.
    size : Size
        Of the output.
    model, ensemble
        As in `npsr.upscale`.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    rows, columns = image.shape[:2]
    factors = networks_for(max(size.factors), available(model))
    operations = []
    for n in factors:
        operations += model_operations(model, n, (rows, columns), ensemble)
        rows, columns = n * rows, n * columns
    whole = prod(factors)
    direct = resizing_operation(image.shape, size)
    rest = Size(size.sides, (size.factors[0] / whole, size.factors[1] / whole))
    last = chain([]) if size.sides == (rows, columns) else resizing_operation((rows, columns), rest)
    channels = 1 if len(image.shape) == 2 else image.shape[2]
    planes = 2 - channels % 2  # luma, and alpha if there is one
    needed = 4 * planes * rows * columns + 8 * channels * image.shape[0] * image.shape[1]
    written = 2 * channels * size.sides[1] * np.dtype(image.dtype).itemsize
    return Enlargement(size, factors, chain(operations), last, direct, needed / size.sides[0] + written)


def model_operations(
    model: str | Path | Network | Rival, n: int, shape: tuple[int, int], ensemble: bool
) -> list[Operation]:
    """What a model does to a plane of a given shape, to enlarge it by n."""
    loaded = load_model(model, n) if isinstance(model, str | Path) else model
    if not isinstance(loaded, Network):
        return [rival_operation(loaded, shape[0], ensemble)]
    net, (rows, columns) = loaded.with_border("replicate"), shape
    if net.enlarges:
        return [network_operation(net, rows, ensemble)]
    bicubic = resizing_operation(shape, Size((n * rows, n * columns), (n, n)))
    return [bicubic, network_operation(net, n * rows, ensemble)]


def available(model: str | Path | Network | Rival) -> list[int]:
    """Factors for which a model has networks.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    if isinstance(model, Network | Rival):
        return [model.scale]
    if model == BICUBIC:
        return []
    return released().get(str(model)) or [load_model(model).scale]
