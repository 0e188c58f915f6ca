"""The notebooks: valid, of the stubs' text, accepted by nbgrader's rules; they run from top to bottom."""

import json
import re

import nbformat
import pytest
from helpers.running import run
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from exercises.test_grading import LIMITS, posix
from exercises.test_tasks import defined, each_task, solution
from npsr.exercises import grading
from npsr.exercises.course import NAMES, task, tasks
from npsr.exercises.examining import RIGHT, judged
from npsr.exercises.grading import grade, read_submissions
from npsr.exercises.notebook import code, notebook

REQUIRED = {"schema_version": int, "grade": bool, "locked": bool, "solution": bool, "grade_id": str}
OPTIONAL = {"task": bool, "points": int}
"""Of nbgrader's schema 3, what an assignment that is not yet released has."""


def solved(number, style):
    """The notebook with a right solution pasted in: all of it into the first cell of a function."""
    made = notebook(task(number))
    cells = [cell for cell in made["cells"] if cell["metadata"]["nbgrader"]["solution"]]
    for cell in cells:
        cell["source"] = []
    cells[0]["source"] = solution(number, style).splitlines(keepends=True)
    return made


def read(made):
    """As Jupyter opens it."""
    return nbformat.reads(json.dumps(made), 4)


@each_task
def test_it_is_a_notebook_and_says_what_the_stub_says(number):
    asked = task(number)
    made = notebook(asked)
    nbformat.validate(read(made))
    text = "\n".join("".join(cell["source"]) for cell in made["cells"])
    words = re.findall(r"\w+", asked.stub)
    assert set(words) <= set(re.findall(r"\w+", text))
    assert all(name in judged_names(made) for name in asked.functions)


def judged_names(made):
    cells = [c for c in made["cells"] if c["metadata"]["nbgrader"]["solution"]]
    return [re.match(r"def (\w+)", "".join(cell["source"]))[1] for cell in cells]


@each_task
def test_the_metadata_are_those_of_nbgrader(number):
    seen = set()
    for cell in notebook(task(number))["cells"]:
        marks = cell["metadata"]["nbgrader"]
        assert set(REQUIRED) <= set(marks) <= set(REQUIRED) | set(OPTIONAL)
        for key, value in marks.items():
            assert type(value) is (REQUIRED | OPTIONAL)[key]
        assert marks["schema_version"] == 3
        assert re.fullmatch(r"[a-zA-Z0-9_\-]+", marks["grade_id"])
        assert marks["grade_id"] not in seen
        seen.add(marks["grade_id"])
        assert ("points" in marks) == marks["grade"]
        if cell["cell_type"] == "markdown":
            assert not marks["grade"]
            assert not marks["solution"]
    kinds = [cell["metadata"]["nbgrader"] for cell in notebook(task(number))["cells"]]
    assert [marks["grade"] for marks in kinds].count(True) == 1
    assert kinds[-1]["points"] == 1


def executed(numbers, style):
    """All notebooks' cells in one kernel, one after another."""
    cells = [cell for number in numbers for cell in solved(number, style)["cells"]]
    whole = read(notebook(task(1)) | {"cells": cells})
    NotebookClient(whole, timeout=300, kernel_name="python3").execute()
    return whole


def test_they_run_from_top_to_bottom_with_right_solutions():
    whole = executed(range(1, len(NAMES) + 1), "vectorised")
    printed = "".join(
        out["text"] for cell in whole.cells for out in cell.get("outputs", []) if out.output_type == "stream"
    )
    assert printed == "".join(f"{asked.name}: right\n" for asked in tasks())


def test_a_wrong_one_stops_with_its_hint(monkeypatch):
    made = solved(8, "vectorised")
    source = "".join(made["cells"][1]["source"])
    made["cells"][1]["source"] = source.replace("57184 * n * n", "57184")
    with pytest.raises(CellExecutionError, match="n² is missing"):
        NotebookClient(read(made), timeout=300, kernel_name="python3").execute()


def test_code_comes_back_out_of_them():
    made = solved(3, "loops")
    made["cells"].insert(1, {"cell_type": "code", "metadata": {}, "source": "%matplotlib inline\n!ls\nx = 1"})
    functions = defined(code(json.dumps(made).encode()))
    assert {verdict.status for verdict in judged(task(3), functions)} == {RIGHT}
    for broken in (b"", b"[]", b"{}", b'{"cells": [{}]}', b"\xff"):
        with pytest.raises(ValueError, match="no notebook"):
            code(broken)


@posix
def test_a_class_may_hand_in_notebooks(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "tasks", lambda: [task(8)])
    for student, content in (("anna", json.dumps(solved(8, "loops"))), ("bert", "no notebook")):
        (tmp_path / student).mkdir()
        (tmp_path / student / "08_counting.ipynb").write_text(content)
    graded = grade(read_submissions(tmp_path), 0, LIMITS, 1)
    assert [outcomes[0].score for outcomes in graded] == [1, 0]


def test_the_command_writes_them(capsys, tmp_path):
    assert run(capsys, "exercises", "notebook", tmp_path / "course")[0] == 0
    assert {p.name for p in (tmp_path / "course").iterdir()} == {f"{asked.name}.ipynb" for asked in tasks()}
    for path in (tmp_path / "course").iterdir():
        nbformat.validate(nbformat.read(path, 4))
