"""Arrays in, arrays out.

Read the plain kernels first: `conv2d.py`, `deconv2d.py`, `prelu.py`, `borders.py`, forward above backward.
The folders `stream/` and `training_step/` compute the same fast. They use `vector/` and `compiling/`.
"""
