"""What items become when the picture is enlarged: numbers that count pixels follow."""

import struct

import numpy as np

from npsr.images.metadata.exif import scale_exif
from npsr.images.metadata.ifd import Entry, numbers
from npsr.images.metadata.items import Item, Resolution
from npsr.images.metadata.ome import scaled

PIXEL_SCALE, TIE_POINTS, TRANSFORMATION, KEYS = 33550, 33922, 34264, 34735
DESCRIPTION = 270
RASTER_TYPE, POINT = 1025, 2
"""GeoTIFF's key for whether coordinates count corners or centres of pixels, and its number for centres."""


def adapt(items: list[Item], across: float, down: float) -> list[Item]:
    """Items of a picture that has more columns and rows, by these factors.

    Physical sizes stay what they are: resolutions grow, GeoTIFF's pixels shrink.
    """
    adapted = []
    centres = any(item.kind == "tag" and _counts_centres(*item.content) for item in items)
    for item in items:
        if item.kind == "resolution":
            old = item.content
            new = Resolution(old.across * across, old.down * down, old.inches)
            adapted.append(item._replace(content=new))
        elif item.kind == "exif":
            content, costs = scale_exif(item.content, across, down)
            adapted += [item._replace(content=content), *costs]
        elif item.kind == "tag":
            entry, order = item.content
            if entry.tag == DESCRIPTION:
                text = scaled(entry.value, across, down)
                entry = entry._replace(value=text, length=len(text))
            adapted.append(item._replace(content=(_geography(entry, order, (across, down), centres), order)))
        else:
            adapted.append(item)
    return adapted


def _counts_centres(entry: Entry, order: str) -> bool:
    keys = np.array(numbers(entry, order) if entry.tag == KEYS else ()).reshape(-1, 4)
    return any(key[0] == RASTER_TYPE and key[3] == POINT for key in keys)


def _geography(entry: Entry, order: str, factors: tuple[float, float], centres: bool) -> Entry:
    """GeoTIFF's tags in the enlarged picture's pixels; others stay."""
    if entry.tag not in (PIXEL_SCALE, TIE_POINTS, TRANSFORMATION) or entry.type != 12:
        return entry
    values = np.array(numbers(entry, order))
    if entry.tag == PIXEL_SCALE:
        values[:2] /= factors
    elif entry.tag == TIE_POINTS:
        points, half = values.reshape(-1, 6), 0.5 * centres
        points[:, :2] = (points[:, :2] + half) * factors - half
    else:  # old column = (new + ½)/n − ½, if centres are counted
        matrix, half = values.reshape(4, 4), 0.5 * centres
        matrix[:, 3] += matrix[:, :2] @ (half / np.array(factors) - half)
        matrix[:, :2] /= factors
    return entry._replace(value=struct.pack(f"{order}{len(values)}d", *values))
