"""
Where bicubic is no worse
=========================

A network has learned how sharp photographs look after MATLAB's bicubic. Give it
something else, and it helps little, or harms: noise is sharpened as if it were
detail, a blurred picture stays blurred, blocks of JPEG become edges, and a picture
that was reduced by plain subsampling has false edges already.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data

import npsr

high = npsr.luma(npsr.crop_to_multiple(data.camera()[60:210, 140:320], 3))
clean = np.clip(npsr.low_resolution(high / 255, 3), 0, 1)
stream = io.BytesIO()
Image.fromarray(np.rint(255 * clean).astype(np.uint8)).save(stream, "JPEG", quality=25)
inputs = {
    "as it was trained": clean,
    "noise of 3 %": np.clip(
        clean + np.random.default_rng(0).normal(0, 0.03, clean.shape), 0, 1
    ),
    "blurred before": np.clip(
        npsr.low_resolution(gaussian_filter(high / 255, 3), 3), 0, 1
    ),
    "JPEG, quality 25": np.asarray(Image.open(stream)) / 255,
    "every third pixel": high[1::3, 1::3] / 255,
}

figure, axes = plt.subplots(3, len(inputs), figsize=(10, 5.6))
for column, (name, low) in zip(axes.T, inputs.items(), strict=True):
    column[0].imshow(low, vmin=0, vmax=1)
    column[0].set_title(name)
    for axis, model in zip(column[1:], ("bicubic", "fsrcnn"), strict=True):
        large = npsr.upscale(low, 3, model)
        psnr = npsr.psnr(np.rint(255 * large)[3:-3, 3:-3], high[3:-3, 3:-3])
        axis.imshow(large[30:110, 50:140], vmin=0, vmax=1)
        axis.set_title(f"{model}: {psnr:.2f} dB")
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
