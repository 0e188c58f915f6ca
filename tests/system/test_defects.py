"""A defect of the program is reported as one, and no file is blamed for it."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.matlab_writer import fsrcnn_file
from helpers.running import run
from helpers.torch_writer import state_file
from PIL import Image, PngImagePlugin

import npsr
from npsr.images.files import read_image
from npsr.system.defects import is_defect, report


def broken(*_, **__):
    """What a line of ours would do that asks for what is not there."""
    return np.zeros(1).no_such_thing


def stacked(*_, **__):
    """What a line of ours would do that calls NumPy in a wrong way: the error comes from within NumPy."""
    return np.stack(5)


def cropped(*_, **__):
    """The same with Pillow."""
    return Image.new("L", (9, 9)).crop(5)


def planted(monkeypatch, place, error=broken):
    monkeypatch.setattr(place, error)


def assert_reported(text):
    """One line that asks for a report and names a file with the traceback."""
    assert re.search(r"a defect of npsr, not of what it was given \((Attribute|Type)Error: ", text)
    assert "damaged" not in text
    assert "Traceback" not in text
    path = Path(re.search(r"please report it with (\S+),", text)[1])
    assert re.search("in (broken|stacked|cropped)", path.read_text())
    path.unlink()


@pytest.fixture
def photos(tmp_path, scene):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.jpg", "c.tif"):
        Image.fromarray((scene(40, 42, 3) * 255).astype(np.uint8)).save(folder / name)
    np.save(folder / "d.npy", scene(40, 42))
    return folder


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.png", "npsr.images.files.decode_png"),
        ("a.png", "npsr.images.formats.png.chunks"),
        ("b.jpg", "npsr.images.files.decode"),
        ("b.jpg", "npsr.images.files.inventory"),
        ("c.tif", "npsr.images.files.read_pixel_layout"),
        ("c.tif", "npsr.images.row_files.TiffRows.__getitem__"),
        ("d.npy", "npsr.images.row_files.NpyRows.__getitem__"),
        ("a.png", "npsr.upscaling.outputs.encode"),
    ],
)
def test_of_images(capsys, monkeypatch, tmp_path, photos, name, place):
    planted(monkeypatch, place)
    code, _, err = run(
        capsys, "upscale", photos / name, "-s", 2, "-m", "bicubic", "-o", tmp_path / f"x_{name}"
    )
    assert code == 3
    assert_reported(err)
    assert name in err
    assert not (tmp_path / f"x_{name}").exists()


def test_of_one_image_leaves_the_others_of_a_folder(capsys, monkeypatch, tmp_path, photos):
    (photos / "d.npy").unlink()
    planted(monkeypatch, "npsr.images.files._open_tiff")
    code, out, err = run(capsys, "upscale", photos, "-s", 2, "-m", "bicubic", "-o", tmp_path / "out")
    assert code == 3
    assert "2 done, 1 failed" in out
    assert_reported(err)


@pytest.mark.parametrize("place", ["npsr.video.upscale.survey", "npsr.video.upscale.plane_upscaler"])
def test_of_videos(capsys, monkeypatch, tmp_path, place):
    pytest.importorskip("av")
    (tmp_path / "in.mp4").write_bytes(b"not read")
    planted(monkeypatch, place)
    code, _, err = run(capsys, "upscale", tmp_path / "in.mp4", "-s", 2, "-m", "bicubic")
    assert code == 3
    assert "in.mp4" in err
    assert_reported(err)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("net.npz", "npsr.models.weights._layer"),
        ("net.npz", "npsr.models.weights.digest"),
        ("net.npz", "npsr.models.weights.np.load"),
        ("net_x2.mat", "npsr.models.matlab._filters"),
        ("net_x2.mat", "npsr.models.matlab.loadmat"),
        ("net_x2.pth", "npsr.models.torch_file._array"),
        ("net_x2.pth", "npsr.models.pickle_data.genops"),
    ],
)
def test_of_models(capsys, monkeypatch, tmp_path, name, place):
    net = npsr.fsrcnn(5, 3, 1, 2, shared_slopes=True)
    npsr.save(net, tmp_path / "net.npz")
    fsrcnn_file(tmp_path / "net_x2.mat", net)
    content = state_file({"first_part.0.weight": np.zeros((5, 1, 5, 5), np.float32)})
    (tmp_path / "net_x2.pth").write_bytes(content)
    planted(monkeypatch, place)
    path = tmp_path / name
    command = ["info", path] if name.endswith(".npz") else ["import", path, "-o", tmp_path / "x.npz"]
    code, _, err = run(capsys, *command)
    assert code == 3
    assert_reported(err)


@pytest.mark.parametrize(
    "place", ["npsr.images.files.decode_png", "npsr.training.samples.planes", "npsr.training.loop.sgd_step"]
)
def test_of_training(capsys, monkeypatch, data, tmp_path, place):
    planted(monkeypatch, place)
    code, _, err = run(capsys, "train", tmp_path / "recipe.toml", "--data", data, "-o", tmp_path / "run")
    assert code == 3
    assert_reported(err)


@pytest.mark.parametrize("error", [stacked, cropped])
@pytest.mark.parametrize(
    "place",
    [
        "npsr.images.files.decode_png",
        "npsr.models.weights.digest",
        "npsr.models.weights.np.load",
        "npsr.training.samples.planes",
    ],
)
def test_of_wrong_calls_into_libraries(capsys, monkeypatch, data, tmp_path, place, error):
    npsr.save(npsr.fsrcnn(5, 3, 1, 2), tmp_path / "net.npz")
    planted(monkeypatch, place, error)
    command = {
        "images": ["upscale", data / "photos" / "1.png", "-s", 2, "-m", "bicubic"],
        "models": ["info", tmp_path / "net.npz"],
        "training": ["train", tmp_path / "recipe.toml", "--data", data, "-o", tmp_path / "run"],
    }[place.split(".")[1]]
    code, _, err = run(capsys, *command)
    assert code == 3
    assert_reported(err)


def test_of_a_command(capsys, monkeypatch):
    planted(monkeypatch, "npsr.networks.description.describe")
    code, _, err = run(capsys, "info", "fsrcnn")
    assert code == 3
    assert_reported(err)


def test_a_decoder_may_stumble_over_damage(monkeypatch, photos):
    """Pillow itself raises a TypeError here, in a line of its own."""
    monkeypatch.setattr(PngImagePlugin.PngStream, "chunk_IHDR", None)
    with pytest.raises(npsr.ImageError, match="is no image or is damaged"):
        read_image(photos / "a.png")


def test_mistakes_are_no_defects():
    for error in (ValueError("x"), OSError("x"), KeyError("x"), RuntimeError("x")):
        assert not is_defect(error)
    with pytest.raises(TypeError) as caught:
        npsr.upscale(np.zeros((2, 2), complex))
    assert is_defect(caught.value)  # as a program's: its caller did not ask for what is offered


def test_without_a_place_for_the_traceback(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    assert report(NameError("x")).endswith("(NameError: x): please report it")
