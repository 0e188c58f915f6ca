"""Zarr arrays and OME-Zarr pyramids that are written chunk by chunk, and can be gone on with.

A chunk is a file that appears when it is complete: whether it is there says whether it is done. So chunks of
one value are written as well.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from dask.base import tokenize

from npsr.dask.ome import VERSIONS, enlarged_place, pyramid_attributes
from npsr.dask.sources import Opened, Source
from npsr.dask.work import Work
from npsr.images.formats.names import is_zarr
from npsr.system.locking import locked
from npsr.system.version import __version__

SMALLEST, LARGEST = 512, 1024
"""Sides of chunks in pixels."""
MOST_BYTES = 64 * 2**20
"""Of a chunk that holds several images."""
OURS = "npsr"
"""Our key among the attributes."""

Place = tuple[int, ...]
"""Of a chunk: its number along each axis, in the order (…, y, x); colours are one chunk."""


@dataclass(frozen=True)
class Level:
    """An array of the result, as every process opens it.

    Attributes
    ----------
    path, inner : str
        Of the Zarr, and of the array in it; `inner` is empty if it is the array itself.
    order : tuple of int
        Axes of (…, y, x) or (…, y, x, colour) as the array has them.
    shape, chunks : tuple of int
        In the order (…, y, x) or (…, y, x, colour).
    coloured : bool
        Whether the last axis is grey, colours and alpha.
    """

    path: str
    inner: str
    order: tuple[int, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    coloured: bool

    @property
    def places(self) -> Iterator[Place]:
        """Of all chunks."""
        counts = [ceil(side / chunk) for side, chunk in zip(self.shape, self.chunks, strict=True)]
        yield from product(*map(range, counts[: len(counts) - self.coloured]))

    def slices(self, place: Place) -> list[slice]:
        """Of a chunk, along (…, y, x)."""
        spans = zip(place, self.chunks, self.shape, strict=False)
        return [slice(k * chunk, min((k + 1) * chunk, side)) for k, chunk, side in spans]

    def exists(self, place: Place) -> bool:
        """Whether a chunk is written."""
        array = open_level(self.path, self.inner)
        whole = (*place, 0) if self.coloured else place
        key = array.metadata.encode_chunk_key(tuple(whole[axis] for axis in self.order))
        return Path(self.path, self.inner, key).exists()

    def write(self, place: Place, pixels: np.ndarray) -> None:
        """Write a chunk, (…, y, x) or (…, y, x, colour)."""
        slices = [*self.slices(place), *[slice(None)] * self.coloured]
        index = tuple(slices[axis] for axis in self.order)
        open_level(self.path, self.inner)[index] = pixels.transpose(self.order)

    def read(self, slices: Sequence[slice]) -> np.ndarray:
        """A part, (…, y, x) or (…, y, x, colour)."""
        whole = [*slices, *[slice(None)] * self.coloured]
        index = tuple(whole[axis] for axis in self.order)
        found = np.asarray(open_level(self.path, self.inner)[index])
        return found.transpose(np.argsort(self.order))


@lru_cache(maxsize=16)
def open_level(path: str, inner: str) -> Any:
    """An array of a result, opened once in a process."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        return zarr.open_array(path, path=inner or None, mode="r+")


def plan_levels(path: Path, opened: Opened, work: Work) -> list[Level]:
    """The arrays of a result: one, or for OME-Zarr a pyramid down to sides of at most `SMALLEST`."""
    source, shape = opened.source, work.size.sides
    leading, colours = source.shape[: source.leading], source.shape[source.leading + 2 :]
    chunks = _chunks(source, work.size.factors)
    order = tuple(range(len(source.shape)))
    if opened.pyramid and source.coloured:
        order = _colours_first(opened.pyramid.axes)
    levels: list[Level] = []
    while not levels or (opened.pyramid and max(shape) > SMALLEST / 2):
        whole = (*leading, *shape, *colours)
        inner = str(len(levels)) if opened.pyramid else ""
        cut = tuple(map(min, whole, chunks))
        levels.append(Level(str(path.resolve()), inner, order, whole, cut, source.coloured))
        shape = ceil(shape[0] / 2), ceil(shape[1] / 2)
    return levels


def _chunks(source: Source, factors: tuple[float, float]) -> tuple[int, ...]:
    """Chunks of a result: n times those of the source, if that is not too small or too large."""
    before = source.chunks[source.leading :]
    sides = (min(max(ceil(n * side), SMALLEST), LARGEST) for n, side in zip(factors, before, strict=False))
    chunks = [*source.chunks[: source.leading], *sides, *source.shape[source.leading + 2 :]]
    while prod(chunks) * source.dtype.itemsize > MOST_BYTES and source.leading:
        largest = max(range(source.leading), key=chunks.__getitem__)
        if chunks[largest] == 1:
            break
        chunks[largest] //= 2
    return tuple(chunks)


def _colours_first(axes: Sequence[str]) -> tuple[int, ...]:
    """Axes of (…, y, x, colour) in OME-Zarr's order, where colours are the axis c."""
    own = [axis for axis in axes if axis != "c"] + ["c"]
    return tuple(own.index(axis) for axis in axes)


@contextmanager
def target_of(path: Path, opened: Opened, work: Work, force: bool) -> Iterator[list[Level]]:
    """The arrays of a result, made if they are not there; nobody else writes to them meanwhile.

    Parameters
    ----------
    path : Path
        Of the Zarr; its name ends with .zarr.
    opened : Opened
        What is enlarged.
    work : Work
        How.
    force : bool
        Whether another Zarr of that name is replaced.

    Yields
    ------
    list of Level
        From the largest to the smallest.

    Raises
    ------
    FileExistsError
        If something else is there.
    ValueError
        If the original would be replaced.
    BlockingIOError
        If another is writing to it.
    OSError
        If it cannot be written.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist: create it first")
    source, real = Path(opened.source.path), path.resolve()
    if real in (source, *source.parents) or source in real.parents:
        raise ValueError(f"{path} would replace the original {source}, or lie in it: choose another name")
    lock = path.with_name(f".{path.name}.lock")
    with locked(lock) as free:
        if not free:
            raise BlockingIOError(f"another run writes to {path}: wait for its end, or choose another name")
        levels = plan_levels(path, opened, work)
        token = tokenize(opened.source, work.identity, levels)
        if path.exists() and _token(path) != token:
            if not (force and is_zarr(path)):
                raise FileExistsError(
                    f"{path} exists, and is not this result begun: choose another name"
                    + (", or replace it with --force" if is_zarr(path) else "")
                )
            shutil.rmtree(path)
        if path.exists():
            for part in path.rglob("*.partial"):  # of a process that was killed
                part.unlink()
        else:
            _create(path, levels, opened, work, token)
        yield levels
    lock.unlink(missing_ok=True)


def _token(path: Path) -> str:
    """What the result of a folder was begun from, or nothing."""
    with suppress(Exception):  # of Zarr's many readers: then it is none of ours
        return str(zarr.open(str(path), mode="r").attrs[OURS]["begun"])
    return ""


def _create(path: Path, levels: list[Level], opened: Opened, work: Work, token: str) -> None:
    """Write all metadata under another name, so that a result is there with all of it or not at all."""
    begun = path.with_name(f".{path.name}.begun")
    if begun.exists():
        shutil.rmtree(begun)
    attributes = opened.attributes | {OURS: {"begun": token, "version": __version__}}
    attributes[OURS] |= {"model": [net.name for net in work.networks.values()]}
    zarr_format = opened.array.metadata.zarr_format if opened.array is not None else 3
    if opened.pyramid:
        zarr_format = VERSIONS[opened.pyramid.version]
        place = enlarged_place(opened.pyramid.place, work.size.factors)
        said = pyramid_attributes(opened.pyramid, place, [level.inner for level in levels])
        if "ome" in said:
            said["ome"] = attributes.get("ome", {}) | said["ome"]
        zarr.create_group(str(begun), zarr_format=zarr_format, attributes=attributes | said)
    for level in levels:
        zarr.create_array(
            str(begun),
            name=level.inner or None,
            shape=[level.shape[axis] for axis in level.order],
            chunks=[level.chunks[axis] for axis in level.order],
            dtype=opened.source.dtype,
            zarr_format=zarr_format,
            attributes=None if opened.pyramid else attributes,
            **_storage(opened, zarr_format),
        )
    begun.rename(path)


def _storage(opened: Opened, zarr_format: int) -> dict[str, Any]:
    """Codecs and names of axes: those of the source where it has them."""
    array = opened.array
    names = opened.pyramid.axes if opened.pyramid else None
    if array is None:
        return {"dimension_names": names}
    kept = {"compressors": array.compressors or None, "filters": array.filters or None, "order": array.order}
    kept["fill_value"] = array.fill_value
    if zarr_format == 2:
        return kept | {"chunk_key_encoding": {"name": "v2", "separator": array.metadata.dimension_separator}}
    kept.pop("order")
    return kept | {"dimension_names": names or array.metadata.dimension_names}
