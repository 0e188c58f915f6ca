"""The course: exercises that check themselves.

Enters: a folder of a student's files, or many folders. Leaves: a report that explains the first
wrong number of each exercise, or a table of scores. A submission always runs in a process of its
own and is judged in another.

Open first: one exercise, `tasks/convolution.py` (its text, its stub, its checks), then
`checking.py`, which says what a check is and how a hint is chosen. `examining.py` joins a
submission (`running.py`, `worker.py`, `isolation.py`) and the checks; `grading.py` does so for a
class, `stubs.py` and `notebook.py` write what is handed out.
"""

from typing import Any


def check(number: int | str, functions: dict[str, Any]) -> None:
    """Check the functions of one exercise in a notebook: ``check(1, globals())``.

    Parameters
    ----------
    number : int or str
        The exercise.
    functions : dict
        Where its functions are found by their names.

    Raises
    ------
    AssertionError
        If something is wrong or not done yet; the message explains it.
    ValueError
        If there is no such exercise.
    """
    from npsr.exercises.examining import check_here

    check_here(number, functions)
