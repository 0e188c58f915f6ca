import math


def weights(d, s, m):
    total = 0
    for f, filters, channels in [(5, d, 1), (1, s, d)] + [(3, s, s)] * m + [(1, d, s), (9, 1, d)]:
        total += f * f * filters * channels
    return total


def multiplications(d, s, m, rows, columns):
    return weights(d, s, m) * rows * columns


def speed_up(d, s, m, n):
    return 57184 * n**2 / weights(d, s, m)


def receptive_field(d, s, m, n):
    p = math.ceil((9 - n) / 2)
    pixels = 1
    for f in [5, 1] + [3] * m + [1]:
        pixels += f - 1
    return pixels + (8 - p) // n + (n - 1 + p) // n


def largest_d(s, m, budget):
    d = 0
    while weights(d + 1, s, m) <= budget:
        d += 1
    return d
