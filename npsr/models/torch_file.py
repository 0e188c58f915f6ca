"""What PyTorch's files hold, read without PyTorch and without running anything that is in them.

`torch.save` writes a pickle, in which tensors are calls that refer to storages, and the storages: as
members of a zip, or before release 1.6 one after another behind the pickle. Here a pickle is data
(`npsr.models.pickle_data`), of which the tensors of a network are taken; whatever else a checkpoint
holds, an optimizer's state or that of random numbers, is passed over.
"""

import zipfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from npsr.models.archive import MAX_BYTES, WeightsError
from npsr.models.pickle_data import Object, Storage, Tensor, key_text, unpickled
from npsr.models.weights import require_kind
from npsr.system.defects import is_defect

MAGIC = 0x1950A86A20F9469CFC6C
"""What the files of PyTorch before 1.6 begin with, as a pickle."""
DEEPEST = 3
"""Dicts in dicts in dicts are searched for a network, and no deeper."""

DTYPES = {
    "Float": "f4",
    "Double": "f8",
    "Half": "f2",
    "BFloat16": "u2",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "u1",
    "ComplexHalf": "u4",
    "ComplexFloat": "c8",
    "ComplexDouble": "c16",
    "QInt8": "i1",
    "QUInt8": "u1",
    "QInt32": "i4",
}
"""PyTorch's kinds of storages; half complex numbers as the four bytes that they take."""


def read_tensors(path: Path, name: str) -> dict[str, np.ndarray]:
    """The tensors of the networks in a file that `torch.save` wrote.

    Parameters
    ----------
    path : Path
        The file, .pth or .pt, of a state dict, or of a dict that holds one beside other things.
    name : str
        The name of a tensor, possibly behind a prefix, by which the dict of a network is known.

    Returns
    -------
    dict of str to ndarray
        The tensors of the dicts that hold one of this name; those of dicts in dicts by all names with
        a dot between. bfloat16 becomes float32, which holds all its numbers.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, holds a program, or the network's tensors are too large.
    """
    try:
        with path.open("rb") as stream:
            return _read_zip(stream, name) if zipfile.is_zipfile(stream) else _read_old(stream, name)
    except FileNotFoundError as error:
        raise WeightsError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    except Exception as error:  # zipfile, pickletools and NumPy raise many kinds for damaged files
        if is_defect(error):
            raise
        reason = f"{type(error).__name__}: {error}"[:200]
        raise WeightsError(f"{path} is not from PyTorch or is damaged ({reason}): get it anew") from error


def _read_zip(stream: IO[bytes], name: str) -> dict[str, np.ndarray]:
    """A file of PyTorch 1.6 and later."""
    with zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        if any(member.endswith("/constants.pkl") for member in names):
            raise WeightsError("it holds a TorchScript program, but must hold tensors: save net.state_dict()")
        (pickled,) = (member for member in names if member.endswith("data.pkl"))
        _within(archive.getinfo(pickled).file_size)
        root = pickled.removesuffix("data.pkl")
        big = f"{root}byteorder" in names and archive.read(f"{root}byteorder") == b"big"
        with archive.open(pickled) as data:
            tensors = _tensors(unpickled(data)[0], name)
        keys = {tensor.storage.key for tensor in tensors.values()}
        _within(sum(archive.getinfo(f"{root}data/{key}").file_size for key in keys))
        contents = {key: archive.read(f"{root}data/{key}") for key in keys}
        return _arrays(tensors, contents, ">" if big else "<")


def _read_old(stream: IO[bytes], name: str) -> dict[str, np.ndarray]:
    """A file of PyTorch before 1.6: five pickles, then each storage behind the number of its numbers."""
    stream.seek(0)
    if stream.read(1) != b"\x80" or stream.seek(0) or unpickled(stream)[0] != MAGIC:
        raise ValueError("it has neither the form of PyTorch's files since 1.6 nor that of those before")
    (_, _), (system, _), (value, storages), (keys, _) = (unpickled(stream) for _ in range(4))
    tensors, contents = _tensors(value, name), {}
    little = require_kind("sys_info", system, dict)["little_endian"]
    wanted = {tensor.storage.key for tensor in tensors.values()}
    _within(sum(_size(storages[key]) for key in wanted))
    for key in require_kind("keys", keys, list):
        storage = storages[key_text(key)]
        if int.from_bytes(stream.read(8), "little" if little else "big") != storage.length:
            raise ValueError(f"storage {key:.80} has another length than its tensors say")
        if key in wanted:
            contents[key] = stream.read(_size(storage))
        else:
            stream.seek(_size(storage), 1)
    return _arrays(tensors, contents, "<" if little else ">")


def _within(size: int) -> None:
    """Refuse what would fill the memory: the description of all, and the tensors that are taken."""
    if size > MAX_BYTES:
        raise WeightsError(f"its network unpacks to more than {MAX_BYTES} bytes, but a model has fewer")


def _size(storage: Storage) -> int:
    return storage.length * np.dtype(DTYPES[storage.kind]).itemsize


def _tensors(value: Any, name: str) -> dict[str, Tensor]:
    """The tensors of a dict, or of the dicts in it, that holds one of this name."""
    if isinstance(value, Object):
        raise WeightsError(f"it holds {value.name:.80}, but only tensors are read: save net.state_dict()")
    found: dict[str, Tensor] = {}
    for prefix, inner in _dicts(require_kind("the value", value, dict), "", DEEPEST, set()):
        tensors = {str(key): one for key, one in inner.items() if isinstance(one, Tensor)}
        if any(key.endswith(name) for key in tensors):
            found |= {f"{prefix}{key}": one for key, one in tensors.items()}
    return found


def _dicts(value: Any, prefix: str, deepest: int, seen: set[int]) -> Iterator[tuple[str, dict]]:
    """A dict and those in it, each once."""
    if isinstance(value, dict) and id(value) not in seen:
        seen.add(id(value))
        yield prefix, value
        for key, inner in value.items() if deepest else ():
            yield from _dicts(inner, f"{prefix}{key}.", deepest - 1, seen)


def _arrays(tensors: dict[str, Tensor], contents: dict[str, bytes], order: str) -> dict[str, np.ndarray]:
    """The tensors as arrays."""
    return {key: _array(tensor, contents[tensor.storage.key], order) for key, tensor in tensors.items()}


def _array(tensor: Tensor, content: bytes, order: str) -> np.ndarray:
    """A tensor's numbers; NumPy sees to it that none lies outside of the storage."""
    dtype = np.dtype(order + DTYPES[tensor.storage.kind])
    if tensor.storage.length * dtype.itemsize != len(content):
        raise ValueError(f"storage {tensor.storage.key:.80} has another length than its tensors say")
    if prod(tensor.shape) > tensor.storage.length:
        raise ValueError(f"a tensor of shape {tensor.shape} has more numbers than are stored")
    strides = [step * dtype.itemsize for step in tensor.strides]
    array = np.ndarray(tensor.shape, dtype, content, tensor.offset * dtype.itemsize, strides)
    if tensor.storage.kind == "BFloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array
