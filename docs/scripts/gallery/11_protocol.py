"""
What each choice of the protocol is worth
=========================================

The same network, the same pictures, the same formula for PSNR. One choice is changed
at a time. The differences are larger than those between networks, so figures of
different protocols cannot be compared.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from skimage import data

import npsr

pictures = [
    npsr.crop_to_multiple(getattr(data, name)(), 3)
    for name in ("astronaut", "chelsea", "coffee", "rocket")
]
net = npsr.load("fsrcnn", 3)


def full_range(image):
    """Luma of JPEG files, from 0 to 255."""
    return np.rint(image @ [0.299, 0.587, 0.114])


def pillow(high):
    """Pillow's bicubic reduction of 8-bit pictures, which rounds the small picture."""
    sides = high.shape[1] // 3, high.shape[0] // 3
    return (
        np.asarray(
            Image.fromarray(high.astype("uint8")).resize(
                sides, Image.Resampling.BICUBIC
            )
        )
        / 255
    )


def box(high):
    """The mean of each square of pixels."""
    return high.reshape(len(high) // 3, 3, -1, 3).mean(axis=(1, 3)) / 255


def no_filter(high):
    """Bicubic reduction without antialiasing: at ×3 it takes every third pixel."""
    return high[1::3, 1::3] / 255


def matlab(high):
    """The protocol's reduction."""
    return npsr.low_resolution(high / 255, 3)


def score(luma=npsr.luma, reduce=matlab, cut=3, rounded=True, shift=0):
    """Mean PSNR over the pictures."""
    found = []
    for picture in pictures:
        high = luma(picture).astype(float)
        large = 255 * net(reduce(high)[None, None])[0, 0]
        large = np.roll(
            np.clip(np.rint(large) if rounded else large, 0, 255), shift, axis=1
        )
        inner = slice(cut, -cut or None), slice(cut, -cut or None)
        found.append(npsr.psnr(large[inner], high[inner]))
    return np.mean(found)


choices = {
    "the protocol": {},
    "not rounded": {"rounded": False},
    "no border cut": {"cut": 0},
    "full-range luma": {"luma": full_range},
    "Pillow's bicubic, 8 bits": {"reduce": pillow},
    "means of squares": {"reduce": box},
    "no antialiasing": {"reduce": no_filter},
    "result shifted by a pixel": {"shift": 1},
}
scores = {name: score(**options) for name, options in choices.items()}
for name, psnr in scores.items():
    print(f"{name:28} {psnr:6.2f} dB   {psnr - scores['the protocol']:+.2f}")

figure, axis = plt.subplots(figsize=(8, 3))
names = list(scores)[1:]
differences = [scores[name] - scores["the protocol"] for name in names]
axis.barh(
    names, differences, color=["tab:green" if d > 0 else "tab:red" for d in differences]
)
axis.invert_yaxis()
axis.axvline(0, color="black", linewidth=0.8)
axis.set_xlabel("dB more or less than by the protocol")
plt.show()
