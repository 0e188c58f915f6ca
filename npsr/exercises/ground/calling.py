"""How a function of a submission is called: on copies, twice, and watched.

The same for a submission in a process of its own (`worker`) and for one in a notebook. What is
noticed here is passed on as data, not judged: `checking` judges.
"""

import copy
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from math import isnan
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from npsr.exercises.ground.wire import Made, Other, made, strided

Reply = dict[str, Any]


class Caller:
    """Calls functions by their names, and remembers arrays that they returned."""

    def __init__(self, functions: dict[str, Any], file: str) -> None:
        self.functions, self.file = functions, file
        self.earlier: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, name: str, arguments: Sequence[Any]) -> Reply:
        """What calling a function gave.

        Returns
        -------
        dict
            `result`, or `error` (a message, its `kind`, `line` and the function `inside` which it
            arose); `changed`, the places of arguments that were changed; `shared`, the places of those
            that the result shares memory with; `again`, whether a second call gives the same; `intact`,
            whether what was returned before is as it was; `calls`, names of functions that it may call.
        """
        function = self.functions.get(name)
        if not callable(function):
            return {"error": "", "kind": "missing"}
        own = tuple(made(a) if isinstance(a, Made) else a for a in arguments)
        try:
            passed = copied(own)
            result = plain(function(*passed))
            changed = [
                k
                for k, (a, b) in enumerate(zip(own, passed, strict=True))
                if not same(a, b) and not restored(a, b)
            ]
            shared = [k for k, argument in enumerate(passed) if share_memory(result, argument)]
            frozen = copied(result)
            with silence():  # what it prints, it has printed
                repeated = plain(function(*copied(own)))
            again = same(repeated, frozen) or restored(repeated, frozen)
        except BaseException as error:  # SystemExit and KeyboardInterrupt are a submission's too
            return described(error, self.file) | {"calls": mentioned(name, self.functions)}
        intact = all(same(array, was) for array, was in self.earlier)
        self.earlier = [(a, a.copy()) for a in arrays(result)][:8]
        seen = {"changed": changed, "shared": shared, "again": again, "intact": intact}
        return {"result": frozen, **seen, "calls": mentioned(name, self.functions)}


def mentioned(name: str, functions: dict[str, Any]) -> list[str]:
    """Names of functions that stand in a function's code, or in that of one that does."""
    found, waiting = set(), [name]
    while waiting:
        code = [getattr(functions.get(waiting.pop()), "__code__", None)]
        for one in code:  # functions within it follow
            code += [inner for inner in getattr(one, "co_consts", ()) if isinstance(inner, CodeType)]
            new = [n for n in getattr(one, "co_names", ()) if callable(functions.get(n)) and n not in found]
            found.update(new)
            waiting += new
    return sorted(found - {name})


def plain(value: Any) -> Any:
    """A result in plain arrays, numbers, text and collections; another type is known by its name alone."""
    match value:
        case np.ndarray():
            return value if type(value) is np.ndarray else Other(type(value).__name__)
        case tuple():
            return tuple(plain(v) for v in value)
        case list():
            return [plain(v) for v in value]
        case dict():
            return {key: plain(v) for key, v in value.items()}
        case None | bool() | int() | float() | str() | np.generic() | Other():
            return value
    return Other(type(value).__name__)


def share_memory(a: Any, b: Any) -> bool:
    """Whether an array of one value lies in the memory of one of the other."""
    return any(np.may_share_memory(p, q) for p in arrays(a) for q in arrays(b))


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing appear of what is printed."""
    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        yield


def copied(value: Any) -> Any:
    """A deep copy in which arrays keep their layout in memory, strided or not."""
    if isinstance(value, np.ndarray) and value.ndim and not value.flags.c_contiguous:
        return strided(value)
    if isinstance(value, tuple):
        return tuple(copied(v) for v in value)
    return value if callable(value) else copy.deepcopy(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal to the bit, NaN included."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
        if not both or a.shape != b.shape or a.dtype != b.dtype:
            return False
        return a.tobytes() == b.tobytes() or bool(np.array_equal(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (isnan(a) and isnan(b))
    return callable(a) or type(a) is not type(b) or bool(a == b)


def restored(a: Any, b: Any) -> bool:
    """Whether numbers that were moved and moved back, or computed twice, agree but for the last places."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return all(restored(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return all(restored(p, q) for p, q in zip(a, b, strict=True))
    if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
        return same(a, b)
    both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    if not both or a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind != "f":
        return False
    return bool(np.allclose(a, b, rtol=4 * np.finfo(a.dtype).eps, atol=4e-16))


def arrays(value: Any) -> list[np.ndarray]:
    """All arrays in a result."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [array for v in value for array in arrays(v)] if isinstance(value, list | tuple) else []


def described(error: BaseException, file: str) -> Reply:
    """An exception as data: its kind, its message, the last line of the file, and the innermost function."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    message: object = error
    if isinstance(error, SyntaxError) and error.filename == file:
        message, lines = error.msg, [error.lineno]  # str(error) would name the line once more
    kinds = [kind.__name__ for kind in type(error).__mro__]
    known = ("NotImplementedError", "SystemExit", "MemoryError", "SyntaxError")
    kind = next((k for k in known if k in kinds), type(error).__name__)
    try:
        text = str(message)[:300]
    except Exception:  # a message of the submission's own making
        text = ""
    inside = frames[-1].name if frames else ""
    return {"error": text, "kind": kind, "line": lines[-1] if lines else None, "inside": inside}


def guarded(call: Callable[[], Reply], file: str) -> Reply:
    """Whatever a submission does on its way, a reply."""
    try:
        return call()
    except BaseException as error:
        return described(error, file)
