"""Networks on disk: .npz files with their layers, provenance and a checksum.

A file holds one array per parameter and one string, "metadata", in JSON. Nothing is pickled.
"""

import hashlib
import json
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from npsr.images.resize import MATLAB
from npsr.models.archive import (
    RELEASED,
    WeightsError,
    read_arrays,
    read_metadata,
    released,
    write_arrays,
)
from npsr.networks.cascade import makes, stages
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
from npsr.system.files import atomic_write, check_target

FORMAT = 1
FIRST = "first/"

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (Conv, PReLU, ReLU, DeConv, Margin, Patches, Normalise, SoftThreshold, Lista, Combine)
}


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

    Examples
    --------
    >>> npsr.load("fsrcnn", 3).name
    'fsrcnn(56,12,4)'
    """
    if str(model).endswith(".npz"):
        net = read_network(Path(model))
        if scale is not None and not makes(net, scale):
            raise WeightsError(
                f"{model} is a model for ×{net.scale}, but scale is {scale}: use -s {net.scale}"
            )
        return net
    return read_network(released_file(str(model), scale))


def released_file(name: str, scale: int | None) -> Path:
    """The file of a released model; for a factor that it has none for, that of a cascade which makes it.

    Raises
    ------
    WeightsError
        If there is no such model or factor.
    """
    scale = None if scale is None else whole("scale", scale)
    models = released()
    for factor in models.get(name, []):
        path = RELEASED / f"{name}_x{factor}.npz"
        if factor == scale or (scale and factor > scale and "first" in read_metadata(path)):
            return path
    known = "; ".join(f"{name} at ×{', ×'.join(map(str, factors))}" for name, factors in models.items())
    raise WeightsError(
        f"there is no released model {name!r}{f' at ×{scale}' if scale else ''}: there are {known}, "
        "and .npz files"
    )


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

    Examples
    --------
    >>> npsr.save(npsr.fsrcnn(8, 4, 1), "mine.npz")
    >>> npsr.load("mine.npz").name
    'fsrcnn(8,4,1)'
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
    if not all(np.isfinite(p).all() for stage in stages(net) for p in stage.parameters.values()):
        raise ValueError(f"{net.name} has parameters that are not finite: train with a lower rate")
    text = np.array(json.dumps(_metadata(net) | (facts or {})))
    with atomic_write(path, force) as file:
        write_arrays(file, {"metadata": text, **_arrays(net), **(arrays or {})})


def _metadata(net: Network) -> dict[str, Any]:
    """What a file says of a network; of a cascade, under "first", what it says of the stage before."""
    metadata = {
        "format": FORMAT,
        "name": net.name,
        "scale": net.scale,
        "layers": [_entry(layer) for layer in net.layers],
        "sha256": digest(net.parameters),
        "provenance": net.provenance,
    }
    if net.cubic != MATLAB:
        metadata["cubic"] = net.cubic
    return metadata | ({"first": _metadata(net.first)} if net.first else {})


def _arrays(net: Network) -> Arrays:
    """The parameters; of a cascade also those of the stage before, under names that begin with "first/"."""
    before = {f"{FIRST}{key}": p for key, p in _arrays(net.first).items()} if net.first else {}
    return net.parameters | before


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
        return _network(path, metadata, arrays)
    except WeightsError:
        raise
    except (KeyError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is not an npsr model ({type(error).__name__}: {error}): "
            "import the authors' .mat files with `npsr import`"
        ) from error


def _network(path: Path, metadata: dict[str, Any], arrays: Arrays) -> Network:
    """The network that a file's metadata describe, in a cascade with the stage before it."""
    if metadata["format"] != FORMAT:
        raise WeightsError(f"{path} has format {metadata['format']}, but this version reads {FORMAT}")
    layers = tuple(map(_layer, require_kind("layers", metadata["layers"], list)))
    shapes = parameter_shapes(layers)
    parameters = {key: arrays[key] for key in shapes}
    name, scale = str(metadata["name"]), require_kind("scale", metadata["scale"], int)
    provenance, first = require_kind("provenance", metadata["provenance"], dict), None
    _require_counts(provenance)
    if "first" in metadata:
        before = {key.removeprefix(FIRST): a for key, a in arrays.items() if key.startswith(FIRST)}
        first = _network(path, require_kind("first", metadata["first"], dict), before)
    for key, p in parameters.items():
        if p.shape != shapes[key] or p.dtype not in (np.float32, np.float64):
            raise WeightsError(f"{path}: {key} is {p.dtype} {p.shape}, but its layer needs {shapes[key]}")
    finite = all(np.isfinite(p).all() for p in parameters.values())
    if digest(parameters) != metadata["sha256"] or not finite:
        raise WeightsError(f"{path} is damaged: its parameters do not have their checksum; get the file anew")
    kernel = float(require_kind("cubic", metadata.get("cubic", MATLAB), int | float))
    net = Network(name, scale, layers, parameters, provenance, first, kernel)
    whole_factor = first is None or (scale % first.scale == 0 and net.factor > 1)
    same_kind = len({p.dtype for p in parameters.values()}) == 1
    if not (same_kind and whole_factor and fit_together(layers, net.factor)):
        raise WeightsError(f"{path}: its layers do not fit together; get the file anew")
    return net.with_border("replicate")


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
