"""Arrays in, arrays out.

The lesson lies on top: `conv2d.py`, `deconv2d.py`, `prelu.py`, `borders.py`, forward above backward. Below,
`stream/` and `training_step/` do the same fast, on what `vector/` and `compiling/` offer.
"""
