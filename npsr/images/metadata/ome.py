"""OME-XML, as microscopes' programs write it into a TIFF's description: sides and sizes of pixels."""

import re
from functools import partial

PIXELS = re.compile(rb"<(?:\w+:)?Pixels\b[^>]*>")
ATTRIBUTE = rb"""(?<=[\s"'])%s=(["'])([^"']*)\1"""
ONE_EACH = ("SizeZ", "SizeT")
COUNTED = re.compile(rb"<(?:\w+:)?(?:ROI|Mask|UUID|BinaryOnly|Plate)\b")
"""What counts pixels, or names files: with these in it, a description does not hold of another picture."""


def _value(tag: bytes, name: str) -> bytes | None:
    found = re.search(ATTRIBUTE % name.encode(), tag)
    return found[2] if found else None


def describes_one_picture(text: bytes) -> bool:
    """Whether OME-XML is that of one plane, grey or in colours, in this file alone."""
    found = PIXELS.findall(text)
    if len(found) != 1 or COUNTED.search(text):
        return False
    samples = re.search(rb"<(?:\w+:)?Channel\b[^>]*\bSamplesPerPixel=[\"'](\d+)[\"']", text)
    channels = {b"1", samples[1] if samples else b"1"}
    sides = [_value(found[0], f"Size{axis}") or b"" for axis in "XY"]
    return (
        all(map(bytes.isdigit, sides))
        and all(_value(found[0], name) == b"1" for name in ONE_EACH)
        and _value(found[0], "SizeC") in channels
    )


def scaled(text: bytes, across: float, down: float) -> bytes:
    """The same of a picture that has more columns and rows, by these factors: its pixels are smaller."""

    def number(found: re.Match[bytes], factor: float, whole: bool) -> bytes:
        quote, value = found.groups()
        try:
            new = str(round(int(value) * factor)) if whole else repr(float(value) / factor)
        except ValueError:  # it says nothing, and stays
            return found[0]
        return found[0].replace(quote + value + quote, quote + new.encode() + quote)

    def rewrite(found: re.Match[bytes]) -> bytes:
        tag = found[0]
        for axis, factor in (("X", across), ("Y", down)):
            for name, whole in ((f"Size{axis}", True), (f"PhysicalSize{axis}", False)):
                pattern = ATTRIBUTE % name.encode()
                tag = re.sub(pattern, partial(number, factor=factor, whole=whole), tag)
        return tag

    return PIXELS.sub(rewrite, text)
