"""HEIC and JPEG XL, which packages of their own decode."""

import io
import struct
from typing import Any

import numpy as np

from npsr.images.decoding import spread, spread_note
from npsr.images.formats.boxes import boxes, of_nclx
from npsr.images.formats.inventory import inventory, opened
from npsr.images.metadata.items import Item, lost
from npsr.images.packages import package
from npsr.images.photograph import ImageError, Photograph, Source, called, check_pixels, described

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2", b"miaf")
JXL_STARTS = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")
GAIN_MAP = "hdrgainmap"


def is_heif(start: bytes) -> bool:
    """Whether a file that begins so is HEIC or HEIF, but not AVIF."""
    brands = [start[8:12], *(start[k : k + 4] for k in range(16, len(start) - 3, 4))]
    return start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS and b"avif" not in brands


def is_jxl(start: bytes) -> bool:
    """Whether a file that begins so is JPEG XL."""
    return start.startswith(JXL_STARTS)


def read_heif(source: Source, content: bytes, most: int) -> Photograph:
    """A HEIC picture, of 8 bits, or of 16 if it has more; upright as its file says.

    Raises
    ------
    ImageError
        If pillow-heif is missing, or there are too many pixels.
    """
    heif = package("pillow_heif", f"{called(source)}, HEIC,", "pillow-heif")
    file = heif.open_heif(io.BytesIO(content), convert_hdr_to_8bit=False)
    check_pixels(source, file.size[0] * file.size[1], most)
    image = file[file.primary_index]
    if image.premultiplied_alpha:
        raise ImageError(f"{called(source)} has premultiplied alpha: convert it to PNG")
    pixels, said = np.asarray(image), list[Item]()
    if pixels.dtype == np.uint16:
        depth = image.info["bit_depth"]
        pixels = spread(pixels >> (16 - depth), depth)
        said.append(Item("note", spread_note(depth)))
    said += [lost("the sequence of pictures") for box in boxes(content) if box.path == (b"moov",)]
    items = opened([*said, *_of_heif(file, image)]).items
    return Photograph(np.ascontiguousarray(pixels), **described(items))


def _of_heif(file: Any, image: Any) -> Any:
    """What a HEIC holds besides pixels; libheif has turned the picture."""
    info = image.info
    yield Item("orientation", "the orientation", 1)
    if info.get("exif"):
        yield Item("exif", "EXIF", info["exif"])
    if info.get("xmp"):
        yield Item("xmp", "XMP", info["xmp"])
    if info.get("icc_profile"):
        yield Item("icc", "the colour profile", info["icc_profile"])
    if nclx := info.get("nclx_profile"):
        yield from of_nclx(int(nclx["color_primaries"]), int(nclx["transfer_characteristics"]))
    for kind in info.get("aux", {}):
        yield lost("the gain map for HDR displays" if GAIN_MAP in kind else f"the auxiliary picture {kind}")
    if info.get("depth_images"):
        yield lost("the depth map")
    if info.get("thumbnails"):
        yield lost("the thumbnail")
    for other in info.get("metadata", ()):
        yield lost(f"the item {other.get('type') or 'without a name'!r} of the file")
    if len(file) > 1:
        yield lost(f"{len(file) - 1} further pictures of the file")


def read_jxl(source: Source, content: bytes, most: int) -> Photograph:
    """A JPEG XL picture, upright as its file says.

    Raises
    ------
    ImageError
        If a package is missing, the picture moves or is of a kind that cannot be kept, or is too large.
    """
    codec = package("imagecodecs", f"{called(source)}, JPEG XL,")
    width, height, moves = _survey_jxl(content)
    if moves:
        raise ImageError(f"{called(source)} is an animated JPEG XL: convert it to PNG or WebP")
    check_pixels(source, width * height, most)
    pixels = codec.jpegxl_decode(content)
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim > 3:
        raise ImageError(f"{called(source)} holds {pixels.dtype} {pixels.shape}: convert it to 8 or 16 bits")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    items = inventory(io.BytesIO(_unpacked(content, codec)), "JXL").items
    plugin = package("pillow_jxl", f"the colour profile of {called(source)}", "pillow-jxl-plugin")
    profile = plugin.Decoder(num_threads=1)(content)[3]
    if profile:
        items.append(Item("icc", "the colour profile", bytes(profile)))
    return Photograph(np.ascontiguousarray(pixels), **described(items))


def _unpacked(content: bytes, codec: Any) -> bytes:
    """A file of boxes, none of them compressed."""
    parts = []
    for box in boxes(content) if not content.startswith(JXL_STARTS[0]) else ():
        kind, body = box.path[-1], content[box.at : box.end]
        if kind == b"brob":
            kind, body = body[:4], codec.brotli_decode(body[4:])
        parts.append(struct.pack(">I4s", len(body) + 8, kind) + body)
    return b"".join(parts)


def _survey_jxl(content: bytes) -> tuple[int, int, bool]:
    """Sides, and whether there is an animation, from the first bits of the stream (ISO/IEC 18181-1)."""
    stream = content
    if not content.startswith(b"\xff\x0a"):
        parts = [b for b in boxes(content) if b.path[-1] in (b"jxlc", b"jxlp")]
        stream = content[parts[0].at + (4 if parts[0].path[-1] == b"jxlp" else 0) : parts[0].end]
    bits, at = int.from_bytes(stream[2:66], "little"), 0

    def read(count: int) -> int:
        nonlocal at
        at += count
        return bits >> (at - count) & (1 << count) - 1

    def side(small: int) -> int:
        return 8 * (read(5) + 1) if small else read((9, 13, 18, 30)[read(2)]) + 1

    def sides() -> tuple[int, int]:
        small = read(1)
        height = side(small)
        ratio = read(3)
        shares = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio]
        return (height * shares[0] // shares[1] if ratio else side(small)), height

    width, height = sides()
    if read(1) or not read(1):  # all as by default, or nothing of the following
        return width, height, False
    read(3)
    if read(1):
        sides()
    has_preview = read(1)
    return width, height, bool(has_preview or read(1))
