"""What is evaluated, what counts, and what is said of the rest."""

import json

import numpy as np
import pytest
from helpers.running import run
from PIL import Image

import npsr


@pytest.fixture
def folder(tmp_path, scene):
    images = tmp_path / "images"
    images.mkdir()
    for k, name in enumerate(("a.png", "b.png")):
        Image.fromarray((scene(40 + k, 50, 3) * 255).astype(np.uint8)).save(images / name)
    return images


def test_images_that_come_back_exactly_count_in_no_mean(capsys, folder, tmp_path):
    before = npsr.evaluate(folder, 2, "bicubic")
    Image.new("RGB", (40, 40)).save(folder / "black.png")
    after = npsr.evaluate(folder, 2, "bicubic")
    assert (before["finite"], after["finite"], len(after["images"])) == (2, 2, 3)
    assert after["psnr"] == before["psnr"] == np.mean([image["psnr"] for image in before["images"]])
    code, told, _ = run(capsys, "evaluate", folder, "-s", 2, "-m", "bicubic", "--json", tmp_path / "f.json")
    assert code == 0
    assert "mean of the 2 finite of 3" in told
    found = json.loads((tmp_path / "f.json").read_text())
    assert (found["psnr"], found["finite"]) == (before["psnr"], 2)
    for name in "ab":
        (folder / f"{name}.png").unlink()
    alone = npsr.evaluate(folder, 2, "bicubic")
    assert (alone["psnr"], alone["finite"]) == (float("inf"), 0)


def test_hidden_pixels_do_not_count(folder):
    """Opaque alpha changes nothing; with transparent pixels there is nothing to compare."""
    before = npsr.evaluate(folder, 2, "bicubic")
    with Image.open(folder / "a.png") as image:
        image.convert("RGBA").save(folder / "a.png")
    assert npsr.evaluate(folder, 2, "bicubic") == before
    with Image.open(folder / "a.png") as image:
        pixels = np.array(image)
    pixels[:20, :, 3] = 0
    Image.fromarray(pixels).save(folder / "a.png")
    with pytest.raises(npsr.ImageError, match="transparent pixels, whose hidden colours must not count"):
        npsr.evaluate(folder, 2, "bicubic")


def test_an_unreadable_image_does_not_hide_the_others(capsys, folder):
    (folder / "c.png").write_bytes(b"none")
    (folder / "d.png").symlink_to("d.png")
    (folder / "notes.txt").write_text("x")
    code, told, err = run(capsys, "evaluate", folder, "-s", 2, "-m", "bicubic")
    assert code == 2
    assert "a.png" in told
    assert "b.png" in told
    assert "c.png" in err
    assert "d.png" in err
    assert "mean" not in told
    for name in "cd":
        (folder / f"{name}.png").unlink()
    code, told, _ = run(capsys, "evaluate", folder, "-s", 2, "-m", "bicubic")
    assert (code, "1 file passed over: 1 .txt" in told) == (0, True)
