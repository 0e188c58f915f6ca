"""How names of image files end, the formats that they stand for, and how these are written."""

from pathlib import Path
from typing import Any

SAVING: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 2},  # 4 times as fast as 6, for a sixth more bytes
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True, "method": 1},  # as small as 4 in two thirds of the time
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "BMP": {},
    "GIF": {},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}
"""By Pillow's names of the formats, the options that they are written with."""
KINDS = {
    ".png": "PNG",
    ".apng": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".gif": "GIF",
    ".avif": "AVIF",
}
"""How names of images that are written end, and their formats."""
READ_ONLY = {
    ".mpo": ".jpg",
    ".avifs": ".avif",
    ".heic": ".png",
    ".heif": ".png",
    ".hif": ".png",
    ".jxl": ".png",
}
"""Names of images that are only read, and what their enlargements are written as."""
PLAIN = {".jfif": ".jpg", ".jpe": ".jpg", ".apng": ".png", ".dib": ".bmp"}
"""Rarer names, and those that enlargements have unless another is asked for."""
SUFFIXES = frozenset((*KINDS, *READ_ONLY))
"""Names of images that are read end so."""
TIFF, RAW, ZARR = (".tif", ".tiff"), ".npy", ".zarr"
LONGEST = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 65536}
"""Sides in pixels at most."""
NO_GREY = ("WEBP", "AVIF", "GIF")


def result_suffix(source: Path) -> str:
    """How the name of a picture's enlargement ends: as its own, if that can be written."""
    own = source.suffix.lower()
    if own in PLAIN or own in READ_ONLY:
        return PLAIN.get(own) or READ_ONLY[own]
    return source.suffix if own in KINDS or own == RAW else ".png"


def is_zarr(path: Path) -> bool:
    """Whether a folder holds a Zarr array or group."""
    return any((path / mark).exists() for mark in ("zarr.json", ".zarray", ".zgroup"))
