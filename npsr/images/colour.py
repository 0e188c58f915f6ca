"""BT.601 studio-range luma and chroma, and the rounding of 8-bit images.

For R, G, B in [0, 1]: Y = (16 + 65.481 R + 128.553 G + 24.966 B)/255, as MATLAB's rgb2ycbcr. The
networks see luma so scaled: black is 16/255, white 235/255. A grey image is its own luma.
"""

import numpy as np

TO_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
FROM_YCBCR = np.linalg.inv(TO_YCBCR)
OFFSET = np.array([16.0, 128.0, 128.0]) / 255
STUDIO_SPAN, STUDIO_BLACK = 219 / 255, 16 / 255
"""Studio-range luma = span × full-range luma + black."""


def to_ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Luma and chroma of an RGB image.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3)
        Floating point, in [0, 1].

    Returns
    -------
    ndarray of shape (H, W, 3)
        Y, Cb, Cr of the same dtype, in [16/255, 235/255] and [16/255, 240/255]; not rounded.
    """
    return _mixed(rgb, TO_YCBCR, OFFSET)


def from_ycbcr(ycbcr: np.ndarray) -> np.ndarray:
    """The inverse of `to_ycbcr`; not clipped.

    Parameters
    ----------
    ycbcr : ndarray of shape (H, W, 3)
        Floating point.

    Returns
    -------
    ndarray of shape (H, W, 3)
    """
    return _mixed(ycbcr, FROM_YCBCR, -FROM_YCBCR @ OFFSET)


def _mixed(colours: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Matrix · colour + offset for every pixel, computed and laid out plane by plane."""
    dtype = colours.dtype
    mixed = np.empty((3, *colours.shape[:-1]), dtype)
    for k, (shares, added) in enumerate(zip(matrix.astype(dtype), offset.astype(dtype), strict=True)):
        np.multiply(colours[..., 0], shares[0], out=mixed[k])
        mixed[k] += colours[..., 1] * shares[1]
        mixed[k] += colours[..., 2] * shares[2]
        mixed[k] += added
    return np.moveaxis(mixed, 0, -1)


def luma(image: np.ndarray) -> np.ndarray:
    """8-bit luma of an 8-bit image, as the evaluation protocol takes it.

    Parameters
    ----------
    image : ndarray of shape (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8
        Grey, grey with alpha, RGB or RGBA (alpha is ignored).

    Returns
    -------
    ndarray of shape (H, W), uint8

    Raises
    ------
    ValueError
        If dtype or shape are others.

    Examples
    --------
    >>> white = np.full((1, 1, 3), 255, "uint8")
    >>> npsr.luma(white), npsr.luma(white * 0)
    (array([[235]], dtype=uint8), array([[16]], dtype=uint8))
    """
    if image.dtype != np.uint8:
        raise ValueError(
            f"image has dtype {image.dtype}, but luma is defined for uint8: the protocol is 8-bit"
        )
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] not in (2, 3, 4):
        raise ValueError(f"image has shape {image.shape}, but must be (H, W) or (H, W, 2 to 4)")
    if image.shape[2] == 2:
        return image[..., 0]
    return to_8_bits(image[..., :3] / 255.0 @ TO_YCBCR[0] + OFFSET[0])


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """Round an image in [0, 1] to uint8, halves up as MATLAB does, values beyond clipped."""
    return np.clip(np.floor(image * 255 + 0.5), 0, 255).astype(np.uint8)


def to_unit(image: np.ndarray) -> np.ndarray:
    """Pixels as float32, or float64 if they were, in [0, 1].

    Parameters
    ----------
    image : ndarray
        uint8, uint16, or floating point in [0, 1].

    Raises
    ------
    TypeError
        If the dtype is another.
    ValueError
        If a value is not finite or outside [0, 1].
    """
    if image.dtype.newbyteorder("=") in (np.uint8, np.uint16):
        return image.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)
    if not np.issubdtype(image.dtype, np.floating):
        raise TypeError(
            f"image has dtype {image.dtype}, but must be uint8, uint16 or floating point in [0, 1]"
        )
    if not np.isfinite(image).all():
        raise ValueError("image holds NaN or infinite values, but must be finite: use np.nan_to_num")
    if image.min() < 0 or image.max() > 1:
        raise ValueError(
            f"image ranges from {image.min():.9g} to {image.max():.9g}, but must be in [0, 1]: "
            "divide by 255, or clip"
        )
    return image.astype(np.float64 if image.dtype.itemsize >= 8 else np.float32)


def from_unit(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Clip to [0, 1] and return to a dtype, integers rounded."""
    image = np.clip(image, 0, 1)
    if np.issubdtype(dtype, np.integer):
        image *= np.iinfo(dtype).max
        image += image.dtype.type(0.5)  # all positive: the conversion rounds down
    return image.astype(dtype)
