"""
Transfer across factors
=======================

After this tutorial you can make a network for another factor from one that you have,
in seconds.

Only the deconvolution depends on the factor. All other layers look at the small
picture, whatever becomes of it. So take the convolutions of the ×3 network, and find
a deconvolution for ×2.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

n = 2
pairs = []
for name in ("astronaut", "coffee", "rocket"):
    high = npsr.crop_to_multiple(npsr.luma(getattr(data, name)()) / 255, n)
    pairs.append((npsr.low_resolution(high, n), high))

held_back = npsr.crop_to_multiple(npsr.luma(data.chelsea()), n)


def psnr(enlarge):
    """PSNR of the picture that takes no part, by the protocol."""
    large = np.clip(
        np.rint(255.0 * enlarge(npsr.low_resolution(held_back / 255, n))), 0, 255
    )
    return npsr.psnr(large[n:-n, n:-n], held_back[n:-n, n:-n])


def of(net):
    """A network as a function of planes."""
    return lambda low: net.with_border("replicate")(low[None, None])[0, 0]


# %%
# A new deconvolution begins near zero: it paints nothing.
start = npsr.starting_network("fsrcnn", n, seed=0, start="fsrcnn_x3")
scores = {
    "bicubic": psnr(lambda low: npsr.imresize(low, n)),
    "×3's convolutions, new deconvolution": psnr(of(start)),
}

# %%
# Solve it
# --------
#
# While the convolutions are fixed, the output is linear in the deconvolution's weights.
# So the best ones are the solution of a linear least-squares problem, and no training
# step is needed:
#
# .. math::
#
#    \min_w \lVert X w - y \rVert^2
#    \quad\Longrightarrow\quad
#    X^\top X\, w = X^\top y
solved = npsr.solve_deconvolution(start, pairs)
scores["×3's convolutions, deconvolution solved"] = psnr(of(solved))
scores["the released ×2 network"] = psnr(of(npsr.load("fsrcnn", n)))
for name, value in scores.items():
    print(f"{name:42} {value:6.2f} dB")

# %%
#
figure, axis = plt.subplots(figsize=(8, 2.2))
names = [name for name in scores if scores[name] > 20]
axis.barh(names, [scores[name] for name in names])
axis.set_xlim(scores["bicubic"] - 1, max(scores.values()) + 0.5)
axis.invert_yaxis()
axis.set_xlabel("PSNR, dB")
plt.show()

# %%
# At the command line::
#
#     npsr train quick --data photos --start fsrcnn_x3 -s 2 \
#         --solve-deconvolution --steps 0 -o x2
#
# Then train all layers a little, from there: drop ``--steps 0``. :doc:`/training`
# compares the ways.
