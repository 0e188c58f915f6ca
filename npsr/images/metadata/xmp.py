"""XMP: the packet that it was, without what it says of the old picture's sides and orientation."""

import re

from npsr.images.metadata.items import Item, lost

STALE = (
    rb"(?:tiff:(?:Orientation|ImageWidth|ImageLength|XResolution|YResolution|ResolutionUnit)"
    rb"|exif:(?:PixelXDimension|PixelYDimension|FocalPlane[XY]Resolution|FocalPlaneResolutionUnit))"
)
RESOLUTION = re.compile(rb"tiff:[XY]Resolution|exif:FocalPlane[XY]Resolution")
ATTRIBUTE = re.compile(rb"\s+" + STALE + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
ELEMENT = re.compile(rb"<(" + STALE + rb")(?:\s[^>]*)?(?:/>|>[^<]*</\1\s*>)")
OF_OTHERS = (b"hdrgm:", b"HDRGainMap", b"Container:", b"GCamera:", b"xmpGImg:", b"stArea:", b"HasExtendedXMP")
"""Signs of a packet that describes further pictures of the file, thumbnails or places in this one."""


def open_xmp(content: bytes) -> Item:
    """A packet without what no longer holds, or what is said instead of it."""
    if b"\0" in content.rstrip(b"\0"):
        return lost("XMP, which is not in UTF-8")
    if any(sign in content for sign in OF_OTHERS):
        return lost("XMP, which describes more than the picture's own pixels")
    return Item("xmp", "XMP", ELEMENT.sub(b"", ATTRIBUTE.sub(b"", content)))
