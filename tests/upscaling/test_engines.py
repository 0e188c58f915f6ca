"""Which engine makes a picture, and what is compiled meanwhile."""

import json
import subprocess
import sys

import numpy as np
import pytest
from helpers.running import environment, needs_jit, run
from PIL import Image

import npsr
from npsr.networks import inference_engine
from npsr.system.locking import locked
from npsr.upscaling import engines

pytestmark = needs_jit


@pytest.fixture
def started(monkeypatch):
    """As on a fresh installation; the commands that would be run to compile."""
    commands = []
    monkeypatch.setattr(inference_engine, "is_compiled", lambda: False)
    monkeypatch.setattr(engines, "Popen", lambda command, **_: commands.append(command))
    engines.compile_elsewhere.cache_clear()
    yield commands
    engines.compile_elsewhere.cache_clear()


def work(side, model="fsrcnn"):
    return [(npsr.load(model, 3), side**2)]


def test_small_pictures_do_not_wait_for_the_compiler(started):
    assert engines.chosen("auto", work(256)) == "numpy"
    assert engines.chosen("auto", work(256)) == "numpy"
    assert len(started) == 1


def test_large_pictures_do(started):
    assert engines.chosen("auto", work(4000)) is None
    assert engines.chosen("auto", work(256, "srcnn-ex")) is None  # 57,184 weights on nine times the pixels
    assert started == []


def test_what_is_asked_for_is_taken(started):
    for engine in (None, "plain", "numpy", "fast"):
        assert engines.chosen(engine, work(8)) == engine
    assert started == []


def test_what_is_compiled_is_used(monkeypatch, started):
    monkeypatch.setattr(inference_engine, "is_compiled", lambda: True)
    assert engines.chosen("auto", work(8)) is None
    assert engines.chosen("auto", []) is None
    assert started == []


def test_the_command_reports_the_engine(capsys, tmp_path, scene, started):
    Image.fromarray((scene(30, 34, 3) * 255).astype(np.uint8)).save(tmp_path / "in.png")
    made = {}
    for engine in ("auto", "fast", "plain", "numpy"):
        out, summary = tmp_path / f"{engine}.png", tmp_path / f"{engine}.json"
        arguments = ["upscale", tmp_path / "in.png", "-o", out, "--engine", engine, "--json", summary, "-v"]
        code, printed, _ = run(capsys, *arguments)
        assert code == 0
        name = {"auto": "numpy"}.get(engine, engine)
        assert f"engine {name}" in printed
        assert json.loads(summary.read_text())["files"][0]["engine"] == name
        with Image.open(out) as image:
            made[engine] = np.array(image).astype(int)
    assert len(started) == 1
    np.testing.assert_array_equal(made["auto"], made["numpy"])
    for engine in ("plain", "numpy"):
        assert abs(made[engine] - made["fast"]).max() <= 1


def test_bicubic_has_no_engine(capsys, tmp_path, started):
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(tmp_path / "in.png")
    summary = tmp_path / "r.json"
    run(capsys, "upscale", tmp_path / "in.png", "-m", "bicubic", "-o", tmp_path / "o.png", "--json", summary)
    assert json.loads(summary.read_text())["files"][0]["engine"] == ""
    assert started == []


def test_the_process_that_compiles(started):
    """It finds the code compiled by this process, and ends."""
    npsr.load("fsrcnn-s", 3)(np.zeros((1, 1, 8, 8)))
    engines.compile_elsewhere()
    (command,) = started
    assert command[0] == sys.executable
    assert subprocess.run(command, env=environment(), check=False).returncode == 0


def test_one_process_compiles_at_a_time(monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(inference_engine, "is_compiled", lambda: False)
    monkeypatch.setattr(engines, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(engines, "load", lambda *_: calls.append)
    engines.compile_now()
    assert len(calls) == 1
    (lock,) = tmp_path.iterdir()
    with locked(lock):
        engines.compile_now()
    assert len(calls) == 1
