"""Small files of every format, and what damages them, for `fuzz_files`."""

import io
import struct

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from helpers.pictures import cmyk_profile, encoded, moving


def good_files():
    """Small files of every format and kind, by name."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 17, 3), dtype=np.uint8)
    rgb[:, 8:] = rgb[0, 0]
    rgba, deep = np.dstack([rgb, rgb[..., 0]]), rgb.astype(np.uint16) * 257
    colour, exif = Image.fromarray(rgb), Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    files = {
        "rgb.png": encoded(colour, "PNG", exif=exif),
        "alpha.png": encoded(Image.fromarray(rgba), "PNG"),
        "palette.png": encoded(colour.quantize(9), "PNG", transparency=2),
        "grey16.png": encoded(Image.fromarray(deep[..., 0]), "PNG"),
        "one_bit.png": encoded(Image.fromarray(rgb[..., 0] > 99), "PNG"),
        "base.jpg": encoded(colour, "JPEG", exif=exif),
        "progressive.jpg": encoded(colour, "JPEG", progressive=True),
        "grey.jpg": encoded(colour.convert("L"), "JPEG"),
        "inks.jpg": encoded(colour.convert("CMYK"), "JPEG", icc_profile=cmyk_profile()),
        "two.jpg": encoded(colour, "MPO", save_all=True, append_images=[colour]),
        "lossy.webp": encoded(colour, "WEBP"),
        "lossless.webp": encoded(Image.fromarray(rgba), "WEBP", lossless=True, exif=exif),
        "plain.bmp": encoded(colour, "BMP"),
        "still.gif": encoded(colour, "GIF"),
        "moving.gif": moving("GIF", alpha=True)[0],
        "moving.webp": moving("WEBP")[0],
        "moving.png": moving("PNG", alpha=True)[0],
        "lzw.tif": encoded(colour, "TIFF", compression="tiff_lzw"),
        "palette.tif": encoded(colour.quantize(9), "TIFF"),
        "jpeg.tif": encoded(colour, "TIFF", compression="jpeg"),
    }
    if "AVIF" in Image.SAVE:
        files["still.avif"] = encoded(colour, "AVIF")
        files["moving.avif"] = moving("AVIF")[0]
    heic = io.BytesIO()
    pillow_heif.from_pillow(colour).save(heic, quality=80, exif=exif.tobytes())
    files["phone.heic"] = heic.getvalue()
    files["still.jxl"] = imagecodecs.jpegxl_encode(rgb, lossless=True)
    for name, pixels, options in (
        ("strips.tif", rgb, {"rowsperstrip": 5}),
        (
            "tiles.tif",
            rgba,
            {"tile": (16, 16), "compression": "adobe_deflate", "extrasamples": ["unassalpha"]},
        ),
        ("deep.tif", deep, {"compression": "lzw", "predictor": True}),
        ("planes.tif", np.moveaxis(deep, 2, 0), {"planarconfig": "separate", "bigtiff": True}),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, pixels, photometric="rgb", **options)
        files[name] = buffer.getvalue()
    return files | _written_here(deep, rgb)


def _written_here(deep, rgb):
    """What only this program writes: 16-bit colour PNG; and raw arrays."""
    from npsr.images.encoding import encode
    from npsr.images.photograph import Photograph

    png, npy = io.BytesIO(), io.BytesIO()
    encode(png, ".png", Photograph(deep), deep.shape, [deep])
    np.save(npy, rgb)
    return {"deep.png": png.getvalue(), "raw.npy": npy.getvalue()}


def damaged(content, rng):
    """A file with one to four injuries."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(1, 9))
        match rng.integers(0, 7):
            case 0:
                del data[at:]
            case 1 if at < len(data):
                data[at] = rng.integers(0, 256)
            case 2 if at < len(data):
                data[at] ^= 1 << rng.integers(0, 8)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = rng.bytes(length)
            case 5:  # a length, a side or an offset
                number = int(rng.choice([0, 1, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1]))
                data[at : at + 4] = struct.pack(rng.choice([">I", "<I"]), number)
            case 6:
                to = int(rng.integers(0, len(data) + 1))
                data[to : to + length] = data[at : at + length]
    return bytes(data)
