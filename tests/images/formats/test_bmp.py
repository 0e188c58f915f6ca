"""BMP: channels anywhere in a pixel's bits, and what lies around the pixels."""

import shutil
import struct
import subprocess

import numpy as np
import pytest
from PIL import Image

from npsr.images.files import read_image
from npsr.images.photograph import ImageError

ROWS, COLUMNS = 4, 5


def bmp(data, bits, masks=(), size=40, palette=b"", behind=b"", rows=ROWS):
    compression = 3 if masks else 0
    head = struct.pack("<IiiHHII", size, COLUMNS, rows, 1, bits, compression, len(data))
    head += struct.pack("<iiII", 2000, 2000, len(palette) // 4, 0)
    head = (head + struct.pack(f"<{len(masks)}I", *masks)).ljust(size, b"\0") + palette
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + data + behind


def padded(values, bits):
    width = (COLUMNS * bits + 31) // 32 * 4
    return b"".join(row.tobytes().ljust(width, b"\0") for row in values[::-1])


def shifted(channels, masks):
    """Numbers that hold channels where masks say."""
    return sum(
        channel * (mask & -mask) for channel, mask in zip(np.moveaxis(channels, 2, 0), masks, strict=True)
    )


@pytest.mark.parametrize(
    ("bits", "masks", "size"),
    [
        (16, (), 40),
        (16, (0xF800, 0x7E0, 0x1F), 40),
        (16, (0xF00, 0xF0, 0xF), 40),
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000), 56),
        (16, (0xF00, 0xF0, 0xF, 0xF000), 108),
        (32, (), 40),
        (32, (0x3FF00000, 0xFFC00, 0x3FF), 40),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 124),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), 108),
        (32, (0xFF000000, 0xFF0000, 0xFF00), 40),
    ],
)
@pytest.mark.parametrize("down", [False, True])
def test_masks_tell_where_channels_are(rng, bits, masks, size, down):
    used = masks or {16: (0x7C00, 0x3E0, 0x1F), 32: (0xFF0000, 0xFF00, 0xFF)}[bits]
    tops = np.array([mask // (mask & -mask) for mask in used])
    channels = rng.integers(0, tops + 1, (ROWS, COLUMNS, len(used)))
    stored = shifted(channels, used).astype(f"<u{bits // 8}")
    content = bmp(
        padded(stored[::-1] if down else stored, bits), bits, masks, size, rows=-ROWS if down else ROWS
    )
    found = read_image(content).pixels
    top = 65535 if tops.max() > 255 else 255
    assert found.dtype == (np.uint16 if top > 255 else np.uint8)
    np.testing.assert_array_equal(found, (channels * (top / tops)).round())


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is missing")
@pytest.mark.parametrize("masks", [(), (0xF800, 0x7E0, 0x1F), (0xF00, 0xF0, 0xF)])
def test_ffmpeg_sees_the_same(rng, tmp_path, masks):
    """But for the lowest bits: it does not spread few bits over 8."""
    stored = rng.integers(0, 2**15, (ROWS, COLUMNS)).astype("<u2")
    (tmp_path / "a.bmp").write_bytes(content := bmp(padded(stored, 16), 16, masks))
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "a.bmp", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    seen = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8)
    np.testing.assert_array_equal(seen.reshape(ROWS, COLUMNS, 3) >> 4, read_image(content).pixels >> 4)


def test_two_bits(rng):
    colours = rng.integers(0, 256, (4, 4), np.uint8)
    values = rng.integers(0, 4, (ROWS, COLUMNS))
    packed = np.zeros((ROWS, 2), np.uint8)
    for column in range(COLUMNS):
        packed[:, column // 4] |= (values[:, column] << 6 - 2 * (column % 4)).astype(np.uint8)
    found = read_image(bmp(padded(packed, 2), 2, palette=colours.tobytes())).pixels
    np.testing.assert_array_equal(found, colours[values][..., 2::-1])


def test_what_lies_around_the_pixels_is_named(rng):
    data = rng.bytes(4 * ROWS * COLUMNS)
    assert read_image(bmp(data, 32, behind=b"SECRET")).notes[-1] == (
        "left out what lies before or behind the pixels in its file"
    )
    (note,) = read_image(bmp(data, 32)).notes
    assert "fourth byte" in note
    opaque = np.frombuffer(data, np.uint8).reshape(-1, 4).copy()
    opaque[:, 3] = 255
    assert read_image(bmp(opaque.tobytes(), 32)).notes == ()
    for bits in (1, 4, 8):
        plain = bmp(bytes(4 * ((COLUMNS * bits + 31) // 32) * ROWS), bits, palette=bytes(4 << bits))
        assert read_image(plain).notes == ()


@pytest.mark.parametrize(
    ("bits", "compression", "words"), [(0, 4, "of a kind that is not read"), (0, 5, "kind")]
)
def test_what_is_not_read_is_not_called_damaged(bits, compression, words):
    content = bytearray(bmp(bytes(80), 32))
    struct.pack_into("<HI", content, 28, bits, compression)
    with pytest.raises(ImageError, match=words):
        read_image(bytes(content))


def test_pixels_that_are_not_there_are_damage():
    with pytest.raises(ImageError, match="is damaged"):
        read_image(bmp(bytes(80), 32)[:-1])
    with pytest.raises(ImageError, match="no bits"):
        read_image(bmp(bytes(80), 32, (0xFF, 0, 0xFF00)))


def test_pillow_sees_the_same(rng, tmp_path):
    pixels = rng.integers(0, 256, (7, 9, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.bmp")
    np.testing.assert_array_equal(read_image(tmp_path / "a.bmp").pixels, pixels)
