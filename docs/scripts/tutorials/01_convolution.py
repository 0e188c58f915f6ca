"""
1 · A convolution in loops
==========================

After this step you can compute a convolution by hand, and say what each index means.

FSRCNN begins with 56 convolutions of the small picture. One of them takes a *filter*,
a few numbers in a square, lays it on the picture, multiplies what lies on each other,
and adds. The sum is one pixel of the result. Then the filter moves on.

.. math:: y_{i,j} = b + \\sum_{u,v} w_{u,v}\\; x_{i+u,\\, j+v}

The filter is not flipped, as in all network libraries. Strictly this is a
cross-correlation.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr


def convolve(x, w, b):
    """One picture, one filter: the formula as it stands."""
    f = len(w)
    y = np.empty((x.shape[0] - f + 1, x.shape[1] - f + 1))
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] = b + (w * x[i : i + f, j : j + f]).sum()
    return y


# %%
# A case that you can check by hand
# ---------------------------------
#
# The picture has a dark and a bright half. The filter subtracts the left neighbour from
# the right one.
x = np.array([[0.0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
w = np.array([[0.0, 0, 0], [-1, 0, 1], [0, 0, 0]])
print(convolve(x, w, 0.0))

# %%
# Both windows contain the edge, so both sums are 1. The result is two pixels smaller
# than the picture on each axis: f − 1.
#
# On a photograph
# ---------------
high = npsr.luma(data.chelsea()[30:180, 120:300]) / 255
edges = {
    "down": np.array([[-1.0, -1, -1], [0, 0, 0], [1, 1, 1]]),
    "across": w,
    "blur": np.full((5, 5), 1 / 25),
}
figure, axes = plt.subplots(1, 4, figsize=(9, 2.2))
axes[0].imshow(high)
axes[0].set_title("luma")
for axis, (name, filter_) in zip(axes[1:], edges.items(), strict=True):
    axis.imshow(convolve(high, filter_, 0.0))
    axis.set_title(name)
for axis in axes:
    axis.set_axis_off()
plt.show()

# %%
# These filters were chosen by hand. A network finds its own. **Next:** the same at a
# speed that training needs. *To practise:* exercise 1 of :doc:`the course </course>`.
