"""A stub as a notebook, from the same text, and a notebook's code as a submission.

Cells carry the metadata of nbgrader (schema 3): the stub's functions are cells of solutions, and
one locked cell for each exercise checks them. nbgrader is not needed to work with them.
"""

import ast
import json
from typing import Any

from npsr.exercises.course import Task

Cell = dict[str, Any]


def notebook(task: Task) -> dict[str, Any]:
    """The notebook of an exercise, as nbformat 4.5 wants it.

    Parameters
    ----------
    task : Task
        The exercise.

    Returns
    -------
    dict
        Its JSON: the text, the imports, a cell for each function, and a cell that checks them.
    """
    tree = ast.parse(task.stub)
    lines = task.stub.splitlines()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    above = lines[tree.body[0].end_lineno : functions[0].lineno - 1]
    cells = [_cell("markdown", f"{task.name}_text", _markdown(task), locked=True)]
    if any(line.strip() for line in above):
        cells.append(_cell("code", f"{task.name}_imports", "\n".join(above).strip(), locked=True))
    for node in functions:
        source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        cells.append(_cell("code", f"{task.name}_{node.name}", source, solution=True))
    check = f"from npsr.exercises import check\n\ncheck({task.number}, globals())"
    cells.append(_cell("code", f"{task.name}_check", check, grade=True, locked=True, points=1))
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": language},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def code(content: bytes) -> str:
    """The code of a notebook's cells of solutions and imports, as one Python file.

    Raises
    ------
    ValueError
        If it is no notebook.
    """
    try:
        cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells if not _checks(cell)]
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is no notebook ({error})") from error
    kept = [line for source in sources for line in [*source.splitlines(), ""] if line[:1] not in ("%", "!")]
    return "\n".join(kept)


def _checks(cell: Cell) -> bool:
    """Whether a cell is the locked one that checks."""
    return bool(cell["metadata"].get("nbgrader", {}).get("grade"))


def _markdown(task: Task) -> str:
    """The task's text: its first line a heading; Markdown takes its indented formulas as they are."""
    title, _, rest = task.text.partition("\n")
    head, _, body = rest.strip().partition("\n\n")
    said = head.replace("\nTime:", "\n\nTime:").replace("\nExplorer:", "\n\nExplorer:")
    return f"# {task.number} · {title}\n\n{said}\n\n{body}"


def _cell(
    kind: str,
    identity: str,
    source: str,
    grade: bool = False,
    solution: bool = False,
    locked: bool = False,
    points: int | None = None,
) -> Cell:
    marks: Cell = {"grade": grade, "grade_id": identity, "locked": locked, "schema_version": 3}
    marks |= {"solution": solution, "task": False} | ({} if points is None else {"points": points})
    cell: Cell = {"cell_type": kind, "id": identity[:64].replace("_", "-"), "metadata": {"nbgrader": marks}}
    cell["source"] = source.splitlines(keepends=True)
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
