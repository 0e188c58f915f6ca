"""What a check is, how the first wrong number is explained, and how a hint is chosen.

A check calls functions of a submission and raises `Wrong` if a property does not hold. For each
exercise the checker holds results of typical mistakes ("what it would be without the rotation"),
made by our own layers from the same input; the one that equals the submission's result names the
hint.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npsr.exercises.ground.calling import Reply
from npsr.exercises.ground.wording import dtype_hint, named, nothing, shape_hint

Mistake = tuple[str, Callable[[], Any]]
"""A hint, and what a submission returns that deserves it."""

Hints = Iterable[Mistake]


class NotDone(Exception):  # noqa: N818
    """The function is still the stub's."""


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
    """

    def __init__(self, ask: Callable[[str, Sequence[Any]], Reply], arguments: dict[str, list[str]]) -> None:
        self.ask, self.arguments = ask, arguments

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
        if "error" in reply:
            _failed(name, reply)
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
        return reply.get("result")

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


def _failed(name: str, reply: Reply) -> None:
    kind, text, line = reply.get("kind"), reply.get("error"), reply.get("line")
    place = f" (line {line})" if line else ""
    if reply.get("loading"):
        raise Unloadable(
            f"the file cannot be loaded: {kind}: {text}{place}",
            "Run it by itself with python: nothing can be checked before it loads.",
        )
    match kind:
        case "NotImplementedError":
            raise NotDone
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


def judge(names: str, got: Any, want: Any, hints: dict[str, Hints]) -> None:
    """Compare what a function returned with what must hold.

    Parameters
    ----------
    names : str
        Name of the result; of a tuple, the names of its parts, parted by spaces.
    got : object
        What the submission returned.
    want : ndarray, number, or tuple of them
        What it must be.
    hints : dict
        Hints for each name.

    Raises
    ------
    Wrong
        For the first number that is wrong.
    """
    parts = names.split()
    if not isinstance(want, tuple):
        _compare(names, got, want, hints.get(names, ()))
        return
    got = parts_of(parts, got)
    if any(not _right(g, w) for g, w in zip(got, want, strict=True)) and all(
        any(_right(g, w) for g in got) for w in want
    ):
        raise Wrong(
            f"the results are right, but in another order than {_listed(parts)}",
            "Mind the order of what is returned.",
        )
    for name, g, w in zip(parts, got, want, strict=True):
        _compare(name, g, w, hints.get(name, ()))


def parts_of(names: list[str], got: Any) -> list[Any]:
    """What a submission returned, as a list of so many parts.

    Raises
    ------
    Wrong
        If it is no tuple or list of so many.
    """
    if not isinstance(got, tuple | list) or len(got) != len(names):
        count = f"{len(got)} values" if isinstance(got, tuple | list) else named(got)
        raise Wrong(f"what is returned is {count}, but must be {_listed(names)}", nothing(got))
    return list(got)


def _listed(names: list[str]) -> str:
    return f"({', '.join(names)})"


def close(a: Any, b: Any, loose: bool = False) -> bool:
    """Whether numbers agree as well as honest rounding lets them.

    The tolerance is relative to the largest number: 2e-5 if one of both is float32 (or `loose`), else 1e-9.
    """
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype.kind in "biuf" and not _apart(a, b, loose).any()


def _apart(a: np.ndarray, b: np.ndarray, loose: bool = False) -> np.ndarray:
    """Which numbers disagree."""
    single = loose or np.float32 in (a.dtype, b.dtype)
    a, b = a.astype(np.float64), b.astype(np.float64)
    size = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= (2e-5 if single else 1e-9) * size
    return ~(near | (a == b) | (np.isnan(a) & np.isnan(b)))


def _right(got: Any, want: Any) -> bool:
    if isinstance(want, np.ndarray):
        return isinstance(got, np.ndarray) and got.dtype == want.dtype and close(got, want)
    return isinstance(got, int | float | np.number) and not isinstance(got, bool) and close(got, want)


def _compare(name: str, got: Any, want: Any, hints: Hints) -> None:
    if _right(got, want):
        return
    expects_array = isinstance(want, np.ndarray)
    if not isinstance(got, np.ndarray if expects_array else int | float | np.number) or isinstance(got, bool):
        kind = "a NumPy array" if expects_array else "a number"
        raise Wrong(f"{name} is {named(got)}, but must be {kind}", _kind_hint(got, want, hints))
    found, must = np.asarray(got), np.asarray(want)
    hint = recognised(found, must, hints)
    if found.shape != must.shape:
        hint = hint or shape_hint(found.shape, must.shape)
        raise Wrong(f"{name} has shape {found.shape}, but must have {must.shape}", hint)
    if found.dtype != must.dtype and close(found, must, loose=True):
        raise Wrong(
            f"{name} has dtype {found.dtype}, but must have that of the input, {must.dtype}",
            dtype_hint(found.dtype, must.dtype),
        )
    raise Wrong(_first_wrong(name, found, must), hint or generic(found, must))


def recognised(got: np.ndarray, want: np.ndarray, hints: Hints) -> str:
    """The hint whose wrong result this is."""
    for text, make in hints:
        try:
            with np.errstate(all="ignore"):  # a mistake may divide by 0
                wrong = np.asarray(make())
        except (ValueError, IndexError):  # a mistake that these sizes do not allow
            continue
        if not close(wrong, want, loose=True) and close(got, wrong, loose=True):
            return text
    return ""


def generic(got: np.ndarray, want: np.ndarray) -> str:  # noqa: PLR0911
    """A hint from the numbers alone: a factor, a sign, something added, nothing at all."""
    if got.dtype.kind not in "biuf":
        return f"Numbers of type {got.dtype} came out."
    if not np.isfinite(got).all():
        return "Some numbers are not finite: a division by 0, or an array of np.empty that is not filled?"
    if not got.any() and np.count_nonzero(want) > 2:
        return "Everything is 0: is the result ever written, or written into a copy?"
    got, want = got.astype(np.float64), want.astype(np.float64)
    if np.count_nonzero(want) > 2:  # of fewer numbers, a factor says nothing
        factor = float((got * want).sum() / (want * want).sum())
        if abs(factor) > 1e-6 and close(got, factor * want):
            if abs(factor + 1) < 1e-6:
                return "The sign is wrong everywhere."
            return f"Every number is {factor:.6g} times what it must be: a mean for a sum, a forgotten 2?"
    if got.size > 2 and close(got - (got - want).flat[0], want):
        return f"Every number is off by {(got - want).flat[0]:.6g}: is something added or forgotten?"
    if got.ndim > 1 and close(got[..., ::-1, ::-1], want):
        return "The result is right but turned by 180°: mind the rotation."
    if got.ndim > 1 and close(got.swapaxes(-1, -2), want):
        return "Rows and columns are exchanged."
    return ""


def _first_wrong(name: str, got: np.ndarray, want: np.ndarray) -> str:
    if got.dtype.kind not in "biuf":
        return f"{name} is of type {got.dtype}, but must hold real numbers"
    wrong = _apart(got, want)
    place = tuple(int(k) for k in np.argwhere(wrong)[0])
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    count = f" ({wrong.sum()} of {wrong.size} numbers are wrong)" if wrong.size > 1 else ""
    return f"{where} is {got[place]:.8g}, but must be {want[place]:.8g}{count}"


def _kind_hint(got: Any, want: Any, hints: Hints) -> str:
    if isinstance(want, np.ndarray) and isinstance(got, int | float | np.number):
        if want.size == 1 and close(got, want.flat[0], loose=True):
            return f"The number is right, but an array of shape {want.shape} is asked for: keep that axis."
        return recognised(np.asarray(got), want, hints) or (
            f"One number came out, where an array of shape {want.shape} is asked for: is too much summed up?"
        )
    if isinstance(want, np.ndarray) and isinstance(got, list | tuple):
        return "Make an array of it, of the dtype of the input: np.array(…, dtype=x.dtype)."
    return nothing(got)
