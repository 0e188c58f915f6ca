"""
Feature maps along the depth
============================

What the network sees after each of its stages. First edges of all directions; then
few maps, ever sharper; then 56 again, each of which the deconvolution paints with its
own brush.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr
from npsr.networks.network import layer_forward

high = npsr.luma(npsr.crop_to_multiple(data.chelsea()[30:180, 120:300], 3)) / 255
low = npsr.low_resolution(high, 3)
net = npsr.load("fsrcnn", 3)

maps, x = {}, low[None, None].astype("float32")
for layer in net.layers:
    x, _ = layer_forward(layer, net.parameters, x)
    maps[layer.name] = x[0]  # a PReLU has the name of the convolution before it

names = [name for name in maps if name != "deconvolution"]
figure, axes = plt.subplots(len(names), 8, figsize=(9, 8))
for line, name in zip(axes, names, strict=True):
    strongest = np.argsort(-maps[name].std(axis=(1, 2)))[:8]
    for axis, k in zip(line, strongest, strict=True):
        axis.imshow(maps[name][k])
        axis.set_xticks([]), axis.set_yticks([])
    line[0].set_ylabel(f"{name}\n{len(maps[name])} maps", fontsize=7)
figure.suptitle("the eight strongest maps after each stage")
plt.show()
