"""The training step: loss and every gradient of a batch, eight or sixteen samples side by side in a vector.

Enters: sub-images, labels, parameters. Leaves: the loss and the gradients.
Open `step.py` first, then `plan.py`, `program.py` and `kernels.py`.
"""
