"""
The phases of a deconvolution
=============================

A deconvolution of stride n is n² small convolutions with interleaved outputs. The
taps of one colour meet in the same output pixels. Only at ×3 all phases have the same
number of taps.
"""

import matplotlib.pyplot as plt
import numpy as np

import npsr

figure, axes = plt.subplots(1, 3, figsize=(9, 3.4))
for axis, n in zip(axes, (2, 3, 4), strict=True):
    weight = npsr.load("fsrcnn", n).parameters["deconvolution.weight"][:, 0]
    strongest = weight[np.argmax(np.abs(weight.sum(axis=(1, 2))))]
    rows, columns = np.mgrid[:9, :9]
    phase = n * (rows % n) + columns % n
    axis.imshow(phase, cmap="tab20" if n > 3 else "Set3", alpha=0.75)
    for r, c in np.ndindex(9, 9):
        axis.text(
            c, r, f"{100 * strongest[r, c]:.0f}", ha="center", va="center", fontsize=7
        )
    taps = sorted(np.bincount(phase.ravel()).tolist(), reverse=True)
    axis.set_title(
        f"×{n}: taps a phase {taps if n < 4 else '9, 6, 6, 6, 6, 4, …'}",
        fontsize=8 if n != 3 else 7,
    )
    axis.set_xticks([]), axis.set_yticks([])
figure.suptitle("one learned filter (in hundredths), its taps coloured by phase")

# %%
# The proof that the phases are all there is: nine small convolutions, interleaved, give
# the deconvolution.
from npsr_kernels.deconv2d import deconv2d_forward

rng = np.random.default_rng(0)
x, w = rng.normal(size=(1, 1, 6, 6)), rng.normal(size=(1, 1, 9, 9))
y = deconv2d_forward(x, w, np.zeros(1), stride=3)[0, 0]
interleaved = np.zeros_like(y)
for a, b in np.ndindex(3, 3):
    small = deconv2d_forward(
        x, np.ascontiguousarray(w[:, :, a::3, b::3]), np.zeros(1), stride=1
    )[0, 0]
    interleaved[a::3, b::3] = small
print("largest difference:", np.abs(y - interleaved).max().round(12))
plt.show()
