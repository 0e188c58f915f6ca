"""
Where the errors are
====================

Bicubic interpolation errs along every edge. FSRCNN errs less there, and hardly less
in fine hair, whose detail is lost in the small picture. Black is no error.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

high = npsr.luma(npsr.crop_to_multiple(data.astronaut()[0:240, 100:340], 3))
low = npsr.low_resolution(high / 255, 3)
figure, axes = plt.subplots(2, 3, figsize=(9, 6.2))
axes[0, 0].imshow(high)
axes[0, 0].set_title("original")
axes[1, 0].imshow(np.clip(low, 0, 1))
axes[1, 0].set_title("reduced ×3")
for column, model in enumerate(("bicubic", "fsrcnn"), start=1):
    large = np.rint(255 * npsr.upscale(np.clip(low, 0, 1), 3, model))
    error = large - high
    psnr = npsr.psnr(large[3:-3, 3:-3], high[3:-3, 3:-3])
    axes[0, column].imshow(large, vmin=0, vmax=255)
    axes[0, column].set_title(f"{model}: {psnr:.2f} dB")
    axes[1, column].imshow(np.abs(error), cmap="magma", vmin=0, vmax=60)
    axes[1, column].set_title(f"error, largest {np.abs(error).max():.0f} of 255")
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
