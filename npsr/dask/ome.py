"""OME-Zarr's metadata (0.4 and 0.5): where an enlarged image lies, and the levels of its pyramid.

Pixel centres count. Pixel u of an axis lies at s·u + t, with the scale s and the translation t. Enlarged n
times, pixel 0 lies (n − 1)/(2n) of an old pixel before the old one: the scale is s/n, the translation
t − (n − 1)/(2n)·s. Each level of the pyramid is the mean of 2 × 2 pixels of the level before: its scale is
twice as large, and half a pixel of the level before is added to its translation.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

VERSIONS = {"0.4": 2, "0.5": 3}
"""Versions of OME-Zarr that are read and written, and their Zarr formats."""
SPACE = {"m": "meter", "dm": "decimeter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer"}
SPACE |= {"nm": "nanometer", "pm": "picometer", "Å": "angstrom", "in": "inch", "ft": "foot", "yd": "yard"}
"""OME-XML's units of length in OME-Zarr's words."""


class Place(NamedTuple):
    """Scale and translation of the pixels of each axis."""

    scale: list[float]
    translation: list[float]


class Pyramid(NamedTuple):
    """An image of an OME-Zarr group.

    Attributes
    ----------
    version : str
        Of OME-Zarr.
    path : str
        Of its largest array in the group.
    axes : tuple of str
        Their names; y and x are the last.
    place : Place
        Of the largest array's pixels.
    multiscale : dict
        All that the group says of the image.
    """

    version: str
    path: str
    axes: tuple[str, ...]
    place: Place
    multiscale: dict[str, Any]


def read_pyramid(attributes: Mapping[str, Any]) -> Pyramid | None:
    """The image that a group's attributes describe; None if they describe none.

    Raises
    ------
    ValueError
        If it is of a version or a kind that cannot be enlarged.
    """
    ome = attributes.get("ome", attributes)
    found = ome.get("multiscales") if isinstance(ome, Mapping) else None
    if not found:
        return None
    try:
        multiscale = dict(found[0])
        version = str(ome.get("version") or multiscale.get("version") or "unknown")
        if version not in VERSIONS:
            raise ValueError(f"OME-Zarr is of version {version}, but must be {' or '.join(VERSIONS)}")
        if len(found) > 1:
            raise ValueError(f"there are {len(found)} images in one group, but must be one: split it")
        axes = tuple(axis["name"] for axis in multiscale["axes"])
        if axes[-2:] != ("y", "x"):
            raise ValueError(f"the axes are {', '.join(axes)}, but y and x must be the last")
        first = multiscale["datasets"][0]
        return Pyramid(version, str(first["path"]), axes, _place(first, len(axes)), multiscale)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"the OME-Zarr metadata is damaged ({type(error).__name__}: {error})") from error


def _place(dataset: Mapping[str, Any], axes: int) -> Place:
    place = Place([1.0] * axes, [0.0] * axes)
    for transformation in dataset["coordinateTransformations"]:
        kind = transformation["type"]
        if kind not in ("scale", "translation") or len(transformation.get(kind, ())) != axes:
            raise ValueError(f"a transformation is {transformation}, but must list a scale or translation")
        getattr(place, kind)[:] = map(float, transformation[kind])
    return place


def enlarged_place(place: Place, factors: tuple[float, float]) -> Place:
    """Where the pixels lie when y and x, the last axes, are enlarged by these factors."""
    scale, translation = list(place.scale), list(place.translation)
    for axis, n in zip((-2, -1), factors, strict=True):
        translation[axis] -= (n - 1) / (2 * n) * scale[axis]
        scale[axis] /= n
    return Place(scale, translation)


def halved_place(place: Place) -> Place:
    """Where the means of 2 × 2 pixels lie."""
    scale, translation = list(place.scale), list(place.translation)
    for axis in (-2, -1):
        translation[axis] += scale[axis] / 2
        scale[axis] *= 2
    return Place(scale, translation)


def pyramid_attributes(pyramid: Pyramid, place: Place, levels: Sequence[str]) -> dict[str, Any]:
    """What a group says of a pyramid whose largest level lies at a place.

    Everything else that the old one says of the image as a whole is kept.
    """
    datasets = []
    for path in levels:
        transformations = [
            {"type": "scale", "scale": list(place.scale)},
            {"type": "translation", "translation": list(place.translation)},
        ]
        datasets.append({"path": path, "coordinateTransformations": transformations})
        place = halved_place(place)
    multiscale = deepcopy(pyramid.multiscale) | {"datasets": datasets, "type": "mean"}
    multiscale["metadata"] = {"description": "each level is the mean of 2 × 2 pixels of the level before"}
    if pyramid.version == "0.4":
        return {"multiscales": [multiscale | {"version": "0.4"}]}
    multiscale.pop("version", None)
    return {"ome": {"version": pyramid.version, "multiscales": [multiscale]}}


def new_pyramid(axes: Sequence[str], sizes: Mapping[str, tuple[float, str]]) -> Pyramid:
    """Of an image that is no OME-Zarr yet.

    Parameters
    ----------
    axes : sequence of str
        Of t, c, z, y, x, in this order.
    sizes : dict of str to (float, str)
        Size of a pixel along an axis, and its unit in OME-Zarr's words or ""; 1 where none is told.
    """
    kinds = {"t": "time", "c": "channel"}
    described: list[dict[str, str]] = []
    for axis in axes:
        described.append({"name": axis, "type": kinds.get(axis, "space")})
        if unit := sizes.get(axis, (1.0, ""))[1]:
            described[-1]["unit"] = unit
    scale = [sizes.get(axis, (1.0, ""))[0] for axis in axes]
    place = Place(scale, [0.0] * len(axes))
    return Pyramid("0.5", "0", tuple(axes), place, {"axes": described, "datasets": []})
