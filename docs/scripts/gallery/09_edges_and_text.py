"""
Edges and text
==============

Where a network helps most: sharp, continuous edges. Reduced ×3, enlarged by nearest
neighbour, bicubic and FSRCNN.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

angles = np.add.outer(np.arange(120) ** 2, (np.arange(150) - 40) ** 2)
drawn = np.where(np.sin(angles / 500.0) > 0, 230, 25).astype(
    np.uint8
)  # arcs, finer towards a corner
pictures = {
    "a page": data.page()[60:180, 20:170],
    "text": data.text()[20:140, 30:180],
    "drawn arcs": drawn,
}

figure, axes = plt.subplots(len(pictures), 4, figsize=(9, 5.8))
for line, (name, picture) in zip(axes, pictures.items(), strict=True):
    high = npsr.luma(picture)
    low = np.clip(npsr.low_resolution(high / 255, 3), 0, 1)
    line[0].imshow(np.kron(low, np.ones((3, 3))), vmin=0, vmax=1)
    line[0].set_title(f"{name}, reduced")
    for axis, model in zip(line[1:3], ("bicubic", "fsrcnn"), strict=True):
        large = npsr.upscale(low, 3, model)
        psnr = npsr.psnr(np.rint(255 * large)[3:-3, 3:-3], high[3:-3, 3:-3])
        axis.imshow(large, vmin=0, vmax=1)
        axis.set_title(f"{model}: {psnr:.2f} dB")
    line[3].imshow(high)
    line[3].set_title("original")
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
