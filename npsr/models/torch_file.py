"""What PyTorch's files hold, read without PyTorch and without running anything that is in them.

`torch.save` writes a pickle, in which tensors are calls that refer to storages, and the storages: as
members of a zip, or before release 1.6 one after another behind the pickle. Here a pickle is data: of
its instructions those are followed that put together numbers, texts, lists, dicts and tensors, and a
call of anything but the few functions that rebuild a tensor is refused. Python's `pickle` would run it.
"""

import io
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from pickletools import genops
from typing import Any, NamedTuple, cast

import numpy as np

from npsr.models.weights import MAX_BYTES, WeightsError, require_kind
from npsr.system.defects import is_defect

MAGIC = 0x1950A86A20F9469CFC6C
"""What the files of PyTorch before 1.6 begin with, as a pickle."""

MAX_INSTRUCTIONS = 20_000
"""Of a pickle; a checkpoint of FSRCNN with its optimizer has 4,000."""

DTYPES = {
    "torch.FloatStorage": "f4",
    "torch.DoubleStorage": "f8",
    "torch.HalfStorage": "f2",
    "torch.BFloat16Storage": "u2",
    "torch.LongStorage": "i8",
    "torch.IntStorage": "i4",
}

PUSHED = {"BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PUT, GET = {"BINPUT", "LONG_BINPUT"}, {"BINGET", "LONG_BINGET"}


class Name(str):
    """A global of a pickle: the name of something that Python's unpickler would fetch."""


class Storage(NamedTuple):
    """Numbers of one kind that stand elsewhere in the file."""

    kind: Name
    key: str
    length: int


class Tensor(NamedTuple):
    """A tensor as its pickle describes it: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file that `torch.save` wrote.

    Parameters
    ----------
    path : Path
        The file, .pth or .pt, of a state dict, or of a dict that holds one beside other things.

    Returns
    -------
    dict of str to ndarray
        The tensors of the dict by their names, and those of dicts in it by both names with a dot
        between. bfloat16 becomes float32, which holds all its numbers.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, too large, or holds more than data.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise WeightsError(f"it has more than {MAX_BYTES} bytes, but a model has fewer")
        stream = io.BytesIO(content)
        return _read_zip(stream) if zipfile.is_zipfile(stream) else _read_old(io.BytesIO(content))
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


def _read_zip(stream: io.BytesIO) -> dict[str, np.ndarray]:
    """A file of PyTorch 1.6 and later."""
    with zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise WeightsError(f"it unpacks to more than {MAX_BYTES} bytes, but a model has fewer")
        if any(name.endswith("/constants.pkl") for name in names):
            raise WeightsError("it holds a TorchScript program, but must hold tensors: save net.state_dict()")
        (pickled,) = (name for name in names if name.endswith("data.pkl"))
        root = pickled.removesuffix("data.pkl")
        big = f"{root}byteorder" in names and archive.read(f"{root}byteorder") == b"big"
        value, storages = _unpickled(io.BytesIO(archive.read(pickled)))
        contents = {key: archive.read(f"{root}data/{key}") for key in storages}
        return _arrays(value, contents, ">" if big else "<")


def _read_old(stream: io.BytesIO) -> dict[str, np.ndarray]:
    """A file of PyTorch before 1.6: five pickles, then each storage behind the number of its numbers."""
    if not stream.getvalue().startswith(b"\x80") or _unpickled(stream)[0] != MAGIC:
        raise ValueError("it has neither the form of PyTorch's files since 1.6 nor that of those before")
    (_, _), (system, _), (value, storages), (keys, _) = (_unpickled(stream) for _ in range(4))
    little, contents = require_kind("sys_info", system, dict)["little_endian"], {}
    for key in require_kind("keys", keys, list):
        storage = storages[_text(key)]
        if int.from_bytes(stream.read(8), "little" if little else "big") != storage.length:
            raise ValueError(f"storage {key:.80} has another length than its tensors say")
        contents[key] = stream.read(storage.length * np.dtype(DTYPES[storage.kind]).itemsize)
    return _arrays(value, contents, "<" if little else ">")


def _arrays(value: Any, contents: dict[str, bytes], order: str) -> dict[str, np.ndarray]:
    """The tensors of a dict, and of the dicts in it, as arrays."""
    outer = require_kind("the value", value, dict)
    dicts = {"": outer} | {f"{key}.": inner for key, inner in outer.items() if isinstance(inner, dict)}
    return {
        f"{prefix}{key}": _array(tensor, contents[tensor.storage.key], order)
        for prefix, inner in dicts.items()
        for key, tensor in inner.items()
        if isinstance(tensor, Tensor)
    }


def _array(tensor: Tensor, content: bytes, order: str) -> np.ndarray:
    """A tensor's numbers; NumPy sees to it that none lies outside of the storage."""
    dtype = np.dtype(order + DTYPES[tensor.storage.kind])
    if tensor.storage.length * dtype.itemsize != len(content):
        raise ValueError(f"storage {tensor.storage.key:.80} has another length than its tensors say")
    if prod(tensor.shape) > tensor.storage.length:
        raise ValueError(f"a tensor of shape {tensor.shape} has more numbers than are stored")
    strides = [step * dtype.itemsize for step in tensor.strides]
    array = np.ndarray(tensor.shape, dtype, content, tensor.offset * dtype.itemsize, strides)
    if tensor.storage.kind == "torch.BFloat16Storage":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def _unpickled(stream: io.BytesIO) -> tuple[Any, dict[str, Storage]]:
    """The value of the pickle that begins here, and the storages that it refers to by their keys; the
    stream is left behind it.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    storages: dict[str, Storage] = {}
    for count, (opcode, given, _) in enumerate(genops(stream)):
        kind, argument = opcode.name, cast(Any, given)
        if count == MAX_INSTRUCTIONS:
            raise WeightsError(f"it has more than {MAX_INSTRUCTIONS} instructions, but a model has fewer")
        if kind in PUSHED:
            stack.append(argument)
        elif kind in CONSTANT:
            stack.append(CONSTANT[kind])
        elif kind in PUT or kind == "MEMOIZE":
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif kind in GET:
            stack.append(memo[argument])
        elif kind == "MARK":
            marks.append(len(stack))
        elif kind == "BINPERSID":
            stack.append(_storage(stack.pop()))
            storages[stack[-1].key] = stack[-1]
        elif kind in COMBINED:
            COMBINED[kind](stack)
        elif kind in GATHERED:
            at = marks.pop()
            gathered = stack[at:]
            del stack[at:]
            GATHERED[kind](stack, gathered)
        elif kind == "GLOBAL":
            stack.append(Name(argument.replace(" ", ".")))
        elif kind not in ("PROTO", "FRAME", "STOP"):
            raise WeightsError(f"it holds more than data (instruction {kind}): save net.state_dict() alone")
    (value,) = stack
    return value, storages


def _storage(reference: Any) -> Storage:
    match reference:
        case ("storage", Name() as kind, str(key), _, int(length), *views) if views in ([], [None]):
            return Storage(kind, key, length)
    raise ValueError("a storage is described in an unknown way")


def _combine(count: int, make: Callable[..., Any]) -> Callable[[list[Any]], None]:
    """An instruction that replaces the last `count` values by what `make` makes of them."""

    def combine(stack: list[Any]) -> None:
        if len(stack) < count:
            raise ValueError("an instruction lacks its values")
        at = len(stack) - count
        stack[at:] = [make(*stack[at:])]

    return combine


def _called(function: Any, arguments: Any) -> Any:
    """The value of one of the few calls that are understood."""
    match function, arguments:
        case "collections.OrderedDict", ():
            return {}
        case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor", (
            Storage() as storage,
            int(offset),
            tuple(shape),
            tuple(strides),
            *_,
        ) if len(shape) == len(strides) <= 4 and all(type(k) is int for k in (*shape, *strides)):
            return Tensor(storage, offset, shape, strides)
        case "torch._utils._rebuild_parameter", (Tensor() as tensor, *_):
            return tensor
    found = function if isinstance(function, Name) else type(function).__name__
    raise WeightsError(f"it holds {found!s:.80}, but only tensors are read: save net.state_dict() alone")


def _set_items(stack: list[Any], items: list[Any]) -> None:
    target = require_kind("what has items", stack[-1], dict)
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[key if type(key) is int else _text(key)] = value


def _text(key: Any) -> str:
    """A key of a dict: tuples of tuples can be made whose hash takes forever."""
    if not isinstance(key, str):
        raise ValueError(f"a key is {type(key).__name__}, but must be a text or a number")
    return key


COMBINED: dict[str, Callable[[list[Any]], None]] = {
    "EMPTY_DICT": _combine(0, dict),
    "EMPTY_LIST": _combine(0, list),
    "TUPLE1": _combine(1, lambda *values: values),
    "TUPLE2": _combine(2, lambda *values: values),
    "TUPLE3": _combine(3, lambda *values: values),
    "STACK_GLOBAL": _combine(2, lambda module, name: Name(".".join((_text(module), _text(name))))),
    "REDUCE": _combine(2, _called),
    "NEWOBJ": _combine(2, _called),
    "BUILD": _combine(2, lambda value, _: value),  # a dict's further attributes, of no use here
    "SETITEM": lambda stack: _set_items(stack, [stack.pop(-2), stack.pop()]),
    "APPEND": lambda stack: require_kind("a list", stack[-2], list).append(stack.pop()),
}
GATHERED: dict[str, Callable[[list[Any], list[Any]], None]] = {
    "TUPLE": lambda stack, values: stack.append(tuple(values)),
    "APPENDS": lambda stack, values: require_kind("a list", stack[-1], list).extend(values),
    "SETITEMS": _set_items,
}
