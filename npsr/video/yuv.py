"""Planes of video frames: luma through the network, chroma by bicubic, in the codes of the file.

H W rows and columns of a plane, n upscaling factor, b bits. Codes are whole numbers from 0 to 2ᵇ − 1.
In limited range black is 16·2ᵇ⁻⁸ and white 235·2ᵇ⁻⁸, in full range 0 and 2ᵇ − 1. Nothing passes
through RGB, so colour matrix, primaries and transfer function stay what they are.
"""

import numpy as np

from npsr.images.resize import resize_rows
from npsr.upscaling.upscale import PlaneUpscaler

SITINGS = {
    "left": (0.5, 0.0),
    "center": (0.5, 0.5),
    "topleft": (0.0, 0.0),
    "top": (0.0, 0.5),
    "bottomleft": (1.0, 0.0),
    "bottom": (1.0, 0.5),
}
"""Where the first chroma sample lies, (rows, columns) in luma pixels, if one stands for two pixels of
the axis; in libavcodec's names."""


def enlarge_luma(codes: np.ndarray, bits: int, full_range: bool, enlarge: PlaneUpscaler) -> np.ndarray:
    """Enlarge a luma plane by a network.

    Parameters
    ----------
    codes : ndarray of shape (H, W), uint8 or uint16
        Luma.
    bits : int
        b.
    full_range : bool
        Whether black is 0. The network, which knows limited range, is given its scale.
    enlarge : PlaneUpscaler
        The network.

    Returns
    -------
    ndarray of shape (nH, nW)
        Luma in the same range and dtype.
    """
    # Limited range in b bits is 2ᵇ⁻⁸ times that in 8 bits, which the network sees divided by 255.
    gain, black = np.float32(1 / (255 * 2 ** (bits - 8))), np.float32(0)
    if full_range:
        gain, black = np.float32(219 / 255 / (2**bits - 1)), np.float32(16 / 255)
    large = enlarge(codes * gain + black)
    return _to_codes((large - black) / gain, bits, codes.dtype)


def enlarge_chroma(
    codes: np.ndarray,
    bits: int,
    scale: float,
    sides: tuple[int, int],
    steps: tuple[int, int],
    siting: tuple[float, float],
) -> np.ndarray:
    """Enlarge a chroma plane by bicubic interpolation; its samples keep their place among luma's.

    Parameters
    ----------
    codes : ndarray of shape (H, W), uint8 or uint16
        One of the two colour differences.
    bits : int
        b.
    scale : float
        n.
    sides : (int, int)
        Rows and columns of the result: n times luma's, over `steps`, rounded up.
    steps : (int, int)
        Luma pixels along each axis for one sample: 2 and 2 in 4:2:0.
    siting : (float, float)
        One of `SITINGS`; without effect on an axis whose step is 1.

    Returns
    -------
    ndarray of shape `sides`
        Of the same dtype.

    Notes
    -----
    Along an axis with step r and siting o, chroma sample c lies at luma pixel r·c + o, before and
    after. Luma pixel x comes to n·x + (n − 1)/2. So output sample C is taken from
    c = C/n + (o − (n − 1)/2)/(n·r) − o/r, which is (n − 1)/n · ((r − 1)/2 − o)/r beyond the place
    from which a resizing about the planes' centres would take it: nothing when samples lie centred.
    """
    large = codes.astype(np.float32)
    for target, step, place in zip(sides, steps, siting, strict=True):
        large = resize_rows(large, target, scale, _shift(scale, step, place)).T
    return _to_codes(large, bits, codes.dtype)


def _shift(scale: float, step: int, place: float) -> float:
    """How much further in a plane a sample is taken from than by a resizing about its centre."""
    return (1 - 1 / scale) * ((step - 1) / 2 - place) / step if step > 1 else 0.0


def _to_codes(values: np.ndarray, bits: int, dtype: np.dtype) -> np.ndarray:
    """Round, halves up, and clip to the codes of b bits."""
    return np.clip(np.floor(values + values.dtype.type(0.5)), 0, 2**bits - 1).astype(dtype)
