"""What the panels have to show, from the Python kernels: the picture's middle, every layer, a lesson."""

from pathlib import Path

import numpy as np
from PIL import Image

import npsr
from npsr.networks.network import layer_forward

PICTURE = Path(npsr.__file__).parent / "explorer" / "page" / "pictures" / "cat.png"


def luma():
    return npsr.luma(np.array(Image.open(PICTURE)))


def specimen(net):
    """Luma of the picture's middle, 144 × 144 (SRCNN: 72 × 72), its reduction, and what the network reads."""
    side = (144 if net.enlarges else 72) // net.scale * net.scale
    start = (192 - side) // 2
    high = luma()[start : start + side, start : start + side]
    low = npsr.low_resolution(high / 255.0, net.scale).astype(np.float32)
    x = low if net.enlarges else npsr.imresize(low, net.scale)
    return high, low, x[None, None]


def passes(net):
    """Input and output of every layer for the specimen."""
    x = specimen(net)[2]
    made = []
    for layer in net.layers:
        y, _ = layer_forward(layer, net.parameters, x)
        made.append((layer, x, y))
        x = y
    return made


def lesson(net):
    """The first sub-image of the backward panel and its label, for a network with a deconvolution."""
    high, _, x = specimen(net)
    n, inner = net.scale, {2: 10, 3: 7, 4: 6}[net.scale]
    side, label = inner + 4, n * inner - (n - 1)
    offset = 2 * n + 4 - net.layers[-1].padding
    images, targets = [], []
    for down, across in ((0.35, 0.3), (0.5, 0.75)):
        top, left = int((x.shape[2] - side) * down), int((x.shape[3] - side) * across)
        images.append(x[0, :, top : top + side, left : left + side])
        rows, columns = (slice(n * k + offset, n * k + offset + label) for k in (top, left))
        targets.append(high[None, rows, columns] / 255.0)
    return np.stack(images), np.stack(targets).astype(np.float32)


def psnr(plane, high, cut):
    """PSNR by the protocol of the paper."""
    rounded = np.clip(np.floor(plane.astype(np.float64) * 255 + 0.5), 0, 255)
    inner = slice(cut, -cut), slice(cut, -cut)
    return npsr.psnr(rounded[inner], high[inner])
