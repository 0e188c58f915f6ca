"""Folders of images to learn from or to compare with, and the luma of their images."""

from pathlib import Path

import numpy as np

from npsr.images.colour import luma, to_8_bits
from npsr.images.files import SUFFIXES, ImageError, read_image


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; GIF is none, nor hidden.

    Dead links stay, so that reading them tells.

    Raises
    ------
    ImageError
        If there is no such folder or no image in it.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder} is not a folder: name a folder of images")
    suffixes = SUFFIXES - {".gif"}
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    named = [path for path in paths if path.suffix.lower() in suffixes]
    files = sorted(path for path in named if path.is_file() or not path.exists())
    if not files:
        inner = ", ".join(sorted(path.name for path in paths if path.is_dir()))
        hint = f": name one of its folders, {inner}" if inner else ""
        raise ImageError(f"the folder {folder} holds no image ({', '.join(sorted(suffixes))}){hint}")
    return files


def read_luma(path: Path, deep: bool = False) -> np.ndarray:
    """Read the 8-bit luma of an image file, as models are trained and compared.

    Parameters
    ----------
    path : Path
        The file.
    deep : bool
        Take 16 bits as well, rounded to 8.

    Raises
    ------
    ImageError
        As `read_image`, and if the file has more than 8 bits and `deep` is False.
    """
    pixels = read_image(path).pixels
    if deep and pixels.dtype == np.uint16:
        pixels = to_8_bits(pixels / 65535.0)
    if pixels.dtype != np.uint8:
        raise ImageError(
            f"{path} has {pixels.dtype} pixels, but models are trained and compared on 8 bits: convert it"
        )
    return luma(pixels)
