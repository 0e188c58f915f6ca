"""What is done to an image that is to have a certain size: networks, resizing, memory."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import prod
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npsr.models.archive import released
from npsr.networks.cascade import stages
from npsr.networks.network import Network
from npsr.rivals.files import load_model
from npsr.rivals.model import Rival
from npsr.upscaling.engines import Choice, chosen
from npsr.upscaling.factors import Size, networks_for
from npsr.upscaling.operations import (
    Operation,
    chain,
    network_operation,
    resizing_operation,
    rival_operation,
)

BICUBIC = "bicubic"

Model = str | Path | Network | Rival | Mapping[int, Network | Rival]
"""As in `npsr.upscale`; or networks or rivals by their factors."""


class Enlargement(NamedTuple):
    """What is done to an image.

    Attributes
    ----------
    size : Size
        Of the output.
    factors : tuple of int
        Of the networks.
    engine : str
        That runs them, or empty if there are none.
    networks, last, direct : Operation
        From the image's luma to the networks' output, from that to the output's, and from any plane
        of the image to the output's by bicubic alone.
    bytes_a_row : float
        Memory for a row of a band.
    """

    size: Size
    factors: tuple[int, ...]
    engine: str
    networks: Operation
    last: Operation
    direct: Operation
    bytes_a_row: float


def plan_enlargement(
    image: Any,
    size: Size,
    model: Model,
    ensemble: bool = False,
    engine: Choice | None = None,
) -> Enlargement:
    """Plan what to do to an image.

    Parameters
    ----------
    image : ndarray or alike
        Its shape and dtype matter.
    size : Size
        Of the output.
    model : Model
        What enlarges.
    ensemble : bool
        As in `npsr.upscale`.
    engine : str, optional
        As in `npsr.upscaling.engines.chosen`.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    rows, columns = image.shape[:2]
    factors = networks_for(max(size.factors), available(model))
    nets = [network_for(model, n) for n in factors]
    used, operations = chosen(engine, _work(nets, rows * columns)), []
    for net in nets:
        if not isinstance(net, Network):
            operations.append(rival_operation(net, (rows, columns), ensemble))
            rows, columns = net.scale * rows, net.scale * columns
            continue
        for stage in stages(net):
            larger = stage.factor * rows, stage.factor * columns
            if not stage.enlarges:
                enlarging = Size(larger, (stage.factor, stage.factor))
                operations.append(resizing_operation((rows, columns), enlarging, stage.cubic))
                rows, columns = larger
            operations.append(network_operation(stage, (rows, columns), ensemble, used))
            rows, columns = larger
    whole = prod(factors)
    direct = resizing_operation(image.shape, size)
    rest = Size(size.sides, (size.factors[0] / whole, size.factors[1] / whole))
    last = chain([]) if size.sides == (rows, columns) else resizing_operation((rows, columns), rest)
    channels = 1 if len(image.shape) == 2 else image.shape[2]
    planes = 2 - channels % 2  # luma, and alpha if there is one
    needed = 4 * planes * rows * columns + 8 * channels * image.shape[0] * image.shape[1]
    written = 2 * channels * size.sides[1] * np.dtype(image.dtype).itemsize
    engines = (used or net.default_engine for net in nets if isinstance(net, Network))
    names = ", ".join(dict.fromkeys(engines))
    return Enlargement(
        size, factors, names, chain(operations), last, direct, needed / size.sides[0] + written
    )


def _work(nets: Sequence[Network | Rival], pixels: int) -> list[tuple[Network, int]]:
    """The networks that run one after the other on an image, and on how many LR pixels of their own."""
    grown = accumulate((net.scale**2 for net in nets), mul, initial=pixels)
    return [(net, count) for net, count in zip(nets, grown, strict=False) if isinstance(net, Network)]


def network_for(model: Model, n: int) -> Network | Rival:
    """The network, or rival, of a model for a factor; networks with border "replicate".

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(model, Mapping):
        model = model[n]
    found = load_model(model, n) if isinstance(model, str | Path) else model
    return found.with_border("replicate") if isinstance(found, Network) else found


def available(model: Model) -> list[int]:
    """Factors for which a model has networks.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    if isinstance(model, Mapping):
        return list(model)
    if isinstance(model, Network | Rival):
        return [model.scale]
    if model == BICUBIC:
        return []
    return released().get(str(model)) or [load_model(model).scale]
