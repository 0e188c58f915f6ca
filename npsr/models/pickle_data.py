"""A pickle read as data: nothing of it is run.

Of its instructions those are followed that put together numbers, texts, lists, dicts and tensors.
What would call anything else becomes an `Object` that knows only its name, so that it can be passed
over. Python's `pickle` would run it: what only attacks name is refused.
"""

from collections.abc import Callable
from pickletools import genops
from typing import IO, Any, NamedTuple, cast

from npsr.models.archive import WeightsError

MAX_INSTRUCTIONS = 2_000_000
"""Some seconds' work; a checkpoint of FSRCNN with its optimizer has 4,000, records of losses have more."""

PROGRAMS = {"os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "runpy", "importlib", "ctypes"}
PROGRAMS |= {"pty", "commands", "webbrowser", "pickle", "marshal", "code", "timeit", "pip", "torch.hub"}
RUNNERS = {"eval", "exec", "compile", "open", "getattr", "setattr", "__import__", "input", "globals", "vars"}
"""Modules, and functions of `builtins`, that run programs or reach for files: no honest checkpoint
names them."""

PUSHED = {"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BININT", "BININT1", "BININT2", "INT"}
PUSHED |= {"LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
PUSHED |= {"BYTEARRAY8", "BINSTRING", "SHORT_BINSTRING", "STRING"}
CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
PUT, GET = {"BINPUT", "LONG_BINPUT", "PUT"}, {"BINGET", "LONG_BINGET", "GET"}


class Name(str):
    """A global of a pickle: the name of something that Python's unpickler would fetch."""


class Object(NamedTuple):
    """Something that Python's unpickler would have made by a call; its content is not looked at."""

    name: str


class Storage(NamedTuple):
    """Numbers of one kind, such as ``Float``, that stand elsewhere in the file."""

    kind: str
    key: str
    length: int


class Tensor(NamedTuple):
    """A tensor as its pickle describes it: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickled(stream: IO[bytes]) -> tuple[Any, dict[str, Storage]]:
    """The value of the pickle that begins here; the stream is left behind it.

    Parameters
    ----------
    stream : binary file
        Of a pickle.

    Returns
    -------
    value : object
        Numbers, texts, lists, dicts, `Tensor` and `Object`.
    storages : dict of str to Storage
        Those that it refers to, by their keys.

    Raises
    ------
    WeightsError
        If it is too long, or names a program.
    Exception
        Of any kind, if it is damaged.
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}
    storages: dict[str, Storage] = {}
    for count, (opcode, operand, _) in enumerate(genops(stream)):
        kind, argument = opcode.name, cast(Any, operand)
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
            stack.append(_referred(stack.pop(), storages))
        elif kind in COMBINED:
            COMBINED[kind](stack)
        elif kind in GATHERED:
            at = marks.pop()
            gathered = stack[at:]
            del stack[at:]
            GATHERED[kind](stack, gathered)
        elif kind == "GLOBAL":
            stack.append(_name(*argument.split(" ", 1)))
        elif kind not in ("PROTO", "FRAME", "STOP"):
            raise WeightsError(f"it holds more than data (instruction {kind}): save net.state_dict() alone")
    (value,) = stack
    return value, storages


def key_text(key: Any) -> str:
    """A key that must be a text: tuples of tuples can be made whose hash takes forever."""
    if not isinstance(key, str):
        raise ValueError(f"a key is {type(key).__name__}, but must be a text")
    return key


def _name(module: str, name: str) -> Name:
    """The name of a global, unless it can only be meant to do harm."""
    whole = f"{module}.{name}"
    first = module.partition(".")[0]
    runs = first in ("builtins", "__builtin__") and name.partition(".")[0] in RUNNERS
    if runs or first in PROGRAMS or module in PROGRAMS or whole in ("torch.load", "torch.save"):
        raise WeightsError(
            f"it holds {whole:.80}, a program, but only tensors are read: do not trust it, or save "
            "net.state_dict() alone"
        )
    return Name(whole)


def _referred(reference: Any, storages: dict[str, Storage]) -> Storage | Object:
    """What a reference means; storages are noted."""
    match reference:
        case ("storage", Name() as kind, str(key), _, int(length), *views) if views in ([], [None]):
            storages[key] = Storage(kind.rpartition(".")[2].removesuffix("Storage"), key, length)
            return storages[key]
    return Object("a reference")


def _called(function: Any, arguments: Any) -> Any:
    """The value of one of the few calls that are understood; of any other, an `Object`."""
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
    return Object(function if isinstance(function, str) else type(function).__name__)


def _combine(count: int, make: Callable[..., Any]) -> Callable[[list[Any]], None]:
    """An instruction that replaces the last `count` values by what `make` makes of them."""

    def combine(stack: list[Any]) -> None:
        if len(stack) < count:
            raise ValueError("an instruction lacks its values")
        at = len(stack) - count
        stack[at:] = [make(*stack[at:])]

    return combine


def _set_items(stack: list[Any], items: list[Any]) -> None:
    """What has no text or number for a key, or belongs to an `Object`, is passed over."""
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(stack[-1], dict) and type(key) in (str, int):
            stack[-1][key] = value


def _extend(stack: list[Any], values: list[Any]) -> None:
    if isinstance(stack[-1], list):
        stack[-1].extend(values)


COMBINED: dict[str, Callable[[list[Any]], None]] = {
    "EMPTY_DICT": _combine(0, dict),
    "EMPTY_LIST": _combine(0, list),
    "EMPTY_SET": _combine(0, list),
    "TUPLE1": _combine(1, lambda *values: values),
    "TUPLE2": _combine(2, lambda *values: values),
    "TUPLE3": _combine(3, lambda *values: values),
    "STACK_GLOBAL": _combine(2, lambda module, name: _name(key_text(module), key_text(name))),
    "REDUCE": _combine(2, _called),
    "NEWOBJ": _combine(2, _called),
    "NEWOBJ_EX": _combine(3, lambda kind, arguments, _: _called(kind, arguments)),
    "BUILD": _combine(2, lambda value, _: value),  # attributes, of no use here
    "SETITEM": lambda stack: _set_items(stack, [stack.pop(-2), stack.pop()]),
    "APPEND": lambda stack: _extend(stack, [stack.pop()]),
}
GATHERED: dict[str, Callable[[list[Any], list[Any]], None]] = {
    "TUPLE": lambda stack, values: stack.append(tuple(values)),
    "LIST": lambda stack, values: stack.append(values),
    "FROZENSET": lambda stack, values: stack.append(values),
    "APPENDS": _extend,
    "ADDITEMS": _extend,
    "SETITEMS": _set_items,
}
