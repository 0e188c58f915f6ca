"""Images that a rival cannot be learnt from: one clear line on the command line, and no model."""

import numpy as np
import pytest
from PIL import Image

from npsr.cli import main

METHODS = ("a+", "anr", "gr", "kk", "srf", "rf", "scn")


def line_of(arguments, capsys):
    """What the command line says of a mistake."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((90, 90), 128), "flat|with edges|with texture|that are not flat"),
        (np.arange(64).reshape(8, 8), "smaller than|use larger|use more or larger"),
        (None, "no image|holds no"),
    ],
)
def test_unusable_images_are_one_line(method, pixels, words, tmp_path, capsys):
    import re

    (tmp_path / "photos").mkdir()
    if pixels is not None:
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / "1.png")
    run = tmp_path / "run"
    line = line_of(["train", method, "--data", str(tmp_path / "photos"), "-s", "2", "-o", str(run)], capsys)
    assert line.startswith("npsr: error: ") and re.search(words, line), line
    assert not (run / "model.npz").exists()


def test_too_few_images_are_one_line(tmp_path, capsys, scene):
    (tmp_path / "photos").mkdir()
    Image.fromarray((scene(33, 33) * 255).astype(np.uint8)).save(tmp_path / "photos" / "1.png")
    for method, words in (
        ("a+", "as many as atoms, 1024"),
        ("kk", "as many as basis patches, 900"),
        ("rf", "as many as a leaf has, 64"),
    ):
        line = line_of(
            ["train", method, "--data", str(tmp_path / "photos"), "-o", str(tmp_path / method)], capsys
        )
        assert words in line
