"""Files of any size, read and written by rows: tiled or striped TIFF, and raw .npy arrays."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from npsr.images.packages import package
from npsr.images.photograph import ImageError, Source, called, check_pixels, errors, opened

TILE = 128
"""Side of the tiles of a TIFF that is written."""
ALPHA_IS_STRAIGHT = 2
"""TIFF's ExtraSamples: unassociated alpha."""


class NpyRows:
    """Rows of a .npy file.

    Parameters
    ----------
    source : Source
        The file.

    Raises
    ------
    ImageError
        If its array cannot be an image.
    """

    def __init__(self, source: Source) -> None:
        with opened(source) as file:
            version = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            self.shape, by_columns, self.dtype = read(file)
            self._start = file.tell()
            size = file.seek(0, 2) - self._start
        name = called(source)
        if len(self.shape) not in (2, 3) or 0 in self.shape or (*self.shape, 2)[2] not in (2, 3, 4):
            raise ImageError(f"{name} has shape {self.shape}, but must have (H, W) or (H, W, 2 to 4)")
        if self.dtype.newbyteorder("=") not in (np.uint8, np.uint16) and self.dtype.kind != "f":
            raise ImageError(f"{name} holds {self.dtype}, but must hold uint8, uint16 or floats in [0, 1]")
        if by_columns or self.dtype.hasobject:
            raise ImageError(f"{name} is not laid out by rows: save np.ascontiguousarray of it")
        self._row = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        if size != self._row * self.shape[0]:
            raise ImageError(f"{name} is damaged: {size} bytes of {self._row * self.shape[0]}; get it anew")
        self._source = source

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, _ = part.indices(len(self))
        with errors(self._source), opened(self._source) as file:
            file.seek(self._start + start * self._row)
            content = file.read((stop - start) * self._row)
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])


class TiffRows:
    """Rows of a TIFF: 8 or 16 bits a channel, grey or RGB, with straight alpha or none.

    Parameters
    ----------
    source : Source
        The file.
    most : int
        Pixels of a tile or strip at most.
    number : int
        Of the page.

    Raises
    ------
    ImageError
        If tifffile is missing, or a tile or strip is too large.
    NotImplementedError
        If the TIFF is of another kind.
    """

    def __init__(self, source: Source, most: int, number: int = 0) -> None:
        tifffile = package("tifffile", f"{called(source)}, TIFF with 16-bit colour,")
        with opened(source) as file, tifffile.TiffFile(file) as tiff:
            page = tiff.pages[number]
            if not _is_plain(tifffile, page):
                raise NotImplementedError
            self._decode, self._tables = page.decode, page.jpegtables
            self._offsets, self._counts = page.dataoffsets, page.databytecounts
            self.dtype, grey = page.dtype.newbyteorder("="), page.samplesperpixel == 1
            self.shape = (page.imagelength, page.imagewidth, *(() if grey else (page.samplesperpixel,)))
            self._planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and not grey
            across, self._height = page.imagewidth, page.rowsperstrip
            if page.is_tiled:
                across, self._height = page.tilewidth, page.tilelength
        check_pixels(source, across * self._height, most)
        self._height = min(self._height, len(self))
        self._across = -(-page.imagewidth // across)
        self._down = -(-len(self) // self._height)
        planes = self.shape[2] if self._planar else 1
        if len(self._offsets) != planes * self._across * self._down or 0 in self._counts:
            raise ImageError(f"{called(source)} is damaged: tiles or strips are missing; get it anew")
        self._source = source

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, part: slice) -> np.ndarray:
        start, stop, _ = part.indices(len(self))
        rows = np.empty((stop - start, *self.shape[1:]), self.dtype)
        filled = 0
        with errors(self._source), opened(self._source) as file:
            for index in self._segments(start, stop):
                file.seek(self._offsets[index])
                content = file.read(self._counts[index])
                filled += self._place(index, content, start, rows)
        if filled != rows.size:
            raise ImageError(f"{called(self._source)} is damaged: rows {start} to {stop} are not whole")
        return rows

    def _segments(self, start: int, stop: int) -> Iterator[int]:
        """Tiles or strips of which those rows are made."""
        for plane in range(self.shape[2] if self._planar else 1):
            for down in range(start // self._height, -(-stop // self._height)):
                first = (plane * self._down + down) * self._across
                yield from range(first, first + self._across)

    def _place(self, index: int, content: bytes, start: int, rows: np.ndarray) -> int:
        """Assign what a tile or strip has of some rows, and return how many values."""
        values, (plane, _, top, left, _), (_, height, width, _) = self._decode(
            content, index, jpegtables=self._tables
        )
        first, last = max(top, start), min(top + height, start + len(rows))
        target = rows[first - start : last - start, left : left + width]
        pixels = values[0, first - top : last - top, : target.shape[1]]  # the last tiles reach beyond
        if self._planar:
            target, pixels = target[..., plane], pixels[..., 0]
        target[...] = pixels.reshape(target.shape)
        return target.size


def _is_plain(tifffile: Any, page: Any) -> bool:
    """Whether rows of a page are pixels as they are, and can be decoded."""
    kinds, samples = tifffile.PHOTOMETRIC, page.samplesperpixel
    colours = {kinds.MINISBLACK: 1, kinds.RGB: 3}.get(page.photometric)
    return (
        colours is not None
        and page.dtype in (np.uint8, np.uint16)
        and page.bitspersample == 8 * page.dtype.itemsize
        and (
            samples == colours
            or (samples == colours + 1 and tuple(page.extrasamples) == (ALPHA_IS_STRAIGHT,))
        )
        and page.imagedepth == 1
        and min(page.imagewidth, page.imagelength) > 0
        and page.compression in tifffile.TIFF.DECOMPRESSORS
        and page.fillorder == 1
    )


def write_npy(file: BinaryIO, dtype: np.dtype, shape: Sequence[int], bands: Iterable[np.ndarray]) -> None:
    """Write bands, from the first row to the last, as one array."""
    descr = np.lib.format.dtype_to_descr(dtype)
    described = {"descr": descr, "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(file, described)
    for band in bands:
        file.write(np.ascontiguousarray(band).data)


def write_tiff(file: BinaryIO, dtype: np.dtype, shape: Sequence[int], bands: Iterable[np.ndarray]) -> None:
    """Write bands, from the first row to the last, as a tiled and deflated TIFF."""
    tifffile = package("tifffile", "TIFF with 16-bit colour, or by rows,")
    channels = (*shape, 1)[2]
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    with tifffile.TiffWriter(file, bigtiff=size > 0.95 * 2**32) as tiff:
        tiff.write(
            _tiles(bands),
            shape=tuple(shape),
            dtype=dtype.newbyteorder("="),
            photometric="rgb" if channels > 2 else "minisblack",
            extrasamples=["unassalpha"] if channels % 2 == 0 else None,
            planarconfig="contig" if channels > 1 else None,
            tile=(TILE, TILE),
            compression="adobe_deflate",
            predictor=True,
            metadata=None,
            software=False,
            buffersize=2**24,
        )


def _tiles(bands: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Tiles, row by row, of bands of any height."""
    waiting = None
    for band in bands:
        waiting = band if waiting is None else np.concatenate([waiting, band])
        whole = len(waiting) // TILE * TILE
        yield from _cut(waiting[:whole])
        waiting = waiting[whole:]
    if waiting is not None:
        yield from _cut(waiting)


def _cut(rows: np.ndarray) -> Iterator[np.ndarray]:
    for top in range(0, len(rows), TILE):
        for left in range(0, rows.shape[1], TILE):
            yield rows[top : top + TILE, left : left + TILE]
