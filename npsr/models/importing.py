"""What importing other people's models has in common: matrices, the factor, and the last checks."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from npsr.models.archive import WeightsError
from npsr.networks.layers import parameter_shapes
from npsr.networks.network import Arrays, Network


def factor_of(path: Path, scale: int | None, factors: Collection[int]) -> int:
    """The upscaling factor of a file that does not hold it: as told, or as in its name (``…_x3.mat``).

    It counts where it is a word: in ``fsrcnn_x3``, ``x2-net``, ``FSRCNN-X4``, not in ``relux2``.

    Raises
    ------
    WeightsError
        If both differ, there is none or more than one, or it is not among `factors`.
    """
    found = {int(digit) for digit in re.findall(r"(?<![a-z0-9])x(\d)(?![a-z0-9])", path.stem.lower())}
    if scale is None and len(found) > 1:
        names = " and ".join(f"×{n}" for n in sorted(found))
        raise WeightsError(f"{path.name} is named {names}, but has one factor: say it with -s")
    named = found.pop() if len(found) == 1 else None
    if scale is not None and named in factors and scale != named:
        raise WeightsError(f"{path.name} is named ×{named}, but scale is {scale}: leave -s out, or rename it")
    scale = named if scale is None else scale
    if scale is None or scale not in factors:
        kind = "not in its name" if scale is None else scale
        *some, last = map(str, factors)
        known = f"{', '.join(some)} or {last}"
        raise WeightsError(f"{path.name}: the factor is {kind}, but must be {known}: say it with -s")
    return scale


def finished(path: Path, net: Network, found: Arrays, source: str) -> Network:
    """The network with the parameters found in a file, in float32, with border "replicate".

    Parameters
    ----------
    path : Path
        The file.
    net : Network
        Its layers.
    found : dict of str to ndarray
        Its parameters, by our names, in any order and dtype.
    source : str
        Where they come from, for the provenance.

    Raises
    ------
    WeightsError
        If a parameter has another shape than its layer asks for, or is not finite.
    """
    parameters: Arrays = {}
    for key, shape in parameter_shapes(net.layers).items():
        with np.errstate(over="ignore"):
            p = parameters[key] = found[key].astype(np.float32)
        if p.shape != shape or not np.isfinite(p).all():
            raise WeightsError(f"{path}: {key} is {p.shape}, but must be {shape} and finite")
    provenance = {"source": f"{source}, imported from {path.name}"}
    return Network(net.name, net.scale, net.layers, parameters, provenance).with_border("replicate")


def matrices_of(path: Path) -> Arrays:
    """Arrays of a .mat or .npz file by their names, those in structures of one element included.

    Raises
    ------
    WeightsError
        As `read_matrices`.
    """
    return dict(_entries(read_matrices(path)))


def _entries(table: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in table.items():
        fields = getattr(getattr(value, "dtype", None), "names", None)
        if fields and value.size == 1:
            yield from _entries({field: value[field].ravel()[0] for field in fields})
        elif isinstance(value, np.ndarray):
            yield name, value


def read_matrices(path: Path) -> dict[str, Any]:
    """What a .mat or .npz file holds.

    Raises
    ------
    WeightsError
        If it is missing, damaged or of another kind.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        return loadmat(str(path))
    except FileNotFoundError as error:
        raise WeightsError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # SciPy and NumPy raise many kinds for damaged files
        raise WeightsError(f"{path} is neither a MATLAB nor an .npz file, or damaged ({error})") from error
