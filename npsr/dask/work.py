"""What every task must know of an enlargement, wherever it runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from npsr.models.weights import digest
from npsr.networks.network import Engine, Network
from npsr.rivals.model import Rival
from npsr.system.version import __version__
from npsr.upscaling.factors import Size
from npsr.upscaling.plan import Enlargement, network_for, plan_enlargement


@dataclass(frozen=True)
class Work:
    """The whole image's shape and dtype, and how it is enlarged."""

    shape: tuple[int, ...]
    dtype: np.dtype
    size: Size
    networks: Mapping[int, Network | Rival]
    ensemble: bool
    engine: Engine | None

    @cached_property
    def plan(self) -> Enlargement:
        """Made once in every process."""
        return plan_enlargement(self, self.size, self.networks, self.ensemble, self.engine)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What the result's bits depend on, besides the image: of networks, their layers and numbers."""
        nets = [
            (n, net.layers, digest(net.parameters))
            if isinstance(net, Network)
            else (n, net.name, digest(net.arrays))
            for n, net in self.networks.items()
        ]
        return self.size, nets, self.ensemble, self.engine, __version__

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "plan"}


def make_work(
    shape: tuple[int, ...],
    dtype: np.dtype,
    size: Size,
    model: str | Path | Network | Rival,
    ensemble: bool = False,
    engine: Engine | None = None,
) -> Work:
    """With the networks themselves in the place of their name, so that workers need not see a file.

    Raises
    ------
    ValueError
        If there is no such model or factor.
    """
    work = Work(shape, dtype, size, {}, ensemble, engine)
    factors = plan_enlargement(work, size, model, ensemble, engine).factors
    return Work(shape, dtype, size, {n: network_for(model, n) for n in factors}, ensemble, engine)
