"""Cascades: networks that enlarge one after the other, each trained on what those before it make.

SCN's cascade enlarges by ×2 and ×2 (Wang, Liu, Yang, Han, Huang, 2015); what it makes is reduced to ×3 by
bicubic interpolation. A cascade is its last network, which holds the one before as `Network.first`.

H W rows and columns of the LR plane, n factor of the whole cascade.
"""

from dataclasses import replace

import numpy as np

from npsr.images.resize import imresize
from npsr.networks.network import Engine, Network


def stages(net: Network) -> list[Network]:
    """The networks of a cascade, the first to enlarge first; of another network itself alone."""
    return [*(stages(net.first) if net.first else []), net]


def with_second_stage(first: Network) -> Network:
    """A cascade of a network and a copy of it, which enlarges its output by the same factor."""
    return replace(first, scale=first.scale * first.factor, first=first, provenance={})


def entering(net: Network, low: np.ndarray, engine: Engine | None = None) -> np.ndarray:
    """The plane that a network reads, of an LR plane (H, W).

    The LR plane, or for SRCNN and SCN its bicubic enlargement. In a cascade the output of the stage before
    is in the place of the LR plane.
    """
    if net.first:
        low = enlarged(net.first, low, engine)
    return low if net.enlarges else imresize(low, net.factor, kernel=net.cubic)


def enlarged(net: Network, low: np.ndarray, engine: Engine | None = None) -> np.ndarray:
    """An LR plane (H, W) in [0, 1] enlarged to (nH, nW), not clipped."""
    return net(entering(net, low, engine)[None, None], engine)[0, 0]


def makes(net: Network, scale: int) -> bool:
    """Whether a network is for a factor: its own, or of a cascade a smaller one that needs its last stage."""
    return scale == net.scale or (net.first is not None and net.first.scale < scale < net.scale)


def require_one_stage(net: Network, what: str) -> None:
    """Refuse a cascade where one network is wanted.

    Raises
    ------
    ValueError
        If it is one.
    """
    if net.first:
        raise ValueError(
            f"{net.name} ×{net.scale} is a cascade of {len(stages(net))} networks, but {what} one"
        )
