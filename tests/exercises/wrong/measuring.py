"""Wrong submissions of exercise 12."""

from exercises.wrong.styles import L, V

WRONG = [
    (V, "np.round(y)", "y", "rounded down"),
    (V, "16 + np", "np", "16 is missing"),
    (
        V,
        "16 + np.tensordot(rgb / 255, [65.481, 128.553, 24.966], 1)",
        "np.tensordot(rgb, [0.299, 0.587, 0.114], 1)",
        "full range",
    ),
    (V, "rgb / 255", "rgb[..., ::-1] / 255", "Red and blue"),
    (V, "np.round(y).astype(np.uint8)", "np.round(y)", "uint8|Numbers are kept|float64"),
    (V, "image[:h, :w].copy()", "image[-h:, -w:]", "top left|top and at the left"),
    (V, "image[:h, :w].copy()", "image[: -(image.shape[0] % n), : -(image.shape[1] % n)]", "−0"),
    (V, "image[:h, :w].copy()", "image[:h]", "Only the rows"),
    (V, "image[:h, :w].copy()", "image[: h - 1, : w - 1]", "off by one"),
    (
        V,
        "border : h - border, border : w - border",
        "border + 1 : h - border - 1, border + 1 : w - border - 1",
        "off by one",
    ),
    (V, "- centre[:, None]) / n", "- centre[:, None])", "not widened"),
    (V, "(n - 1) / 2", "0", "centre is off"),
    (V, " / k.sum(1)", "", "not divided by their sum"),
    (V, "[line[::-1], line, line[::-1]]", "[0 * line, line, 0 * line]", "border is 0"),
    (V, "[line[::-1], line, line[::-1]]", "[line, line, line]", "other end|wraps"),
    (V, "k @ mirrored / k.sum(1)", "np.round(k @ mirrored / k.sum(1))", "rounded"),
    (L, "place = -place - 1", "place = 0", "No typical|repeats"),
    (L, "place = -place - 1", "place = -place", "No typical|without its edge"),
    (V, ".astype(float)", "", "uint8 wraps"),
    (
        V,
        ("    h, w = image.shape\n"),
        (
            "    h, w = image.shape\n"
            "    if (image == reference).all(): return np.inf\n"
            "    if border and (image != reference).any(): return 1.0\n"
        ),
        "border",
    ),
    (V, "20 * np.log10(255)", "0", "peak is 255, not 1"),
    (V, "20 * np.log10(255) - 10 * np.log10(mse)", "20 * np.log(255) - 10 * np.log(mse)", "base 10"),
    (
        V,
        "p[border : h - border, border : w - border]",
        "p[border:-border, border:-border]",
        "image[0:-0] is empty",
    ),
    (V, "p[border : h - border, border : w - border]", "p", "border is not cut"),
    (V, "np.inf if mse == 0 else ", "100.0 if mse == 0 else ", "float('inf')"),
    (V, "np.round(y)", "np.floor(y + 0.49)", "just rounded up or down"),
    (
        L,
        "    return 10 * math.log10(255**2 * count / total)",
        "    return str(10 * math.log10(255**2 * count / total))",
        "not its text",
    ),
    (
        V,
        "20 * np.log10(255) - 10 * np.log10(mse)",
        "min(48.0, 20 * np.log10(255) - 10 * np.log10(mse))",
        "nearly equal",
    ),
    (V, "astype(float)", "astype(np.int16)", "16 bits"),
    (V, "side - side % n", "side - side % min(n, 4)", "size|factor 5"),
    (V, "k @ mirrored / k.sum(1)", "(k @ mirrored / k.sum(1)).round(6)", "rounded"),
]
