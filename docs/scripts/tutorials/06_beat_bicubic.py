"""
6 · A network that beats bicubic in two minutes
===============================================

After this step you have trained a network from nothing, and measured it honestly.

The training pictures are three free photographs. A fourth is held back: it takes no
part in the training, and the figure is its PSNR. The paper's networks learn from 191
pictures for days; this one learns from three, for seconds.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

import npsr

n = 3
pictures = [
    npsr.luma(getattr(data, name)()) / 255 for name in ("astronaut", "coffee", "rocket")
]
held_back = npsr.luma(npsr.crop_to_multiple(data.chelsea(), n))


def psnr(model):
    """PSNR on the picture that was held back, by the protocol of the paper."""
    low = npsr.low_resolution(held_back / 255, n)
    if model == "bicubic":
        large = npsr.imresize(low, n)
    else:
        large = model.with_border("replicate")(low[None, None])[0, 0]
    large = np.clip(np.rint(255.0 * large), 0, 255)
    return npsr.psnr(large[n:-n, n:-n], held_back[n:-n, n:-n])


# %%
# The recipe: FSRCNN-s, Adam, sub-images in four rotations and two sizes, a rate that
# falls along a cosine.
net = npsr.fsrcnn(32, 5, 1, scale=n, border="valid")
samples = npsr.Samples(pictures, net, scales=[1.0, 0.7], sub_image=18)
steps = 1500
state = npsr.fresh_state(net)


def rates(step):
    """One rate for all, falling to zero."""
    return dict.fromkeys(net.parameters, 3e-3 * (1 + np.cos(np.pi * step / steps)) / 2)


curve = []


def watch(state, loss):
    """Measure now and then."""
    if state.step in (1, 50, 100, 200, 350, 500, 700, 900, 1200, steps):
        curve.append((state.step, psnr(state.result)))


npsr.train(state, samples, npsr.adam_update(rates), steps, batch=32, after_step=watch)
trained = state.result
print(f"bicubic: {psnr('bicubic'):.2f} dB, after {steps} steps: {psnr(trained):.2f} dB")
print("better:", psnr(trained) > psnr("bicubic"))

# %%
#
figure, axis = plt.subplots(figsize=(7, 3))
axis.plot(*zip(*curve, strict=True), "o-", label="the network")
axis.axhline(psnr("bicubic"), color="gray", linestyle="--", label="bicubic")
axis.set_ylim(psnr("bicubic") - 4, None)
axis.set_xlabel("step")
axis.set_ylabel("PSNR on the picture held back, dB")
axis.legend()
plt.show()

# %%
# ``npsr.save(trained, "mine.npz")`` keeps it; then ``npsr upscale my.jpg -m mine.npz``
# uses it. At the command line the training is one line for a whole folder: ``npsr train
# quick --data photos -o RUN``. **Next:** what it has learned.
