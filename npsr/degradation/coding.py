"""Luma planes as they come back from lossy coding: JPEG, H.264, HEVC."""

from fractions import Fraction
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN, to_8_bits

BLOCK = 16
"""Videos are coded in whole blocks of that side; a plane is continued to them."""
LEAST = 32
"""Smallest side of a video that x265 takes."""
GREY = 128
"""Chroma of a grey picture."""

ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"x264-params": "threads=1"}),
    "hevc": ("libx265", {"x265-params": "pools=none:frame-threads=1:log-level=none"}),
}
"""Encoder of each format, and what makes one version of it always give the same bytes."""


def through_jpeg(low: np.ndarray, quality: int) -> np.ndarray:
    """A plane coded as JPEG and decoded.

    Parameters
    ----------
    low : ndarray of shape (H, W)
        Luma in studio range, black 16/255; JPEG stores it in full range, black 0.
    quality : int
        1 to 95, as Pillow's and libjpeg's.

    Returns
    -------
    ndarray of shape (H, W), float64
        In studio range.
    """
    full = to_8_bits((low - STUDIO_BLACK) / STUDIO_SPAN)
    with BytesIO() as file:
        Image.fromarray(full).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            return np.asarray(image) / 255.0 * STUDIO_SPAN + STUDIO_BLACK


def through_video(low: np.ndarray, codec: str, crf: float) -> np.ndarray:
    """A plane coded as the only frame of a video and decoded.

    Parameters
    ----------
    low : ndarray of shape (H, W)
        Luma in studio range.
    codec : {"h264", "hevc"}
        Coded by x264 or x265, with their preset medium, as 4:2:0 with grey chroma.
    crf : float
        Constant rate factor, 0 to 51; the higher, the coarser.

    Returns
    -------
    ndarray of shape (H, W), float64

    Raises
    ------
    ValueError
        If PyAV is missing.
    """
    av = _library()
    rows, columns = low.shape
    padded = np.pad(to_8_bits(low), _continued(low.shape), "edge")
    chroma = np.full((padded.shape[0] // 2, padded.shape[1]), GREY, np.uint8)
    encoder, options = ENCODERS[codec]
    writer = av.CodecContext.create(encoder, "w")
    writer.height, writer.width = padded.shape
    writer.pix_fmt, writer.time_base, writer.thread_count = "yuv420p", Fraction(1, 25), 1
    writer.options = options | {"crf": f"{crf:.2f}", "preset": "medium"}
    frame = av.VideoFrame.from_ndarray(np.concatenate([padded, chroma]), "yuv420p")
    packets = [*writer.encode(frame), *writer.encode(None)]
    reader = av.CodecContext.create(codec, "r")
    reader.thread_count = 1
    (decoded,) = [frame for packet in [*packets, None] for frame in reader.decode(packet)]
    return decoded.to_ndarray()[:rows, :columns] / 255.0


def _continued(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Rows and columns to add at the end, to whole blocks and the least that encoders take."""
    return [(0, max(LEAST, -(-side // BLOCK) * BLOCK) - side) for side in shape]


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise ValueError("coding as video needs PyAV: pip install 'npsr[video]'") from error
    return av
