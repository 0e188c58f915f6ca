"""Valid image files with random inventories and layouts, and what independent decoders see in them."""

import io
import struct
import zlib
from fractions import Fraction
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

from helpers.pictures import encoded

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LOSSLESS = ("png", "tif")


class Valid(NamedTuple):
    """A file: its name, content, its pixels upright as another decoder sees them, and what it holds besides.

    `planted` are pairs: bytes that are in the output if the thing was kept, and a word of the note if not.
    An animation has pixels of shape (F, H, W, C), and the milliseconds of each frame.
    """

    name: str
    content: bytes
    pixels: np.ndarray
    planted: list[tuple[bytes, str]]
    times: tuple[Fraction, ...] = ()


def valid_file(number: int, rng: np.random.Generator) -> Valid:
    """A random file of a random format; every format has its turn."""
    make = (_png, _tiff, _jpeg, _webp, _bmp, _png, _tiff, _gif, _avif, _jxl)[number % 10]
    return make(number, rng)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """EXIF's orientations as its standard describes them: where the stored first row and column are."""
    flipped = {2: np.fliplr, 4: np.flipud, 5: lambda a: a.swapaxes(0, 1), 3: lambda a: np.rot90(a, 2)}
    rotated = {6: lambda a: np.rot90(a, -1), 8: np.rot90, 7: lambda a: np.rot90(a, 2).swapaxes(0, 1)}
    return np.ascontiguousarray((flipped | rotated).get(orientation, lambda a: a)(pixels))


def random_words(rng: Any) -> bytes:
    """A text that is found again."""
    return b"token-" + rng.bytes(8).hex().encode()


def random_picture(rng: Any, channels: int, dtype: Any = np.uint8) -> np.ndarray:
    """Steps and noise of a random size."""
    rows, columns = (int(side) for side in rng.integers(1, 24, 2))
    top = np.iinfo(dtype).max
    pixels = rng.integers(0, top, (rows, columns, channels), dtype=dtype, endpoint=True)
    pixels[:, columns // 2 :] = pixels[0, 0]
    if channels % 2 == 0 and rng.random() < 0.7:
        pixels[..., -1] = rng.choice(np.array([0, top // 3, top], dtype), (rows, columns))
    return pixels[..., 0] if channels == 1 else pixels


def random_exif(rng: Any, upright: bool = False) -> tuple[bytes, int, list[tuple[bytes, str]]]:
    """EXIF with tables of random tags of every type, and its orientation."""
    order = str(rng.choice(["<", ">"]))
    orientation, planted = int(rng.integers(1, 9)), []
    first: list[tuple[int, int, int, bytes]] = []
    if rng.random() < 0.6 and not upright:
        first.append((0x112, 3, 1, struct.pack(f"{order}H", orientation)))
    else:
        orientation = 1

    def text(tag: int, kind: int = 2) -> tuple[int, int, int, bytes]:
        words = random_words(rng)
        planted.append((words, "EXIF"))
        value = words + b"\0"
        return tag, kind, len(value), value

    for tag in rng.choice([0x10E, 0x10F, 0x110, 0x131, 0x13B, 0x8298], rng.integers(1, 4), replace=False):
        first.append(text(int(tag)))
    if rng.random() < 0.4:  # sides and layout of the old picture
        first += [(t, 4, 1, struct.pack(f"{order}I", 7)) for t in (0x100, 0x101)]
        first += [(t, 3, 1, struct.pack(f"{order}H", 2)) for t in (0x102, 0x106, 0x115)]
    if rng.random() < 0.4:
        first += [(t, 5, 1, struct.pack(f"{order}II", int(rng.integers(1, 900)), 1)) for t in (0x11A, 0x11B)]
    if rng.random() < 0.3:  # types that the standard does not give them
        odd = [
            (0x9998, 12, 1, struct.pack(f"{order}d", 1.5)),
            (0x9997, 6, 1, b"\xff"),
            (0x9996, 9, 1, b"\1" * 4),
        ]
        first += odd[: rng.integers(1, 4)]
    tables = {0: first, 0x8769: [], 0x8825: []}
    if rng.random() < 0.7:
        tables[0x8769] = [text(0x9003), text(0x927C, 7), text(0x9286, 7)]
        tables[0x8769].append((0xA002, 4, 1, struct.pack(f"{order}I", 9)))
        tables[0x8769].append((0x9204, int(rng.choice([5, 10])), 1, b"\xff\xff\xff\xfe\0\0\0\3"))
    if rng.random() < 0.5:
        tables[0x8825] = [(1, 2, 2, b"N\0"), (2, int(rng.choice([5, 10])), 3, rng.bytes(24)), text(0x1B, 7)]
        tables[0x8825].append((0, int(rng.choice([1, 2])), 4, b"\2\3\0\0"))
    return _stream(tables, order), orientation, planted


def _stream(tables: dict[int, list[tuple[int, int, int, bytes]]], order: str) -> bytes:
    """Tables one after the other, each with its values behind it."""
    lengths = {
        key: 2 + 12 * len(t) + 4 + sum(len(v) + len(v) % 2 for *_, v in t if len(v) > 4)
        for key, t in tables.items()
    }
    inner = [key for key in (0x8769, 0x8825) if tables[key]]
    at, places = 8 + lengths[0] + 12 * len(inner), {}
    for key in inner:
        places[key], at = at, at + lengths[key]
    tables = tables | {0: tables[0] + [(key, 4, 1, struct.pack(f"{order}I", places[key])) for key in inner]}
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for key in (0, *inner):
        entries, values = sorted(tables[key]), b""
        behind = len(out) + 2 + 12 * len(entries) + 4
        body = struct.pack(f"{order}H", len(entries))
        for tag, kind, count, value in entries:
            body += struct.pack(f"{order}HHI", tag, kind, count)
            if len(value) > 4:
                body += struct.pack(f"{order}I", behind + len(values))
                values += value + bytes(len(value) % 2)
            else:
                body += value.ljust(4, b"\0")
        out += body + bytes(4) + values
    return out


def random_xmp(rng: Any) -> tuple[bytes, list[tuple[bytes, str]]]:
    words = random_words(rng)
    packet = (
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
        b'<rdf:Description tiff:Orientation="6" exif:PixelXDimension="12" dc:title="' + words + b'"/>'
        b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )
    return packet, [(words, "XMP")]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed_png(values: np.ndarray, depth: int, colour: int, chunks: Any = ()) -> bytes:
    """A PNG of values of shape (H, W, C), with chunks before its pixels."""
    rows, columns = values.shape[:2]
    if depth >= 8:
        lines = values.astype(f">u{depth // 8}").reshape(rows, -1).view(np.uint8)
    else:
        bits = (values[..., 0, None] >> np.arange(depth - 1, -1, -1)) & 1
        lines = np.packbits(bits.reshape(rows, -1).astype(np.uint8), axis=1)
    data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
    head = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    listed = [(b"IHDR", head), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in listed)


def _png(number: int, rng: Any) -> Valid:
    """Any colour type and depth, with or without a transparent shade, and any chunks."""
    colour = int(rng.choice([0, 2, 3, 4, 6]))
    depth = int(rng.choice({0: [1, 2, 4, 8, 16], 3: [1, 2, 4, 8]}.get(colour, [8, 16])))
    channels, shades = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour], 2**depth
    values = rng.integers(0, shades, (*rng.integers(1, 24, 2), channels))
    values[:, values.shape[1] // 2 :] = values[0, 0]
    stored = [(b"PLTE", rng.bytes(3 * shades))] if colour == 3 else []
    if colour in (0, 2, 3) and rng.random() < 0.5:
        some = rng.bytes(int(rng.integers(1, shades + 1)))
        stored.append((b"tRNS", some if colour == 3 else struct.pack(f">{channels}H", *values[0, 0])))
    chunks, orientation, planted = random_chunks(rng, 3 if colour == 3 else channels)
    plain = imagecodecs.png_decode(packed_png(values, depth, colour, stored))
    content = packed_png(values, depth, colour, [*chunks, *stored])
    return Valid(f"{number}.png", content, turned(_squeezed(plain), orientation), planted)


def random_chunks(
    rng: Any, channels: int, exif: bool = True
) -> tuple[list[tuple[bytes, bytes]], int, list[tuple[bytes, str]]]:
    """Random chunks, the orientation in them, and what is planted."""
    chunks, planted, orientation = [], [], 1
    if rng.random() < 0.4 and exif:
        raw, orientation, found = random_exif(rng)
        chunks.append((b"eXIf", raw))
        planted += found
    for kind, body, word in (
        (b"gAMA", struct.pack(">I", 100000), "gAMA"),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600), "cHRM"),
        (b"sRGB", b"\0", "sRGB"),
        (b"cICP", bytes((9, 16, 0, 1)), "cICP"),
        (b"mDCV", rng.bytes(24), "mDCV"),
        (b"cLLI", rng.bytes(8), "cLLI"),
        (b"sBIT", b"\1" * channels, "sBIT"),
        (b"tIME", bytes((7, 230, 1, 2, 3, 4, 5)), "tIME"),
        (b"zzZz", b"an unknown chunk", "zzZz"),
        (b"zzZZ", b"an unknown chunk that depends", "zzZZ"),
        (b"pHYs", struct.pack(">IIB", 2000, 2000, 1), "resolution"),
    ):
        if rng.random() < 0.15:
            chunks.append((kind, body))
            planted.append((b"" if kind == b"pHYs" else kind, word))
    for kind in (b"tEXt", b"iTXt"):
        if rng.random() < 0.3:
            words = random_words(rng)
            chunks.append((kind, b"Title\0" + (b"\0\0\0\0" if kind == b"iTXt" else b"") + words))
            planted.append((words, "Title"))
    if rng.random() < 0.2:
        packet, found = random_xmp(rng)
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
        planted += found
    rng.shuffle(chunks)
    return chunks, orientation, planted


def _squeezed(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels


def _jpeg(number: int, rng: Any) -> Valid:
    pixels = random_picture(rng, int(rng.choice([1, 3])))
    options = {"quality": int(rng.integers(60, 100)), "progressive": bool(rng.random() < 0.3)}
    if pixels.ndim == 3:
        options["subsampling"] = int(rng.integers(0, 3))
    plain = encoded(Image.fromarray(pixels), "JPEG", **options)
    segments, planted, orientation = b"", [], 1

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    if rng.random() < 0.6:
        raw, orientation, found = random_exif(rng)
        segments += segment(0xE1, b"Exif\0\0" + raw)
        planted += found
    if rng.random() < 0.3:
        packet, found = random_xmp(rng)
        segments += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
        planted += found
    if rng.random() < 0.3:
        words = random_words(rng)
        iptc = b"\x1c\2\x78" + struct.pack(">H", len(words)) + words
        resource = b"8BIM\4\4\0\0" + struct.pack(">I", len(iptc)) + iptc + bytes(len(iptc) % 2)
        segments += segment(0xED, b"Photoshop 3.0\0" + resource)
        planted.append((words, "IPTC"))
    if rng.random() < 0.3:
        words = random_words(rng)
        segments += segment(0xFE, words)
        planted.append((words, "comment"))
    if rng.random() < 0.3 and pixels.ndim == 3:
        segments += segment(0xE2, b"ICC_PROFILE\0\1\1" + SRGB)
        planted.append((SRGB[:400], "colour profile"))
    if rng.random() < 0.2:
        segments += segment(0xE0 + int(rng.integers(3, 13)), b"Unknown\0" + rng.bytes(9))
        planted.append((b"no file holds this", "the JPEG segment"))
    if rng.random() < 0.3:
        plain = plain[:13] + b"\1" + struct.pack(">HH", 300, 300) + plain[18:]
        planted.append((b"", "resolution"))
    content = plain[:20] + segments + plain[20:]
    return Valid(
        f"{number}.jpg", content, turned(_squeezed(imagecodecs.jpeg8_decode(plain)), orientation), planted
    )


def _webp(number: int, rng: Any) -> Valid:
    pixels = random_picture(rng, int(rng.choice([3, 4])))
    raw, orientation, planted = random_exif(rng)
    packet, found = random_xmp(rng)
    options: dict[str, Any] = {"lossless": bool(rng.random() < 0.5), "exact": True}
    for name, value, words in (("exif", raw, planted), ("xmp", packet, found)):
        if rng.random() < 0.5:
            options[name] = value
        else:
            words.clear()
            orientation = 1 if name == "exif" else orientation
    content = encoded(Image.fromarray(pixels), "WEBP", **options)
    plain = imagecodecs.webp_decode(content)
    if pixels.shape[2] == 4 and plain.shape[2] == 3:
        plain = np.dstack([plain, np.full(plain.shape[:2], 255, np.uint8)])
    if rng.random() < 0.2:
        content += b"ABCD" + struct.pack("<I", 4) + b"1234"
        content = content[:4] + struct.pack("<I", len(content) - 8) + content[8:]
        planted = [*planted, (b"no file holds this", "WebP chunk 'ABCD'")]
    return Valid(f"{number}.webp", content, turned(plain, orientation), planted + found)


def _avif(number: int, rng: Any) -> Valid:
    """Its own orientation counts, not EXIF's: Pillow's encoder writes it from EXIF."""
    pixels = random_picture(rng, int(rng.choice([3, 4])))
    words, orientation, exif = random_words(rng), int(rng.integers(1, 9)), Image.Exif()
    exif[0x10F], exif[0x112] = words.decode(), orientation
    packet, planted = random_xmp(rng)
    content = encoded(Image.fromarray(pixels), "AVIF", exif=exif, xmp=packet, subsampling="4:4:4")
    plain = imagecodecs.avif_decode(content)
    if b"auxC" in content and plain.shape[2] == 3:  # its alpha, which is opaque
        plain = np.dstack([plain, np.full(plain.shape[:2], 255, np.uint8)])
    return Valid(f"{number}.avif", content, turned(plain, orientation), [*planted, (words, "EXIF")])


def _jxl(number: int, rng: Any) -> Valid:
    channels, dtype = int(rng.choice([1, 3, 4])), rng.choice([np.uint8, np.uint16])
    pixels = random_picture(rng, channels, dtype)
    raw, _, planted = random_exif(rng)
    packet, found = random_xmp(rng)
    content = imagecodecs.jpegxl_encode(np.ascontiguousarray(pixels), lossless=True, usecontainer=True)
    for kind, body in ((b"Exif", bytes(4) + raw), (b"xml ", packet)):
        content += struct.pack(">I4s", len(body) + 8, kind) + body
    return Valid(f"{number}.jxl", content, pixels, planted + found)


def _bmp(number: int, rng: Any) -> Valid:
    pixels = random_picture(rng, 3)
    content = encoded(Image.fromarray(pixels), "BMP", dpi=(200, 200))
    return Valid(f"{number}.bmp", content, imagecodecs.bmp_decode(content), [(b"", "resolution")])


def _gif(number: int, rng: Any) -> Valid:
    pixels = random_picture(rng, 3)
    pixels[...] = pixels // 86 * 86
    words = random_words(rng)
    content = encoded(Image.fromarray(pixels), "GIF", comment=words)
    shown = imagecodecs.gif_decode(content)
    shown = shown[0] if shown.ndim == 4 else shown
    return Valid(f"{number}.gif", content, np.ascontiguousarray(shown[..., :3]), [(words, "comment")])


def _tiff(number: int, rng: Any) -> Valid:
    """Grey, RGB or palette of any depth, compression, order and arrangement, with any tags."""
    kind = str(rng.choice(["minisblack", "miniswhite", "rgb", "palette"]))
    dtype = np.uint8 if kind == "palette" or rng.random() < 0.6 else np.uint16
    channels = {"minisblack": (1, 2), "rgb": (3, 4)}.get(kind, (1, 1))[int(rng.random() < 0.4)]
    pixels = random_picture(rng, channels, dtype)
    options: dict[str, Any] = {"byteorder": str(rng.choice(["<", ">"])), "bigtiff": bool(rng.random() < 0.2)}
    if channels % 2 == 0:
        options["extrasamples"] = ["unassalpha"]
    if channels > 1 and rng.random() < 0.3:
        options["planarconfig"] = "separate"
    if rng.random() < 0.6:
        options["compression"] = str(rng.choice(["lzw", "adobe_deflate", "packbits"]))
        options["predictor"] = (
            bool(rng.random() < 0.5) and kind != "palette" and options["compression"] != "packbits"
        )
    if rng.random() < 0.3:
        options["tile"] = (16, 16)
    elif rng.random() < 0.5:
        options["rowsperstrip"] = int(rng.integers(1, 9))
    if kind == "palette":
        options["colormap"] = rng.integers(0, 256, (3, 256)).astype(np.uint16) * 257
    planted, tags = _tags(rng)
    if rng.random() < 0.4:
        options["resolution"], options["resolutionunit"] = (200, 200), "INCH"
        planted.append((b"", "resolution"))
    stored = np.moveaxis(pixels, 2, 0) if options.get("planarconfig") == "separate" else pixels
    file = io.BytesIO()
    tifffile.imwrite(file, stored, photometric=kind, metadata=None, software=False, extratags=tags, **options)
    if kind == "palette":
        pixels = np.moveaxis(options["colormap"][:, pixels] // 257, 0, 2).astype(np.uint8)
    if kind == "miniswhite":
        pixels = np.iinfo(dtype).max - pixels
    orientation = next((int(value) for tag, _, _, value, _ in tags if tag == 274), 1)
    return Valid(f"{number}.tif", file.getvalue(), turned(pixels, orientation), planted)


def _tags(rng: Any) -> tuple[list[tuple[bytes, str]], list[tuple]]:
    """Tags of a TIFF's first table, as tifffile takes them."""
    planted, tags, plain = [], [], rng.random() < 0.7
    for tag in rng.choice([270, 271, 272, 305, 315, 33432], rng.integers(0, 4), replace=False):
        words = random_words(rng)
        planted.append((words, "EXIF"))
        tags.append((int(tag), 2, 0, words.decode(), True))
    if not plain:
        tags.append((274, 3, 1, int(rng.integers(1, 9)), True))
    packet, found = random_xmp(rng)
    for chance, tag, found_as in (
        (0.3, (700, 1, len(packet), packet, True), found),
        (0.2, (33550, 12, 3, (10.0, 10.0, 0.0), True), [(b"", "GeoTIFF's size of a pixel")]),
        (0.2, (42113, 2, 0, "no data 4711", True), [(b"no data 4711", "GDAL's value of no data")]),
        (0.2, (65000, 3, 1, 7, True), [(b"no file holds this", "the TIFF tag 65000")]),
    ):
        if rng.random() < chance:
            tags.append(tag)
            planted += found_as
    return planted, tags


def keeps(content: bytes, token: bytes) -> bool:
    """Whether a file holds some bytes, by themselves or where PNG deflates them."""
    if token in content or (token == b"cICP" and b"colrnclx\0\x09\0\x10" in content):
        return True
    at = content.find(b"iCCPICC profile\0\0")
    return at >= 0 and token in zlib.decompressobj().decompress(content[at + 17 :])
