import numpy as np


def luma(rgb):
    y = 16 + np.tensordot(rgb / 255, [65.481, 128.553, 24.966], 1)
    return np.round(y).astype(np.uint8)


def crop_to_multiple(image, n):
    h, w = (side - side % n for side in image.shape)
    return image[:h, :w].copy()


def reduce_line(line, n):
    L = len(line)
    mirrored = np.concatenate([line[::-1], line, line[::-1]])
    centre = n * np.arange(L // n) + (n - 1) / 2
    t = np.abs(np.arange(-L, 2 * L) - centre[:, None]) / n
    k = np.select([t <= 1, t < 2], [1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2])
    return k @ mirrored / k.sum(1)


def psnr(image, reference, border):
    h, w = image.shape
    a, b = (p[border : h - border, border : w - border].astype(float) for p in (image, reference))
    mse = ((a - b) ** 2).mean()
    return np.inf if mse == 0 else 20 * np.log10(255) - 10 * np.log10(mse)
