"""Images that are read part by part: arrays of Zarr, OME-Zarr groups, TIFFs by tifffile's view of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from weakref import finalize

import numpy as np
import zarr

from npsr.dask.ome import Pyramid, read_pyramid
from npsr.upscaling.operations import Part

COLOURS = (2, 3, 4)
TIFFS = (".tif", ".tiff", ".btf", ".svs", ".ndpi", ".scn")
"""Endings of what tifffile opens."""


@dataclass(frozen=True)
class Source:
    """An array of images in a file, as every process opens it.

    Attributes
    ----------
    path, inner : str
        Of the file or folder, and of the array in it; `inner` is empty if it is the array itself.
    tiff : bool
        Whether it is a TIFF.
    order : tuple of int
        Axes of the array as (…, y, x) or (…, y, x, colour).
    shape, chunks : tuple of int
        In that order.
    dtype : dtype
        Of its pixels.
    coloured : bool
        Whether the last axis is grey, colours and alpha.
    """

    path: str
    inner: str
    tiff: bool
    order: tuple[int, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype
    coloured: bool

    @property
    def leading(self) -> int:
        """Axes that count images."""
        return len(self.shape) - 2 - self.coloured

    def read(self, leading: Sequence[slice], part: Part) -> np.ndarray:
        """A part of some images, (…, y, x) or (…, y, x, colour)."""
        slices = [*leading, *(slice(*span) for span in part), *[slice(None)] * self.coloured]
        index = [slices[self.order.index(axis)] for axis in range(len(self.order))]
        found = np.asarray(open_array(self.path, self.inner, self.tiff)[tuple(index)], self.dtype)
        return found.transpose(self.order)


class Opened(NamedTuple):
    """What is enlarged, and what is known of it.

    Attributes
    ----------
    source : Source
        Its pixels.
    pyramid : Pyramid or None
        What OME says of it.
    attributes : dict
        All attributes of the array, or of the group.
    array : zarr.Array or None
        How it is stored: its format and codecs; None for a TIFF.
    notes : tuple of str
        What is left out.
    """

    source: Source
    pyramid: Pyramid | None
    attributes: dict[str, Any]
    array: Any
    notes: tuple[str, ...]


@lru_cache(maxsize=4)
def open_array(path: str, inner: str, tiff: bool) -> Any:
    """A Zarr array, opened once in a process."""
    if not tiff:
        return zarr.open_array(path, path=inner or None, mode="r")
    from npsr.images.packages import package

    file = package("tifffile", "a TIFF that is read part by part").TiffFile(path)
    array = zarr.open_array(file.series[0].aszarr(level=0), mode="r")
    finalize(array, file.close)  # once this function has forgotten it
    return array


def open_zarr(path: Path) -> Opened:
    """Open an array, or an OME-Zarr group with its largest array.

    Raises
    ------
    ValueError
        If there is none, or it cannot be enlarged.
    FileNotFoundError
        If there is no such folder.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    try:
        found = zarr.open(str(path), mode="r")
    except Exception as error:  # of its many readers
        raise ValueError(f"{path} is no Zarr array or group ({type(error).__name__}: {error})") from error
    attributes = dict(found.attrs)
    if isinstance(found, zarr.Array):
        return Opened(_source(path, "", found, None), None, attributes, found, _of_shards(found))
    try:
        pyramid = read_pyramid(attributes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if pyramid is None:
        names = sorted(name for name, _ in found.members())[:5]
        raise ValueError(
            f"{path} is a Zarr group that is no OME-Zarr image: name an array or image in it, "
            f"as {path / names[0]}"
            if names
            else f"{path} is an empty Zarr group"
        )
    array = found.get(pyramid.path)
    if not isinstance(array, zarr.Array):
        raise ValueError(f"{path} has no array {pyramid.path}, which its OME-Zarr metadata names")
    others = sorted(name for name, _ in found.members() if name not in _levels(pyramid))
    notes = tuple(f"left out {name}, which lies beside the image" for name in others) + _of_shards(array)
    return Opened(_source(path, pyramid.path, array, pyramid), pyramid, attributes, array, notes)


def _of_shards(array: Any) -> tuple[str, ...]:
    return ("its chunks are files of their own, and no shards, so that each is done or not",) * bool(
        array.shards
    )


def _levels(pyramid: Pyramid) -> set[str]:
    return {str(level["path"]).partition("/")[0] for level in pyramid.multiscale["datasets"]}


def _source(path: Path, inner: str, array: Any, pyramid: Pyramid | None) -> Source:
    shape, name = array.shape, path / inner
    coloured = pyramid is None and len(shape) > 2 and shape[-1] in COLOURS
    dtype = array.dtype.newbyteorder("=")
    check_pixels(name, dtype, shape, coloured)
    if pyramid is not None and len(pyramid.axes) != len(shape):
        raise ValueError(f"{name} has {len(shape)} axes, but its OME-Zarr metadata {len(pyramid.axes)}")
    order = tuple(range(len(shape)))
    return Source(str(path.resolve()), inner, False, order, shape, array.chunks, dtype, coloured)


def check_pixels(name: Path, dtype: np.dtype, shape: Sequence[int], coloured: bool) -> None:
    """Refuse arrays that are no images.

    Raises
    ------
    ValueError
        If so.
    """
    if dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise ValueError(f"{name} has dtype {dtype}, but must be uint8, uint16, or float in [0, 1]")
    if len(shape) < 2 + coloured or 0 in shape:
        raise ValueError(f"{name} has shape {tuple(shape)}, but must be (…, H, W) or (…, H, W, C)")
