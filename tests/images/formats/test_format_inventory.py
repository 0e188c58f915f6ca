"""Everything that a format holds besides pixels is kept, adapted or named, whatever is written."""

import io
import struct
import zlib

import numpy as np
import pytest
from helpers.pictures import ALPHA, RGB, encoded, moving
from helpers.valid_files import SRGB, chunk, keeps
from PIL import Image, features

from npsr.images.animations.files import encode_animation, open_animation
from npsr.images.encoding import encode
from npsr.images.files import read_image
from npsr.images.formats.inventory import HOLDS, inventory
from npsr.images.formats.names import KINDS
from npsr.images.metadata.exif import build_exif
from npsr.images.metadata.ifd import Entry
from npsr.images.photograph import MAX_PIXELS

tifffile = pytest.importorskip("tifffile")

EXIF = build_exif({0: [Entry(0x10F, 2, 11, b"exif-token\0")]}, "<")
XMP = b'<x:xmpmeta><rdf:Description dc:title="xmp-token" tiff:Orientation="6"/></x:xmpmeta>'
NOWHERE = b"no file holds this"
SUFFIXES = (".png", ".jpg", ".webp", ".tif", ".bmp", ".gif", ".npy") + (
    (".avif",) if features.check("avif") else ()
)


def iptc():
    text = b"\x1c\2\x78" + struct.pack(">H", 10) + b"iptc-token"
    thumbnail = b"8BIM" + struct.pack(">HHI", 1036, 0, 4) + b"1234"
    return b"8BIM" + struct.pack(">HHI", 1028, 0, len(text)) + text + bytes(len(text) % 2) + thumbnail


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg():
    plain = encoded(Image.fromarray(RGB), "JPEG", dpi=(300, 300))
    parts = [
        segment(0xE1, b"Exif\0\0" + EXIF),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + SRGB),
        segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"),
        segment(0xE5, b"Samsung\0what only its maker knows"),
        segment(0xEB, b"JP\0\1\0\0\0\1jumbf"),
        segment(0xED, b"Photoshop 3.0\0" + iptc()),
        segment(0xFE, b"comment-token"),
    ]
    planted = [
        (b"exif-token", "EXIF"),
        (b"xmp-token", "XMP"),
        (SRGB[:300], "colour profile"),
        (NOWHERE, "gain map"),
        (NOWHERE, "APP5 'Samsung'"),
        (NOWHERE, "content credentials"),
        (b"iptc-token", "IPTC"),
        (NOWHERE, "Photoshop's resources besides IPTC"),
        (b"comment-token", "comment"),
        (b"", "resolution"),
        (NOWHERE, "such as a film"),
    ]
    return plain[:20] + b"".join(parts) + plain[20:] + b"ftypmp42 a film", planted


def png():
    plain = encoded(Image.fromarray(RGB), "PNG")
    chunks = {
        b"iCCP": b"name\0\0" + zlib.compress(SRGB),
        b"gAMA": struct.pack(">I", 100000),
        b"cHRM": bytes(32),
        b"sRGB": b"\0",
        b"cICP": bytes((9, 16, 0, 1)),
        b"mDCV": bytes(24),
        b"cLLI": bytes(8),
        b"sBIT": b"\5\6\5",
        b"bKGD": bytes(6),
        b"hIST": bytes(2),
        b"sPLT": b"name\0\x08",
        b"tIME": bytes((7, 230, 1, 2, 3, 4, 5)),
        b"eXIf": EXIF,
        b"oFFs": struct.pack(">iiB", 5, 6, 0),
        b"vpAg": struct.pack(">IIB", 99, 99, 0),
        b"caNv": struct.pack(">IIii", 99, 99, 0, 0),
        b"npTc": bytes(32),
        b"sCAL": b"\1" + b"1\0" + b"1",
        b"zzZz": b"private and safe to copy",
        b"zzZZ": b"private and not",
    }
    planted = [(kind, kind.decode()) for kind in chunks if kind not in (b"iCCP", b"eXIf")]
    planted += [
        (SRGB[:300], "colour profile"),
        (b"exif-token", "EXIF"),
        (b"xmp-token", "XMP"),
        (b"", "resolution"),
    ]
    planted += [(b"text-token", "'Title'"), (b"packed", "'Packed'"), (NOWHERE, "'Thumb::Image::Width'")]
    body = b"".join(chunk(kind, content) for kind, content in chunks.items())
    body += chunk(b"pHYs", struct.pack(">IIB", 3000, 3000, 1)) + chunk(b"tEXt", b"Title\0text-token")
    body += chunk(b"zTXt", b"Packed\0\0" + zlib.compress(b"packed")) + chunk(
        b"tEXt", b"Thumb::Image::Width\x0099"
    )
    body += chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    planted = [(b"Packed" if token == b"packed" else token, word) for token, word in planted]
    return plain[:33] + body + plain[33:], planted


def webp():
    content = encoded(Image.fromarray(RGB), "WEBP", lossless=True, exif=EXIF, xmp=XMP, icc_profile=SRGB)
    content += b"ABCD" + struct.pack("<I", 4) + b"1234"
    planted = [
        (b"exif-token", "EXIF"),
        (b"xmp-token", "XMP"),
        (SRGB[:300], "colour profile"),
        (NOWHERE, "'ABCD'"),
    ]
    return content[:4] + struct.pack("<I", len(content) - 8) + content[8:], planted


def gif():
    content = encoded(Image.fromarray(RGB), "GIF", comment=b"comment-token")
    magic = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    blocks = b"\x21\xff\x0bXMP DataXMP" + XMP + magic + b"\x21\xff\x0bMAGICGOMDA1\3abc\0"
    blocks += b"\x21\x01\x0c" + bytes(12) + b"\5hello\0"
    planted = [
        (b"comment-token", "comment"),
        (b"xmp-token", "XMP"),
        (NOWHERE, "'MAGICGOMDA1'"),
        (NOWHERE, "plain text"),
    ]
    return content[:-1] + blocks + content[-1:], planted


def bmp():
    plain = encoded(Image.fromarray(RGB), "BMP", dpi=(200, 200))
    head = struct.pack("<I", 124) + plain[18:54] + bytes(16) + b"DEBM" + bytes(48)
    head += struct.pack("<IIII", 4, 124 + len(plain) - 54, len(SRGB), 0)
    content = b"BM" + struct.pack("<III", 0, 0, 14 + 124) + head + plain[54:] + SRGB
    return content, [(SRGB[:300], "colour profile"), (b"", "resolution")]


def tiff():
    file = io.BytesIO()
    keys = (1, 1, 0, 2, 1024, 0, 1, 1, 1025, 0, 1, 1)
    tags = [
        (271, 2, 0, "exif-token", True),
        (700, 1, len(XMP), XMP, True),
        (34377, 7, len(iptc()), iptc(), True),
        (33550, 12, 3, (10.0, 10.0, 0.0), True),
        (33922, 12, 6, (2.0, 3.0, 0.0, 400.0, 900.0, 0.0), True),
        (34735, 3, len(keys), keys, True),
        (42112, 2, 0, "<GDALMetadata>geo-token</GDALMetadata>", True),
        (50838, 4, 1, 7, True),
        (65000, 3, 1, 7, True),
        (532, 5, 6, (16, 1, 235, 1, 16, 1, 235, 1, 16, 1, 235, 1), True),
        (290, 3, 1, 3, True),
        (321, 3, 2, (10, 200), True),
    ]
    options = {"resolution": (100, 50), "resolutionunit": "CENTIMETER", "iccprofile": SRGB}
    tifffile.imwrite(
        file, RGB, photometric="rgb", software=False, extratags=tags, **options
    )  # and {"shape": …}
    planted = [
        (b"exif-token", "EXIF"),
        (b"xmp-token", "XMP"),
        (b"iptc-token", "IPTC"),
        (SRGB[:300], "colour profile"),
        (b"", "resolution"),
        (b"geo-token", "GDAL's metadata"),
        (NOWHERE, "ImageJ"),
        (NOWHERE, "the TIFF tag 65000"),
        (NOWHERE, "ReferenceBlackWhite"),
        (NOWHERE, "what its greys measure"),
        (NOWHERE, "the halftone's limits"),
        (NOWHERE, "states the old sides"),
        (struct.pack("<2d", 5, 5), "GeoTIFF's size of a pixel"),
        (struct.pack("<6d", 4, 6, 0, 400, 900, 0), "GeoTIFF's tie points"),
        (struct.pack(f"<{len(keys)}H", *keys), "GeoTIFF's coordinate system"),
    ]
    return file.getvalue(), planted


def avif():
    content = encoded(Image.fromarray(RGB), "AVIF", exif=EXIF, xmp=XMP, icc_profile=SRGB, subsampling="4:4:4")
    at = content.find(b"colrnclx")
    planted = [(b"exif-token", "EXIF"), (b"xmp-token", "XMP"), (SRGB[:300], "colour profile")]
    if at < 0:
        return content, planted
    content = content[: at + 8] + struct.pack(">HH", 9, 16) + content[at + 12 :]
    return content, [*planted, (b"cICP", "cICP 9/16")]


WHOLE = {"jpeg": jpeg, "png": png, "webp": webp, "gif": gif, "bmp": bmp, "tiff": tiff, "avif": avif}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("make", WHOLE)
def test_each_thing_is_kept_or_named(make, suffix):
    if make == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    content, planted = WHOLE[make]()
    photograph = read_image(content)
    shape = (2 * photograph.pixels.shape[0], 2 * photograph.pixels.shape[1], *photograph.pixels.shape[2:])
    large = photograph.pixels.repeat(2, 0).repeat(2, 1)
    file = io.BytesIO()
    notes = (*photograph.notes, *encode(file, suffix, photograph, shape, [large]))
    written = file.getvalue()
    for token, word in planted:
        assert keeps(written, token) or any(word in note for note in notes), (word, notes)
    assert b"tiff:Orientation" not in written
    if suffix not in (".npy", ".avif", ".jpg", ".gif"):
        np.testing.assert_array_equal(read_image(written).pixels, large)


@pytest.mark.parametrize("make", WHOLE)
def test_readers_know_only_kinds_that_are_written_or_named(make):
    content, planted = WHOLE[make]()
    kind = make.upper()
    known = {kind for kinds in HOLDS.values() for kind in kinds} | {"lost", "note"}
    found = inventory(io.BytesIO(content), kind).items
    assert {item.kind for item in found} <= known
    assert len(found) >= len(planted)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_keep_and_name_as_stills_do(kind, suffix):
    options = {
        "GIF": {"comment": b"comment-token"},
        "WEBP": {"exif": EXIF, "xmp": XMP},
        "PNG": {"exif": EXIF},
    }[kind]
    planted = {b"comment-token": "comment"} if kind == "GIF" else {b"exif-token": "EXIF"}
    planted |= {b"xmp-token": "XMP"} if kind == "WEBP" else {}
    animation = open_animation(moving(kind, **options)[0], MAX_PIXELS)
    file = io.BytesIO()
    notes = (*animation.notes, *encode_animation(file, suffix, animation, animation.frames()))
    for token, word in planted.items():
        assert token in file.getvalue() or any(word in note for note in notes), (word, notes)


def dots(content, kind):
    found = [item.content for item in inventory(io.BytesIO(content), kind).items if item.kind == "resolution"]
    return tuple(round(side * (found[0].inches and 1 / found[0].inches)) for side in found[0][:2])


@pytest.mark.parametrize("target", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize("source", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_physical_size_stays(source, target):
    content = encoded(Image.fromarray(RGB), source, dpi=(300, 300))
    assert dots(content, source) == (300, 300)
    photograph, file = read_image(content), io.BytesIO()
    large = photograph.pixels.repeat(2, 0).repeat(3, 1)
    assert encode(file, target, photograph, large.shape, [large]) == ()
    assert dots(file.getvalue(), KINDS[target]) == (900, 600)


def test_a_profile_or_a_text_of_any_size_costs_at_most_itself():
    plain = encoded(Image.fromarray(RGB), "PNG")
    huge = b"iCCP", b"bomb\0\0" + zlib.compress(bytes(2**27), 1)
    long = b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * 2**21)
    content = plain[:33] + chunk(*huge) + chunk(*long) + plain[33:]
    found = read_image(content)
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.notes == ("left out the colour profile, which is damaged",)
    large = encoded(
        Image.fromarray(RGB), "PNG", exif=build_exif({0: [Entry(0x927C, 7, 70000, bytes(70000))]}, "<")
    )
    file = io.BytesIO()
    notes = encode(file, ".jpg", read_image(large), RGB.shape, [RGB])
    assert notes == ("left out EXIF, which is too long for JPEG",)


def test_a_damaged_chunk_costs_itself():
    plain = encoded(Image.fromarray(RGB), "PNG")
    damaged = [
        (b"gAMA", b"1"),
        (b"pHYs", b"12"),
        (b"cICP", b"1"),
        (b"iCCP", b"x"),
        (b"eXIf", b"II*"),
        (b"zTXt", b""),
    ]
    whole = [(b"tEXt", b"Title\0text-token")]
    content = plain[:33] + b"".join(chunk(*each) for each in damaged + whole) + plain[33:]
    found, file = read_image(content), io.BytesIO()
    assert len(found.notes) == 5
    assert all("damaged" in note for note in found.notes)
    encode(file, ".png", found, RGB.shape, [RGB])
    assert b"text-token" in file.getvalue()


def test_colours_that_would_shift_are_told_with_a_remedy():
    content = encoded(Image.fromarray(ALPHA), "PNG")
    linear = content[:33] + chunk(b"gAMA", struct.pack(">I", 100000)) + content[33:]
    photograph, file = read_image(linear), io.BytesIO()
    (note,) = encode(file, ".webp", photograph, ALPHA.shape, [ALPHA])
    assert "gAMA" in note
    assert "colours may look different, .png keeps them" in note


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Aperio Image Library v12\n7x5 [0,0 7x5] |AppMag = 20|MPP = 0.499", False),
        ("Scanner, 7 x 5", False),
        ("A picture of a cat, 17x5", True),
        ("sizex=7", False),
    ],
)
def test_descriptions_with_the_old_sides_are_named(text, kept):
    file = io.BytesIO()
    tifffile.imwrite(file, RGB, photometric="rgb", metadata=None, description=text)
    photograph = read_image(file.getvalue())
    assert (photograph.exif is not None and text.encode() in photograph.exif) == kept
    assert any("states the old sides" in note for note in photograph.notes) != kept
