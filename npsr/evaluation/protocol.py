"""The evaluation protocol that reproduces the paper's tables to 0.01 dB.

8-bit luma, cropped to a multiple of n; reduced by MATLAB's bicubic and not rounded; enlarged;
rounded to 8 bits; n pixels cut from every border; PSNR and SSIM; the mean over the images. An image that
comes back exactly, such as a black one, has an infinite PSNR, which counts in no mean.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npsr.evaluation.metrics import psnr, ssim
from npsr.images.colour import to_8_bits
from npsr.images.files import ImageError
from npsr.images.image_sets import image_files, read_lumas
from npsr.images.resize import imresize
from npsr.networks.network import Network
from npsr.rivals.model import Rival
from npsr.system.checks import whole
from npsr.upscaling.upscale import PlaneUpscaler, plane_upscaler


def evaluate(
    folder: str | Path,
    scale: int,
    model: str | Path | Network | Rival | PlaneUpscaler,
    ensemble: bool = False,
    each: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Mean PSNR and SSIM of a model on a folder of images.

    Parameters
    ----------
    folder : str or Path
        Original (HR) images.
    scale : int
        Upscaling factor n.
    model : str, Path, Network or callable
        As in `upscale`; or a .glsl, .onnx or .param (ncnn) file, which is run as it is; or any function that
        enlarges a plane: (H, W) in [0, 1] → (nH, nW).
    ensemble
        As in `upscale`.
    each : callable, optional
        Called with each image's result as it comes.

    Returns
    -------
    dict
        ``psnr``, the mean of the finite ones (infinite if none is), and ``finite``, how many they are;
        ``ssim``, the mean; ``images``: a list of dicts of ``name``, ``psnr`` and ``ssim``; and
        ``passed_over``: how many files of the folder are no images, by kind.

    Raises
    ------
    ValueError
        If the folder, an image, the model or the factor is unusable.

    Examples
    --------
    >>> result = npsr.evaluate("photos", 3, "bicubic")
    >>> [image["name"] for image in result["images"]], result["psnr"] > 20
    (['beach.png', 'city.png', 'forest.png'], True)
    """
    scale, enlarge = whole("scale", scale), plane_upscaler(model, scale, ensemble)
    images: list[dict[str, Any]] = []
    passed: Counter[str] = Counter()
    for path, original in read_lumas(image_files(Path(folder), passed)):
        high = crop_to_multiple(original, scale)
        if not measurable(high, scale):
            raise ImageError(
                f"{path} is {original.shape[1]}×{original.shape[0]}, too small to evaluate at ×{scale}"
            )
        images.append({"name": path.name} | evaluate_luma(high, scale, enlarge))
        if each:
            each(images[-1])
    finite = [image["psnr"] for image in images if np.isfinite(image["psnr"])]
    return {
        "psnr": float(np.mean(finite)) if finite else float("inf"),
        "finite": len(finite),
        "ssim": float(np.mean([image["ssim"] for image in images])),
        "images": images,
        "passed_over": dict(passed),
    }


def measurable(high: np.ndarray, scale: int) -> bool:
    """Whether SSIM's window fits an image of which n pixels are cut from every border."""
    return min(high.shape) >= 11 + 2 * scale


def evaluate_luma(
    high: np.ndarray, scale: int, enlarge: PlaneUpscaler, low: np.ndarray | None = None
) -> dict[str, Any]:
    """PSNR and SSIM of one image.

    Parameters
    ----------
    high : ndarray of shape (H, W), uint8
        Original luma, its sides multiples of `scale`.
    scale : int
        Upscaling factor n.
    enlarge : callable
        From `plane_upscaler`.
    low : ndarray of shape (H/n, W/n), optional
        What is enlarged, in [0, 1], if not the protocol's reduction.

    Returns
    -------
    dict
        ``psnr`` in dB and ``ssim``.
    """
    result = to_8_bits(enlarge(low_resolution(high / 255.0, scale) if low is None else low))
    inner = slice(scale, -scale), slice(scale, -scale)
    return {"psnr": psnr(result[inner], high[inner]), "ssim": ssim(result[inner], high[inner])}


def low_resolution(high: np.ndarray, n: int) -> np.ndarray:
    """Bicubic reduction by n of a plane whose sides are multiples of n.

    Examples
    --------
    >>> npsr.low_resolution(np.ones((99, 99)), 3).shape
    (33, 33)
    """
    return imresize(high, size=(high.shape[0] // n, high.shape[1] // n))


def crop_to_multiple(image: np.ndarray, n: int) -> np.ndarray:
    """The image cut, at its end, to sides that are multiples of n.

    Examples
    --------
    >>> npsr.crop_to_multiple(np.zeros((100, 101)), 3).shape
    (99, 99)
    """
    return image[: image.shape[0] // n * n, : image.shape[1] // n * n]
