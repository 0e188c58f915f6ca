"""`npsr upscale`, as a user runs it."""

import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from helpers.pictures import moving
from helpers.running import environment, needs_jit, run
from PIL import Image

import npsr
from npsr.images.row_files import TiffRows
from npsr.system.files import atomic_write


@pytest.fixture
def photos(tmp_path, scene):
    """A folder with a subfolder and a bad file."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for k, name in enumerate(("a.png", "b.tif", "sub/ü 日本.png", "sub/d.bmp")):
        Image.fromarray((scene(20 + k, 30, 3) * 255).astype(np.uint8)).save(folder / name)
    (folder / "bad.png").write_bytes((folder / "a.png").read_bytes()[:300])
    return folder


def digests(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_a_folder_its_bad_file_and_a_second_run(capsys, photos, tmp_path):
    before, out, summary = digests(photos), tmp_path / "out", tmp_path / "r.json"
    arguments = ["upscale", photos, "-o", out, "-s", 2, "-m", "bicubic", "--json", summary, "--force", "-v"]
    code, told, err = run(capsys, *arguments)
    assert code == 2
    assert err.count("npsr: error:") == 1
    assert "bad.png" in err
    names = {"a_bicubic_x2.png", "b_bicubic_x2.tif", "sub/ü 日本_bicubic_x2.png", "sub/d_bicubic_x2.bmp"}
    assert set(digests(out)) == names
    assert "4 done, 1 failed" in told
    assert "chroma" in told
    for name in ("a.png", "sub/d.bmp"):
        with Image.open(photos / name) as image:
            expected = npsr.upscale(np.array(image), 2, "bicubic")
        stem, suffix = name.rsplit(".", 1)
        with Image.open(out / f"{stem}_bicubic_x2.{suffix}") as image:
            np.testing.assert_array_equal(np.array(image), expected)
    found = json.loads(summary.read_text())
    assert (found["done"], found["skipped"], found["failed"]) == (4, 0, 1)
    assert {file["status"] for file in found["files"]} == {"done", "failed"}
    assert found["files"][-1]["networks"] == []
    assert digests(photos) == before

    made = digests(out)
    (out / "a_bicubic_x2.png").unlink()
    code, told, _ = run(capsys, *arguments[:-2])  # without --force: the summary is kept
    assert code == 2
    code, told, _ = run(capsys, *arguments[:8])
    assert "1 done, 3 skipped, 1 failed" in told
    assert digests(out) == made


def test_whatever_the_file_system_answers_is_a_line(capsys, photos, tmp_path):
    """A link in a circle, a dead link, and a name of two lines; and what is passed over is counted."""
    (photos / "bad.png").unlink()
    (photos / "loop.png").symlink_to("loop.png")
    (photos / "dead.png").symlink_to("nowhere.png")
    (photos / "two\nlines.png").write_bytes(b"no image")
    (photos / "notes.txt").write_text("x")
    summary = tmp_path / "r.json"
    code, told, err = run(
        capsys, "upscale", photos, "-s", 2, "-m", "bicubic", "-o", tmp_path / "out", "--json", summary
    )
    assert code == 2
    assert "4 done, 3 failed" in told
    assert "1 file passed over: 1 .txt" in told
    assert sorted(line.startswith("npsr: error: ") for line in err.splitlines()) == [True] * 3
    assert all(name in err for name in ("loop.png", "dead.png", "two\\nlines.png"))
    assert json.loads(summary.read_text())["passed_over"] == {".txt": 1}
    code, told, _ = run(capsys, "upscale", photos, "--dry-run")
    assert "1 file passed over: 1 .txt" in told


def test_a_result_that_the_sources_format_cannot_hold_is_a_png(capsys, tmp_path):
    """Unless that format was asked for; the same command again finds it done."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    rgba = np.full((4, 6, 4), 77, np.uint8)
    Image.fromarray(rgba).save(folder / "clear.png")
    (folder / "clear.png").rename(folder / "clear.jpg")
    (folder / "moving.jpg").write_bytes(moving("GIF")[0])
    Image.fromarray(np.zeros((1, 9000, 3), np.uint8)).save(folder / "long.webp")
    arguments = ["upscale", folder, "-s", 2, "-m", "bicubic", "-o", out]
    code, told, _ = run(capsys, *arguments)
    assert code == 0
    names = {"clear_bicubic_x2.jpg.png", "moving_bicubic_x2.jpg.png", "long_bicubic_x2.webp.png"}
    assert {path.name for path in out.iterdir()} == names
    assert "written as .png, as .jpg cannot hold transparency" in told
    assert "written as .png, as .jpg holds one picture, but there are 4 frames" in told
    assert "written as .png, as 18000×2 is more than the 16383 pixels a side that .webp can hold" in told
    made = digests(out)
    code, told, _ = run(capsys, *arguments)
    assert (code, "3 skipped" in told) == (0, True)
    assert digests(out) == made
    code, _, err = run(capsys, *arguments, "-f", "jpg")
    assert code == 2
    assert "cannot hold transparency: write .png" in err
    code, _, err = run(capsys, "upscale", folder / "clear.jpg", "-m", "bicubic", "-o", tmp_path / "x.jpg")
    assert code == 2
    code, told, _ = run(capsys, "upscale", folder / "clear.jpg", "-s", 2, "-m", "bicubic")
    assert (folder / "clear_bicubic_x2.jpg.png").exists()


def test_what_a_killed_run_left_goes_even_if_there_is_nothing_to_do(capsys, photos, tmp_path):
    (photos / "bad.png").unlink()
    arguments = ["upscale", photos, "-s", 2, "-m", "bicubic", "-o", tmp_path / "out"]
    assert run(capsys, *arguments)[0] == 0
    left = tmp_path / "out" / "sub" / ".x.png.npsr-abcd1234.part"
    left.write_bytes(b"half")
    with atomic_write(tmp_path / "out" / "other.png") as going_on:
        code, told, _ = run(capsys, *arguments)
        assert (code, "4 skipped" in told, left.exists()) == (0, True, False)
        going_on.write(b"whole")
    assert (tmp_path / "out" / "other.png").read_bytes() == b"whole"


def test_dry_run_does_nothing(capsys, photos, tmp_path):
    code, told, _ = run(capsys, "upscale", photos, "-s", 2, "-m", "bicubic", "--dry-run", "-f", "webp")
    assert code == 0
    assert told.count("→") == 5
    assert "photos_bicubic_x2" in told
    assert {path.name for path in tmp_path.iterdir()} == {"photos"}


def test_existing_results(capsys, photos):
    photo = photos / "a.png"
    assert run(capsys, "upscale", photo, "-m", "bicubic")[0] == 0
    made = digests(photos)
    code, told, _ = run(capsys, "upscale", photo, "-m", "bicubic")
    assert code == 0  # nothing to do
    assert "is kept" in told
    code, _, err = run(capsys, "upscale", photo, "-m", "bicubic", "-o", photos / "a_bicubic_x3.png")
    assert code == 2  # that file was asked for
    assert "is kept" in err
    assert digests(photos) == made
    code, _, err = run(capsys, "upscale", photo, "-m", "bicubic", "-o", photo, "--force")
    assert code == 2
    assert "would replace an original" in err
    assert digests(photos) == made


@pytest.mark.parametrize(
    ("options", "sides", "name"),
    [
        (["-s", "2.5"], (75, 50), "a_bicubic_x2.5.png"),
        (["--size", "64x40"], (64, 40), "a_bicubic_64x40.png"),
        (["--size", "60x"], (60, 40), "a_bicubic_60x.png"),
        (["--size", "x40"], (60, 40), "a_bicubic_x40.png"),
        (["-s", "1"], (30, 20), "a_bicubic_x1.png"),
    ],
)
def test_factors_and_sizes(capsys, photos, options, sides, name):
    assert run(capsys, "upscale", photos / "a.png", "-m", "bicubic", *options)[0] == 0
    with Image.open(photos / name) as image:
        assert image.size == sides


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-s", "0.5"], "not a number of at least 1"),
        (["-s", "x"], "not a number of at least 1"),
        (["-s", "nan"], "not a number of at least 1"),
        (["-s", "65"], "must be a number from 1 to 64"),
        (["--size", "x"], "not WxH"),
        (["--size", "0x9"], "at least 1"),
        (["--size", "9"], "not WxH"),
        (["--size", "9x9", "-s", "2"], "choose one"),
        (["-m", "espcn"], "fsrcnn at ×2"),
        (["-f", "xyz"], "invalid choice"),
        (["-o", "-", "-f", "npy", "-m", "none.npz"], "does not exist"),
        (["--max-pixels", "0"], "at least 1"),
    ],
)
def test_wrong_options(capsys, photos, options, words):
    code, out, err = run(capsys, "upscale", photos / "a.png", *options)
    assert code == 2
    assert words in err
    assert out == ""


def test_a_model_file_brings_its_factor(capsys, photos, tmp_path):
    npsr.save(npsr.fsrcnn(2, 2, 0, 2), tmp_path / "own.npz")
    assert run(capsys, "upscale", photos / "a.png", "-m", tmp_path / "own.npz")[0] == 0
    assert (photos / "a_own_x2.png").exists()


def piped(*arguments, given):
    command = [sys.executable, "-m", "npsr", "upscale", *arguments]
    done = subprocess.run(command, input=given, env=environment(), capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def test_pipes(photos):
    """One process for each, as standard input and output are files there."""
    content = (photos / "a.png").read_bytes()
    code, out, err = piped("-", "-m", "bicubic", "-s", "2", given=content)
    assert code == 0, err
    with Image.open(io.BytesIO(out)) as image:
        assert (image.format, image.size) == ("PNG", (60, 40))
    code, out, _ = piped("-", "-m", "bicubic", "-s", "2", "-f", "npy", given=content)
    assert np.load(io.BytesIO(out)).shape == (40, 60, 3)
    code, out, err = piped("-", "-m", "bicubic", given=b"nothing")
    assert (code, out) == (2, b"")
    assert err.startswith("npsr: error: standard input is no image")


def test_animations(capsys, tmp_path):
    content, _, times = moving("GIF", alpha=True)
    (tmp_path / "a.gif").write_bytes(content)
    code, told, _ = run(capsys, "upscale", tmp_path / "a.gif", "-s", 2, "-m", "bicubic")
    assert code == 0
    assert "60×40, 4 frames" in told
    assert "256 colours" in told
    with Image.open(tmp_path / "a_bicubic_x2.gif") as image:
        assert image.n_frames == 4
        assert [image.seek(k) or image.info["duration"] for k in range(4)] == times
    code, _, err = run(capsys, "upscale", tmp_path / "a.gif", "-s", 2, "-m", "bicubic", "-f", "jpg")
    assert code == 2
    assert "holds one picture" in err or "transparency" in err


def test_bombs_are_refused_and_the_limit_can_be_raised(capsys, tmp_path):
    Image.fromarray(np.zeros((1000, 1001), np.uint8)).save(tmp_path / "a.png")
    arguments = ["upscale", tmp_path / "a.png", "-s", 1, "-m", "bicubic", "--max-pixels"]
    code, _, err = run(capsys, *arguments, 1)
    assert code == 2
    assert "the limit is 1000000: raise it with --max-pixels" in err
    assert run(capsys, *arguments, 2)[0] == 0


def test_too_little_memory_is_said(capsys, photos):
    code, _, err = run(capsys, "upscale", photos / "a.png", "-m", "bicubic", "--max-memory", 10)
    assert code == 2
    assert "--max-memory is 10" in err


def test_a_full_disk_leaves_nothing(capsys, photos, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("npsr.upscaling.batch.atomic_write", full)
    before = digests(photos)
    code, _, err = run(capsys, "upscale", photos / "a.png", "-m", "bicubic")
    assert code == 2
    assert "No space left" in err
    assert digests(photos) == before


def test_progress_is_told_at_a_terminal_only(capsys, photos, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    _, out, err = run(capsys, "upscale", photos / "a.png", "-m", "bicubic")
    assert "100%" in err
    assert "\r" not in out


HUGE = """
import sys
from pathlib import Path
from npsr.cli import main
try:
    main(sys.argv[1:])
finally:
    [most] = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    print(most.split()[1], file=sys.stderr)
"""


@needs_jit
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_huge_images_keep_within_the_memory(tmp_path, suffix):
    """Input and output together are larger than what the program takes besides itself."""
    tifffile = pytest.importorskip("tifffile")
    side = 8000
    pixels = np.add.outer(np.arange(side) // 50, np.arange(side) // 9).astype(np.uint8)
    source, target = tmp_path / f"huge{suffix}", tmp_path / f"huge_bicubic_x2{suffix}"
    if suffix == ".npy":
        np.save(source, pixels)
    else:
        tifffile.imwrite(source, pixels, tile=(256, 256), compression="adobe_deflate")
    command = [sys.executable, "-c", HUGE, "upscale", source, "-s", "2", "-m", "bicubic"]
    done = subprocess.run(
        [*command, "--max-memory", "400"], env=environment(), capture_output=True, text=True, check=True
    )
    assert int(done.stderr.split()[-1]) / 1024 <= 400
    large = np.load(target, "r") if suffix == ".npy" else TiffRows(target, 10**6)
    assert large.shape == (2 * side, 2 * side)
    part = npsr.upscale(pixels[4990:5020], 2, "bicubic")
    np.testing.assert_array_equal(large[10000:10020], part[20:40])


def test_an_animation_that_fails_half_way_leaves_the_others(capsys, monkeypatch, tmp_path, scene):
    """Whoever reads frames must not hold what other pictures need while a frame is worked on."""
    from npsr.images.animations import files as animations

    folder, made = tmp_path / "in", []
    folder.mkdir()
    for name in ("a.gif", "c.gif"):
        (folder / name).write_bytes(moving("GIF")[0])
    Image.fromarray((scene(9, 12, 3) * 255).astype(np.uint8)).save(folder / "b.png")

    def palette_image(pixels):
        made.append(pixels)
        if len(made) == 2:
            raise MemoryError
        return Image.fromarray(pixels).quantize(16)

    monkeypatch.setattr(animations, "palette_image", palette_image)
    code, out, err = run(capsys, "upscale", folder, "-s", 2, "-m", "bicubic", "-o", tmp_path / "out")
    assert code == 2
    assert "2 done, 1 failed" in out
    assert err.count("\n") == 1
    assert "a.gif" in err
