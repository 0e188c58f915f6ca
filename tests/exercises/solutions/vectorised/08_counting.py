def weights(d, s, m):
    return 9 * m * s**2 + 2 * s * d + 106 * d


def multiplications(d, s, m, rows, columns):
    return weights(d, s, m) * (rows * columns)


def speed_up(d, s, m, n):
    return (57184 * n * n) / weights(d, s, m)


def receptive_field(d, s, m, n):
    p = (9 - n + 1) // 2
    return 5 + 2 * m + (8 - p) // n + (n - 1 + p) // n


def largest_d(s, m, budget):
    return max(0, (budget - 9 * m * s**2) // (2 * s + 106))
