"""Training samples: sub-images and their labels, cut on demand from luma planes.

Only the planes are stored, each image at each scale once as an (LR, HR) pair in float32. Rotations and
flips are views. A sample is 32 bytes that say where it lies. With the paper's five scales that makes 16 to 29
bytes per pixel of the images, as `memory_per_pixel` says.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import sqrt

import numpy as np

from npsr.degradation.degrading import Reduce, plain
from npsr.evaluation.protocol import crop_to_multiple
from npsr.images.resize import imresize
from npsr.networks.cascade import entering
from npsr.networks.layers import Conv, DeConv, is_sparse_coding, pixels_read
from npsr.networks.network import Network
from npsr_kernels.training_step.subimages import cut

SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)
ROTATIONS = (0, 1, 2, 3)

Planes = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Geometry:
    """Where a network's sub-images and labels lie, in pixels along one axis.

    A sub-image that starts at input pixel r has its label at HR pixels step·r + `offset` and on.

    Attributes
    ----------
    side, inner, label : int
        Sides of the sub-image, of the maps that the last layer makes the output from, and of the label.
    step : int
        HR pixels per input pixel: n, or 1 for SRCNN, whose input is the enlargement.
    offset : int
        Start of the label for the sub-image at 0.
    stride : int
        Input pixels from one sub-image to the next.
    """

    side: int
    inner: int
    label: int
    step: int
    offset: int
    stride: int


def geometry(net: Network, sub_image: int = 0) -> Geometry:
    """The sub-images of a network in its training form (border "valid").

    The paper's are LR 14, 11, 10 pixels → HR 19, 19, 21 for FSRCNN at ×2, ×3, ×4, four pixels apart;
    33 → 21 for SRCNN 9-1-5, fourteen apart; SCN's, of the enlargement too, 56 → 44.

    Parameters
    ----------
    net : Network
        The network.
    sub_image : int
        Another side of the sub-images, in LR pixels (of SRCNN, n times as many of the enlargement); 0 for
        the paper's.

    Raises
    ------
    ValueError
        If the network is not in that form, or the sub-images are too small for it.
    """
    first, last = net.layers[0], net.layers[-1]
    if getattr(first, "border", None) != "valid":
        raise ValueError(
            'the network is padded, but trains with border="valid": use net.with_border("valid")'
        )
    padded = [layer for layer in net.layers if isinstance(layer, Conv) and layer.border != "valid"]
    context = sum(pixels_read(layer) for layer in net.layers if layer not in padded)
    n = net.factor if net.enlarges else net.scale
    alone = 56 if is_sparse_coding(net.layers) else 33
    own = alone if not net.enlarges else {2: 10, 3: 7, 4: 6}.get(n, max(4, 21 // n)) + 2 * context
    each = 1 if net.enlarges else n
    side = sub_image * each or own
    inner = side - 2 * context
    if inner < 1:
        raise ValueError(
            f"the filters of {net.name} reach {context} pixels, too far for sub-images of {side} × {side}: "
            f"use {2 * context // each + 1} or more LR pixels"
        )
    if not isinstance(last, DeConv):
        return Geometry(side, inner, inner, 1, context, 14)
    label = n * inner - (n - 1)
    return Geometry(side, inner, label, n, n * context + last.f // 2 - last.padding, 4)


class Samples(Sequence[tuple[np.ndarray, np.ndarray]]):
    """All sub-images of a set of images, with their labels.

    Indexed with an array of N indices it gives N sub-images (N, C, side, side), C = 1, and their labels
    (N, 1, label, label), float32.

    Parameters
    ----------
    images : iterable of ndarray of shape (H, W)
        Luma planes in [0, 1]; those too small for a sub-image give none.
    net : Network
        The network to train, in its training form; gives the factor and the geometry.
    scales : sequence of float
        Reductions of each image (Section 4.1: 1, 0.9, 0.8, 0.7, 0.6).
    rotations : sequence of int
        Quarter turns of each.
    sub_image : int
        Side of the sub-images in LR pixels, as in `geometry`; 0 for the paper's.
    flips : bool
        Each rotation mirrored as well.
    reduce : callable
        Makes of an HR plane what `net` reads: an LR plane (H, W), or features (C, H, W). Called as by
        `planes`, once for each plane; rotations would turn the features, not what they are computed from.

    Raises
    ------
    ValueError
        If there are more pixels than 32-bit numbers can count.

    Examples
    --------
    >>> net = npsr.fsrcnn(scale=3, border="valid")
    >>> samples = npsr.Samples([np.random.default_rng(0).random((60, 90))], net)
    >>> x, labels = samples[np.arange(16)]
    >>> x.shape, labels.shape
    ((16, 1, 11, 11), (16, 1, 19, 19))
    """

    def __init__(
        self,
        images: Iterable[np.ndarray],
        net: Network,
        scales: Sequence[float] = SCALES,
        rotations: Sequence[int] = ROTATIONS,
        sub_image: int = 0,
        flips: bool = False,
        reduce: Reduce = plain,
    ) -> None:
        self.geometry = geometry(net, sub_image)
        made = planes(images, net, scales, reduce)
        pairs = [(low.reshape(-1, *low.shape[-2:]), high) for low, high in made]
        size = sum(plane.size for pair in pairs for plane in pair)
        if size > np.iinfo(np.int32).max:
            raise ValueError(f"there are {size} pixels, but must be fewer than 2³¹: use fewer images")
        self.channels = net.channels
        self.pixels = np.empty(size, np.float32)
        tables, end = [np.empty((0, 8), np.int32)], 0
        pairs.reverse()
        while pairs:  # each is given back as soon as it is copied
            x, high = pairs.pop()
            views = []
            for plane in (x, high[None]):
                views.append(self.pixels[end : end + plane.size].reshape(plane.shape))
                views[-1][...] = plane
                end += plane.size
            mirrored = [[view[..., ::-1] for view in views]] if flips else []
            for pair, turn in product([views, *mirrored], rotations):
                tables.append(self._places(*(np.rot90(view, turn, axes=(1, 2)) for view in pair)))
        self.table = np.concatenate(tables)

    def shapes(self, batch: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of a batch's sub-images and labels."""
        side, label = self.geometry.side, self.geometry.label
        return (batch, self.channels, side, side), (batch, 1, label, label)

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        rows = self.table[index]
        x = cut(self.pixels, rows[:, :4], self.channels, self.geometry.side)
        return x, cut(self.pixels, rows[:, 4:], 1, self.geometry.label)

    @cached_property
    def black_loss(self) -> float:
        """Equation 3 of a black output, from labels of all images; dark images count as if grey of 0.1."""
        some = np.linspace(0, len(self) - 1, 256).astype(int)
        labels = (self[[index]][1] for index in some)  # one at a time: they may be large
        mean = float(np.mean([np.vdot(label, label) for label in labels]))
        return max(mean, 0.1**2 * self.geometry.label**2)

    def _places(self, x: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Where the sub-images of a (rotated) pair of planes lie: for each, and then for its label, the
        first pixel and the steps to the next channel, row and column, counted in `pixels`.
        """
        starts = _starts(x.shape[1:], high.shape[1:], self.geometry)
        places = []
        for view, corners in ((x, starts), (high, starts * self.geometry.step + self.geometry.offset)):
            steps = np.array(view.strides) // view.itemsize
            first = (view.ctypes.data - self.pixels.ctypes.data) // view.itemsize
            places += [first + corners @ steps[1:, None], np.tile(steps, (len(starts), 1))]
        return np.hstack(places).astype(np.int32)


def memory_per_pixel(
    net: Network,
    scales: Sequence[float] = SCALES,
    rotations: Sequence[int] = ROTATIONS,
    sub_image: int = 0,
    flips: bool = False,
) -> float:
    """Bytes that `Samples` hold per pixel of the images."""
    g = geometry(net, sub_image)
    samples = 32 * (1 + flips) * len(rotations) / (g.stride * g.step) ** 2
    return sum(scale**2 for scale in scales) * (4 + 4 * net.channels / g.step**2 + samples)


def middle(image: np.ndarray, pixels: float) -> np.ndarray:
    """The middle of an image, in its proportions and of at most that many pixels; all of a smaller one."""
    shrink = min(1.0, sqrt(pixels / image.size))
    rows, columns = (max(1, int(side * shrink)) for side in image.shape)
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    return image[top : top + rows, left : left + columns]


def planes(
    images: Iterable[np.ndarray], net: Network, scales: Sequence[float] = SCALES, reduce: Reduce = plain
) -> Iterator[Planes]:
    """(What the network reads, HR) planes, float32, of every image at every scale.

    `reduce` is told the image's number and the scale's, from 0.
    """
    for image, original in enumerate(images):
        for number, scale in enumerate(scales):
            high = original if scale == 1 else imresize(original, scale)
            high = crop_to_multiple(high, net.scale)
            if 0 in high.shape:
                continue
            read = entering(net, reduce(high, net.scale, (image, number)))
            yield read.astype(np.float32), high.astype(np.float32)


def _starts(low: tuple[int, ...], high: tuple[int, ...], g: Geometry) -> np.ndarray:
    """Rows and columns at which sub-images start so that they and their labels fit."""
    last = (min(low[a] - g.side, (high[a] - g.label - g.offset) // g.step) for a in (0, 1))
    rows, columns = (np.arange(0, stop + 1, g.stride) for stop in last)
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.int32)
