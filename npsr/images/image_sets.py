"""Folders of images to learn from or to compare with, and the luma of their images."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from npsr.images.colour import luma, to_8_bits
from npsr.images.files import ImageError, read_image
from npsr.images.formats.names import SUFFIXES
from npsr.system.folders import kind_of, passed_over

MOST_NAMED = 5
"""Unreadable images that an error names at most."""


def image_files(folder: Path, passed: Counter[str] | None = None) -> list[Path]:
    """The image files of a folder, sorted by name; GIF is none, nor hidden.

    Dead links and special files stay, so that reading them tells.

    Parameters
    ----------
    folder : Path
        The folder, without those in it.
    passed : Counter, optional
        To which it is added what is passed over, by kind.

    Raises
    ------
    ImageError
        If there is no such folder, it cannot be read, or there is no image in it.

    Examples
    --------
    >>> [path.name for path in npsr.image_files(Path("photos"))]
    ['beach.png', 'city.png', 'forest.png']
    """
    suffixes, passed = SUFFIXES - {".gif"}, Counter() if passed is None else passed
    files, here, folders = [], Counter[str](), []
    try:
        for path in sorted(folder.iterdir()):
            inner = path.is_dir()
            if path.name[0] != "." and path.suffix.lower() in suffixes and not inner:
                files.append(path)
            else:
                here[kind_of(path, inner)] += 1
                folders += [path.name] if inner else []
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(f"{folder} is not a folder: name a folder of images") from error
    except OSError as error:
        raise ImageError(f"the folder {folder} cannot be read: {error.strerror}") from error
    if not files:
        hint = f": name one of its folders, {', '.join(folders)}" if folders else ""
        here.pop("folder", None)
        found = f" ({passed_over(here)})" if here else ""
        raise ImageError(f"the folder {folder} holds no image ({', '.join(sorted(suffixes))}){found}{hint}")
    passed.update(here)
    return files


def read_luma(path: Path, deep: bool = False) -> np.ndarray:
    """Read the 8-bit luma of an image file, as models are trained and compared; as `read_colours`."""
    return luma(read_colours(path, deep))


def read_colours(path: Path, deep: bool = False) -> np.ndarray:
    """Read the 8-bit pixels (H, W) or (H, W, 3) of an image file that models are trained or compared on.

    Parameters
    ----------
    path : Path
        The file.
    deep : bool
        Take 16 bits as well, rounded to 8.

    Raises
    ------
    ImageError
        As `read_image`; if the file has more than 8 bits and `deep` is False; and if it has transparent
        pixels, whose hidden colours nobody sees.
    """
    pixels = read_image(path).pixels
    if pixels.ndim == 3 and pixels.shape[2] % 2 == 0:
        if (pixels[..., -1] < (np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1)).any():
            raise ImageError(
                f"{path} has transparent pixels, whose hidden colours must not count: flatten it, "
                "for example with ImageMagick: convert IN.png -background white -flatten OUT.png"
            )
        pixels = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    if deep and pixels.dtype == np.uint16:
        pixels = to_8_bits(pixels / 65535.0)
    if pixels.dtype != np.uint8:
        raise ImageError(
            f"{path} has {pixels.dtype} pixels, but models are trained and compared on 8 bits: convert it"
        )
    return pixels


def read_lumas(files: Iterable[Path], deep: bool = False) -> Iterator[tuple[Path, np.ndarray]]:
    """Each file and its luma, as `read_luma`; one error at the end for all that cannot be read.

    Raises
    ------
    ImageError
        If there are any.
    """
    problems = []
    for file in files:
        try:
            luma = read_luma(file, deep)
        except ImageError as error:
            problems.append(str(error))
        else:
            yield file, luma
    if problems:
        more = f"; and {len(problems) - MOST_NAMED} more" if len(problems) > MOST_NAMED else ""
        raise ImageError("; ".join(problems[:MOST_NAMED]) + more)
