"""
5 · A step of SGD
=================

After this step you can make a network better by one step, and say what the rate does.

The paper's loss (Equation 3) sums the squared errors over a sub-image and takes the
mean over the batch:

.. math:: L(\\theta) = \\frac{1}{N} \\sum_i \\lVert F(x_i; \\theta) - y_i \\rVert^2

A step goes against the gradient, with some of the last step added (momentum):

.. math::

   v \\leftarrow \\mu v - \\eta\\, \\frac{\\partial L}{\\partial \\theta}
   \\qquad
   \\theta \\leftarrow \\theta + v
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

pictures = [
    npsr.luma(getattr(data, name)()) / 255 for name in ("astronaut", "coffee", "rocket")
]
net = npsr.fsrcnn(32, 5, 1, scale=3, border="valid")
samples = npsr.Samples(pictures, net, scales=[1.0], rotations=[0])
x, labels = samples[np.random.default_rng(0).integers(len(samples), size=64)]
print(x.shape, "→", labels.shape)

# %%
# One step, by hand
# -----------------
loss, gradients = npsr.loss_and_gradients(net, x, labels)
parameters = {key: p - 1e-3 * gradients[key] for key, p in net.parameters.items()}
better, _ = npsr.loss_and_gradients(
    npsr.Network(net.name, 3, net.layers, parameters), x, labels
)
print(f"the loss fell: {better < loss}")


# %%
# Many steps, at three rates
# --------------------------
#
# The rates are for half of Equation 3, as the authors'. Deconvolution and biases get a
# tenth.
def curve(rate, steps=60):
    """Losses of a short training on this one batch."""
    theta = {key: p.copy() for key, p in net.parameters.items()}
    v = {key: np.zeros_like(p) for key, p in theta.items()}
    rates, losses = npsr.paper_rates(net, rate), []
    for _ in range(steps):
        loss, g = npsr.loss_and_gradients(
            npsr.Network(net.name, 3, net.layers, theta), x, labels
        )
        npsr.sgd_step(
            theta, {key: half / 2 for key, half in g.items()}, v, rates, momentum=0.9
        )
        losses.append(loss)
    return losses


figure, axis = plt.subplots(figsize=(7, 3))
for rate in (1e-4, 5e-4, 1e-3):
    axis.semilogy(curve(rate), label=f"rate {rate:g}")
axis.set_xlabel("step")
axis.set_ylabel("loss")
axis.legend()
plt.show()

# %%
# Too low a rate wastes steps. A higher one swings, and finds its way sooner. **Next:**
# a training that beats bicubic. *To practise:* exercise 11 of :doc:`the course
# </course>`.
