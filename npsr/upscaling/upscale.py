"""Image in, image out: luma through the network, chroma by bicubic, alpha as a plane of its own."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from npsr.exporting.exported import is_exported, read_exported
from npsr.images.resize import imresize
from npsr.networks.cascade import enlarged, makes
from npsr.networks.network import Engine, Network
from npsr.rivals.files import load_model
from npsr.rivals.model import Rival
from npsr.system.checks import whole
from npsr.upscaling.bands import bands
from npsr.upscaling.factors import by_factor, by_sides
from npsr.upscaling.operations import PlaneUpscaler, mean_of_eight
from npsr.upscaling.plan import BICUBIC, plan_enlargement

__all__ = ["PlaneUpscaler", "default_scale", "plane_upscaler", "upscale"]


def upscale(
    image: ArrayLike,
    scale: float | None = None,
    model: str | Path | Network | Rival = "fsrcnn",
    ensemble: bool = False,
    out: np.ndarray | None = None,
    size: tuple[int, int] | None = None,
    engine: Engine | None = None,
) -> np.ndarray:
    """Enlarge an image.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, C) with C = 2, 3 or 4
        Grey, grey with alpha, RGB or RGBA, with straight (not premultiplied) alpha; uint8, uint16,
        or floating point in [0, 1]. Any size from 1 × 1; any byte order and strides, memory-mapped
        or not. It is only read.
    scale : float, optional
        Upscaling factor n, 1 to 64, whole or not; by default 3, or that of the network given.
    model : str, Path, Network or Rival
        A released model's name, an .npz file, a network, what `npsr.load_model` gives, or ``"bicubic"``.
    ensemble : bool
        Average the results for the eight flips and rotations of the image: a little better, eight
        times slower.
    out : ndarray, optional
        Where to write the result: of the result's shape and the image's dtype, of any strides, for
        example memory-mapped. If a value is refused, part of it may have been written.
    size : (int, int), optional
        Rows and columns of the result, instead of `scale`.
    engine : {"plain", "numpy", "fast"}, optional
        What runs the networks, as in `Network.__call__`.

    Returns
    -------
    ndarray of shape (⌈nH⌉, ⌈nW⌉) or (⌈nH⌉, ⌈nW⌉, C)
        Same dtype, aligned with the input: pixel i is centred on output coordinate n·i + (n−1)/2.
        `out`, if given.

    Raises
    ------
    TypeError
        If the dtype is another, or `out` does not have it.
    ValueError
        If the shape is another or empty, a value is not finite or outside [0, 1], there is no such
        model (the message lists what there is), or `out` has another shape.

    Notes
    -----
    The luma of BT.601 goes through the network, its chroma is enlarged by bicubic interpolation, as
    the paper does for colour images. Grey images are their own luma. Colours that alpha hides are
    replaced by those around them, so that they do not bleed into edges; alpha goes through the
    network and stays within its neighbourhood's range, so that opaque stays opaque. Values are taken as they
    are, in the image's own colour space (as a rule sRGB, gamma-encoded as the networks were trained).

    Factors without a network: the smallest product of those there are that is not below is run, and
    reduced by MATLAB's bicubic; see `npsr.upscaling.factors`.

    Several threads may call at once: results are the same, and the network, which uses all
    processors by itself, runs without the interpreter's lock. The image is enlarged in bands of
    rows: besides the result, memory for one is taken. Inside, a plane is floating point of 32 bits,
    of 64 if the image is.

    Examples
    --------
    >>> image = npsr.read_image(Path("my.png")).pixels
    >>> image.shape, npsr.upscale(image, 3).shape
    ((60, 72, 3), (180, 216, 3))
    >>> npsr.upscale(image, size=(200, 300), model="fsrcnn-s").shape
    (200, 300, 3)
    """
    image = np.asarray(image)
    _check_image(image)
    if size is None:
        target = by_factor(image.shape, default_scale(model) if scale is None else scale)
    elif scale is None:
        target = by_sides(image.shape, *size)
    else:
        raise ValueError(f"scale is {scale} and size is {size}, but only one of them can be given")
    work = plan_enlargement(image, target, model, ensemble, engine)
    shape = (*target.sides, *image.shape[2:])
    if out is None:
        out = np.empty(shape, image.dtype)
    _check_out(out, image, shape)
    if np.may_share_memory(out, image):
        image = image.copy()
    row = 0
    for band in bands(image, work):
        out[row : row + len(band)] = band
        row += len(band)
    return out


def default_scale(model: str | Path | Network | Rival) -> int:
    """The factor when none is given: 3, or that of a network given by itself or as a file.

    Raises
    ------
    ValueError
        If the file cannot be read.
    """
    if isinstance(model, Network | Rival):
        return model.scale
    return load_model(model).scale if str(model).endswith(".npz") else 3


def plane_upscaler(
    model: str | Path | Network | Rival | PlaneUpscaler,
    scale: int,
    ensemble: bool = False,
    engine: Engine | None = None,
) -> PlaneUpscaler:
    """The function by which a model enlarges one plane.

    Parameters
    ----------
    model : str, Path, Network or callable
        As in `upscale`; or a .glsl, .onnx or .param (ncnn) file, which is run as it is; or already such a
        function.
    scale : int
        Upscaling factor n.
    ensemble, engine
        As in `upscale`; such a function has its own engine.

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
    if is_exported(model):
        model = read_exported(model, scale)
    if callable(model) and not isinstance(model, Network | Rival):
        return partial(mean_of_eight, model) if ensemble else model
    loaded = load_model(model, scale) if isinstance(model, str | Path) else model
    if not isinstance(loaded, Network):
        _require_scale(loaded.scale == scale, loaded, scale)
        return partial(mean_of_eight, loaded) if ensemble else loaded
    _require_scale(makes(loaded, scale), loaded, scale)
    enlarge = partial(enlarged, loaded.with_border("replicate"), engine=engine)
    enlarge = partial(mean_of_eight, enlarge) if ensemble else enlarge
    if loaded.scale == scale:
        return enlarge
    return lambda plane: imresize(enlarge(plane), scale / loaded.scale)


def _require_scale(fits: bool, model: Network | Rival, scale: int) -> None:
    if not fits:
        raise ValueError(f"the network is for ×{model.scale}, but scale is {scale}: use scale={model.scale}")


def _check_image(image: np.ndarray) -> None:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (2, 3, 4)):
        raise ValueError(
            f"image has shape {image.shape}, but must be (H, W) or (H, W, 2 to 4), channels last"
        )
    if 0 in image.shape:
        raise ValueError(f"image has shape {image.shape}, but must have at least one pixel")


def _check_out(out: np.ndarray, image: np.ndarray, shape: tuple[int, ...]) -> None:
    """Refuse an `out` that cannot hold the result, before any work is done for it."""
    if not isinstance(out, np.ndarray) or out.dtype != image.dtype:
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeError(f"out is {kind}, but must be an array of the image's dtype {image.dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, but must be {shape}: use np.empty or np.memmap")
    if not out.flags.writeable:
        raise ValueError("out is read-only, but must be writeable: open a memory map with mode='r+'")
