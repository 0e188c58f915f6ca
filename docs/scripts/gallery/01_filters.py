"""
The filters of a trained network
================================

The first layer looks for edges, lines and gradients. The deconvolution paints with
brushes: each of its 56 filters is what one feature adds around a pixel.
"""

import matplotlib.pyplot as plt
import numpy as np

import npsr

net = npsr.load("fsrcnn", 3)


def show(filters, title):
    """Draw filters, each scaled to its own largest value, strongest first."""
    order = np.argsort(-np.abs(filters).sum(axis=(1, 2)))
    figure, axes = plt.subplots(4, 14, figsize=(9, 2.9))
    for axis, k in zip(axes.flat, order, strict=True):
        top = np.abs(filters[k]).max()
        axis.imshow(filters[k], cmap="RdBu_r", vmin=-top, vmax=top)
        axis.set_axis_off()
    figure.suptitle(title)


show(
    net.parameters["feature.weight"][:, 0],
    "first layer, 5 × 5: blue is negative, red positive",
)

# %%
# The deconvolution's filters are 9 × 9, because each input pixel reaches that far in
# the large picture.
show(net.parameters["deconvolution.weight"][:, 0], "deconvolution, 9 × 9")
plt.show()
