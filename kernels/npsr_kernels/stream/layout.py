"""The input of the compiled stream besides images and weights: records of integers.

A network is data here, not code: the stream is compiled once for all of them. Places are indices into the
flat array `work` of a thread, which contains, in this order,

    for every stage its line buffer     channels × (history + ROWS) rows × S columns
    middle                              channels between two layers of a stage, for one chunk
    points, products                    of Winograd's algorithm, before and after the products
    sums                                the output's n² phases, with the rows still incomplete

A row of S columns is P columns of border, the tile's columns, P columns of border, and columns that
fill the last vector.
"""

import numpy as np

CHUNK = 12
"""Vectors that pass through the scratch buffers at a time, so few that the buffers fit in the first caches.
A multiple of every tile's vectors."""

SLACK = 96
"""Pixels between channels, over which the widest tile may write."""

CARRY = 16
"""Columns of points stored from one chunk for the next, a multiple of all lanes."""

DIRECT, WINOGRAD, DECONVOLUTION = 0, 1, 2
"""Kinds of stages."""


def _integers(*names: str) -> np.dtype:
    return np.dtype([(name, np.int64) for name in names])


PRODUCT = _integers("taps", "offsets", "first", "last", "plane", "activate")
"""A weighted sum over taps: how many, where their offsets start, its blocks first … last − 1, its
first output channel, whether PReLU follows."""

BLOCK = _integers("channels", "weights", "channel")
"""Output channels of a product that one tile holds, their packed weights, the first of them."""

STAGE = _integers(
    "kind",
    "channels",  # of the line buffer
    "history",  # rows of earlier steps that it stores
    "lag",  # rows by which it is behind the image
    "source",  # where it starts
    "plane",  # from channel to channel
    "reach",  # columns that the convolution reads to either side
    "pointwise",  # product of a 1 × 1 convolution after it, or before the deconvolution; or −1
    "middle",  # channels between the two
    "product",  # its product, or the first of POINTS ones
    "groups",  # of POINTS products
    "filters",  # output channels
    "bias",  # in the weights; of a Winograd stage
    "target",  # where it writes: new rows of the next line buffer, or the sums
    "target_plane",
)

FRAME = _integers(
    "rows",  # of the image
    "stride",  # S
    "pad",  # P
    "chunk",  # pixels of CHUNK vectors
    "columns",  # of the image
    "replicate",  # border: 1, or 0 for zeros
    "scale",  # n; 1 without a deconvolution
    "padding",  # of the deconvolution
    "segments",  # of TAPS row taps
    "carried",  # rows of sums that the next step completes
    "bias",  # of the deconvolution, in the weights; or −1
    "middle",
    "points",
    "products",
    "sums",
    "sums_rows",
    "sums_plane",
)

TASK = _integers("image", "top", "bottom", "left", "right", "start", "width")
"""A piece of work: the output of rows top … bottom − 1 and columns left … right − 1 of one image,
from its `width` columns from `start` on."""
