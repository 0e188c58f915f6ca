"""Pictures by 256 colours, which is what GIF holds."""

import numpy as np
from PIL import Image

SEEN = 128
"""Alpha from which on a pixel is opaque: GIF knows nothing between."""
REDUCED_COLOURS = "reduced to 256 colours, as GIF has; .webp and .png keep all"


def palette_image(pixels: np.ndarray) -> Image.Image:
    """A picture by at most 256 colours of its own, one of them transparent if need be.

    Parameters
    ----------
    pixels : ndarray of shape (H, W) or (H, W, 2 to 4), uint8
        Grey, grey with alpha, RGB or RGBA.
    """
    channels = (*pixels.shape, 1)[2]
    if channels == 1:
        return Image.fromarray(pixels)
    colours = pixels[..., : channels - 1 + channels % 2]
    image = Image.fromarray(np.ascontiguousarray(colours if channels > 2 else np.repeat(colours, 3, 2)))
    if channels == 3:
        return image.quantize(256, Image.Quantize.MEDIANCUT)
    reduced = image.quantize(255, Image.Quantize.MEDIANCUT)
    indices = np.where(pixels[..., -1] < SEEN, 255, np.array(reduced)).astype(np.uint8)
    result, palette = Image.fromarray(indices), reduced.getpalette() or []
    result.putpalette(palette + [0] * (768 - len(palette)))
    result.info["transparency"] = 255
    return result
