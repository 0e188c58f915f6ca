"""Valid files whose inventories are made by exiftool, and pictures in HEIC."""

import io
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif

from helpers.valid_files import Valid, random_exif, random_picture, random_words, turned

TAGS = {
    "EXIF": (
        "IFD0:ImageDescription",
        "IFD0:Make",
        "IFD0:Model",
        "IFD0:Software",
        "IFD0:Artist",
        "IFD0:Copyright",
        "IFD0:HostComputer",
        "ExifIFD:UserComment",
        "ExifIFD:ImageUniqueID",
        "ExifIFD:OwnerName",
        "ExifIFD:SerialNumber",
        "ExifIFD:LensMake",
        "ExifIFD:LensModel",
        "ExifIFD:LensSerialNumber",
        "ExifIFD:SpectralSensitivity",
        "ExifIFD:RelatedSoundFile",
        "GPS:GPSSatellites",
        "GPS:GPSAreaInformation",
        "GPS:GPSProcessingMethod",
        "GPS:GPSMapDatum",
    ),
    "XMP": (
        "XMP-dc:Title",
        "XMP-dc:Creator",
        "XMP-dc:Subject",
        "XMP-dc:Rights",
        "XMP-photoshop:Headline",
        "XMP-photoshop:City",
        "XMP-xmpMM:DocumentID",
        "XMP-xmp:Label",
        "XMP-iptcExt:Event",
        "XMP-iptcCore:Scene",
        "XMP-aux:Lens",
        "XMP-exif:UserComment",
        "XMP-tiff:Artist",
        "XMP-lr:HierarchicalSubject",
        "XMP-plus:ImageSupplierName",
    ),
    "IPTC": (
        "IPTC:ObjectName",
        "IPTC:Keywords",
        "IPTC:By-line",
        "IPTC:City",
        "IPTC:Headline",
        "IPTC:Credit",
        "IPTC:Source",
        "IPTC:CopyrightNotice",
        "IPTC:Caption-Abstract",
    ),
}
"""Texts that exiftool writes, by the word that a note calls them by."""
NUMBERS = (
    "ExifIFD:ExposureTime=1/250",
    "ExifIFD:FNumber=2.8",
    "ExifIFD:ISO=400",
    "ExifIFD:FocalLength=35",
    "ExifIFD:DateTimeOriginal=2024:05:06 07:08:09",
    "ExifIFD:OffsetTimeOriginal=+02:00",
    "ExifIFD:Flash=16",
    "ExifIFD:SubjectArea=3 4 5 6",
    "ExifIFD:ColorSpace=1",
    "ExifIFD:ExifImageWidth=99",
    "ExifIFD:GainControl=1",
    "GPS:GPSLatitude=47.5",
    "GPS:GPSLatitudeRef=N",
    "GPS:GPSAltitude=408",
    "IFD0:XResolution=300",
    "IFD0:YResolution=300",
    "XMP-xmp:Rating=4",
    "XMP-exif:PixelXDimension=99",
    "XMP-tiff:ImageWidth=99",
)
"""What else it writes; these are not looked for."""
OWN: dict[str, tuple[str, ...]] = {
    "png": ("PNG:Title", "PNG:Author", "PNG:Comment", "PNG:Source"),
    "jpg": ("Comment",),
    "gif": ("Comment",),
}
"""Texts that one format alone has."""
HOLDS = {
    "png": ("EXIF", "XMP"),
    "jpg": ("EXIF", "XMP", "IPTC"),
    "tif": ("EXIF", "XMP", "IPTC"),
    "webp": ("EXIF", "XMP"),
    "gif": ("XMP",),
    "jxl": ("EXIF", "XMP"),
    "avif": ("EXIF", "XMP"),
    "heic": ("EXIF", "XMP"),
}


UNKNOWN = 65000
"""A tag that nobody knows; exiftool may leave it out."""


def tagged(files: list[Valid], folder: Path, rng: Any) -> list[Valid]:
    """The same files with more texts and numbers, written by one call of exiftool."""
    arguments, planted = [], {}
    for file in files:
        suffix = file.name.rpartition(".")[2]
        (folder / file.name).write_bytes(file.content)
        lines, planted[file.name] = _lines(suffix, rng)
        arguments += [*lines, "-m", "-q", "-overwrite_original", str(folder / file.name), "-execute"]
    (folder / "arguments").write_text("\n".join(arguments))
    subprocess.run(["exiftool", "-@", folder / "arguments"], check=False, capture_output=True)
    return [_grown(file, (folder / file.name).read_bytes(), planted[file.name]) for file in files]


def _lines(suffix: str, rng: Any) -> tuple[list[str], list[tuple[bytes, str]]]:
    """Arguments for exiftool, and what they plant."""
    lines, planted = [], []
    for word in HOLDS.get(suffix, ()):
        for tag in rng.choice(TAGS[word], int(rng.integers(0, 6)), replace=False):
            words = random_words(rng)
            lines.append(f"-{tag}={words.decode()}")
            planted.append((words, word))
    for tag in OWN.get(suffix, ()):
        if rng.random() < 0.4:
            words = random_words(rng)
            lines.append(f"-{tag}={words.decode()}")
            planted.append((words, f"'{tag.partition(':')[2]}'" if ":" in tag else "comment"))
    if "EXIF" in HOLDS.get(suffix, ()):
        lines += [f"-{tag}" for tag in rng.choice(NUMBERS, int(rng.integers(0, 8)), replace=False)]
    return lines, planted


def _grown(file: Valid, content: bytes, planted: list[tuple[bytes, str]]) -> Valid:
    """A file with what exiftool could write; what it took away instead is no longer looked for."""
    before = [(token, word) for token, word in file.planted if not _is_text(token) or token in content]
    if (
        file.name.endswith(".tif")
        and struct.pack("<H", UNKNOWN) not in content
        and struct.pack(">H", UNKNOWN) not in content
    ):
        before = [one for one in before if str(UNKNOWN) not in one[1]]
    return file._replace(content=content, planted=before + [one for one in planted if one[0] in content])


def _is_text(token: bytes) -> bool:
    return token.startswith(b"token-")


def heic(number: int, rng: Any) -> Valid:
    """Without loss, so that the pixels are known."""
    mode, channels, dtype = (("RGB", 3, np.uint8), ("RGBA", 4, np.uint8), ("RGB;16", 3, np.uint16))[
        int(rng.integers(0, 3))
    ]
    pixels = random_picture(rng, channels, dtype)
    raw, orientation, planted = random_exif(rng)
    picture = pillow_heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=pixels.tobytes())
    file = io.BytesIO()
    picture.save(file, quality=-1, chroma=444, matrix_coefficients=0, exif=raw)
    if dtype == np.uint16:  # it holds 10 bits
        pixels = ((pixels >> 6) * (65535 / 1023)).round().astype(np.uint16)
    return Valid(f"{number}.heic", file.getvalue(), turned(pixels, orientation), planted)
