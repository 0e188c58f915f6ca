"""BT.601 studio-range luma and chroma, and the rounding of 8-bit images.

For R, G, B in [0, 1]: Y = (16 + 65.481 R + 128.553 G + 24.966 B)/255, as MATLAB's rgb2ycbcr. The
networks see luma so scaled: black is 16/255, white 235/255. A grey image is its own luma.
"""

import numpy as np

TO_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
FROM_YCBCR = np.linalg.inv(TO_YCBCR)
OFFSET = np.array([16.0, 128.0, 128.0]) / 255


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
    return rgb @ TO_YCBCR.T.astype(rgb.dtype) + OFFSET.astype(rgb.dtype)


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
    return (ycbcr - OFFSET.astype(ycbcr.dtype)) @ FROM_YCBCR.T.astype(ycbcr.dtype)


def luma(image: np.ndarray) -> np.ndarray:
    """8-bit luma of an 8-bit image, as the evaluation protocol takes it.

    Parameters
    ----------
    image : ndarray of shape (H, W), (H, W, 3) or (H, W, 4), uint8
        Grey, RGB or RGBA (alpha is ignored).

    Returns
    -------
    ndarray of shape (H, W), uint8

    Raises
    ------
    ValueError
        If dtype or shape are others.
    """
    if image.dtype != np.uint8:
        raise ValueError(
            f"image has dtype {image.dtype}, but luma is defined for uint8: the protocol is 8-bit"
        )
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ValueError(f"image has shape {image.shape}, but must be (H, W), (H, W, 3) or (H, W, 4)")
    return to_8_bits(image[..., :3] / 255.0 @ TO_YCBCR[0] + OFFSET[0])


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """Round an image in [0, 1] to uint8, halves up as MATLAB does, values beyond clipped."""
    return np.clip(np.floor(image * 255 + 0.5), 0, 255).astype(np.uint8)
