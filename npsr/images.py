"""Image files ↔ arrays: nothing is reduced, dropped or reinterpreted silently."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import imageio.v3 as iio
import numpy as np
from PIL import Image

from npsr.colour import luma
from npsr.files import atomic_write

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}
ORIENTATION, BITS_PER_SAMPLE = 0x0112, 0x0102
DESCRIPTIVE = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
"""Description, maker, model, software, date, artist, copyright."""
SUB_TABLES = (0x8769, 0x8825)
"""EXIF proper, and the place."""

MODES: dict[str, str | None] = {
    **{"1": "L", "L": "L", "LA": "RGBA", "PA": "RGBA", "RGB": "RGB", "RGBA": "RGBA"},
    **{"I;16": None, "I;16B": None},
}
"""Pillow's modes that are read, and the mode each is read as; "P" depends on its transparency."""

SAVING: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True, "exact": True},
    ".tif": {"compression": "tiff_adobe_deflate"},
    ".tiff": {"compression": "tiff_adobe_deflate"},
}


class ImageError(ValueError):
    """An image file is missing, damaged, of an unsupported kind, or cannot be written."""


@dataclass(frozen=True)
class Photograph:
    """Pixels, and what else a file says of them.

    Attributes
    ----------
    pixels : ndarray of shape (H, W), (H, W, 3) or (H, W, 4)
        uint8, or uint16 for 16-bit grey; upright (EXIF orientation applied).
    icc_profile, exif : bytes or None
        Colour profile and EXIF without the orientation, which is applied; passed on to the output.
    """

    pixels: np.ndarray
    icc_profile: bytes | None = None
    exif: bytes | None = None


def read_image(path: Path) -> Photograph:
    """Read an image file.

    Raises
    ------
    ImageError
        If the file is missing, empty, truncated, no image, animated, or of a kind that cannot be
        kept whole: CMYK, 16-bit colour, 32-bit.
    """
    with _errors(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ImageError(f"{path} is not a regular file: name an image file")
        with Image.open(path) as header:
            mode = _readable_mode(path, header)
            icc_profile = header.info.get("icc_profile")
            exif = _exif(header)
            orientation = exif.pop(ORIENTATION, 1)
            exif_bytes = exif.tobytes() if len(exif) else None
        pixels = iio.imread(path, plugin="pillow", index=0, mode=mode)
    upright = _upright(pixels, orientation)
    native = upright.astype(upright.dtype.newbyteorder("="))  # also makes it contiguous
    return Photograph(np.ascontiguousarray(native), icc_profile, exif_bytes)


def read_luma(path: Path) -> np.ndarray:
    """Read the 8-bit luma of an image file, as models are trained and compared.

    Raises
    ------
    ImageError
        As `read_image`, and if the file has more than 8 bits.
    """
    pixels = read_image(path).pixels
    if pixels.dtype != np.uint8:
        raise ImageError(
            f"{path} has {pixels.dtype} pixels, but models are trained and compared on 8 bits: convert it"
        )
    return luma(pixels)


def write_image(path: Path, photograph: Photograph, force: bool = False) -> None:
    """Write an image file, atomically, in the format that its name tells.

    Raises
    ------
    ImageError
        If the format is unknown or cannot hold the pixels.
    FileExistsError
        If the file exists and `force` is False.
    OSError
        If the file cannot be written.
    """
    suffix, pixels = check_writable(path, photograph.pixels), photograph.pixels
    extras = {"icc_profile": photograph.icc_profile, "exif": photograph.exif}
    options = SAVING.get(suffix, {}) | {key: value for key, value in extras.items() if value}
    with atomic_write(path, force) as file:
        try:
            iio.imwrite(cast(BinaryIO, file), pixels, plugin="pillow", extension=suffix, **options)
        except ValueError as error:
            raise ImageError(f"{path} cannot be written: {error}") from error


def check_writable(path: Path, pixels: np.ndarray) -> str:
    """The suffix of an output file for such pixels (of whatever size), in lower case.

    Raises
    ------
    ImageError
        If no format is known for it, or it cannot hold them.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(f"{path} ends in {suffix!r}, but must end in one of {', '.join(sorted(SUFFIXES))}")
    if pixels.dtype == np.uint16 and (suffix not in (".png", ".tif", ".tiff") or pixels.ndim == 3):
        raise ImageError(
            f"{path.name}: 16-bit grey is written as .png or .tif only, 16-bit colour not at all"
        )
    if pixels.ndim == 3 and pixels.shape[2] == 4 and suffix in (".jpg", ".jpeg", ".bmp"):
        raise ImageError(f"{path.name}: {suffix} cannot hold transparency: write .png, .webp or .tif")
    return suffix


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name.

    Raises
    ------
    ImageError
        If there is no such folder or no image in it.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder: name a folder of images")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise ImageError(f"the folder {folder} holds no image ({', '.join(sorted(SUFFIXES))})")
    return files


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn what decoders raise for missing and damaged files into an ImageError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{path} does not exist: check the name") from error
    except PermissionError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}") from error
    except IsADirectoryError as error:
        raise ImageError(f"{path} is a folder: name an image file") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, … for damaged files
        reason = "it is empty" if path.is_file() and path.stat().st_size == 0 else str(error)
        raise ImageError(f"{path} is no image or is damaged: {reason}") from error


def _readable_mode(path: Path, header: Image.Image) -> str | None:
    """The mode to read pixels as, or an error that says why they cannot be kept whole."""
    if getattr(header, "n_frames", 1) > 1 and header.format != "MPO":
        raise ImageError(f"{path} has {header.n_frames} frames, but must have one: save one frame")  # type: ignore[attr-defined]
    if header.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        raise ImageError(f"{path} is {header.mode}, but must be grey or RGB: convert it in an image editor")
    if _bits(header) > 8 and header.mode not in ("I;16", "I;16B", "I", "F"):
        raise ImageError(f"{path} has 16-bit colour, which would be reduced to 8: convert it to 8 bits first")
    if header.mode == "I" and header.format == "PNG":
        return "I;16"
    if header.mode == "P":
        return "RGBA" if "transparency" in header.info or header.palette.mode == "RGBA" else "RGB"  # type: ignore[union-attr]
    if header.mode not in MODES:
        raise ImageError(f"{path} has pixels of kind {header.mode}, but must be 8-bit, or 16-bit grey")
    if header.mode in ("L", "RGB") and "transparency" in header.info:
        return "RGBA"
    return MODES[header.mode]


def _bits(header: Image.Image) -> int:
    """Bits per channel in the file; Pillow reads 16-bit colour PNG as if it had 8."""
    if header.format == "TIFF":
        return max(header.tag_v2.get(BITS_PER_SAMPLE, (8,)))  # type: ignore[attr-defined]
    decoders = [tile[3] for tile in getattr(header, "tile", [])]
    return 16 if any(isinstance(raw_mode, str) and ";16" in raw_mode for raw_mode in decoders) else 8


def _exif(header: Image.Image) -> Image.Exif:
    """EXIF of a file; of a TIFF, where it shares a table with the pixels' layout, what describes the
    picture.
    """
    exif = header.getexif()
    if header.format != "TIFF":
        return exif
    described = Image.Exif()
    for tag in (ORIENTATION, *DESCRIPTIVE):
        if tag in exif:
            described[tag] = exif[tag]
    for tag in SUB_TABLES:
        if table := exif.get_ifd(tag):
            described[tag] = dict(table)
    return described


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Apply an EXIF orientation, 1 to 8 (others are taken as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
