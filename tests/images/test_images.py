"""Image files: what is kept, what is refused, what is never lost."""

import sys

import numpy as np
import pytest
from helpers.pictures import ALPHA, GREY16, RGB, cmyk_profile, encoded
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from npsr.images.encoding import check_writable
from npsr.images.files import ImageError, Photograph, read_image, write_image
from npsr.images.image_sets import image_files

RGB16 = np.dstack([GREY16, GREY16[::-1], GREY16[:, ::-1]])


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


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.png", b"", "it is empty"),
        ("text.jpg", b"not an image", "no image or is damaged"),
        ("cmyk.jpg", encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "CMYK without a colour profile"),
        (
            "float.tif",
            encoded(Image.fromarray(RGB[..., 0].astype(np.float32)), "TIFF"),
            "holds floating point",
        ),
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


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_with_profile_and_alpha(tmp_path, suffix, channels):
    pixels = np.dstack([RGB16, GREY16])[..., -channels:]
    kind = "sRGB" if channels > 2 else None
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes() if kind else None
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    told = write_image(tmp_path / f"deep{suffix}", Photograph(pixels, profile, exif.tobytes()))
    found = read_image(tmp_path / f"deep{suffix}")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.pixels.dtype == np.uint16
    assert found.icc_profile == (None if suffix == ".npy" else profile)
    if suffix == ".npy":
        assert "left out EXIF" in told
    else:
        exif = Image.Exif()
        exif.load(found.exif)
        assert exif[0x010F] == "Maker"
        assert told == ()


@pytest.mark.parametrize(
    ("name", "needed"), [("deep.png", "imagecodecs"), ("deep.tif", "tifffile"), ("planes.tif", "tifffile")]
)
def test_a_missing_package_is_named_with_its_remedy(tmp_path, monkeypatch, name, needed):
    import tifffile

    if name == "planes.tif":
        tifffile.imwrite(
            tmp_path / name, np.moveaxis(RGB16, 2, 0), photometric="rgb", planarconfig="separate"
        )
    else:
        write_image(tmp_path / name, Photograph(RGB16))
    monkeypatch.setitem(sys.modules, needed, None)
    with pytest.raises(ImageError, match=rf"needs {needed}: pip install 'npsr\[formats\]'"):
        read_image(tmp_path / name)
    with pytest.raises(ImageError, match=needed):
        write_image(tmp_path / f"out{name[-4:]}", Photograph(RGB16))
    write_image(tmp_path / "plain.tif", Photograph(RGB))  # what Pillow keeps needs nothing
    np.testing.assert_array_equal(read_image(tmp_path / "plain.tif").pixels, RGB)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(tmp_path, kind):
    """The profile's inks are greys of known lightness; sRGB's greys are computed from L* by hand."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, 8:, 0], inks[8:, :8, 3] = 255, 255
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    content = encoded(Image.fromarray(inks, "CMYK"), kind, icc_profile=cmyk_profile(), **options)
    (tmp_path / "inks").write_bytes(content)
    photograph = read_image(tmp_path / "inks")

    def grey(lightness):
        y = ((lightness + 16) / 116) ** 3
        return 255 * (1.055 * y ** (1 / 2.4) - 0.055)

    assert photograph.pixels.shape == (16, 16, 3)
    assert np.abs(photograph.pixels[2, 2] - 255.0).max() <= 2
    assert np.abs(photograph.pixels[2, 13] - grey(70)).max() <= 2
    assert photograph.pixels[13, 2].max() <= 2
    assert photograph.icc_profile[16:20] == b"RGB "
    assert photograph.notes == ("CMYK, converted to sRGB by its profile",)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif(tmp_path, scene):
    pixels = (scene(40, 50, 3) * 255).astype(np.uint8)
    write_image(tmp_path / "a.avif", Photograph(pixels))
    found = read_image(tmp_path / "a.avif").pixels.astype(int)
    assert np.abs(found - pixels).mean() < 3
    content = bytearray((tmp_path / "a.avif").read_bytes())
    content[content.index(b"av1C") + 6] |= 0x40  # says that it has 10 bits
    (tmp_path / "deep.avif").write_bytes(content)
    with pytest.raises(ImageError, match="more than 8 bits|damaged"):
        read_image(tmp_path / "deep.avif")


def test_a_profile_for_grey_goes_only_with_grey(tmp_path):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"GRAY"
    grey = Photograph(RGB[..., 0], bytes(profile))
    assert write_image(tmp_path / "a.png", grey) == ()
    assert read_image(tmp_path / "a.png").icc_profile == bytes(profile)
    assert "for grey" in write_image(tmp_path / "a.webp", grey)[0]
    assert read_image(tmp_path / "a.webp").icc_profile is None
    assert write_image(tmp_path / "a.bmp", grey) == ("left out the colour profile",)


def test_what_exif_says_of_the_old_sides_is_left_out(tmp_path):
    exif = Image.Exif()
    table = exif.get_ifd(0x8769)
    table[0xA002], table[0xA003], table[0x9003] = 7, 5, "2001:02:03 04:05:06"
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    write_image(tmp_path / "b.jpg", read_image(tmp_path / "a.jpg"))
    with Image.open(tmp_path / "b.jpg") as image:
        assert dict(image.getexif().get_ifd(0x8769)) == {0x9003: "2001:02:03 04:05:06"}


def test_gif_says_that_it_reduces(tmp_path):
    told = write_image(tmp_path / "a.gif", Photograph(ALPHA))
    assert "256 colours" in told[0]
    found = read_image(tmp_path / "a.gif").pixels
    np.testing.assert_array_equal(found[..., 3] == 255, ALPHA[..., 3] >= 128)
    seen = found[..., 3] == 255
    np.testing.assert_array_equal(found[seen][:, :3], ALPHA[seen][:, :3])  # 35 pixels have room


@pytest.mark.parametrize("suffix", [".png", ".tif", ".gif"])
def test_decompression_bombs_are_refused(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(path)
    with pytest.raises(
        ImageError, match=r"10000 pixels.*limit is 9999: raise it with --max-pixels of npsr upscale"
    ):
        read_image(path, most=9999)
    assert read_image(path, most=10000).pixels.shape[:2] == (100, 100)


def test_sides_that_a_format_cannot_hold_are_refused_beforehand(tmp_path):
    with pytest.raises(ImageError, match=r"20000×3 is more than the 16383 pixels a side that .webp"):
        check_writable(tmp_path / "a.webp", RGB, (3, 20000, 3))


def test_a_phones_further_pictures_are_told(tmp_path):
    pictures = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    (tmp_path / "a.jpg").write_bytes(encoded(pictures[0], "MPO", save_all=True, append_images=pictures[1:]))
    photograph = read_image(tmp_path / "a.jpg")
    assert photograph.notes == ("left out 1 further pictures of the file",)
    assert np.abs(photograph.pixels.astype(int) - RGB).mean() < 60


def test_content_counts_not_the_name(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(Image.fromarray(RGB), "PNG"))
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg").pixels, RGB)
    np.testing.assert_array_equal(read_image((tmp_path / "a.jpg").read_bytes()).pixels, RGB)
    with pytest.raises(ImageError, match="standard input is no image"):
        read_image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


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
