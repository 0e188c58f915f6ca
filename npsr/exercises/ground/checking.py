"""What a check is, and how functions of a submission are called in one.

A check calls functions and raises `Wrong` if a property does not hold. What a function did besides
returning (changed its arguments, remembered former calls) is judged here; what it returned, in
`comparing`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npsr.exercises.ground.calling import Reply, arrays

STALE = (
    "This is what an earlier call with other numbers gave: results are kept, and found again by a shape, a "
    "sum or a few numbers. Compute them anew."
)


class NotDone(Exception):  # noqa: N818
    """The function is still the stub's; or another one that it calls, which the message names."""


class Wrong(Exception):  # noqa: N818
    """What is wrong, in words, and the hint."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class Unloadable(Wrong):
    """The file itself fails, whatever is asked of it."""


class Student:
    """A submission's functions: call it with a name and arguments to get the result.

    Parameters
    ----------
    ask : callable
        A `running.Process` or a `calling.Caller`.
    arguments : dict
        The names of each function's arguments.
    views : sequence of str
        Functions that may return a view of an argument.
    """

    def __init__(
        self,
        ask: Callable[[str, Sequence[Any]], Reply],
        arguments: dict[str, list[str]],
        views: Sequence[str] = (),
    ) -> None:
        self.ask, self.arguments, self.views = ask, arguments, views
        self.stale = False
        self.calls: Any = []
        self.shared: Any = []
        self._earlier: dict[tuple[str, bytes], bytes] = {}

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call a function.

        Raises
        ------
        NotDone
            If it is still the stub's.
        Wrong
            If it fails, changes its arguments, or remembers former calls.
        """
        reply = self.ask(name, arguments)
        self.calls = reply.get("calls")
        if "error" in reply:
            _failed(name, reply, [other for other in self.arguments if other != name])
        if changed := reply.get("changed"):
            which = self._which(name, changed)
            raise Wrong(
                f"{name} changes its argument {which}",
                f"It works in place: whoever called still needs {which}. Write into a new array, or copy "
                "first (+= and [...] = change an array, + makes a new one).",
            )
        if not reply.get("again", True):
            raise Wrong(
                f"{name}, called twice with the same arguments, gives two results",
                "Something is kept between calls (a global, a default argument), or an array of np.empty is "
                "added to before it is set to 0.",
            )
        if not reply.get("intact", True):
            raise Wrong(
                f"a call of {name} changes the array that an earlier call returned",
                "Make the output anew in every call: it must not live in a global or default argument.",
            )
        self.shared = self.shared or reply.get("shared")
        self._compare_with_earlier(name, arguments, reply.get("result"))
        return reply.get("result")

    def require_new_arrays(self, name: str) -> None:
        """Refuse results that shared memory with an argument; asked last, as wrong numbers say more.

        Raises
        ------
        Wrong
            If one did, and the task does not allow it.
        """
        if self.shared and name not in self.views:
            which = self._which(name, self.shared)
            raise Wrong(
                f"the result of {name} lies in the memory of its argument {which}",
                f"Who changes the result changes {which} with it. Return a new array: .copy() makes one.",
            )

    def _compare_with_earlier(self, name: str, arguments: Sequence[Any], result: Any) -> None:
        """Note whether an earlier call with other numbers gave this result, to the bit."""
        found = [array for array in arrays(result) if array.size > 2]
        self.stale = False
        if any(array.dtype.kind in "iuf" and array.min() < array.max() for array in found):
            asked = b"".join(array.tobytes() for array in arrays(list(arguments)))
            content = b"".join(array.tobytes() for array in found)
            self.stale = self._earlier.setdefault((name, content), asked) != asked

    def _which(self, name: str, places: Any) -> str:
        """The names of some arguments; a submission that writes its replies itself may write anything."""
        try:
            return " and ".join(self.arguments[name][k] for k in places)
        except (TypeError, IndexError) as error:
            raise Wrong(f"the reply of {name} cannot be read: does it write to open files?") from error


@dataclass(frozen=True)
class Check:
    """A property of one function.

    Attributes
    ----------
    function : str
        The function that it is about.
    title : str
        What is looked at.
    run : callable
        Takes a `Student` and a random generator; raises `Wrong`.
    hint : str
        What to say if no typical mistake is recognised.
    """

    function: str
    title: str
    run: Callable[[Student, np.random.Generator], None]
    hint: str = ""


def _failed(name: str, reply: Reply, others: list[str]) -> None:
    kind, text, line = reply.get("kind"), reply.get("error"), reply.get("line")
    place = f" (line {line})" if line else ""
    if reply.get("loading"):
        raise Unloadable(
            f"the file cannot be loaded: {kind}: {text}{place}",
            "Run it by itself with python: nothing can be checked before it loads.",
        )
    match kind:
        case "NotImplementedError":
            inside = reply.get("inside")
            raise NotDone(f"it calls {inside}, which is not done yet" if inside in others else "")
        case "missing":
            raise Wrong(f"there is no function {name} in the file", "Keep the names of the stub.")
        case "SystemExit":
            raise Wrong(f"{name} calls exit{place}", "Return the result instead of ending the program.")
        case "MemoryError":
            raise Wrong(
                f"{name} asks for more memory than there is{place}",
                "Look at the shape of every array: is a size multiplied where it should be added?",
            )
    hint = {
        "IndexError": "An index leaves its array: check the output's size and where the last window begins.",
        "NameError": "A name is used that is not defined: a misspelling, or an import that is missing?",
        "UnboundLocalError": "A name is used before it is set: on every path, whatever a condition says?",
        "KeyError": "There is no such key: print the keys that there are.",
        "ZeroDivisionError": "What is 0 there, and may it be?",
        "RecursionError": "A function calls itself without an end: has it the name of another one?",
    }.get(str(kind), "Look at that line, and print the shapes of what stands in it.")
    raise Wrong(f"{name} raised {kind}: {text}{place}", hint)
