"""
What borders do
===============

Each layer must put something beyond the picture's edge. Zeros are black to the
network, and nine layers carry the blackness inwards. Repeating the edge pixels leaves
no rim. Released models upscale with "replicate".
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

high = npsr.luma(npsr.crop_to_multiple(data.coffee()[60:210, 60:240], 3)) / 255
low = npsr.low_resolution(high, 3)[None, None]
net = npsr.load("fsrcnn", 3)

figure, axes = plt.subplots(2, 2, figsize=(8, 6.4))
for column, border in enumerate(("zero", "replicate")):
    large = net.with_border(border)(low)[0, 0]
    axes[0, column].imshow(large[:45, :60], vmin=0, vmax=1)
    axes[0, column].set_title(f'border "{border}", upper left corner')
    axes[1, column].imshow(
        np.abs(large - high)[:45, :60], cmap="magma", vmin=0, vmax=0.3
    )
    axes[1, column].set_title("error")
    ring = np.ones(high.shape, bool)
    ring[3:-3, 3:-3] = False
    psnr = npsr.psnr(255 * large[ring][None], 255 * high[ring][None])
    print(f"{border}: {psnr:.1f} dB within 3 pixels of the border")
for axis in axes.flat:
    axis.set_axis_off()
plt.show()
