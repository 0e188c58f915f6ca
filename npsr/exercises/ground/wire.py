"""Values ↔ bytes, for the pipe between the checker and a submission's process.

A message is one line of JSON, `{"value": …, "blobs": […]}`, and the arrays' bytes behind it.
Nothing is pickled: what comes from a submission can be numbers, text, arrays and collections of
them, and nothing else.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from math import prod
from typing import IO, Any

import numpy as np

LARGEST = 2**26
"""Bytes that a message may have."""

KINDS = "biufc"
"""Kinds of array elements that pass: truth values and numbers."""


class BrokenMessage(Exception):  # noqa: N818
    """What came through the pipe is no message."""


@dataclass(frozen=True)
class Other:
    """A value of a type that does not pass, known by its type's name alone."""

    type: str


@dataclass(frozen=True)
class Made:
    """A function that the submission's process makes itself: `module.name`, first arguments given."""

    module: str
    name: str
    arguments: tuple[Any, ...] = ()


def send(pipe: IO[bytes], value: Any) -> None:
    """Write one message."""
    blobs: list[np.ndarray] = []
    head = {"value": _packed(value, blobs), "blobs": [[a.dtype.str, list(a.shape)] for a in blobs]}
    pipe.write(json.dumps(head).encode() + b"\n")
    for array in blobs:
        pipe.write(array.tobytes())
    pipe.flush()


def receive(pipe: IO[bytes], make: bool = False) -> Any:
    """Read one message.

    Parameters
    ----------
    pipe : binary file
        Where it comes from.
    make : bool
        Whether `Made` functions are made; only a submission's process does so.

    Raises
    ------
    BrokenMessage
        If it is none, or too large.
    EOFError
        If the other side has gone.
    """
    line = pipe.readline(LARGEST)
    if not line:
        raise EOFError
    try:
        head = json.loads(line)
        sizes = [_size(*described) for described in head["blobs"]]
        if sum(sizes) > LARGEST:
            raise BrokenMessage(f"{sum(sizes)} bytes")
        blobs = [_array(pipe.read(size), *of) for size, of in zip(sizes, head["blobs"], strict=True)]
        return _unpacked(head["value"], blobs, make)
    except BrokenMessage:
        raise
    except Exception as error:  # anything may stand there
        raise BrokenMessage(repr(error)) from error


def _packed(value: Any, blobs: list[np.ndarray]) -> Any:  # noqa: PLR0911
    match value:
        case None | bool() | str():
            return value
        case np.ndarray() | np.generic():
            array = np.asarray(value)
            if array.dtype.kind not in KINDS or array.dtype.itemsize > 16:
                return {"other": f"array of {array.dtype}"}
            blobs.append(array)
            form = (
                "scalar"
                if isinstance(value, np.generic)
                else "array"
                if array.flags.c_contiguous
                else "strided"
            )
            return {form: len(blobs) - 1}
        case int() | float():
            return value
        case tuple() | list():
            return {"list" if isinstance(value, list) else "tuple": [_packed(v, blobs) for v in value]}
        case dict():
            return {"dict": [[str(key), _packed(v, blobs)] for key, v in value.items()]}
        case Other(name):
            return {"other": name}
        case Made(module, name, arguments):
            return {"made": [module, name, [_packed(v, blobs) for v in arguments]]}
    return {"other": type(value).__name__}


def _unpacked(value: Any, blobs: list[np.ndarray], make: bool) -> Any:  # noqa: PLR0911
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    match kind:
        case "array":
            return blobs[content]
        case "scalar":
            return blobs[content][()]
        case "strided":
            return strided(blobs[content])
        case "tuple":
            return tuple(_unpacked(v, blobs, make) for v in content)
        case "list":
            return [_unpacked(v, blobs, make) for v in content]
        case "dict":
            return {key: _unpacked(v, blobs, make) for key, v in content}
        case "made" if make:
            module, name, arguments = content
            return made(Made(module, name, tuple(_unpacked(v, blobs, make) for v in arguments)))
        case "other":
            return Other(str(content)[:80])
    raise BrokenMessage(kind)


def strided(array: np.ndarray) -> np.ndarray:
    """The same numbers, in memory not one beside the other."""
    whole = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    whole[..., ::2] = array
    return whole[..., ::2]


def made(function: Made) -> Callable[..., Any]:
    """The function itself."""
    return partial(getattr(import_module(function.module), function.name), *function.arguments)


def _size(dtype: str, shape: list[int]) -> int:
    kind = np.dtype(dtype)
    if kind.kind not in KINDS or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise BrokenMessage(f"an array of {dtype} {shape}")
    return kind.itemsize * prod(shape)


def _array(content: bytes, dtype: str, shape: list[int]) -> np.ndarray:
    return np.frombuffer(bytearray(content), dtype).reshape(shape)
