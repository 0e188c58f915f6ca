"""The .npz files of models: the released ones, and arrays and metadata of any, none of them pickled."""

import json
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from npsr.networks.network import Arrays
from npsr.system.defects import is_defect

RELEASED = Path(__file__).parent
MAX_BYTES = 64 * 2**20
"""Largest uncompressed file of a network that is read; FSRCNN needs 0.05 MB."""


class WeightsError(ValueError):
    """A weights file is missing, damaged or of another kind.

    Examples
    --------
    >>> try:
    ...     npsr.load("fsrcnn", 7)
    ... except npsr.WeightsError as error:
    ...     print(str(error).partition(": ")[0])
    there is no released model 'fsrcnn' at ×7
    """


def released() -> dict[str, list[int]]:
    """Names of the released models, each with its factors.

    Examples
    --------
    >>> npsr.released()["fsrcnn"]
    [2, 3, 4]
    """
    models: dict[str, list[int]] = {}
    for path in sorted(RELEASED.glob("*_x?.npz")):
        name, _, factor = path.stem.rpartition("_x")
        models.setdefault(name, []).append(int(factor))
    return models


def read_arrays(path: Path, most: int = MAX_BYTES) -> Arrays:
    """All arrays of an .npz file, none of them pickled, together of at most so many bytes.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, no .npz file or larger.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > most:
            raise WeightsError(f"{path} unpacks to {size} bytes, but a model has at most {most}")
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except FileNotFoundError as error:
        names = ", ".join(released())
        raise WeightsError(f"the weights file {path} does not exist; released models are {names}") from error
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # NumPy and zipfile raise many kinds for damaged files
        if is_defect(error):
            raise
        raise WeightsError(f"{path} is not an .npz file or is damaged ({error}): get it anew") from error


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a file, without its arrays; empty if it cannot be read, which reading all will tell."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("metadata.npy") as member:
            if archive.getinfo("metadata.npy").file_size > 2**20:
                return {}
            metadata = json.loads(str(np.lib.format.read_array(member, allow_pickle=False)))
        return metadata if isinstance(metadata, dict) else {}
    except Exception:  # NumPy, zipfile and JSON raise many kinds for damaged files
        return {}


def write_arrays(file: IO[bytes], arrays: Arrays) -> None:
    """Write arrays as `np.savez` does. NumPy before 2.2 leaves its archive open if a write fails."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
