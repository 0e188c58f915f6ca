"""Every exercise: right solutions in two styles pass, wrong ones fail with hints, stubs are not done."""

import json
import re
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from helpers.panels import PANELS
from helpers.running import run

from exercises.wrong import WRONG as SHELF
from npsr.exercises import check
from npsr.exercises.course import NAMES, task, tasks
from npsr.exercises.examining import NOT_DONE, RIGHT, WRONG, judged
from npsr.exercises.ground.calling import Caller
from npsr.exercises.ground.checking import Check, Student, Wrong

SOLUTIONS = Path(__file__).parent / "solutions"
STYLES = ("loops", "vectorised", "odd")
each_task = pytest.mark.parametrize("number", range(1, len(NAMES) + 1))


def solution(number, style):
    return (SOLUTIONS / style / f"{task(number).name}.py").read_text()


def defined(source):
    """What a submission defines; the mutants keep something between calls in KEPT."""
    names = {"KEPT": {}}
    exec(compile(source, "submission", "exec"), names)
    return names


def verdicts(number, source, seed=0):
    with warnings.catch_warnings():  # a wrong submission may divide by 0
        warnings.simplefilter("ignore")
        return judged(task(number), defined(source), seed)


@each_task
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", [0, 1])
def test_right_solutions_pass(number, style, seed):
    found = verdicts(number, solution(number, style), seed)
    assert not [verdict for verdict in found if verdict.status != RIGHT]


@pytest.mark.parametrize(
    ("number", "style", "text", "wrong", "hint"),
    [(number, *mutant) for number, mutants in SHELF.items() for mutant in mutants],
)
def test_wrong_solutions_fail_with_their_hints(number, style, text, wrong, hint):
    source = solution(number, style)
    assert text in source
    failed = [verdict for verdict in verdicts(number, source.replace(text, wrong)) if verdict.status != RIGHT]
    assert failed
    assert all(verdict.status == WRONG and verdict.what for verdict in failed)
    assert any(re.search("|".join(map(re.escape, hint.split("|"))), f"{v.hint} {v.what}") for v in failed), (
        failed
    )


@each_task
def test_a_shelf_has_at_least_eight(number):
    assert len(SHELF[number]) >= 8


@each_task
def test_a_stub_is_not_done_yet_and_says_what_it_must(number):
    asked = task(number)
    assert {verdict.status for verdict in verdicts(number, asked.stub)} == {NOT_DONE}
    assert asked.title
    assert asked.learns
    assert 20 <= asked.minutes <= 90
    assert asked.panel in PANELS
    assert "How it is checked" not in asked.stub
    assert all(len(line) <= 110 for line in asked.stub.splitlines())
    for name in asked.functions:
        assert f"def {name}(" in asked.stub
    assert set(re.findall(r"^def (\w+)", asked.stub, re.MULTILINE)) == set(asked.functions)


@each_task
def test_results_of_other_kinds_are_wrong_but_no_defect(number):
    asked = task(number)
    for value in (
        None,
        0,
        True,
        "y",
        [],
        {},
        (1, 2, 3),
        object(),
        float("nan"),
        np.zeros(0),
        np.zeros((1, 1, 3, 3)),
    ):
        for verdict in judged(asked, dict.fromkeys(asked.functions, lambda *_, value=value: value)):
            assert verdict.status == WRONG, (verdict, value)
            assert verdict.what
            assert "a defect of npsr" not in verdict.what


@each_task
def test_no_check_by_itself_takes_a_reply_for_a_defect(number):
    """Later checks never see such replies while earlier ones refuse them; each must look by itself.
    Some replies are right for some checks; none may raise what is reported as a defect."""
    asked = task(number)
    names = ("parameters", "velocity", "first.weight", "deconvolution.weight")
    for value in (
        None,
        3,
        "y",
        (None, None, None),
        ({}, {}, [None]),
        [object()],
        dict.fromkeys(names),
        np.array([None]),
        np.array(["y"]),
        np.array("2001", "M8"),
        np.ones((1, 1, 3, 3), complex),
        np.zeros((2, 2, 2, 2, 2)),
    ):
        caller = Caller(dict.fromkeys(asked.functions, lambda *_, value=value: value), "")
        for one in asked.checks:
            with warnings.catch_warnings(), suppress(Wrong, ValueError, LookupError):
                warnings.simplefilter("ignore")  # a mistake that is tried may divide by 0
                one.run(Student(caller, asked.arguments), np.random.default_rng(0))


@pytest.mark.parametrize("kind", [TypeError, AttributeError])
def test_a_defect_of_a_check_is_reported_as_one_and_the_rest_goes_on(monkeypatch, kind):
    def broken(student, rng):
        student("conv2d", *(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), np.zeros(1), 1))
        raise kind("planted")

    asked = task(1)
    monkeypatch.setattr(asked.module, "CHECKS", [Check("conv2d", "broken", broken)])
    (verdict,) = judged(asked, defined(solution(1, "loops")))
    assert verdict.status == WRONG
    assert verdict.what.startswith(f"a defect of npsr, not of what it was given ({kind.__name__}: planted)")


def test_a_reply_of_the_submissions_own_making_is_wrong():
    def forged(name, arguments):
        return {"result": None, "changed": ["x", 99]}

    with pytest.raises(Wrong, match="cannot be read"):
        Student(forged, task(1).arguments)("conv2d", np.ones(1))


@each_task
def test_exceptions_of_all_kinds_are_told(number):
    asked = task(number)
    for error in (
        ValueError("no"),
        SystemExit(3),
        MemoryError(),
        KeyboardInterrupt(),
        RecursionError("deep"),
    ):

        def fail(*_, error=error):
            raise error

        for verdict in judged(asked, dict.fromkeys(asked.functions, fail)):
            assert verdict.status == WRONG
            assert verdict.what
    assert {verdict.status for verdict in judged(asked, {})} == {WRONG}  # no such function


def test_in_a_notebook(capsys):
    check(1, defined(solution(1, "loops")))
    assert "right" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="not done yet"):
        check("01", defined(task(1).stub))
    with pytest.raises(ValueError, match="no exercise '13'"):
        check(13, {})


def test_the_course_as_a_student_goes_through_it(capsys, tmp_path):
    folder = tmp_path / "my course"
    code, out, _ = run(capsys, "exercises", "list")
    assert code == 0
    assert all(asked.name in out and asked.panel in out for asked in tasks())
    code, out, _ = run(capsys, "exercises", "start", folder)
    assert code == 0
    assert "npsr exercises check FOLDER 1" in out
    assert {path.name for path in folder.iterdir()} == {f"{asked.name}.py" for asked in tasks()}

    code, out, err = run(capsys, "exercises", "check", folder)
    assert code == 1
    assert out.count("not done yet") == len(NAMES)
    assert "Traceback" not in out + err

    (folder / "01_convolution.py").rename(folder / "kept")
    (folder / "01_convolution.ipynb").write_text("{}")
    assert "checks itself in its last cell" in run(capsys, "exercises", "check", folder, "1")[1]
    (folder / "01_convolution.ipynb").unlink()
    (folder / "kept").unlink()

    (folder / "01_convolution.py").write_text(solution(1, "loops"))
    half = (
        solution(3, "vectorised").partition("def prelu_backward")[0]
        + task(3).stub.partition("def prelu(")[2][:0]
    )
    (folder / "03_prelu.py").write_text(
        half + "def prelu_backward(dy, x, slope):\n    raise NotImplementedError\n"
    )
    (folder / "05_deconvolution_gradients.py").write_text("def deconv2d_backward(:\n")
    (folder / "06_sub_pixel.py").unlink()
    (folder / "08_counting.py").write_text(
        "print('hello from 8')\n" + solution(8, "loops").replace("n**2", "n")
    )
    report = tmp_path / "report.json"
    code, out, _ = run(capsys, "exercises", "check", folder, "1", "03", "5", "6", "8", "--json", report)
    assert code == 1
    assert out.count("line 1") == 1
    assert "n² is meant" in out
    assert "it printed: hello from 8" in out
    assert "Traceback" not in out
    found = {one["number"]: one for one in json.loads(report.read_text())["exercises"]}
    assert {number: one["status"] for number, one in found.items()} == {
        1: RIGHT,
        3: NOT_DONE,
        5: WRONG,
        6: NOT_DONE,
        8: WRONG,
    }
    assert (found[3]["score"], found[8]["score"]) == (0.5, 0.8)
    assert run(capsys, "exercises", "check", folder, "1", "--json", report)[0] == 0

    before = (folder / "01_convolution.py").read_text()
    assert "11 files were there already" in run(capsys, "exercises", "start", folder)[1]
    assert (folder / "01_convolution.py").read_text() == before


def test_mistakes_of_the_user(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for arguments in (
        ["check", tmp_path / "none"],
        ["check", tmp_path, "13"],
        ["check", tmp_path, "0"],
        ["check", tmp_path, "first"],
        ["check", tmp_path, "--json", tmp_path / "none" / "report.json"],
        ["start", tmp_path / "file"],
        ["notebook", tmp_path / "file"],
        ["grade", tmp_path / "none", "-o", tmp_path / "grades.csv"],
        ["grade", tmp_path, "-o", tmp_path / "grades.csv"],
        ["grade", tmp_path, "-o", tmp_path / "none" / "grades.csv"],
    ):
        code, _, err = run(capsys, "exercises", *arguments)
        assert code == 2, arguments
        assert err.startswith("npsr: error: ")
        assert err.count("\n") == 1
