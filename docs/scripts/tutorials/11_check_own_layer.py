"""
Checking the gradients of your own layer
========================================

After this tutorial you can let npsr's checker judge a layer that you have written,
and read what it says.

``npsr.gradcheck`` compares each gradient with central differences in float64. It
takes any function that computes loss and gradients: npsr's, or yours.
"""

import numpy as np

import npsr
from npsr_kernels.borders import pad, pad_backward

# %%
# A network with a layer of one's own
# -----------------------------------
#
# The layer is a convolution, written with NumPy alone: a loop over the taps, each one a
# matrix product over the channels.


def convolve(x, w, b):
    """Forward: (N, C, H, W) and (D, C, f, f) → (N, D, H − f + 1, W − f + 1)."""
    f = w.shape[-1]
    rows, columns = x.shape[2] - f + 1, x.shape[3] - f + 1
    y = np.zeros((len(x), len(w), rows, columns)) + b[:, None, None]
    for u, v in np.ndindex(f, f):
        y += np.einsum(
            "dc,ncij->ndij", w[:, :, u, v], x[:, :, u : u + rows, v : v + columns]
        )
    return y


def convolve_backward(dy, x, w):
    """Backward: gradients of x, w and b."""
    rows, columns = dy.shape[2:]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for u, v in np.ndindex(*w.shape[2:]):
        window = (..., slice(u, u + rows), slice(v, v + columns))
        dx[window] += np.einsum("dc,ndij->ncij", w[:, :, u, v], dy)
        dw[:, :, u, v] = np.einsum("ndij,ncij->dc", dy, x[window])
    return dx, dw, dy.sum(axis=(0, 2, 3))


def loss_and_gradients(net, x, target):
    """Loss (Equation 3) and gradients of two such layers with zero borders."""
    p = net.parameters
    first = pad(x, 1, 1, "zero")
    middle = pad(convolve(first, p["a.weight"], p["a.bias"]), 1, 1, "zero")
    y = convolve(middle, p["b.weight"], p["b.bias"])
    difference = y - target
    dmiddle, dwb, dbb = convolve_backward(
        2 * difference / len(x), middle, p["b.weight"]
    )
    _, dwa, dba = convolve_backward(
        pad_backward(dmiddle, 1, 1, "zero"), first, p["a.weight"]
    )
    gradients = {"a.weight": dwa, "a.bias": dba, "b.weight": dwb, "b.bias": dbb}
    return (difference**2).sum() / len(x), gradients


# %%
# npsr's description of the same network gives the parameters their names and shapes.
layers = (npsr.Conv("a", f=3, n=4, c=1), npsr.Conv("b", f=3, n=1, c=4))
net = npsr.initialise("mine", 1, layers, seed=0, dtype="float64", border="zero")
rng = np.random.default_rng(0)
x, target = rng.random((2, 1, 8, 8)), rng.random((2, 1, 8, 8))
for report in npsr.gradcheck(net, x, target, gradient=loss_and_gradients):
    print(f"{report.name:10} {report.checked:3} checked, passed: {report.passed}")


# %%
# Plant a bug
# -----------
#
# A checker is worth what it finds. Forget the sum over the batch in one bias:
def wrong(net, x, target):
    """As above, but one gradient has forgotten half of the batch."""
    loss, gradients = loss_and_gradients(net, x, target)
    return loss, gradients | {"a.bias": gradients["a.bias"] / 2}


for report in npsr.gradcheck(net, x, target, gradient=wrong):
    print(f"{report.name:10} passed: {report.passed}, error {report.error:.1g}")


# %%
# An error of one part in two thousand is found as well.
def nearly(net, x, target):
    """One entry is wrong by 0.05 %."""
    loss, gradients = loss_and_gradients(net, x, target)
    bent = gradients["b.weight"].copy()
    bent[0, 2, 1, 1] *= 1.0005
    return loss, gradients | {"b.weight": bent}


print(
    [
        report.name
        for report in npsr.gradcheck(net, x, target, gradient=nearly)
        if not report.passed
    ]
)

# %%
# The one parameter that is off is named; the error is that of the worst entry. *To
# practise:* exercise 10 of :doc:`the course </course>`, in which a bug is planted and
# you find it. *To look at:* the panel ``gradient-check`` of :doc:`the explorer
# </explore>`.
