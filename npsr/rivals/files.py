"""Rivals on disk: .npz files as those of networks, with a method's name instead of layers.

A file holds one array per matrix and one string, "metadata", in JSON. Nothing is pickled.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npsr.models.archive import WeightsError, read_arrays, read_metadata
from npsr.models.weights import FORMAT, check_name, digest, load, released_file
from npsr.networks.network import Arrays, Network
from npsr.rivals.anchored import Anchored
from npsr.rivals.forest import Forest
from npsr.rivals.kernel_regression import OUTPUT, WINDOW, KernelRegression, Numbers
from npsr.rivals.model import Rival
from npsr.system.files import atomic_write

MAX_BYTES = 2**30
"""Largest uncompressed file that is read: ten trees of a forest at ×4 take 600 MB."""

KINDS, IN_HALVES = {np.dtype(kind) for kind in ("float32", "float64", "int32")}, ("regressors", "leaves")
"""Numbers that arrays may hold, and which may be in half precision."""


def load_model(model: str | Path, scale: int | None = None) -> Network | Rival:
    """Load a network or a rival.

    Parameters
    ----------
    model : str or Path
        Name of a released model, or an .npz file.
    scale : int, optional
        Upscaling factor; needed for a name, checked for a file.

    Returns
    -------
    Network or Rival

    Raises
    ------
    WeightsError
        If there is no such model or factor, or the file is missing, damaged or foreign.

    Examples
    --------
    >>> npsr.load_model("fsrcnn", 3).scale
    3
    """
    path = Path(model) if str(model).endswith(".npz") else released_file(str(model), scale)
    if "method" not in read_metadata(path):
        return load(model, scale)
    rival = read_rival(path)
    if scale not in (None, rival.scale):
        raise WeightsError(
            f"{model} is a model for ×{rival.scale}, but scale is {scale}: use -s {rival.scale}"
        )
    return rival


def save_rival(rival: Rival, path: str | Path, force: bool = False) -> None:
    """Save a rival with its provenance.

    Raises
    ------
    ValueError
        If the name does not end in .npz, or an array is not finite.
    OSError
        If the file exists and `force` is False, or it cannot be written.
    """
    path = Path(path)
    check_name(path, force)
    for key, array in rival.arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{rival.name} has {key} that are not finite: learn it from other images")
    metadata = {
        "format": FORMAT,
        "method": rival.name,
        "scale": rival.scale,
        "sha256": digest(rival.arrays),
        "provenance": rival.provenance,
    }
    text = np.array(json.dumps(metadata))
    with atomic_write(path, force) as file:
        np.savez(file, allow_pickle=False, metadata=text, **rival.arrays)


def read_rival(path: Path) -> Rival:
    """Read a rival from a file, checking everything.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or foreign.
    """
    arrays = read_arrays(path, MAX_BYTES)
    try:
        metadata = json.loads(str(arrays.pop("metadata")))
        if metadata["format"] != FORMAT:
            raise WeightsError(f"{path} has format {metadata['format']}, but this version reads {FORMAT}")
        method, scale, provenance = metadata["method"], int(metadata["scale"]), dict(metadata["provenance"])
        expected, checksum = METHODS[method][0](scale, arrays), metadata["sha256"]
        arrays = {key: arrays[key] for key in expected}
    except WeightsError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise WeightsError(f"{path} is not a model of npsr ({type(error).__name__}: {error})") from error
    for key, shape in expected.items():
        if arrays[key].shape != shape or 0 in shape or scale < 1:
            raise WeightsError(
                f"{path}: {key} is {arrays[key].shape}, but must be {shape}; get the file anew"
            )
        kinds = KINDS | ({np.dtype("float16")} if key in IN_HALVES else set())
        if arrays[key].dtype not in kinds:
            raise WeightsError(
                f"{path}: {key} holds {arrays[key].dtype}, which is not read; get the file anew"
            )
    if digest(arrays) != checksum or not all(np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError(f"{path} is damaged: its arrays do not have their checksum; get the file anew")
    return METHODS[method][1](method, scale, arrays, provenance)


Shapes = dict[str, tuple[int, ...]]


def _anchored_shapes(scale: int, arrays: Arrays) -> Shapes:
    """The shapes that an A+, ANR or GR model's arrays must have."""
    count, p, q = len(arrays["anchors"]), len(arrays["filters"]), 9 * scale**2
    return {"filters": (p, 9, 9), "anchors": (count, p), "regressors": (count, p, q)}


def _anchored(method: str, scale: int, arrays: Arrays, provenance: dict[str, Any]) -> Rival:
    return Anchored(method, scale, **arrays, provenance=provenance)


def _kernel_shapes(scale: int, arrays: Arrays) -> Shapes:
    """The shapes that a KK model's arrays must have."""
    count, side = arrays["basis"].shape[:2]
    if side % 2 == 0:
        raise ValueError(f"patches of {side} × {side} have no middle")
    shapes: Shapes = {"basis": (count, side, side), "coefficients": (count, OUTPUT**2)}
    shapes |= {"windows": (OUTPUT**2, OUTPUT**2, WINDOW, WINDOW), "mean_window": (OUTPUT**2, side, side)}
    return shapes | {"numbers": (len(Numbers._fields),)}


def _kernel(method: str, scale: int, arrays: Arrays, provenance: dict[str, Any]) -> Rival:
    return KernelRegression(method, scale, **arrays, provenance=provenance)


def _forest_shapes(scale: int, arrays: Arrays) -> Shapes:
    """The shapes that a forest's arrays must have; and whether its tables lead nowhere else."""
    p, nodes, count = len(arrays["filters"]), len(arrays["children"]), len(arrays["leaves"])
    children, roots, compared = arrays["children"], arrays["roots"], arrays["pairs"]
    inner = children[children >= 0]
    ascending = (children[children >= 0] > np.flatnonzero(children >= 0)).all()  # so that a way ends
    if not ascending or inner.max(initial=0) + 1 >= max(nodes, 2) or (-1 - children).max() >= count:
        raise ValueError("its children are not in the table")
    if roots.min() < 0 or roots.max() >= nodes or compared.min() < 0 or compared.max() >= p:
        raise ValueError("its roots or features are not in the tables")
    if arrays["leaves"].dtype != np.float16 or {a.dtype for a in (children, roots, compared)} != {
        np.dtype("int32")
    }:
        raise ValueError("its tables are of other kinds of numbers")
    shapes: Shapes = {"filters": (p, 9, 9), "pairs": (nodes, 2), "thresholds": (nodes,), "children": (nodes,)}
    return shapes | {"roots": (len(roots),), "leaves": (count, p + 1, 9 * scale**2)}


def _forest(method: str, scale: int, arrays: Arrays, provenance: dict[str, Any]) -> Rival:
    return Forest(method, scale, **arrays, provenance=provenance)


METHODS: dict[str, tuple[Callable[[int, Arrays], Shapes], Callable[..., Rival]]] = {
    "a+": (_anchored_shapes, _anchored),
    "anr": (_anchored_shapes, _anchored),
    "gr": (_anchored_shapes, _anchored),
    "kk": (_kernel_shapes, _kernel),
    "srf": (_forest_shapes, _forest),
}
"""For each method the shapes that its arrays must have, and what makes a model of them."""
