"""Grading survives what students hand in, by mistake or not, and no row depends on another."""

import contextlib
import csv
import os
import sys
import time
from pathlib import Path

import pytest
from helpers.running import run

from exercises.test_tasks import solution
from npsr.exercises import grading
from npsr.exercises.course import NAMES, task
from npsr.exercises.examining import RIGHT, WRONG, examine
from npsr.exercises.grading import grade, read_submissions, write_table
from npsr.exercises.running import Limits
from npsr.system.version import __version__

LIMITS = Limits(seconds=15, megabytes=1024, confined=True)
FILE = "01_convolution.py"
posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")

HOSTILE = {
    "loops at import": "while True: pass",
    "loops when called": "def conv2d(*_):\n    while True: pass",
    "sleeps": "import time\ntime.sleep(1000)",
    "ignores signals": "from signal import *\nfor s in (2, 15, 24): signal(s, SIG_IGN)\nwhile True: pass",
    "allocates everything": "x = []\nwhile True: x.append(bytearray(2**28))",
    "returns gigabytes": "import numpy as np\ndef conv2d(*_): return np.zeros(2**26)",
    "prints megabytes": "for _ in range(200): print('x' * 10**5)",
    "exits at import": "raise SystemExit(0)",
    "exits when called": "def conv2d(*_): exit(0)",
    "ends the process": "import os\nos._exit(0)",
    "raises at import": "1 / 0",
    "is no text": b"\xff\xfe\x00 def",
    "holds a null byte": b"def conv2d():\x00 pass",
    "deletes its files": "import os, shutil\nshutil.rmtree(os.path.dirname(__file__))",
    "closes everything": "import os\nos.closerange(0, 200)",
    "kills its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGTERM)",
    "forges an answer": """
import os
for fd in range(64):
    try: os.write(fd, b'{"value": {"dict": [["result", 1], ["changed", {"list": []}]]}, "blobs": []}\\n')
    except OSError: pass
""",
    "patches the checker": """
import sys
def right(*_, **__): return True
for name, module in list(sys.modules.items()):
    if name.startswith(('npsr', 'json', 'numpy.testing')):
        for key in list(vars(module)):
            if callable(vars(module)[key]):
                try: setattr(module, key, right)
                except Exception: pass
def conv2d(*_): return 0
""",
    "claims to equal everything": """
import numpy as np
class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __le__(self, other): return np.True_
def conv2d(*_): return np.zeros((1, 1, 3, 3)).view(Equal)
""",
    "recurses": "def conv2d(*a): return conv2d(*a)",
    "has a message that fails": "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
}
STOPS = {"loops at import", "loops when called", "sleeps", "ignores signals"}


def hand_in(folder, student, content, name=FILE):
    place = folder / student
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


@pytest.fixture
def only_convolution(monkeypatch):
    """A course of one exercise."""
    monkeypatch.setattr(grading, "tasks", lambda: [task(1)])


@posix
@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_submission_is_wrong_and_nothing_else(tmp_path, title):
    place = hand_in(tmp_path, "a", HOSTILE[title])
    seconds = 2 if title in STOPS else 20
    outcome = examine(task(1), place / FILE, 0, Limits(seconds, 1024, confined=True))
    assert outcome.status == WRONG
    assert outcome.score == 0
    assert outcome.verdicts[0].what
    assert len(outcome.printed) <= 2000
    if title in STOPS:
        assert "longer than 2 s" in outcome.verdicts[0].what


@posix
def test_what_a_submission_starts_ends_with_it(tmp_path):
    mark = f"left over by {tmp_path}"  # of this test alone, also where several run at once
    source = f"""
import subprocess, sys
later = 'import time; time.sleep(60)  # {mark}'
subprocess.Popen([sys.executable, '-c', later], start_new_session=True)
while True: pass
"""
    place = hand_in(tmp_path, "a", source)
    outcome = examine(task(1), place / FILE, 0, Limits(2, 1024, confined=True))
    if "processes" not in outcome.guards:
        pytest.skip("this kernel gives no process tree of its own")
    until = time.monotonic() + 20
    while _running(mark) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _running(mark)


def _running(mark: str) -> list[bytes]:
    """Command lines of Python's processes with the mark."""
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(path.read_bytes())
    return [command for command in commands if mark.encode() in command and b"time.sleep" in command]


@posix
def test_no_row_depends_on_another(tmp_path, only_convolution):
    submissions = tmp_path / "class"
    right, table = solution(1, "vectorised"), tmp_path / "grades.csv"
    outside = f"""
import glob, os, shutil
for name in [*glob.glob({str(submissions / "*" / "*")!r}), {str(table)!r}, {str(tmp_path / "mark")!r}]:
    try: open(name, 'w').write('def conv2d(): pass')
    except OSError: pass
shutil.rmtree({str(submissions)!r}, ignore_errors=True)
for place in glob.glob('/tmp/npsr_*'):
    if place != os.getcwd(): shutil.rmtree(place, ignore_errors=True)
"""
    for student in ("anna", "zoe"):
        hand_in(submissions, student, right)
    hand_in(submissions, "mallory", outside + right)
    hand_in(submissions, "nobody", "", "readme.txt")
    hand_in(submissions, "quits", "import os\nos._exit(1)")
    (submissions / "empty").mkdir()
    (submissions / "a file beside").write_text("not a folder")
    read = read_submissions(submissions)
    assert [one.student for one in read] == ["anna", "empty", "mallory", "nobody", "quits", "zoe"]
    graded = grade(read, 0, LIMITS, 2)
    scores = {one.student: outcomes[0].score for one, outcomes in zip(read, graded, strict=True)}
    assert scores == {"anna": 1, "empty": 0, "mallory": 1, "nobody": 0, "quits": 0, "zoe": 1}
    write_table(table, read, graded, 0)
    alone = grade([one for one in read if one.student == "zoe"], 0, LIMITS, 1)
    assert alone[0][0].verdicts == graded[-1][0].verdicts
    if "files" in graded[0][0].guards:
        assert not (tmp_path / "mark").exists()
        assert (submissions / "zoe" / FILE).read_text() == right
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["student"], row["01_convolution"], row["total"]) for row in rows] == [
        ("anna", "1", "1.000"),
        ("empty", "0", "0.000"),
        ("mallory", "1", "1.000"),
        ("nobody", "0", "0.000"),
        ("quits", "0", "0.000"),
        ("zoe", "1", "1.000"),
    ]
    assert {(row["npsr"], row["seed"]) for row in rows} == {(__version__, "0")}


@posix
def test_names_and_files_of_all_kinds(tmp_path, only_convolution):
    names = ["=1+1", "-2", "@x", "+y", 'a, "b"', "new\nline", "Zoë 学", os.fsdecode(b"bad\xff"), ".hidden"]
    for name in names:
        hand_in(tmp_path / "class", name, solution(1, "loops"))
    strange = hand_in(tmp_path / "class", "strange", b"\xef\xbb\xbf" + solution(1, "loops").encode())  # a BOM
    os.mkfifo(strange / "02_convolution_gradients.py")
    (strange / "03_prelu.py").symlink_to("/etc/passwd")
    (strange / "04_deconvolution.py").symlink_to("04_deconvolution.py")
    (strange / "05_deconvolution_gradients.py").mkdir()
    (strange / "huge.py").write_bytes(b"#" * (grading.LARGEST_FILE + 1))
    (strange / "helpers").mkdir()
    (strange / "helpers" / "mine.py").write_text("x = 1")
    read = {one.student: one for one in read_submissions(tmp_path / "class")}
    assert set(read["strange"].files) == {FILE, str(Path("helpers", "mine.py"))}
    graded = grade(list(read.values()), 0, LIMITS, 2)
    assert {outcomes[0].status for outcomes in graded} == {RIGHT}
    write_table(tmp_path / "grades.csv", list(read.values()), graded, 0)
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        students = [row["student"] for row in csv.DictReader(file)]
    assert len(students) == len(names)  # without the hidden one, with the strange one
    assert not [student for student in students if student[0] in "=+-@"]
    assert {"'=1+1", 'a, "b"', "new\nline", "Zoë 学", "bad\\xff"} <= set(students)


@posix
def test_the_command(capsys, tmp_path, monkeypatch, only_convolution):
    hand_in(tmp_path / "class", "anna", solution(1, "loops"))
    hand_in(tmp_path / "class", "bert", solution(1, "loops").replace("stride * i + u", "i + u"))
    table = tmp_path / "grades.csv"
    code, out, _ = run(
        capsys, "exercises", "grade", tmp_path / "class", "-o", table, "--seed", 5, "--jobs", 1
    )
    assert code == 0
    assert "'anna'" in out
    first = table.read_bytes()
    assert b"stride is ignored" in first
    assert run(capsys, "exercises", "grade", tmp_path / "class", "-o", table)[0] == 2
    assert run(capsys, "exercises", "grade", tmp_path / "class", "-o", table, "--seed", 5, "--force")[0] == 0
    assert table.read_bytes() == first


@posix
def test_a_right_submission_may_have_helpers_classes_and_tests_of_its_own(tmp_path):
    source = """
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
from helper import scaled
@dataclass
class Layer:
    stride: int
def conv2d(x, weight, bias, stride):
    print('working', Layer(stride))
    return scaled(own(x, weight, bias, stride))
""" + solution(1, "loops").replace("def conv2d", "def own")
    place = hand_in(tmp_path, "a", source + "if __name__ == '__main__':\n    1 / 0\n")
    (place / "helper.py").write_text("def scaled(x):\n    return 1 * x\n")
    (place / "json.py").write_text("1 / 0")  # hides nothing
    outcome = examine(task(1), place / FILE, 0, LIMITS)
    assert outcome.status == RIGHT, outcome.verdicts
    assert "working" in outcome.printed


def test_every_exercise_has_a_column(tmp_path):
    write_table(tmp_path / "grades.csv", [], [], 0)
    head = (tmp_path / "grades.csv").read_text().strip().split(",")
    assert head == [
        "student",
        *[task(k + 1).name for k in range(len(NAMES))],
        "total",
        "remarks",
        "npsr",
        "seed",
    ]
