"""
What each feature adds
======================

The output is a sum: each of the 56 features, painted by its own filter. So one can
leave any of them out. A single one carries most of the brightness; most others add a
little, each in its own places.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr
from npsr.networks.network import layer_forward

high = npsr.luma(npsr.crop_to_multiple(data.chelsea()[30:180, 120:300], 3)) / 255
net = npsr.load("fsrcnn", 3)
x = npsr.low_resolution(high, 3)[None, None].astype("float32")
*inner, last = net.layers
for layer in inner:
    x, _ = layer_forward(layer, net.parameters, x)

weight, bias = (
    net.parameters["deconvolution.weight"],
    net.parameters["deconvolution.bias"],
)
zero = {"deconvolution.bias": np.zeros_like(bias)}
alone = []
for k in range(56):
    one = {"deconvolution.weight": weight[k : k + 1]} | zero
    alone.append(
        layer_forward(
            npsr.DeConv("deconvolution", 9, 1, 1, 3, 3, "replicate"),
            one,
            x[:, k : k + 1],
        )[0][0, 0]
    )
alone = np.array(alone)
whole = alone.sum(axis=0) + bias


def psnr(large):
    """PSNR against the original, borders cut."""
    return npsr.psnr(255 * large[3:-3, 3:-3], 255 * high[3:-3, 3:-3])


loss = np.array([psnr(whole) - psnr(whole - one) for one in alone])
order = np.argsort(-loss)
figure, axis = plt.subplots(figsize=(8, 2.6))
axis.bar(range(56), loss[order])
axis.set_yscale("log")
axis.set_xlabel("feature, the most useful first")
axis.set_ylabel("dB lost without it")
print(
    (loss <= 0).sum(),
    "of 56 features add nothing on this picture, or harm it by up to",
    -loss.min().round(4),
    "dB",
)

# %%
# What the first twelve add, each on its own scale.
figure, axes = plt.subplots(2, 6, figsize=(9, 2.9))
for axis, k in zip(axes.flat, order, strict=False):
    axis.imshow(alone[k])
    axis.set_title(f"feature {k}: {loss[k]:.2f} dB", fontsize=7)
    axis.set_axis_off()
plt.show()
