"""Pixel layouts: the file's own description decides, value by value; what is not tested is refused."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from helpers.valid_files import packed_png, valid_file
from PIL import Image

from npsr.images.encoding import encode
from npsr.images.files import read_image
from npsr.images.formats.names import result_suffix
from npsr.images.photograph import ImageError

tifffile = pytest.importorskip("tifffile")
SIDES = 7, 13


def tiff(data, photometric, bits, samples=1, order="<", **tags):
    """A TIFF in one strip, tag by tag."""
    rows, columns = SIDES
    layout = {256: columns, 257: rows, 258: [bits] * samples, 259: 1, 262: photometric, 273: 0, 277: samples}
    layout |= {278: rows, 279: len(data)} | {int(tag[1:]): value for tag, value in tags.items()}
    entries, values, base = b"", b"", 8 + 2 + 12 * len(layout) + 4
    listed = {tag: value if isinstance(value, list) else [value] for tag, value in sorted(layout.items())}
    listed[273] = [base + sum(2 * len(value) for value in listed.values() if len(value) > 2)]
    for tag, numbers in listed.items():
        value = struct.pack(f"{order}{len(numbers)}H", *numbers)
        place = struct.pack(f"{order}I", base + len(values)) if len(value) > 4 else value.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, 3, len(numbers)) + place
        values += value if len(value) > 4 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(listed))
    return head + entries + bytes(4) + values + data


def packed(values, bits, fill=1):
    spread = (values[..., None].astype(int) >> np.arange(bits - 1, -1, -1)) & 1
    order = "little" if fill == 2 else "big"
    return np.packbits(spread.reshape(len(values), -1).astype(np.uint8), axis=1, bitorder=order).tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("fill", [1, 2])
def test_grey_of_any_depth(rng, order, photometric, bits, fill):
    """White is 255, or 65535 of more than 8 bits, whichever number it has in the file."""
    values = rng.integers(0, 2**bits, SIDES)
    data = values.astype(f"{order}u2").tobytes() if bits == 16 else packed(values, bits)
    if fill == 2:
        data = (np.unpackbits(np.frombuffer(data, np.uint8)).reshape(-1, 8)[:, ::-1]).reshape(-1)
        data = np.packbits(data).tobytes()
    found = read_image(tiff(data, photometric, bits, order=order, t266=fill))
    shades = 2**bits - 1 - values if photometric == 0 else values
    top = 65535 if bits > 8 else 255
    np.testing.assert_array_equal(found.pixels, (shades * (top / (2**bits - 1))).round())
    assert found.pixels.dtype == (np.uint16 if bits > 8 else np.uint8)
    assert bool(found.notes) == (bits in (10, 12, 14))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_any_depth(rng, bits):
    colours = rng.integers(0, 256, (3, 2**bits)) * 257
    values = rng.integers(0, 2**bits, SIDES)
    found = read_image(tiff(packed(values, bits), 3, bits, t320=colours.ravel().tolist()))
    np.testing.assert_array_equal(found.pixels, np.moveaxis(colours[:, values] // 257, 0, 2))


def test_alpha_is_what_the_file_says(rng):
    straight = rng.integers(0, 256, (*SIDES, 4), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(tiff(straight.tobytes(), 2, 8, 4, t338=2)).pixels, straight)
    multiplied = straight.copy()
    multiplied[..., 3] = 128
    multiplied[..., :3] //= 2
    found = read_image(tiff(multiplied.tobytes(), 2, 8, 4, t338=1))
    assert found.notes == ("premultiplied alpha, made straight",)
    assert np.abs(found.pixels[..., :3] - straight[..., :3].astype(int)).max() <= 2
    alpha = rng.choice([0, 1, 30000, 65535], SIDES)
    deep = np.dstack([rng.integers(0, 65536, (*SIDES, 3)), alpha])
    stored = np.dstack([deep[..., :3] * alpha[..., None] // 65535, alpha]).astype("<u2")
    found = read_image(tiff(stored.tobytes(), 2, 16, 4, t338=1))
    assert found.notes == ("premultiplied alpha, made straight",)
    np.testing.assert_array_equal(found.pixels[..., 3], alpha)
    np.testing.assert_array_equal(found.pixels[alpha == 65535], deep[alpha == 65535])
    assert np.abs(found.pixels[alpha == 30000] - deep[alpha == 30000].astype(int)).max() <= 3
    assert not found.pixels[alpha == 0].any()


@pytest.mark.parametrize(
    ("photometric", "bits", "samples", "tags", "words"),
    [
        (2, 8, 4, {}, "4 channels"),
        (2, 8, 4, {"t338": 0}, "4 channels"),
        (2, 8, 4, {"t338": 999}, "4 channels"),
        (2, 8, 5, {"t338": [2, 0]}, "5 channels"),
        (1, 8, 2, {"t338": 0}, "2 channels"),
        (0, 8, 2, {"t338": 2}, "2 channels"),
        (5, 8, 5, {"t338": 2}, "5 channels"),
        (1, 8, 1, {"t339": 2}, "signed"),
        (1, 16, 1, {"t339": 2}, "signed"),
        (1, 32, 1, {"t339": 3}, "floating point"),
        (1, 16, 1, {"t339": 3}, "floating point"),
        (1, 8, 1, {"t339": 4}, "unknown kind"),
        (1, 32, 1, {}, "32 bits"),
        (1, 6, 1, {}, "6 bits"),
        (2, 4, 3, {}, "4 bits"),
        (2, 12, 3, {}, "12 bits"),
        (5, 16, 4, {}, "16 bits"),
        (6, 8, 3, {}, "YCbCr"),
        (8, 8, 3, {}, "interpretation 8"),
        (32803, 8, 1, {}, "interpretation 32803"),
        (2, 8, 3, {"t258": [8, 8, 16]}, "channels of"),
    ],
)
def test_layouts_that_are_not_tested_are_refused(photometric, bits, samples, tags, words):
    content = tiff(bytes(SIDES[0] * SIDES[1] * samples * 4), photometric, bits, samples, **tags)
    with pytest.raises(ImageError, match=words):
        read_image(content)


@pytest.mark.parametrize("compression", ["group3", "group4", "packbits", "tiff_lzw", "jpeg"])
def test_compressions_that_pillow_decodes_agree_with_libtiff(rng, compression):
    pixels = rng.integers(0, 256, (16, 24, 3), dtype=np.uint8)
    image = Image.fromarray(pixels).convert("1") if "group" in compression else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "TIFF", compression=compression)
    lossy = compression == "jpeg"
    expected = tifffile.imread(io.BytesIO(file.getvalue())) if lossy else np.asarray(image) * np.uint8(1)
    expected = expected * (255 if image.mode == "1" else 1)
    np.testing.assert_array_equal(read_image(file.getvalue()).pixels, expected)


@pytest.mark.parametrize("options", [{}, {"photometric": "miniswhite"}, {"colormap": True}])
def test_big_tiff_of_the_other_byte_order(rng, options):
    """Pillow does not know it."""
    values = rng.integers(0, 256, SIDES, dtype=np.uint8)
    file, expected = io.BytesIO(), values
    if "colormap" in options:
        options = {
            "photometric": "palette",
            "colormap": rng.integers(0, 256, (3, 256)).astype(np.uint16) * 257,
        }
        expected = np.moveaxis(options["colormap"][:, values] // 257, 0, 2)
    elif options:
        expected = 255 - values
    tifffile.imwrite(file, values, byteorder=">", bigtiff=True, metadata=None, **options)
    np.testing.assert_array_equal(read_image(file.getvalue()).pixels, expected)


def test_reduced_copies_are_told_and_further_pages_refused(rng):
    pixels, file = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8), io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(pixels, photometric="rgb", metadata=None)
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    found = read_image(file.getvalue())
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.notes == ("left out 1 reduced copies of the picture",)
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:  # what comes first is not the picture
        writer.write(pixels[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(pixels[..., 0] > 99, photometric="minisblack", subfiletype=4, metadata=None)
        writer.write(pixels, photometric="rgb", metadata=None, extratags=[(271, 2, 0, "Maker", True)])
    found = read_image(file.getvalue())
    np.testing.assert_array_equal(found.pixels, pixels)
    assert b"Maker" in found.exif
    assert found.notes == ("left out 1 reduced copies of the picture", "left out 1 masks of the picture")
    file = io.BytesIO()
    tifffile.imwrite(file, np.stack([pixels, pixels]), photometric="rgb")
    with pytest.raises(ImageError, match="2 frames"):
        read_image(file.getvalue())


@pytest.mark.parametrize(("colour", "depth"), [*((0, depth) for depth in (1, 2, 4, 8, 16)), (2, 8), (2, 16)])
def test_a_transparent_shade_or_colour_of_any_depth(rng, colour, depth):
    channels = 3 if colour else 1
    values = rng.integers(0, 2**depth, (9, 11, channels))
    values[:, :5] = values[0, 0]
    key = struct.pack(f">{channels}H", *values[0, 0])
    content = packed_png(values, depth, colour, [(b"tRNS", key)])
    found = read_image(content).pixels
    np.testing.assert_array_equal(found, imagecodecs.png_decode(content))
    assert (found[:, :5, -1] == 0).all()
    file = io.BytesIO()
    encode(file, ".png", read_image(content), found.shape, [found])
    np.testing.assert_array_equal(imagecodecs.png_decode(file.getvalue()), found)


def test_random_sound_files_are_what_other_decoders_see(rng):
    for number in range(64):
        file = valid_file(number, rng)
        np.testing.assert_array_equal(read_image(file.content).pixels, file.pixels, err_msg=file.name)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.jfif", ".jpg"),
        ("a.JPE", ".jpg"),
        ("a.apng", ".png"),
        ("a.dib", ".bmp"),
        ("a.heic", ".png"),
        ("a.jxl", ".png"),
        ("a.mpo", ".jpg"),
        ("a.TIF", ".TIF"),
        ("a", ".png"),
        ("a.dat", ".png"),
        ("a.npy", ".npy"),
    ],
)
def test_a_name_that_is_chosen_can_be_written(tmp_path, name, suffix):
    assert result_suffix(tmp_path / name) == suffix


def test_volumes_are_refused(rng):
    """A volume is one page of many slices, of which a picture would be the first alone."""
    file = io.BytesIO()
    slices = rng.integers(0, 256, (16, 32, 48), np.uint8)
    tifffile.imwrite(file, slices, photometric="minisblack", volumetric=True, tile=(16, 16, 16))
    with pytest.raises(ImageError, match="is a volume of 16 slices"):
        read_image(file.getvalue())


def test_a_palette_of_8_bits_shows_its_colours(rng):
    """As libtiff does: a map without an entry above 255 is one of 8 bits."""
    file, pixels = io.BytesIO(), rng.integers(0, 256, (9, 13), np.uint8)
    colours = rng.integers(0, 256, (3, 256)).astype(np.uint16)
    tifffile.imwrite(file, pixels, photometric="palette", colormap=colours)
    np.testing.assert_array_equal(read_image(file.getvalue()).pixels, np.moveaxis(colours[:, pixels], 0, 2))


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_avif_of_more_than_8_bits(rng, bits, channels):
    values = rng.integers(0, 2**bits, (*SIDES, *channels)).astype(np.uint16)
    found = read_image(imagecodecs.avif_encode(values, level=100, bitspersample=bits))
    np.testing.assert_array_equal(found.pixels, (values * (65535 / (2**bits - 1))).round())
    assert found.notes == (f"{bits} bits a channel, spread over 16",)


def test_what_lies_behind_a_picture_is_named():
    picture = Image.fromarray(np.zeros((9, 13, 3), np.uint8))
    for kind, more in (("PNG", b"SECRET"), ("JPEG", b"SECRET"), ("JPEG", b"\xff\xd8\xff\xe0 another")):
        file = io.BytesIO()
        picture.save(file, kind)
        plain = read_image(file.getvalue())
        found = read_image(file.getvalue() + more)
        assert not any("follows the picture" in name for name in notes_of(plain))
        assert any("follows the picture" in name for name in notes_of(found)), kind


def notes_of(photograph):
    return (*photograph.notes, *(item.name for item in photograph.others))
