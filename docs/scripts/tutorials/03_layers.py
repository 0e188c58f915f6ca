"""
3 · Layers, and a network
=========================

After this step you can put FSRCNN together from three kinds of layers, and count what
it costs.

FSRCNN has a convolution that looks (5 × 5, d filters), one that shrinks (1 × 1, to s
maps), m that think (3 × 3), one that expands again (1 × 1), and a deconvolution that
enlarges (9 × 9). After each convolution stands a PReLU:

.. math:: f(x) = \\max(x, 0) + a\\, \\min(0, x)
"""

import matplotlib.pyplot as plt
import numpy as np

import npsr
from npsr_kernels.deconv2d import deconv2d_forward
from npsr_kernels.prelu import prelu_forward

values = np.linspace(-2, 2, 9).reshape(1, 1, 1, 9)
print(prelu_forward(values, np.array([0.25])).ravel())

# %%
# The deconvolution paints
# ------------------------
#
# For each pixel of the small picture it paints one copy of its filter, n pixels apart,
# and adds where they overlap.
x = np.zeros((1, 1, 3, 3))
x[0, 0, 0, 0], x[0, 0, 1, 1], x[0, 0, 2, 2] = 1.0, 0.5, 1.0
hill = np.outer(*2 * [np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 5])[None, None]
figure, axes = plt.subplots(1, 3, figsize=(8, 2.6))
for axis, (title, image) in zip(
    axes,
    {
        "three pixels": x,
        "the filter": hill,
        "painted at stride 3": deconv2d_forward(x, hill, np.zeros(1), 3),
    }.items(),
    strict=True,
):
    axis.imshow(image[0, 0])
    axis.set_title(title)
    axis.set_axis_off()
plt.show()

# %%
# Together
# --------
#
# The names and numbers are the paper's: FSRCNN(56, 12, 4).
net = npsr.fsrcnn(d=56, s=12, m=4, scale=3)
for layer in net.layers:
    if not isinstance(layer, npsr.PReLU):
        print(
            f"{layer.name:14} {layer.f} × {layer.f}, {layer.c:2} → {layer.n:2} channels"
        )
print("weights:", npsr.weight_count(net), "= Equation 2:", npsr.equation_2(56, 12, 4))
print(f"{npsr.speed_up(net):.1f} times fewer multiplications than SRCNN-Ex")

# %%
# A new network draws its weights by chance, so it enlarges nothing yet. It must learn;
# for that it needs gradients. **Next:** gradients. *To practise:* exercises 3, 4 and 8
# of :doc:`the course </course>`.
