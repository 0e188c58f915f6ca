import math

import numpy as np


def luma(rgb):
    H, W, _ = rgb.shape
    y = np.zeros((H, W), dtype=np.uint8)
    for h in range(H):
        for w in range(W):
            r, g, b = (int(v) for v in rgb[h, w])
            y[h, w] = math.floor(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255 + 0.5)
    return y


def crop_to_multiple(image, n):
    H, W = image.shape
    while H % n:
        H -= 1
    while W % n:
        W -= 1
    return image[:H, :W]


def kernel(t):
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    if t < 2:
        return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return 0.0


def reduce_line(line, n):
    L = len(line)
    out = np.zeros(L // n)
    for j in range(L // n):
        centre = n * j + (n - 1) / 2
        total, norm = 0.0, 0.0
        for i in range(math.floor(centre - 2 * n), math.ceil(centre + 2 * n) + 1):
            k = kernel((i - centre) / n)
            place = i
            if place < 0:
                place = -place - 1
            if place >= L:
                place = 2 * L - 1 - place
            total += k * line[place]
            norm += k
        out[j] = total / norm
    return out


def psnr(image, reference, border):
    H, W = image.shape
    total, count = 0, 0
    for h in range(border, H - border):
        for w in range(border, W - border):
            total += (int(image[h, w]) - int(reference[h, w])) ** 2
            count += 1
    if total == 0:
        return float("inf")
    return 10 * math.log10(255**2 * count / total)
