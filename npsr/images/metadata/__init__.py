"""What is said of a picture: EXIF, XMP and IPTC, and the tables of tags that EXIF is made of.

Enters: bytes out of a file. Leaves: `Item`s, and the same bytes without what no longer holds. Open `exif.py`
first. How each file format carries them is in `npsr.images.formats`.
"""
