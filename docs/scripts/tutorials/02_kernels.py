"""
2 · From loops to a kernel
==========================

After this step you can use the compiled kernels, and say why they are fast and no
less exact.

The loops of step 1 are right and slow: Python handles each pixel. npsr's kernels are
the same loops, compiled by Numba. They take batches of pictures (N), channels (C) and
many filters (D) at once:

.. math:: y_{n,d,i,j} = b_d + \\sum_{c,u,v} w_{d,c,u,v}\\; x_{n,c,\\, i+u,\\, j+v}
"""

import inspect
import time

import numpy as np

from npsr_kernels import conv2d

rng = np.random.default_rng(0)
x, w, b = (
    rng.normal(size=(2, 3, 24, 24)),
    rng.normal(size=(8, 3, 5, 5)),
    rng.normal(size=8),
)
y = conv2d.conv2d_forward(x, w, b)
print(y.shape)


# %%
# The oracle
# ----------
#
# How do we know that it is right? By a slow function that is obviously right, and a
# comparison.
def oracle(x, w, b):
    """The formula, index by index."""
    N, _, H, W = x.shape
    D, _, f, _ = w.shape
    y = np.zeros((N, D, H - f + 1, W - f + 1))
    for n, d, i, j in np.ndindex(y.shape):
        y[n, d, i, j] = b[d] + (w[d] * x[n, :, i : i + f, j : j + f]).sum()
    return y


start = time.perf_counter()
expected = oracle(x, w, b)
slow = time.perf_counter() - start
conv2d.conv2d_forward(x, w, b)  # the first call compiles
seconds = []
for _ in range(9):
    start = time.perf_counter()
    y = conv2d.conv2d_forward(x, w, b)
    seconds.append(time.perf_counter() - start)
print("largest difference:", np.abs(y - expected).max().round(10))
print("several times as fast:", slow > 3 * min(seconds))

# %%
# What is compiled
# ----------------
#
# These are the lines that Numba compiles. One parallel iteration owns one row of the
# output, so no two threads write to the same place.
print(
    inspect.getsource(
        conv2d.forward.py_func if hasattr(conv2d.forward, "py_func") else conv2d.forward
    )
)

# %%
# The borders
# -----------
#
# A kernel has no borders of its own: pad first, then convolve. Copies of the edge
# pixels keep the picture's size and leave no dark rim.
from npsr_kernels.borders import pad

print(conv2d.conv2d_forward(pad(x, 2, 2, "replicate"), w, b).shape)

# %%
# **Next:** layers. *To read:* :doc:`/explanation/layers` derives every kernel. *To
# practise:* exercises 1 and 7 of :doc:`the course </course>`.
