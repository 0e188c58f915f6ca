"""TIFFs as sources: axes by tifffile, sizes of pixels by OME-XML or the resolution."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import zarr

from npsr.dask.ome import SPACE, new_pyramid
from npsr.dask.sources import Opened, Source, check_pixels
from npsr.images.formats.inventory import inventory
from npsr.images.metadata.items import CENTIMETRE, in_unit, left_out, lost
from npsr.images.packages import package

AXES = {"T": "t", "C": "c", "Z": "z", "Y": "y", "X": "x", "S": "s"}
"""tifffile's names of axes, and OME-Zarr's; samples, that is colours, become channels."""


def open_tiff(path: Path) -> Opened:
    """Open the first image of a TIFF, its largest level.

    Raises
    ------
    ValueError
        If it is no TIFF, or none that can be enlarged.
    OSError
        If it cannot be read.
    """
    tifffile = package("tifffile", "a TIFF that is read part by part")
    try:
        with tifffile.TiffFile(path) as file:
            series, description = file.series[0], file.ome_metadata
            further = len(file.series) - 1
            array = zarr.open_array(series.aszarr(level=0), mode="r")
            axes, shape, chunks = series.axes, array.shape, array.chunks
            dtype = array.dtype.newbyteorder("=")
            kind, extra = series.keyframe.photometric, tuple(series.keyframe.extrasamples)
    except (tifffile.TiffFileError, IndexError, KeyError) as error:
        raise ValueError(f"{path} is no TIFF that can be read by parts ({error})") from error
    if kind not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR):
        raise ValueError(f"{path} has {kind.name} pixels, but must have grey or RGB: convert it")
    if tifffile.EXTRASAMPLE.ASSOCALPHA in extra:
        raise ValueError(f"{path} has colours multiplied by alpha, but must have plain ones: convert it")
    if set(axes) - set(AXES) or ("C" in axes and "S" in axes) or not {"X", "Y"} <= set(axes):
        raise ValueError(
            f"{path} has the axes {axes}, but must have some of T, C, Z, then Y, X, or S for colours"
        )
    named = [AXES[axis] for axis in axes]
    coloured = "s" in named
    order = tuple(named.index(axis) for axis in "tczyxs" if axis in named)
    check_pixels(path, dtype, shape, coloured)
    shape, chunks = (tuple(sides[axis] for axis in order) for sides in (shape, chunks))
    source = Source(str(path.resolve()), "", True, order, shape, chunks, dtype, coloured)
    written = [axis for axis in "tczyx" if axis in named or (axis == "c" and coloured)]
    sizes, notes = _sizes(path, description)
    if further:
        notes += left_out([lost(f"further images of the file ({further})")])
    return Opened(source, new_pyramid(written, sizes), {}, None, notes)


def _sizes(path: Path, description: str | None) -> tuple[dict[str, tuple[float, str]], tuple[str, ...]]:
    """Sizes of pixels, and notes on all that a TIFF says besides: Zarr has no place for it."""
    with path.open("rb") as file:
        items = inventory(file, "TIFF").items
    sizes = {}
    for item in items:
        if item.kind == "resolution" and item.content.inches:
            across, down = in_unit(item.content, CENTIMETRE)
            sizes = {"x": (1e4 / across, "micrometer"), "y": (1e4 / down, "micrometer")}
    if description:
        sizes |= _of_xml(description)
    return sizes, left_out([item for item in items if item.kind not in ("resolution", "orientation")])


def _of_xml(description: str) -> dict[str, tuple[float, str]]:
    """PhysicalSizeX, Y and Z of OME-XML's first image, and what lies between its times."""
    try:
        pixels: Any = ElementTree.fromstring(description).find(".//{*}Pixels")
    except ElementTree.ParseError:
        return {}
    sizes = {}
    for axis in "xyz" if pixels is not None else "":
        size, unit = (pixels.get(f"PhysicalSize{axis.upper()}{more}") for more in ("", "Unit"))
        if size is not None and float(size) > 0:
            sizes[axis] = float(size), SPACE.get(unit or "µm", "")
    return sizes
