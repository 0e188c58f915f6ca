"""Image files: what is kept, what is refused, what is never lost."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from npsr.images import ImageError, Photograph, image_files, read_image, write_image

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
ALPHA = np.dstack([RGB, RGB[..., 0]])
GREY16 = np.random.default_rng(1).integers(0, 2**16, (5, 7), dtype=np.uint16)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".webp", ".bmp"])
@pytest.mark.parametrize("pixels", [RGB[..., 0], RGB, ALPHA, GREY16], ids=["grey", "rgb", "alpha", "grey16"])
def test_lossless_formats_give_back_what_was_written(tmp_path, suffix, pixels):
    path = tmp_path / f"ünïcode{suffix}"
    lossy = (suffix == ".bmp" and pixels.shape[-1] == 4) or (
        pixels.dtype == np.uint16 and suffix in (".bmp", ".webp")
    )
    if lossy:
        with pytest.raises(ImageError, match="cannot hold|16 bits"):
            write_image(path, Photograph(pixels))
        assert not list(tmp_path.iterdir())
        return
    write_image(path, Photograph(pixels))
    found = read_image(path).pixels
    if suffix == ".webp" and pixels.ndim == 2:  # WebP knows no grey
        pixels = np.dstack([pixels] * 3)
    np.testing.assert_array_equal(found, pixels)
    assert found.dtype == pixels.dtype


def test_profile_and_exif_are_kept_and_orientation_is_applied(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = orientation, "Maker"
        path = tmp_path / f"{orientation}.png"
        Image.fromarray(RGB).save(path, exif=exif, icc_profile=profile)
        photograph = read_image(path)
        with Image.open(path) as image:
            from PIL import ImageOps

            np.testing.assert_array_equal(photograph.pixels, np.asarray(ImageOps.exif_transpose(image)))
        out = tmp_path / f"out{orientation}.jpg"
        write_image(out, photograph)
        with Image.open(out) as image:
            assert image.info["icc_profile"] == profile
            assert image.getexif().get(0x0112, 1) == 1
            assert image.getexif()[0x010F] == "Maker"


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16", "I;16B"])
def test_what_is_read_from_a_tiff_can_be_written_and_read_again(tmp_path, mode):
    """A TIFF's own layout, which shares a table with EXIF, must not reach the output."""
    source = {"I;16": Image.fromarray(GREY16), "I;16B": Image.fromarray(GREY16.astype(">u2"))}
    image = source.get(mode) or Image.fromarray(ALPHA).convert(mode)
    image.save(tmp_path / "in.tif", tiffinfo={270: "what it shows", 271: "Maker"}, compression="tiff_lzw")
    photograph = read_image(tmp_path / "in.tif")
    if mode.startswith("I"):
        np.testing.assert_array_equal(photograph.pixels, GREY16)
        assert photograph.pixels.dtype == np.uint16
    for suffix in (".tif", ".png"):
        large = Photograph(np.repeat(photograph.pixels, 2, 0), photograph.icc_profile, photograph.exif)
        write_image(tmp_path / f"out{suffix}", large, force=True)
        np.testing.assert_array_equal(read_image(tmp_path / f"out{suffix}").pixels, large.pixels)
        with Image.open(tmp_path / f"out{suffix}") as written:
            assert written.getexif()[271] == "Maker"
            assert written.size == (7, 10)


def test_palettes_and_other_modes_become_what_they_show(tmp_path):
    def saved(image, name, **options):
        image.save(tmp_path / name, **options)
        return read_image(tmp_path / name).pixels

    palette = Image.fromarray(RGB).quantize(8)
    np.testing.assert_array_equal(saved(palette, "p.png"), np.asarray(palette.convert("RGB")))
    transparent = saved(palette, "t.png", transparency=0)
    assert transparent.shape == (5, 7, 4)
    assert (transparent[..., 3] == 0).any()
    assert saved(Image.fromarray(RGB[..., 0] > 128), "1.png").max() == 255
    grey = np.dstack([RGB[..., 0], RGB[..., 1]])
    np.testing.assert_array_equal(saved(Image.fromarray(grey), "la.png"), grey)
    keyed = saved(Image.fromarray(RGB[..., 0]), "l.png", transparency=int(RGB[0, 0, 0]))
    np.testing.assert_array_equal(keyed[..., 1] == 0, RGB[..., 0] == RGB[0, 0, 0])
    assert saved(Image.fromarray(RGB), "rgb.png", transparency=tuple(RGB[0, 0].tolist()))[0, 0, 3] == 0


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "it is empty"),
        ("text.jpg", b"not an image", "no image or is damaged"),
        ("cmyk.jpg", encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "CMYK without a colour profile"),
        ("float.tif", encoded(Image.fromarray(RGB[..., 0].astype(np.float32)), "TIFF"), "kind F"),
        (
            "moving.gif",
            encoded(Image.fromarray(RGB), "GIF", save_all=True, append_images=[Image.fromarray(255 - RGB)]),
            "2 frames",
        ),
    ],
)
def test_what_cannot_be_kept_whole_is_refused(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageError, match=words):
        read_image(path)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_16_bit_colour_tiff_is_kept(tmp_path, planar):
    """Pillow would read 8 bits of it, and of planes after one another only one."""
    tifffile = pytest.importorskip("tifffile")
    colour = np.random.default_rng(0).integers(0, 2**16, (5, 7, 3), dtype=np.uint16)
    stored = colour if planar == "contig" else np.moveaxis(colour, 2, 0)
    tifffile.imwrite(tmp_path / "deep.tif", stored, photometric="rgb", planarconfig=planar)
    np.testing.assert_array_equal(read_image(tmp_path / "deep.tif").pixels, colour)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ImageError, match="does not exist"):
        read_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="is not a folder"):
        image_files(tmp_path / "none")
    with pytest.raises(ImageError, match="holds no image"):
        image_files(tmp_path)
    with pytest.raises(ImageError, match="must end in one of"):
        write_image(tmp_path / "a.xyz", Photograph(RGB))


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP"]), st.data())
def test_truncated_and_mutated_files_raise_only_image_errors(tmp_path_factory, kind, data):
    whole = bytearray(encoded(Image.fromarray(RGB), kind))
    length = data.draw(st.integers(0, len(whole)))
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / f"x.{kind.lower()}"
    path.write_bytes(whole[:length])
    try:
        assert read_image(path).pixels.size > 0
    except ImageError as error:
        assert str(path) in str(error)
