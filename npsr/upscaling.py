"""Image in, image out: luma through the network, chroma by bicubic, alpha as a plane of its own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from npsr.colour import from_ycbcr, to_ycbcr
from npsr.layers import whole
from npsr.network import Network
from npsr.resize import imresize
from npsr.weights import load

BICUBIC = "bicubic"

PlaneUpscaler = Callable[[np.ndarray], np.ndarray]
"""Enlarges one plane: (H, W) in [0, 1] → (nH, nW), not clipped."""


def upscale(
    image: ArrayLike,
    scale: int = 3,
    model: str | Path | Network = "fsrcnn",
    ensemble: bool = False,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Enlarge an image.

    Parameters
    ----------
    image : array_like of shape (H, W), (H, W, 3) or (H, W, 4)
        Grey, RGB or RGBA with straight (not premultiplied) alpha; uint8, uint16, or floating point
        in [0, 1]. Any size from 1 × 1; any byte order and strides, memory-mapped or not. It is only
        read.
    scale : int
        Upscaling factor n.
    model : str, Path or Network
        A released model's name, an .npz file, a network, or ``"bicubic"``.
    ensemble : bool
        Average the results for the eight flips and rotations of the image: a little better, eight
        times slower.

    Returns
    -------
    ndarray of shape (nH, nW), (nH, nW, 3) or (nH, nW, 4)
        Same dtype, aligned with the input: pixel i is centred on output coordinate n·i + (n−1)/2.

    Raises
    ------
    TypeError
        If the dtype is another.
    ValueError
        If the shape is another or empty, a value is not finite or outside [0, 1], or there is no
        such model or factor (the message lists what there is).

    Notes
    -----
    The luma of BT.601 goes through the network, its chroma is enlarged by bicubic interpolation, as
    the paper does for colour images. Grey images are their own luma. Colour is premultiplied by
    alpha before, so that hidden colours do not bleed into edges; alpha goes through the network and
    stays within its neighbourhood's range, so that opaque stays opaque. Values are taken as they
    are, in the image's own colour space (as a rule sRGB, gamma-encoded as the networks were trained).

    Several threads may call at once: results are the same, and the network, which uses all
    processors by itself, runs without the interpreter's lock. Inside, a plane is floating point of
    32 bits, of 64 if the image is.
    """
    image = np.asarray(image)
    scale, enlarge = whole("scale", scale), plane_upscaler(model, scale, ensemble)
    pixels = _to_unit(image)
    if out is not None:
        _check_out(out, image, scale)
    if pixels.ndim == 2:
        result = enlarge(pixels)
    elif pixels.shape[2] == 3:
        result = _upscale_colour(pixels, scale, enlarge)
    else:
        result = _upscale_transparent(pixels, scale, enlarge)
    large = _from_unit(result, image.dtype)
    if out is None:
        return large
    out[...] = large
    return out


def plane_upscaler(
    model: str | Path | Network | PlaneUpscaler, scale: int, ensemble: bool = False
) -> PlaneUpscaler:
    """The function by which a model enlarges one plane.

    Parameters
    ----------
    model : str, Path, Network or callable
        As in `upscale`; or already such a function, which is returned.
    scale, ensemble
        As in `upscale`.

    Returns
    -------
    callable
        (H, W) in [0, 1] → (nH, nW), not clipped.

    Raises
    ------
    ValueError
        If there is no such model, or it is for another factor.
    """
    scale = whole("scale", scale)
    if model == BICUBIC:
        return lambda plane: imresize(plane, scale)
    if callable(model) and not isinstance(model, Network):
        return _ensemble_of(model) if ensemble else model
    net = model if isinstance(model, Network) else load(model, scale)
    if net.scale != scale:
        raise ValueError(f"the network is for ×{net.scale}, but scale is {scale}: use scale={net.scale}")
    net = net.with_border("replicate")

    def enlarge(plane: np.ndarray) -> np.ndarray:
        entering = plane if net.enlarges else imresize(plane, scale)
        return net(entering[None, None])[0, 0]

    return _ensemble_of(enlarge) if ensemble else enlarge


def _ensemble_of(enlarge: PlaneUpscaler) -> PlaneUpscaler:
    """The mean over the eight flips and rotations, each turned back."""

    def mean(plane: np.ndarray) -> np.ndarray:
        results = []
        for flip in (1, -1):
            for turn in range(4):
                large = enlarge(np.rot90(plane[:, ::flip], turn))
                results.append(np.rot90(large, -turn)[:, ::flip])
        return np.mean(results, axis=0)

    return mean


def _upscale_colour(rgb: np.ndarray, scale: int, enlarge: PlaneUpscaler) -> np.ndarray:
    ycbcr = to_ycbcr(rgb)
    return from_ycbcr(np.dstack([enlarge(ycbcr[..., 0]), imresize(ycbcr[..., 1:], scale)]))


def _upscale_transparent(rgba: np.ndarray, scale: int, enlarge: PlaneUpscaler) -> np.ndarray:
    """Colour premultiplied; where the result is fully transparent, colours by plain bicubic."""
    from scipy.ndimage import maximum_filter, minimum_filter

    rgb, alpha = rgba[..., :3], rgba[..., 3]
    lowest, highest = (
        limit(alpha, 3, mode="nearest").repeat(scale, 0).repeat(scale, 1)
        for limit in (minimum_filter, maximum_filter)
    )
    sharp = enlarge(alpha)
    large_alpha = np.clip(sharp, lowest, highest)
    if lowest.min() == 1:
        return np.dstack([_upscale_colour(rgb, scale, enlarge), large_alpha])
    # Divided by the alpha before its overshoot is clipped: premultiplied colour overshoots as much.
    premultiplied = _upscale_colour(rgb * alpha[..., None], scale, enlarge)
    visible = (np.minimum(sharp, large_alpha) > 0.5 / 255)[..., None]
    straight = np.divide(premultiplied, sharp[..., None], where=visible, out=imresize(rgb, scale))
    return np.dstack([straight, large_alpha])


def _to_unit(image: np.ndarray) -> np.ndarray:
    """The image as float32, or float64 if it was, in [0, 1]; refuse what cannot be upscaled."""
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(
            f"image has shape {image.shape}, but must be (H, W), (H, W, 3) or (H, W, 4), channels last"
        )
    if 0 in image.shape:
        raise ValueError(f"image has shape {image.shape}, but must have at least one pixel")
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


def _check_out(out: np.ndarray, image: np.ndarray, scale: int) -> None:
    """Refuse an `out` that cannot hold the result, before any work is done for it."""
    if not isinstance(out, np.ndarray) or out.dtype != image.dtype:
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeError(f"out is {kind}, but must be an array of the image's dtype {image.dtype}")
    shape = (scale * image.shape[0], scale * image.shape[1], *image.shape[2:])
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, but must be {shape}: use np.empty or np.memmap")
    if not out.flags.writeable:
        raise ValueError("out is read-only, but must be writeable: open a memory map with mode='r+'")


def _from_unit(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Clip to [0, 1] and return to a dtype, integers rounded."""
    image = np.clip(image, 0, 1)
    if np.issubdtype(dtype, np.integer):
        image = np.floor(image * np.iinfo(dtype).max + image.dtype.type(0.5))
    return image.astype(dtype)
