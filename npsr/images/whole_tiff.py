"""TIFF files that are not read by rows: decoded whole, by Pillow or by tifffile in its place."""

import numpy as np

from npsr.images.decoding import decode, read_header
from npsr.images.formats.pixel_layout import CMYK, PALETTE, WHITE_IS_ZERO, PixelLayout, bare_tiff
from npsr.images.packages import package
from npsr.images.photograph import ImageError, Source, called, check_pixels, opened


def read_whole_tiff(
    source: Source, layout: PixelLayout, profile: bytes | None, most: int
) -> tuple[np.ndarray, bytes | None, tuple[str, ...]]:
    """Pixels of a TIFF, their profile, and notes on what was done to them.

    Parameters
    ----------
    source : Path or bytes
        The file.
    layout : PixelLayout
        Its own.
    profile : bytes, optional
        The colour profile that it holds.
    most : int
        Pixels at most.

    Raises
    ------
    ImageError
        If it has more pixels, is of a kind that cannot be kept whole, or needs tifffile, which is missing.
    """
    check_pixels(source, layout.sides[0] * layout.sides[1], most)
    if not layout.is_for_pillow:
        return _by_tifffile(source, layout), profile, layout.notes
    with opened(source) as file:
        content = bare_tiff(file.read(), profile if layout.photometric == CMYK else None)
    with read_header(content) as header:
        check_pixels(source, header.width * header.height, most)
        pixels, own, notes = decode(source, header)
    return pixels, own or profile, notes + layout.notes


def _by_tifffile(source: Source, layout: PixelLayout) -> np.ndarray:
    """Pixels of a TIFF that Pillow does not read; more than 8 bits are spread over 16."""
    tifffile = package("tifffile", f"{called(source)}, TIFF of this kind,")
    with opened(source) as file, tifffile.TiffFile(file) as tiff:
        page = tiff.pages[layout.page]
        pixels, colours = page.asarray(maxworkers=1), page.colormap
    columns, rows = layout.sides
    shape = (rows, columns) if layout.samples == 1 else (rows, columns, layout.samples)
    if (
        pixels.dtype not in (np.bool_, np.uint8, np.uint16)
        or pixels.shape != shape
        or layout.photometric > PALETTE
    ):
        raise ImageError(f"{called(source)} decodes to {pixels.dtype} {pixels.shape}: save it as plain RGB")
    if layout.photometric == PALETTE:
        shift = 8 if colours.max() > 255 else 0  # some programs write a map of 8 bits
        return np.moveaxis(colours[:, pixels] >> shift, 0, 2).astype(np.uint8)
    most, dtype = 2**layout.bits - 1, np.uint16 if layout.bits > 8 else np.uint8
    if layout.photometric == WHITE_IS_ZERO:
        pixels = most - pixels.astype(dtype)
    spread = (pixels * (np.iinfo(dtype).max / most)).round().astype(dtype)
    return _straight(spread) if layout.premultiplied else spread


def _straight(pixels: np.ndarray) -> np.ndarray:
    """Pixels whose colours are no longer multiplied by their alpha."""
    top, alpha = np.iinfo(pixels.dtype).max, pixels[..., -1:].astype(np.float64)
    colours = pixels[..., :-1] * float(top) / np.where(alpha == 0, 1, alpha)
    return np.concatenate([np.clip(colours, 0, top).round().astype(pixels.dtype), pixels[..., -1:]], axis=2)
