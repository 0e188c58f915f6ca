"""PSNR and SSIM of 8-bit luma."""

import numpy as np
from scipy.ndimage import gaussian_filter

PEAK = 255.0


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Peak signal-to-noise ratio with peak 255.

    Parameters
    ----------
    image, reference : ndarray of shape (H, W)
        In [0, 255].

    Returns
    -------
    float
        In dB; infinite for equal images.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> a = np.full((8, 8), 100.0)
    >>> round(npsr.psnr(a, a + 1), 3), npsr.psnr(a, a)
    (48.131, inf)
    """
    a, b = _pair(image, reference)
    error = np.mean((a - b) ** 2)
    return float(10 * np.log10(PEAK**2 / error)) if error else float("inf")


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Structural similarity (Wang et al., 2004): Gaussian window σ = 1.5, 11 × 11, K = 0.01, 0.03.

    Averaged over the pixels at which the whole window lies in the image.

    Parameters
    ----------
    image, reference : ndarray of shape (H, W)
        In [0, 255], at least 11 × 11.

    Returns
    -------
    float
        1 for equal images.

    Raises
    ------
    ValueError
        If the shapes differ or are smaller than the window.

    Examples
    --------
    >>> a = np.random.default_rng(0).random((32, 32)) * 255
    >>> round(npsr.ssim(a, a), 6)
    1.0
    """
    a, b = _pair(image, reference)
    radius = 5
    if min(a.shape) <= 2 * radius:
        raise ValueError(f"image has shape {a.shape}, but SSIM's window needs at least 11 × 11 pixels")

    def mean(x: np.ndarray) -> np.ndarray:
        smooth = gaussian_filter(x, 1.5, radius=radius)
        return smooth[radius:-radius, radius:-radius]

    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * covariance + c2) / (variances + c2)
    return float(np.mean(luminance * structure))


def _pair(image: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if image.shape != reference.shape or image.ndim != 2:
        raise ValueError(f"the shapes are {image.shape} and {reference.shape}, but must be the same (H, W)")
    return image.astype(np.float64), reference.astype(np.float64)
