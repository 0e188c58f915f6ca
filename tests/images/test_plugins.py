"""HEIC and JPEG XL: pixels upright, depth, profile and the rest as of other formats."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from helpers.pictures import ALPHA, GREY16, RGB
from helpers.valid_files import SRGB
from PIL import Image

from npsr.images.files import ImageError, read_image
from npsr.images.metadata.exif import build_exif
from npsr.images.metadata.ifd import Entry

CORNER = np.zeros((32, 48, 3), np.uint8)
CORNER[:16, :24] = 255
TURNED = build_exif({0: [Entry(0x10F, 2, 6, b"Maker\0"), Entry(0x112, 3, 1, b"\6\0")]}, "<")


def heic(pixels, mode=None, **options):
    heif, file = pytest.importorskip("pillow_heif"), io.BytesIO()
    if mode is None:
        image = heif.from_pillow(Image.fromarray(pixels))
    else:
        image = heif.from_bytes(mode, pixels.shape[1::-1], np.ascontiguousarray(pixels).tobytes())
    image.save(file, quality=95, chroma=444, **options)
    return file.getvalue()


def test_a_heic_is_turned_once_and_keeps_profile_exif_and_xmp():
    heif = pytest.importorskip("pillow_heif")
    picture = Image.fromarray(CORNER)
    picture.info |= {"exif": TURNED, "icc_profile": SRGB, "xmp": b"<x:xmpmeta/>"}
    file = io.BytesIO()
    heif.from_pillow(picture).save(file, quality=95)
    found = read_image(file.getvalue())
    assert found.icc_profile == SRGB
    assert b"Maker" in found.exif
    assert [item.kind for item in found.others] == ["xmp"]
    plain, shown = read_image(heic(CORNER)).pixels, found.pixels
    assert plain.shape == (32, 48, 3)
    assert shown.shape in ((32, 48, 3), (48, 32, 3))
    assert np.abs(plain.astype(int) - CORNER).mean() < 8


def test_heics_of_more_bits_and_other_channels():
    deep = np.zeros((16, 16, 3), np.uint16)
    deep[:, 8:] = 65535
    found = read_image(heic(deep, "RGB;16")).pixels
    assert found.dtype == np.uint16
    assert found[:, 12:].min() > 65000
    assert read_image(heic(ALPHA.repeat(8, 0).repeat(8, 1))).pixels.shape == (40, 56, 4)
    assert read_image(heic(CORNER[..., 0])).pixels.ndim == 2


@pytest.mark.parametrize("pixels", [RGB, RGB[..., 0], ALPHA, RGB.astype(np.uint16) * 257, GREY16])
def test_jpeg_xl_is_kept_whole(pixels):
    pytest.importorskip("pillow_jxl")
    found = read_image(imagecodecs.jpegxl_encode(np.ascontiguousarray(pixels), lossless=True))
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.pixels.dtype == pixels.dtype
    assert found.icc_profile[36:40] == b"acsp"
    assert found.notes == ()


@pytest.mark.parametrize("packed", [False, True])
def test_jpeg_xl_keeps_exif_and_xmp_and_its_own_orientation(packed):
    pytest.importorskip("pillow_jxl")
    content = imagecodecs.jpegxl_encode(CORNER, lossless=True, usecontainer=True)
    for kind, body in ((b"Exif", bytes(4) + TURNED), (b"xml ", b"<x:xmpmeta/>"), (b"jumb", b"credentials")):
        box = (b"brob", kind + imagecodecs.brotli_encode(body)) if packed else (kind, body)
        content += struct.pack(">I4s", len(box[1]) + 8, box[0]) + box[1]
    found = read_image(content)
    np.testing.assert_array_equal(found.pixels, CORNER)  # EXIF's orientation is for those who know no JPEG XL
    assert b"Maker" in found.exif
    assert [item.kind for item in found.others] == ["xmp"]
    assert found.notes == ("left out the box 'jumb'",)


def test_an_animated_jpeg_xl_is_refused():
    content = imagecodecs.jpegxl_encode(np.stack([CORNER, 255 - CORNER]), lossless=True)
    with pytest.raises(ImageError, match="animated JPEG XL: convert it to PNG or WebP"):
        read_image(content)


@pytest.mark.parametrize(
    "content", [b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x18ftypheic" + bytes(20)]
)
def test_stumps_are_refused(content):
    pytest.importorskip("pillow_heif")
    with pytest.raises(ImageError, match="damaged"):
        read_image(content)
