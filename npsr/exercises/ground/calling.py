"""How a function of a submission is called: on copies, twice, and watched.

The same for a submission in a process of its own (`worker`) and for one in a notebook. What is
noticed here is passed on as data, not judged: `checking` judges.
"""

import copy
import traceback
from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

import numpy as np

from npsr.exercises.ground.wire import Made, made, strided

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
            `result`, or `error` (a message, its `kind` and `line`); `changed`, the places of arguments
            that were changed; `again`, whether a second call gives the same; `intact`, whether
            what was returned before is as it was.
        """
        function = self.functions.get(name)
        if not callable(function):
            return {"error": "", "kind": "missing"}
        own = tuple(made(a) if isinstance(a, Made) else a for a in arguments)
        try:
            passed = copied(own)
            result = function(*passed)
            changed = [
                k
                for k, (a, b) in enumerate(zip(own, passed, strict=True))
                if not same(a, b) and not restored(a, b)
            ]
            frozen = copied(result)
            repeated = function(*copied(own))
            again = same(repeated, frozen) or restored(repeated, frozen)
        except BaseException as error:  # SystemExit and KeyboardInterrupt are a submission's too
            return described(error, self.file)
        intact = all(same(array, was) for array, was in self.earlier)
        self.earlier = [(a, a.copy()) for a in arrays(result)][:8]
        return {"result": frozen, "changed": changed, "again": again, "intact": intact}


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
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (isnan(a) and isnan(b))
    return callable(a) or type(a) is not type(b) or bool(a == b)


def restored(a: Any, b: Any) -> bool:
    """Whether numbers that were moved and moved back, or computed twice, agree but for the last places."""
    if isinstance(a, dict) and isinstance(b, dict) and list(a) == list(b):
        return restored(list(a.values()), list(b.values()))
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
    """An exception as data: its kind, its message, and the last line of the submission's file in it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
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
    return {"error": text, "kind": kind, "line": lines[-1] if lines else None}


def guarded(call: Callable[[], Reply], file: str) -> Reply:
    """Whatever a submission does on its way, a reply."""
    try:
        return call()
    except BaseException as error:
        return described(error, file)
