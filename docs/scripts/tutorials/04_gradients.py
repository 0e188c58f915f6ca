"""
4 · Gradients
=============

After this step you can derive the gradients of a convolution, write them, and prove
that they are right.

The loss L is one number. How does it change with each weight? Each output pixel
depends on the weight through one product, so the chain rule gives sums of products.
Let :math:`dy = \\partial L / \\partial y`:

.. math::

   db = \\sum_{i,j} dy_{i,j} \\qquad
   dw_{u,v} = \\sum_{i,j} dy_{i,j}\\; x_{i+u,\\,j+v} \\qquad
   dx_{h,k} = \\sum_{u,v} w_{u,v}\\; dy_{h-u,\\,k-v}

The second is a convolution of the input with dy as the filter. The third lays the
filter down, turned by 180°: what was gathered is scattered back.
"""

import matplotlib.pyplot as plt
import numpy as np

from npsr_kernels.conv2d import (
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
)

rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(1, 1, 7, 7)), rng.normal(size=(1, 1, 3, 3)), np.zeros(1)
dy = rng.normal(size=(1, 1, 5, 5))


# %%
# In loops
# --------
def backward(dy, x, w):
    """One filter, one picture: each output pixel pays back to all that it read."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(dy.shape[0]):
        for j in range(dy.shape[1]):
            dw += dy[i, j] * x[i : i + 3, j : j + 3]
            dx[i : i + 3, j : j + 3] += dy[i, j] * w
    return dx, dw


dx, dw = backward(dy[0, 0], x[0, 0], w[0, 0])
print(np.abs(dw - conv2d_backward_weight(dy, x, 3)[0, 0]).max().round(12))
print(np.abs(dx - conv2d_backward_input(dy, w, (7, 7))[0, 0]).max().round(12))


# %%
# Proof one: differences
# ----------------------
#
# Move one weight a little, both ways, and see how the loss moves. With too large an ε
# the curve bends in between; with too small a one the digits run out. The best is near
# the cube root of the rounding error.
def loss(w):
    """Any function of y will do; its gradient dy is then y itself."""
    return 0.5 * (conv2d_forward(x, w, b) ** 2).sum()


analytic = conv2d_backward_weight(conv2d_forward(x, w, b), x, 3)[0, 0, 1, 1]
steps, errors = 10.0 ** np.arange(-13, 0.1, 0.5), []
for e in steps:
    moved = np.zeros_like(w)
    moved[0, 0, 1, 1] = e
    errors.append(
        abs((np.exp(loss(w + moved) / 100) - np.exp(loss(w - moved) / 100)) / (2 * e))
    )
truth = analytic * np.exp(loss(w) / 100) / 100
errors = np.abs(np.array(errors) - abs(truth)) / abs(truth) + 1e-16
figure, axis = plt.subplots(figsize=(7, 2.8))
axis.loglog(steps, errors, "o-")
axis.set_xlabel("ε")
axis.set_ylabel("relative error")
axis.grid(alpha=0.3)
best = errors[np.argmin(np.abs(steps - 1e-5))]
print(f"at ε = 1e-5 the relative error is below 1e-8: {best < 1e-8}")
plt.show()

# %%
# Proof two: the adjoint
# ----------------------
#
# A convolution is linear in x. Going back must be its transpose: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩,
# for any x and y. It needs no ε at all.
left = (conv2d_forward(x, w, b) * dy).sum()
right = (x * conv2d_backward_input(dy, w, (7, 7))).sum()
print("difference:", abs(left - right).round(12))

# %%
# **Next:** a step. *To look at:* the panel ``backward`` of :doc:`the explorer
# </explore>`. *To practise:* exercises 2, 5 and 10 of :doc:`the course </course>`.
