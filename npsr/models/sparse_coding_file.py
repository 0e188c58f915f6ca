"""SCN's tensors as its authors published them → networks.

Their matrices are those of NumPy: rows of a filter one after the other. The tensors have no thresholds, which
are merged into the weights, and no biases.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from npsr.images.resize import OPENCV
from npsr.models.archive import WeightsError
from npsr.models.importing import finished, matrices_of
from npsr.networks.network import Arrays, Network
from npsr.networks.sparse_coding import MAPS, SIDE, scn

NAMES = ("conv", "wd", "usd1", "ud", "addp")
"""Filters (81, 100), encoding (100, n), LISTA's (n, n), decoding (n, 25), and weights (25, 1) of the patches.

Of the 100 filters of 9 × 9, number 25f + 5c + r is filter f of four, 5 × 5, moved by r rows and c columns.
"""


def import_scn(paths: Sequence[Path], scale: int | None = None) -> Network:
    """SCN from .mat or .npz files, one for each stage of its cascade.

    Their images are enlarged by OpenCV's bicubic interpolation, as in the authors' program.

    Parameters
    ----------
    paths : sequence of Path
        One file for ×2, or those of the first and the second stage for ×4.
    scale : int, optional
        What they make.

    Returns
    -------
    Network

    Raises
    ------
    WeightsError
        If a tensor is missing or has another shape, or the files do not make that factor.
    """
    if scale not in (None, 2 ** len(paths)):
        raise WeightsError(f"{len(paths)} stage(s) of SCN make ×{2 ** len(paths)}, but scale is {scale}")
    net: Network | None = None
    for stage, path in enumerate(paths, start=1):
        net = replace(_stage(path), scale=2**stage, first=net)
    if net is None:
        raise WeightsError("there is no file of SCN: name one for each stage")
    return net


def _stage(path: Path) -> Network:
    """One stage, for ×2."""
    held = matrices_of(path)
    if missing := [name for name in NAMES if name not in held]:
        raise WeightsError(f"{path}: there is no {missing[0]}, but SCN has {', '.join(NAMES)}")
    conv, encoding, lista, decoding, combining = (np.asarray(held[name], np.float64) for name in NAMES)
    n = encoding.shape[-1] if encoding.ndim == 2 else 1
    shapes = (81, MAPS * SIDE**2), (MAPS * SIDE**2, n), (n, n), (n, SIDE**2)
    for name, shape in zip(NAMES, shapes, strict=False):
        if np.shape(held[name]) != shape:
            raise WeightsError(f"{path}: {name} is {np.shape(held[name])}, but must be {shape}")
    found: Arrays = {
        "maps.weight": _maps(path, conv)[:, None],
        "encoding.weight": encoding.T[:, :, None, None],
        "lista.weight": lista.T[None],
        "lista.threshold": np.ones(n),
        "decoding.weight": decoding.T[:, :, None, None],
        "combining.weight": combining.ravel(),
    }
    net = finished(path, scn(n), found, "released by the authors")
    return replace(net, cubic=OPENCV)


def _maps(path: Path, conv: np.ndarray) -> np.ndarray:
    """The four filters (4, 5, 5) of which the 100 filters (81, 100) are moved copies."""
    moved = conv.T.reshape(MAPS, SIDE, SIDE, 9, 9)  # map, column, row of the patch
    maps = moved[:, 0, 0, :SIDE, :SIDE]
    copies = np.zeros_like(moved)
    for column, row in np.ndindex(SIDE, SIDE):
        copies[:, column, row, row : row + SIDE, column : column + SIDE] = maps
    if not np.allclose(moved, copies, atol=1e-6 * np.abs(conv).max()):
        raise WeightsError(f"{path}: conv is not four filters of 5 × 5 at 25 places, as SCN's is")
    return maps
