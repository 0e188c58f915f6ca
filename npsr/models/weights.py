"""Networks on disk: .npz files with their layers, provenance and a checksum; the released models.

A file holds one array per parameter and one string, "metadata", in JSON. Nothing is pickled.
"""

import hashlib
import json
import zipfile
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import IO, Any

import numpy as np

from npsr.networks.layers import (
    BORDERS,
    Combine,
    Conv,
    DeConv,
    Layer,
    Lista,
    Margin,
    Normalise,
    Patches,
    PReLU,
    ReLU,
    SoftThreshold,
    fit_together,
    parameter_shapes,
)
from npsr.networks.network import Arrays, Network
from npsr.system.checks import whole
from npsr.system.defects import is_defect
from npsr.system.files import atomic_write, check_target

RELEASED = Path(__file__).parent
FORMAT = 1
MAX_BYTES = 64 * 2**20
"""Largest uncompressed file that is read; FSRCNN needs 0.05 MB."""

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Conv, PReLU, ReLU, DeConv, Margin, Patches, Normalise, SoftThreshold, Lista, Combine)
}


class WeightsError(ValueError):
    """A weights file is missing, damaged or of another kind."""


def released() -> dict[str, list[int]]:
    """Names of the released models, each with its factors."""
    models: dict[str, list[int]] = {}
    for path in sorted(RELEASED.glob("*_x?.npz")):
        name, _, factor = path.stem.rpartition("_x")
        models.setdefault(name, []).append(int(factor))
    return models


def load(model: str | Path, scale: int | None = None) -> Network:
    """Load a network.

    Parameters
    ----------
    model : str or Path
        Name of a released model, or an .npz file.
    scale : int, optional
        Upscaling factor; needed for a name, checked for a file.

    Returns
    -------
    Network
        With border "replicate", as models upscale.

    Raises
    ------
    WeightsError
        If there is no such model or factor (the message lists what there is), or the file is
        missing, damaged or foreign.
    """
    if str(model).endswith(".npz"):
        net = read_network(Path(model))
        if scale not in (None, net.scale):
            raise WeightsError(
                f"{model} is a model for ×{net.scale}, but scale is {scale}: use -s {net.scale}"
            )
        return net
    scale = None if scale is None else whole("scale", scale)
    models = released()
    if scale not in models.get(str(model), []):
        known = "; ".join(f"{name} at ×{', ×'.join(map(str, factors))}" for name, factors in models.items())
        raise WeightsError(
            f"there is no released model {model!r}{f' at ×{scale}' if scale else ''}: there are {known}, "
            "and .npz files"
        )
    return read_network(RELEASED / f"{model}_x{scale}.npz")


def save(net: Network, path: str | Path, force: bool = False) -> None:
    """Save a network with its provenance, atomically.

    Parameters
    ----------
    net : Network
        What is saved; `load` gives it border "replicate".
    path : str or Path
        Ends in .npz.
    force : bool
        Replace an existing file.

    Raises
    ------
    ValueError
        If the name ends otherwise, or a parameter is not finite.
    FileExistsError, OSError
        As `npsr.system.files.atomic_write`.
    """
    path = Path(path)
    check_name(path, force)
    write_network(path, net, force)


def write_network(
    path: Path, net: Network, force: bool, facts: dict[str, Any] | None = None, arrays: Arrays | None = None
) -> None:
    """Write a network's file, and in it further facts and arrays that `read_network` passes over.

    Raises
    ------
    ValueError
        If a parameter is not finite.
    OSError
        As `save`.
    """
    if not all(np.isfinite(p).all() for p in net.parameters.values()):
        raise ValueError(f"{net.name} has parameters that are not finite: train with a lower rate")
    metadata = {
        "format": FORMAT,
        "name": net.name,
        "scale": net.scale,
        "layers": [_entry(layer) for layer in net.layers],
        "sha256": digest(net.parameters),
        "provenance": net.provenance,
    } | (facts or {})
    text = np.array(json.dumps(metadata))
    with atomic_write(path, force) as file:
        _write_arrays(file, {"metadata": text, **net.parameters, **(arrays or {})})


def _write_arrays(file: IO[bytes], arrays: Arrays) -> None:
    """Write arrays as `np.savez` does. NumPy before 2.2 leaves its archive open if a write fails."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def check_name(path: Path, force: bool) -> None:
    """Refuse a file under which a network could not be saved and found again.

    Raises
    ------
    ValueError
        If it does not end in .npz.
    OSError
        As `check_target`.
    """
    if path.suffix != ".npz":
        raise ValueError(f"{path} ends in {path.suffix!r}, but a network is saved as .npz: add it")
    check_target(path, force)


def digest(parameters: Arrays) -> str:
    """SHA-256 of all parameters in forward order, as little-endian bytes."""
    total = hashlib.sha256()
    for p in parameters.values():
        total.update(np.ascontiguousarray(p, p.dtype.newbyteorder("<")).tobytes())
    return total.hexdigest()


def read_network(path: Path) -> Network:
    """Read a network from a file, checking everything.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or foreign.
    """
    return network_of(path, read_arrays(path))


def network_of(path: Path, arrays: Arrays) -> Network:
    """The network that the arrays of a file hold.

    Raises
    ------
    WeightsError
        As `read_network`.
    """
    try:
        metadata = require_kind("metadata", json.loads(str(arrays["metadata"])), dict)
        if "method" in metadata:
            raise WeightsError(f"{path} holds {metadata['method']}, not a network: use npsr.load_model")
        if metadata["format"] != FORMAT:
            raise WeightsError(f"{path} has format {metadata['format']}, but this version reads {FORMAT}")
        layers = tuple(map(_layer, require_kind("layers", metadata["layers"], list)))
        shapes = parameter_shapes(layers)
        parameters = {key: arrays[key] for key in shapes}
        name, scale = str(metadata["name"]), require_kind("scale", metadata["scale"], int)
        provenance = require_kind("provenance", metadata["provenance"], dict)
        checksum = metadata["sha256"]
        _require_counts(provenance)
    except WeightsError:
        raise
    except (KeyError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is not an npsr model ({type(error).__name__}: {error}): "
            "import the authors' .mat files with `npsr import`"
        ) from error
    for key, p in parameters.items():
        if p.shape != shapes[key] or p.dtype not in (np.float32, np.float64):
            raise WeightsError(f"{path}: {key} is {p.dtype} {p.shape}, but its layer needs {shapes[key]}")
    if digest(parameters) != checksum or not all(np.isfinite(p).all() for p in parameters.values()):
        raise WeightsError(f"{path} is damaged: its parameters do not have their checksum; get the file anew")
    if len({p.dtype for p in parameters.values()}) != 1 or not fit_together(layers, scale):
        raise WeightsError(f"{path}: its layers do not fit together; get the file anew")
    return Network(name, scale, layers, parameters, provenance).with_border("replicate")


def read_arrays(path: Path, most: int = MAX_BYTES) -> Arrays:
    """All arrays of an .npz file, none of them pickled, together of at most so many bytes.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, no .npz file or larger.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > most:
            raise WeightsError(f"{path} unpacks to {size} bytes, but a model has at most {most}")
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError as error:
        names = ", ".join(released())
        raise WeightsError(f"the weights file {path} does not exist; released models are {names}") from error
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # NumPy and zipfile raise many kinds for damaged files
        if is_defect(error):
            raise
        raise WeightsError(f"{path} is not an .npz file or is damaged ({error}): get it anew") from error


def _require_counts(provenance: dict[str, Any]) -> None:
    """Refuse a provenance that cannot be added to."""
    for key in ("samples", "seconds"):
        require_kind(key, provenance.get(key, 0), int | float)
    for name in require_kind("data", provenance.get("data", []), list | str):
        require_kind("data", name, str)


def _entry(layer: Layer) -> dict[str, Any]:
    """A layer's metadata; that a convolution has a bias goes without saying, as in older files."""
    entry = {"kind": type(layer).__name__, **asdict(layer)}
    if entry.get("biased"):
        del entry["biased"]
    return entry


def require_kind(name: str, value: Any, kind: Any) -> Any:
    """The value, if it is of that kind.

    Raises
    ------
    ValueError
        If not.
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name} is {value!r:.80}, but must be {getattr(kind, '__name__', kind)}")
    return value


def _layer(entry: Any) -> Layer:
    """A layer from its metadata; numbers must be positive whole numbers."""
    values = dict(require_kind("a layer", entry, dict))
    kind = KINDS[require_kind("kind", values.pop("kind"), str)]
    known = {field.name: field.default is MISSING for field in fields(kind)}
    if not values.keys() <= known.keys() or any(
        needed and name not in values for name, needed in known.items()
    ):
        raise ValueError(f"{kind.__name__} has the fields {', '.join(values)}")
    for key, value in values.items():
        if key in ("name", "border"):
            if not isinstance(value, str) or (key == "border" and value not in BORDERS):
                raise ValueError(f"{key} is {value!r}")
        elif key in ("biased", "shared"):
            if type(value) is not bool:
                raise ValueError(f"{key} is {value!r}")
        elif type(value) is not int or value < (0 if key == "padding" else 1):
            raise ValueError(f"{key} is {value!r}")
    return kind(**values)
