"""TIFF and .npy read and written by rows."""

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from npsr.images.photograph import ImageError
from npsr.images.row_files import NpyRows, TiffRows, write_npy, write_tiff

tifffile = pytest.importorskip("tifffile")

LAYOUTS = {
    "strips": {"rowsperstrip": 7},
    "one strip": {"rowsperstrip": 300},
    "tiles": {"tile": (32, 16)},
    "deflated tiles": {"tile": (16, 48), "compression": "adobe_deflate", "predictor": True},
    "lzw": {"rowsperstrip": 5, "compression": "lzw"},
    "big": {"bigtiff": True},
    "other byte order": {"byteorder": ">"},
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_rows_of_tiffs(tmp_path, rng, dtype, channels, layout, planar):
    pixels = rng.integers(0, np.iinfo(dtype).max, (101, 67, channels), dtype=dtype)
    stored = pixels[..., 0] if channels == 1 else pixels
    options = {"planarconfig": planar} if channels > 1 else {}
    if planar == "separate" and channels > 1:
        stored = np.moveaxis(pixels, 2, 0)
    if channels % 2 == 0:
        options["extrasamples"] = ["unassalpha"]
    photometric = "rgb" if channels > 2 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric=photometric, **options, **LAYOUTS[layout])
    rows = TiffRows(tmp_path / "a.tif", 10**6)
    assert (rows.shape, rows.dtype, len(rows)) == ((101, 67, channels)[: 2 + (channels > 1)], dtype, 101)
    for start, stop in ((0, 101), (0, 1), (30, 65), (100, 101), (5, 5)):
        np.testing.assert_array_equal(rows[start:stop], pixels.reshape(101, *rows.shape[1:])[start:stop])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_written_by_bands_of_any_height(rng, dtype, channels):
    shape = (300, 170, channels)[: 2 + (channels > 1)]
    pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    cuts = [0, 1, 130, 131, 260, 300]
    bands = [pixels[a:b] for a, b in pairwise(cuts)]
    tiff, npy = io.BytesIO(), io.BytesIO()
    write_tiff(tiff, pixels.dtype, shape, iter(bands))
    write_npy(npy, pixels.dtype, shape, iter(bands))
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(tiff.getvalue())), pixels)
    np.testing.assert_array_equal(TiffRows(tiff.getvalue(), 10**6)[:], pixels)
    np.testing.assert_array_equal(np.load(io.BytesIO(npy.getvalue())), pixels)
    np.testing.assert_array_equal(NpyRows(npy.getvalue())[100:131], pixels[100:131])
    if dtype == np.uint8 or channels == 1:
        with Image.open(io.BytesIO(tiff.getvalue())) as image:
            np.testing.assert_array_equal(np.array(image), pixels)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.zeros(5)), r"shape \(5,\)"),
        (npy(np.zeros((5, 5, 7))), r"shape \(5, 5, 7\)"),
        (npy(np.zeros((0, 5))), r"shape \(0, 5\)"),
        (npy(np.asfortranarray(np.zeros((5, 6)))), "by rows"),
        (npy(np.zeros((5, 5)))[:-1], "damaged"),
        (npy(np.zeros((5, 5))) + b"\0", "damaged"),
    ],
)
def test_arrays_that_are_no_images(content, words):
    with pytest.raises(ImageError, match=words):
        NpyRows(content)


def test_rows_that_are_not_there(tmp_path, rng):
    pixels = rng.integers(0, 255, (64, 64), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, rowsperstrip=16)
    content = (tmp_path / "a.tif").read_bytes()
    rows = TiffRows(content[:-1000], 10**6)
    np.testing.assert_array_equal(rows[:16], pixels[:16])
    with pytest.raises(ImageError, match="damaged"):
        rows[:]


def test_a_strip_that_would_fill_the_memory(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((64, 64), np.uint8), rowsperstrip=64)
    with pytest.raises(ImageError, match="4096 pixels to be decoded at once.* 4095"):
        TiffRows(tmp_path / "a.tif", 4095)


@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "miniswhite"},
        {"photometric": "minisblack", "extrasamples": ["assocalpha"]},
        {"photometric": "minisblack", "extrasamples": ["unspecified"]},
        {"photometric": "palette", "colormap": np.zeros((3, 256), np.uint16)},
    ],
)
def test_kinds_that_pillow_reads(tmp_path, options):
    pixels = np.zeros((8, 8, 2) if "extrasamples" in options else (8, 8), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    with pytest.raises(NotImplementedError):
        TiffRows(tmp_path / "a.tif", 10**6)
