"""By np.pad, and by sums between places."""

import numpy as np


def pad_replicate(x, before, after):
    return np.pad(x, [(0, 0), (0, 0), (before, after), (before, after)], "edge")


def collected(d, before, after):
    """Along the last axis."""
    starts = [0, *range(before + 1, d.shape[-1] - after)]
    return np.add.reduceat(d, starts, axis=-1)


def pad_replicate_backward(dpadded, before, after):
    return collected(collected(dpadded, before, after).swapaxes(2, 3), before, after).swapaxes(2, 3)
