"""
7 · What it has learned
=======================

After this step you can read a network's filters, and say which of its features
matter.

Let us open a network that was trained to its end, and beside it one that knows
nothing.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr
from npsr.networks.network import layer_forward

nets = {"new": npsr.fsrcnn(scale=3), "trained": npsr.load("fsrcnn", 3)}
figures = plt.figure(figsize=(9, 3.2)).subfigures(1, 2)
for figure, (name, net) in zip(figures, nets.items(), strict=True):
    filters = net.parameters["feature.weight"][:, 0]
    for axis, filter_ in zip(figure.subplots(7, 8).flat, filters, strict=True):
        axis.imshow(
            filter_,
            cmap="RdBu_r",
            vmin=-np.abs(filter_).max(),
            vmax=np.abs(filter_).max(),
        )
        axis.set_axis_off()
    figure.suptitle(f"{name}: the 56 filters of the first layer")
plt.show()

# %%
# The new network's filters are noise. The trained one's are edges, bars and slopes:
# nobody told it to, the pictures did.
#
# Which features carry the picture?
# ---------------------------------
#
# The last layer is a sum over features. Add them one after the other, the strongest
# first, and look at what comes out.
net = nets["trained"]
high = npsr.luma(npsr.crop_to_multiple(data.chelsea()[30:180, 120:300], 3)) / 255
x = npsr.low_resolution(high, 3)[None, None].astype("float32")
*inner, last = net.layers
for layer in inner:
    x, _ = layer_forward(layer, net.parameters, x)
order = np.argsort(
    -x[0].std(axis=(1, 2))
    * np.abs(net.parameters["deconvolution.weight"]).sum(axis=(1, 2, 3))
)

figure, axes = plt.subplots(1, 5, figsize=(10, 2.2))
for axis, count in zip(axes, (1, 4, 12, 28, 56), strict=True):
    some = np.zeros_like(x)
    some[:, order[:count]] = x[:, order[:count]]
    large, _ = layer_forward(last, net.parameters, some)
    axis.imshow(large[0, 0])
    psnr = npsr.psnr(255 * large[0, 0, 3:-3, 3:-3], 255 * high[3:-3, 3:-3])
    axis.set_title(f"{count} feature{'s' * (count > 1)}: {psnr:.2f} dB")
    axis.set_axis_off()
plt.show()

# %%
# The gallery says :doc:`what each feature adds </gallery/04_each_feature>`, in
# decibels. **Next:** how fast it is.
