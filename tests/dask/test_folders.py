"""A folder of images on a cluster: the files that one machine writes; and clusters that cannot do it."""

import numpy as np
import pytest
from helpers.running import needs_jit, run, said
from PIL import Image

distributed = pytest.importorskip("distributed", reason="needs npsr[dask]")


@pytest.fixture
def photos(tmp_path, scene):
    (tmp_path / "photos" / "inner").mkdir(parents=True)
    for name in ("a.png", "inner/b.png", "c.jpg"):
        Image.fromarray((scene(40, 50, 3) * 255).astype(np.uint8)).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "broken.png").write_bytes(b"\x89PNG")
    (tmp_path / "photos" / "film.mp4").write_bytes(b"0")
    return tmp_path / "photos"


@needs_jit
def test_a_folder(photos, address, capsys, monkeypatch):
    monkeypatch.chdir(photos.parent)
    arguments = "upscale", "photos", "-s", 2, "-m", "fsrcnn-s", "--json"
    code, out, err = run(capsys, *arguments, "there.json", "-o", "there", "--scheduler", address)
    assert code == 2
    assert "broken.png" in err
    run(capsys, *arguments, "here.json", "-o", "here")
    here = sorted(path for path in (photos.parent / "here").rglob("*") if path.is_file())
    assert len(here) == 3
    for path in here:
        other = photos.parent / "there" / path.relative_to(photos.parent / "here")
        assert other.read_bytes() == path.read_bytes()
        assert f"there/{path.relative_to(photos.parent / 'here')}: 100×80 in" in out
    again = run(capsys, *arguments[:-1], "-o", "there", "--scheduler", address)[1]
    assert again.count("exists and is kept") == 3


def test_no_scheduler_is_a_line(photos, capsys, monkeypatch):
    monkeypatch.setattr("npsr.dask.cluster.PATIENCE", 0.3)
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        code, _, err = run(capsys, "upscale", photos, "--scheduler", address)
        assert (code, len(said(err))) == (2, 1)
        assert f"no scheduler answers at {address}: start one there with `dask scheduler`" in err


def test_no_workers_is_a_line(photos, capsys, monkeypatch):
    monkeypatch.setattr("npsr.dask.cluster.PATIENCE", 0.3)
    options = {"processes": False, "n_workers": 0, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as empty:
        code, _, err = run(capsys, "upscale", photos, "--scheduler", empty.scheduler_address)
    assert (code, len(said(err))) == (2, 1)
    assert "has no workers: start some with `dask worker" in err


def test_another_version_is_a_line(photos, address, capsys, monkeypatch):
    monkeypatch.setattr("npsr.dask.cluster.__version__", "0.0.9")
    code, _, err = run(capsys, "upscale", photos, "--scheduler", address)
    assert (code, len(said(err))) == (2, 1)
    assert "has npsr 0.1.0, but this is 0.0.9: install the same version on every machine" in err


def test_a_folder_that_workers_do_not_see_is_a_line(photos, address, capsys, monkeypatch):
    monkeypatch.setattr("npsr.dask.cluster._exists", lambda path: False)
    code, _, err = run(capsys, "upscale", photos, "--scheduler", address)
    assert (code, len(said(err))) == (2, 1)
    assert f"does not see the folder {photos.parent}: results must lie where every worker finds them" in err


def test_a_pipe_does_not_reach_a_cluster(capsys, address):
    code, _, err = run(capsys, "upscale", "-", "-o", "-", "--scheduler", address)
    assert code == 2
    assert "a pipe ends at this machine" in err
