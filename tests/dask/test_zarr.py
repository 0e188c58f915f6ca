"""Zarr to Zarr by chunks: the bits of the whole image, gone on with, and all that a Zarr says of itself."""

import gc
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.running import needs_jit, run, said

import npsr

zarr = pytest.importorskip("zarr", reason="needs npsr[dask]")
pytest.importorskip("distributed", reason="needs npsr[dask]")

from npsr.dask import sources, zarr_upscale  # noqa: E402
from npsr.upscaling.factors import by_factor  # noqa: E402
from npsr.upscaling.outputs import Settings  # noqa: E402

pytestmark = [needs_jit, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def settings(scale, **more):
    return Settings(partial(by_factor, scale=scale), "fsrcnn-s", **more)


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def image(scene):
    return (np.stack([scene(300, 290)] * 3, axis=-1) * [255, 200, 90]).astype(np.uint8)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(("scale", "chunks"), [(2, (64, 290, 3)), (2.5, (300, 41, 1))])
def test_an_array(tmp_path, image, address, zarr_format, scale, chunks):
    options = {"zarr_format": zarr_format, "attributes": {"stain": "H&E"}, "fill_value": 7}
    zarr.create_array(tmp_path / "a.zarr", data=image, chunks=chunks, **options)
    seen = []
    written = zarr_upscale.upscale_zarr(
        tmp_path / "a.zarr", tmp_path / "b.zarr", settings(scale), address, lambda *a: seen.append(a)
    )
    found = zarr.open_array(tmp_path / "b.zarr", mode="r")
    np.testing.assert_array_equal(found[:], npsr.upscale(image, scale, "fsrcnn-s"))
    assert (found.metadata.zarr_format, found.fill_value, found.attrs["stain"]) == (zarr_format, 7, "H&E")
    assert found.chunks == ((512, 580, 3) if scale == 2 else (750, 512, 3))
    assert written.made == len(seen) == seen[-1][1]
    assert not list(tmp_path.glob(".*"))


def test_what_is_there_is_not_done_again(tmp_path, image, address):
    """Two chunks of four are taken away, half of one is left: these two are made, and no other is touched."""
    zarr.create_array(tmp_path / "a.zarr", data=image, chunks=(100, 100, 3))
    arguments = tmp_path / "a.zarr", tmp_path / "b.zarr", settings(2), address
    assert zarr_upscale.upscale_zarr(*arguments).made == 4
    whole = zarr.open_array(tmp_path / "b.zarr", mode="r")[:]
    chunks = sorted(path for path in (tmp_path / "b.zarr" / "c").rglob("*") if path.is_file())
    for path in chunks[1:3]:
        path.unlink()
    (chunks[1].parent / "0.1234.partial").write_bytes(b"half")
    before = files(tmp_path / "b.zarr")
    again = zarr_upscale.upscale_zarr(*arguments)
    assert (again.kept, again.made) == (2, 2)
    after = files(tmp_path / "b.zarr")
    assert {path for path in after if after[path] != before.get(path)} == set(chunks[1:3])
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "b.zarr", mode="r")[:], whole)
    assert zarr_upscale.upscale_zarr(*arguments).made == 0


def test_shards_are_read(tmp_path, image, address):
    zarr.create_array(tmp_path / "a.zarr", data=image, chunks=(64, 64, 3), shards=(128, 320, 3))
    written = zarr_upscale.upscale_zarr(tmp_path / "a.zarr", tmp_path / "b.zarr", settings(2), address)
    assert written.notes == ("its chunks are files of their own, and no shards, so that each is done or not",)
    found = zarr.open_array(tmp_path / "b.zarr", mode="r")
    np.testing.assert_array_equal(found[:], npsr.upscale(image, 2, "fsrcnn-s"))


def test_a_chunk_of_one_value_is_written_too(tmp_path, address):
    """Otherwise it would be computed again each time, as if it were not done."""
    zarr.create_array(tmp_path / "a.zarr", data=np.zeros((20, 20), np.uint8))
    arguments = tmp_path / "a.zarr", tmp_path / "b.zarr", settings(2), address
    assert [zarr_upscale.upscale_zarr(*arguments).made for _ in range(2)] == [1, 0]


def ome_zarr(path, version, planes):
    """A pyramid of two levels, made by hand from the specification."""
    zarr_format = {"0.4": 2, "0.5": 3}[version]
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    levels = [
        {
            "path": f"s{k}",
            "coordinateTransformations": [{"type": "scale", "scale": [1, 0.5 * 2**k, 0.25 * 2**k]}],
        }
        for k in (0, 1)
    ]
    levels[0]["coordinateTransformations"].append({"type": "translation", "translation": [0, 100, -3]})
    multiscale = {"axes": axes, "datasets": levels, "name": "cells"}
    omero = {"channels": [{"label": "DAPI", "color": "0000FF"}, {"label": "GFP", "color": "00FF00"}]}
    if version == "0.4":
        attributes = {"multiscales": [multiscale | {"version": "0.4"}], "omero": omero}
    else:
        attributes = {"ome": {"version": "0.5", "multiscales": [multiscale], "omero": omero}}
    zarr.create_group(path, zarr_format=zarr_format, attributes=attributes)
    for k in (0, 1):
        zarr.create_array(path, name=f"s{k}", data=planes[:, :: 2**k, :: 2**k], zarr_format=zarr_format)
    zarr.create_array(path, name="labels", data=np.zeros(1, np.uint8), zarr_format=zarr_format)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_zarr(tmp_path, scene, address, version):
    planes = np.stack([scene(301, 280), scene(301, 280)[::-1]])
    planes = (planes * 4095).astype(np.uint16)
    ome_zarr(tmp_path / "a.zarr", version, planes)
    written = zarr_upscale.upscale_zarr(tmp_path / "a.zarr", tmp_path / "b.zarr", settings(2), address)
    assert written.notes == ("left out labels, which lies beside the image",)
    group = zarr.open_group(tmp_path / "b.zarr", mode="r")
    ome = dict(group.attrs) if version == "0.4" else group.attrs["ome"]
    assert [channel["label"] for channel in ome["omero"]["channels"]] == ["DAPI", "GFP"]
    (multiscale,) = ome["multiscales"]
    assert multiscale["name"] == "cells"
    first, second = multiscale["datasets"]
    assert first["coordinateTransformations"] == [
        {"type": "scale", "scale": [1, 0.25, 0.125]},
        {"type": "translation", "translation": [0, 99.875, -3.0625]},
    ]
    assert second["coordinateTransformations"][1]["translation"] == [0, 100, -3]
    large = group[first["path"]][:]
    expected = [npsr.upscale(plane, 2, "fsrcnn-s") for plane in planes]
    np.testing.assert_array_equal(large, expected)
    halved = large.reshape(2, 301, 2, 280, 2).astype(float).mean(axis=(2, 4))
    np.testing.assert_array_equal(group[second["path"]][:], np.rint(halved))


def test_an_ome_tiff(tmp_path, image, address):
    """Colours become channels; PhysicalSize becomes the scale."""
    tifffile = pytest.importorskip("tifffile", reason="needs npsr[formats]")
    metadata = {"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 500}
    metadata["PhysicalSizeYUnit"] = "nm"
    tifffile.imwrite(tmp_path / "a.ome.tif", image, tile=(64, 64), photometric="rgb", metadata=metadata)
    zarr_upscale.upscale_zarr(tmp_path / "a.ome.tif", tmp_path / "b.zarr", settings(2), address)
    group = zarr.open_group(tmp_path / "b.zarr", mode="r")
    expected = npsr.upscale(image, 2, "fsrcnn-s")
    np.testing.assert_array_equal(group["0"][:], np.moveaxis(expected, -1, 0))
    (multiscale,) = group.attrs["ome"]["multiscales"]
    assert [(axis["name"], axis.get("unit")) for axis in multiscale["axes"]] == [
        *(("c", None), ("y", "nanometer"), ("x", "micrometer"))
    ]
    scale, translation = multiscale["datasets"][0]["coordinateTransformations"]
    assert scale["scale"] == [1, 250, 0.25]
    assert translation["translation"] == [0, -125, -0.125]


@pytest.mark.filterwarnings("error")
def test_a_tiff_is_closed_once_it_is_forgotten(tmp_path, monkeypatch):
    tifffile = pytest.importorskip("tifffile", reason="needs npsr[formats]")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((90, 90), np.uint8), tile=(64, 64))
    opened = []
    original = tifffile.TiffFile
    monkeypatch.setattr(tifffile, "TiffFile", lambda path: opened.append(original(path)) or opened[-1])
    array = sources.open_array(str(tmp_path / "a.tif"), "", True)
    assert not opened[0].filehandle.closed
    sources.open_array.cache_clear()
    del array
    gc.collect()
    assert opened[0].filehandle.closed


def test_the_command(tmp_path, image, address, capsys):
    zarr.create_array(tmp_path / "a.zarr", data=image[:40, :50])
    arguments = "upscale", tmp_path / "a.zarr", "-s", 2, "-m", "fsrcnn-s", "--scheduler", address
    code, out, err = run(capsys, *arguments, "--json", tmp_path / "said.json")
    target = tmp_path / "a_fsrcnn-s_x2.zarr"
    assert (code, said(err)) == (0, [])
    assert out.startswith(f"{target}: 80×100×3, 1 chunks in ")
    assert json.loads((tmp_path / "said.json").read_text())["made"] == 1
    assert "1 of them were there" in run(capsys, *arguments)[1]
    code, _, err = run(capsys, *arguments, "--ensemble")
    assert (code, f"{target} exists, and is not this result begun" in err) == (2, True)
    assert run(capsys, *arguments, "--ensemble", "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.zarr",), "none.zarr does not exist"),
        (("empty.zarr",), "is no Zarr array or group"),
        (("group.zarr",), "no OME-Zarr image: name an array or image in it, as group.zarr/one"),
        (("group.zarr/one",), "has dtype int32, but must be uint8"),
        (("group.zarr/two", "-o", "two.png"), "from a Zarr it must be one: name it two.zarr"),
        (("group.zarr/two", "-f", "png"), "-f is for images"),
        (("group.zarr/two", "group.zarr/two"), "there are 2 inputs, but a Zarr is made from one"),
        (("group.zarr/two", "-o", "no/two.zarr"), "the folder no does not exist"),
        (
            ("group.zarr/two", "-o", "full.zarr"),
            "full.zarr exists, and is not this result begun: choose another",
        ),
        (("group.zarr/two", "-o", "group.zarr", "--force"), "would replace the original"),
        (("group.zarr/two", "-o", "group.zarr/two/x.zarr"), "would replace the original"),
        (("group.zarr/wild", "-o", "wild.zarr"), "wild.zarr, level 0, chunk 0.0: "),
    ],
)
def test_misuse_is_a_line(tmp_path, address, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    Path("empty.zarr").mkdir()
    Path("full.zarr").mkdir()
    zarr.create_group("group.zarr")
    zarr.create_array("group.zarr", name="one", data=np.zeros((4, 4), np.int32))
    zarr.create_array("group.zarr", name="two", data=np.zeros((4, 4), np.uint8))
    zarr.create_array("group.zarr", name="wild", data=np.full((4, 4), 300.0, np.float32))
    code, _, err = run(capsys, "upscale", *arguments, "-s", 2, "--scheduler", address)
    assert code == 2
    assert words in err
    assert len(said(err)) == 1
