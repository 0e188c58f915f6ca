"""The operations of a training step's program: their kinds and their fields."""

import numpy as np

LOAD, CONVOLVE, CONVOLVE_REST, COMPARE, WEIGH = range(5)
"""Kernels of `kernels`. A program starts with the one `LOAD`."""

RECTIFY, UNRECTIFY, TO_POINTS, TO_ROWS, TO_POINTS_TRANSPOSED, UNRECTIFY_ROWS = range(5, 11)
"""Kernels of `passes`."""

TAPS = 4
"""Columns of a weight gradient's tile."""

FIELDS = (
    "kind",
    *("channels", "blocks", "rows", "columns"),  # of the output; blocks of A channels, or of rows,
    "full",  # of which so many have 4 rows, the others 3
    *("x", "x_row", "x_channel", "x_start"),  # map read; strides; start of its ring
    *("z", "z_row", "z_channel"),  # map written, or the pre-activations
    *("scalars", "taps", "tap_count", "spans", "gradient", "labels"),  # starts in the arrays of these names
)
OPERATION = np.dtype([(name, np.int64) for name in FIELDS])
"""One operation of a program. The kernel of each kind explains the fields that it uses."""
