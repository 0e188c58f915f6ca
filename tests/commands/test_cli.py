"""The commands, as a user runs them."""

import json
import logging
import shlex
import subprocess
import sys

import numpy as np
import pytest
from helpers.matlab_writer import fsrcnn_file
from helpers.running import environment, needs_jit, run
from PIL import Image

import npsr


@pytest.fixture
def photo(tmp_path, scene):
    Image.fromarray((scene(27, 30, 3) * 255).astype(np.uint8)).save(tmp_path / "my.png")
    return tmp_path / "my.png"


def test_users_mistakes_exit_with_2_and_one_line(capsys, photo, tmp_path):
    (tmp_path / "bad.png").write_bytes(photo.read_bytes()[:100])
    (tmp_path / "bad.npz").write_bytes(b"bad")
    (tmp_path / "empty").mkdir()
    for arguments in (
        ["upscale", tmp_path / "none.png"],
        ["upscale", tmp_path / "bad.png"],
        ["upscale", photo, "-o", tmp_path / "out.xyz"],
        ["upscale", photo, "-o", tmp_path / "none" / "out.png"],
        ["upscale", photo, "-m", "espcn"],
        ["upscale", photo, "-s", 65],
        ["upscale", tmp_path / "empty"],
        ["evaluate", tmp_path, "-s", 3, "--json", tmp_path / "none" / "r.json"],
        ["upscale", photo, "-m", tmp_path / "bad.npz"],
        ["evaluate", tmp_path / "none", "-s", 3],
        ["evaluate", tmp_path, "-s", 3, "-m", "bicubic"],
        ["info", "espcn"],
        ["gradcheck", "-m", "espcn"],
        ["import", photo, "-o", tmp_path / "x.npz", "-s", 3],
    ):
        code, _, err = run(capsys, *arguments)
        assert code == 2, arguments
        assert err.startswith("npsr: error: ")
        assert err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"my.png", "bad.png", "bad.npz", "empty"}


def test_numbers_below_1_exit_with_2(capsys, photo):
    for arguments in (
        ["info", "fsrcnn", "-s", 0],
        ["info", "fsrcnn", "-s", "-3"],
        ["info", "srcnn", "-s", "x"],
    ):
        code, _, err = run(capsys, *arguments)
        assert code == 2
        assert "is not a whole number of at least 1" in err or "expected one argument" in err


def test_an_unwritable_folder(capsys, photo, tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("npsr.system.files.mkstemp", refuse)
    code, _, err = run(capsys, "upscale", photo, "-m", "bicubic")
    assert code == 2
    assert "cannot be written: Permission denied" in err


def test_evaluate(capsys, photo, tmp_path):
    code, out, _ = run(capsys, "evaluate", tmp_path, "-s", 3, "-m", "bicubic", "--json", tmp_path / "r.json")
    assert code == 0
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["images"][0]["name"] == "my.png"
    assert result["psnr"] == result["images"][0]["psnr"]
    assert result["ssim"] == result["images"][0]["ssim"]
    assert f"{result['psnr']:.3f}" in out
    assert run(capsys, "evaluate", tmp_path, "-s", 3, "-m", "bicubic", "--json", tmp_path / "r.json")[0] == 2
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "small.png")
    code, _, err = run(capsys, "evaluate", tmp_path, "-s", 3, "-m", "bicubic")
    assert code == 2
    assert "too small" in err


def test_the_psnr_of_equal_images_is_null_in_json(capsys, tmp_path):
    Image.fromarray(np.full((30, 30), 77, np.uint8)).save(tmp_path / "flat.png")
    code, out, _ = run(capsys, "evaluate", tmp_path, "-s", 3, "-m", "bicubic", "--json", tmp_path / "r.json")
    assert code == 0
    assert "inf" in out

    def no_constants(name):
        raise AssertionError(name)

    result = json.loads((tmp_path / "r.json").read_text(), parse_constant=no_constants)
    assert result["psnr"] is result["images"][0]["psnr"] is None
    assert result["ssim"] == 1


def test_info(capsys):
    code, out, _ = run(capsys, "info", "fsrcnn", "-s", 3)
    assert code == 0
    assert "12464" in out
    assert "Conv(3, 12, 12)" in out
    assert "16,5,1" in run(capsys, "info", "fsrcnn(16,5,1)")[1]


@needs_jit
def test_gradcheck(capsys):
    code, out, _ = run(capsys, "gradcheck", "-m", "fsrcnn", "-s", 3)
    assert code == 0
    assert "deconvolution.weight" in out
    assert "FAILS" not in out


def test_gradcheck_fails_when_the_gradient_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(
        "npsr.networks.network.conv2d_backward_bias", lambda dy: 1.01 * dy.sum(axis=(0, 2, 3))
    )
    code, out, _ = run(capsys, "gradcheck", "-m", "fsrcnn(2,2,0)")
    assert code == 1
    assert "FAILS" in out


def test_import(capsys, tmp_path):
    fsrcnn_file(tmp_path / "Net_x2.mat", npsr.fsrcnn(3, 2, 1, 2, shared_slopes=True))
    code, out, _ = run(capsys, "import", tmp_path / "Net_x2.mat", "-o", tmp_path / "net.npz")
    assert code == 0
    assert "fsrcnn(3,2,1) ×2" in out
    assert npsr.load(tmp_path / "net.npz").scale == 2
    assert run(capsys, "import", tmp_path / "Net_x2.mat", "-o", tmp_path / "net.npz")[0] == 2
    assert run(capsys, "import", tmp_path / "Net_x2.mat", "-o", tmp_path / "net.npz", "--force")[0] == 0


def test_interruption_is_told(capsys, monkeypatch, photo):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("npsr.upscaling.batch.open_image", interrupt)
    assert run(capsys, "upscale", photo)[0] == 130


def test_what_the_kernels_log_is_told(capsys, monkeypatch, photo):
    log = logging.getLogger("npsr_kernels")

    def read(*_):
        log.info("compiling")
        raise ValueError("stop")

    monkeypatch.setattr("npsr.upscaling.batch.open_image", read)
    assert run(capsys, "upscale", photo) == (2, "", f"npsr: compiling\nnpsr: error: {photo}: stop\n")
    assert not log.handlers


def test_help_does_not_import_numba():
    code = (
        "import sys, runpy; sys.argv = ['npsr', '--help']\n"
        "try: runpy.run_module('npsr', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'numba', 'numpy', 'scipy'} & set(sys.modules)"
    )
    assert (
        "upscale"
        in subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )


def npsr_process(*arguments, **changes):
    command = [sys.executable, "-m", "npsr", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment(**changes), **pipes)


def test_a_reader_that_leaves_early_is_no_error():
    process = npsr_process("info", "fsrcnn")
    process.stdout.close()  # as `head` does
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_terminal_that_knows_only_ascii():
    process = npsr_process("info", "fsrcnn", PYTHONIOENCODING="ascii")
    out, error = process.communicate()
    assert (process.returncode, error) == (0, b"")
    assert b"12464" in out
    assert out.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_closed_streams_are_no_mistake():
    command = f"{shlex.quote(sys.executable)} -m npsr info fsrcnn -s 3 >&- 2>&-"
    assert subprocess.run(command, shell=True, env=environment(), check=False).returncode == 0
