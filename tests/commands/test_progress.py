"""What a run tells at a terminal and elsewhere, and the picture of its convergence."""

import json
import sys

import numpy as np
import pytest
from helpers.running import run
from PIL import Image

from npsr.training.progress import reported, time_left

STAGE = {"images": 91, "reduced": 2, "sub_images": 375540}
ENTRIES = [
    {"step": 0, "samples": 0, "validation": 6.0, "seconds": 1.0},
    {"step": 5, "samples": 40, "loss": 3.0, "samples_per_second": 4, "seconds": 11.0},
    {"step": 6, "samples": 48, "loss": 2.75, "samples_per_second": 4, "seconds": 13.0},
    {"step": 7, "samples": 56, "loss": 2.5, "samples_per_second": 4, "validation": 30.5, "seconds": 15.0},
    {"step": 2000, "samples": 16000, "loss": 2.5, "samples_per_second": 4, "seconds": 4000.0},
]


def test_time_left():
    assert time_left(ENTRIES[0], 2000, 8) == ""
    assert time_left(ENTRIES[1], 2000, 8) == "1:06:30 left"
    assert time_left(ENTRIES[4], 2000, 8) == "0:00:00 left"


def test_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr("npsr.training.progress.time.monotonic", lambda: 100.0)
    with reported(2000, 8) as tell:
        for entry in [STAGE, *ENTRIES]:
            tell(entry)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "375540 sub-images of 91 images, the middle of 2 of them only, to bound memory"
    assert [int(line.split()[1].split("/")[0]) for line in lines] == [0, 7, 2000]
    assert "validation 30.500 dB" in lines[1]
    assert "loss 2.5000  4 samples/s" in lines[1]


@pytest.mark.parametrize("installed", [True, False])
def test_a_bar_if_rich_is_installed_and_lines_otherwise(capsys, monkeypatch, installed):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    if not installed:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    else:
        pytest.importorskip("rich")
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setenv("TERM", "xterm")
    with reported(2000, 8) as tell:
        for entry in [STAGE, *ENTRIES]:
            tell(entry)
    out = capsys.readouterr().out
    assert ("━" in out) == installed
    assert "375540 sub-images of 91 images" in out
    assert ("100%" if installed else "2000/2000") in out
    assert "validation 30.500 dB" in out


def test_the_picture_of_runs(capsys, tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        text = "".join(json.dumps(entry) + "\n" for entry in ENTRIES)
        (tmp_path / name / "log.jsonl").write_text("a foreign line\n" + text)
    for name in ("_hidden", "a$_$b"):
        (tmp_path / name).mkdir()
        values = ({}, float("nan"), 10**400, "abc")
        wrong = [{key: value} for key in ("loss", "validation") for value in values]
        wrong += [{"samples": None, "loss": 1}]
        text = "".join(json.dumps({"step": 1, "samples": 5, "seconds": 1} | each) + "\n" for each in wrong)
        (tmp_path / name / "log.jsonl").write_text(text)
        output = tmp_path / name / "p.png"
        assert run(capsys, "plot", tmp_path / name, "-o", output) == (0, f"{output}\n", "")
    pictures = []
    for against in ("samples", "steps", "seconds"):
        output = tmp_path / f"{against}.png"
        arguments = ("plot", tmp_path / "first", tmp_path / "second", "-o", output, "--against", against)
        assert run(capsys, *arguments)[0] == 0
        with Image.open(output) as image:
            pictures.append(np.asarray(image))
    assert pictures[0].shape[2] == 4
    assert not np.array_equal(pictures[0], pictures[2])
    assert run(capsys, "plot", tmp_path / "first", "-o", tmp_path / "f.svg")[0] == 0
    for words, *arguments in (
        ("is kept", tmp_path / "first", "-o", tmp_path / "f.svg"),
        ("must end in one of .png", tmp_path / "first", "-o", tmp_path / "f.jpeg"),
        ("no log of a run", tmp_path, "-o", tmp_path / "g.png"),
    ):
        code, _, err = run(capsys, "plot", *arguments)
        assert code == 2
        assert words in err


def test_the_picture_needs_matplotlib(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, err = run(capsys, "plot", tmp_path, "-o", tmp_path / "f.png")
    assert code == 2
    assert "pip install 'npsr[plot]'" in err
