"""Wrong submissions of exercise 6."""

from exercises.wrong.styles import L, V

WRONG = [
    (L, "t - 1 - k, t - 1 - l] =", "k, l] =", "rotation is missing"),
    (L, "t - 1 - k, t - 1 - l] =", "t - 1 - k, l] =", "Rows are turned"),
    (L, "s * a + b, c, t", "s * b + a, c, t", "phases of rows and columns"),
    (L, "small[d * s * s + s * a + b,", "small[(s * a + b) * D + d,", "D outside, phases inside"),
    (L, "math.ceil(f / s)", "f // s", "off by one|leaves its array|shape"),
    (L, "c, d, s * k + a, s * l + b", "c, d, k + t * a, l + t * b", "blocks of t|leaves"),
    (
        L,
        "c, d, s * k + a, s * l + b",
        "c, d, s * l + b, s * k + a",
        "Rows and columns of the filters|phases of rows",
    ),
    (L, "dtype=weight.dtype", "dtype=float", "float64 leaks"),
    (L, "y[n, d, s * i + a, s * j + b]", "y[n, d, s * i + b, s * j + a]", "Rows and columns of the phases"),
    (L, "y[n, d, s * i + a, s * j + b]", "y[n, d, H * a + i, W * b + j]", "as blocks"),
    (L, "phases[n, d * s * s + s * a + b, i, j]", "phases[n, (s * a + b) * D + d, i, j]", "channels inside"),
    (
        L,
        "    y = np.empty((N, D, s * H, s * W), dtype=phases.dtype)",
        "    return phases.reshape(N, D, s * H, s * W)",
        "without moving the axes",
    ),
    (L, "range(N)", "range(1)", "two samples|np.empty"),
    (V, "(0, more), (0, more)", "(more, 0), (more, 0)", "wrong end"),
    (V, "[:, :, ::-1, ::-1]", "", "rotation is missing"),
    (V, "phases[:, k :: stride**2]", "phases[:, stride**2 - 1 - k :: stride**2]", "reverse order"),
    (
        V,
        "k // stride :: stride, k % stride :: stride",
        "k % stride :: stride, k // stride :: stride",
        "Rows and columns of the phases",
    ),
    (L, "    return small", "    return small if s != 4 else small[::-1].copy()", "reverse order"),
    (L, "    return y", "    return y.round()", "rounded"),
    (L, "    return y", "    return y if s < 4 else y.swapaxes(2, 3).reshape(y.shape)", "stride 4"),
    (L, "small = np.zeros", "small = 1e-12 + np.zeros", "not 0"),
]
