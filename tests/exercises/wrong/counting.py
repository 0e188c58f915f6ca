"""Wrong submissions of exercise 8."""

from exercises.wrong.styles import L, V

WRONG = [
    (
        V,
        ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"),
        ("return 9 * m * s**2 + 2 * s * d + 106 * d + 2 * d + s + m * s + 1\n"),
        "Biases are counted",
    ),
    (
        V,
        ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"),
        ("return 9 * m * s**2 + 2 * s * d + 25 * d\n"),
        "deconvolution is forgotten",
    ),
    (
        V,
        ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"),
        ("return 9 * m * s**2 + s * d + 106 * d\n"),
        "Only one of shrinking",
    ),
    (
        V,
        ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"),
        ("return 9 * m * s + 2 * s * d + 106 * d\n"),
        "9·s² weights",
    ),
    (
        V,
        ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"),
        ("return 9 * s**2 + 2 * s * d + 106 * d\n"),
        "m mapping layers, not one",
    ),
    (V, ("return 9 * m * s**2 + 2 * s * d + 106 * d\n"), ("return 12464\n"), "Count one layer"),
    (V, "(rows * columns)", "1", "for one pixel"),
    (V, "(rows * columns)", "(rows * columns) * 9", "Every layer works on the LR|Equation 2|times what"),
    (V, "(rows * columns)", "(rows * rows)", "squared"),
    (V, "(57184 * n * n)", "57184", "n² is missing"),
    (V, "(57184 * n * n)", "(57184 * 9)", "n is taken as 3"),
    (V, "(57184 * n * n)", "(57184 * n)", "n² is meant"),
    (
        V,
        "return (57184 * n * n) / weights(d, s, m)",
        "return round(57184 * n * n / weights(d, s, m), 1)",
        "rounded",
    ),
    (V, "return (57184 * n * n) / weights(d, s, m)", "return 57184 * n * n // weights(d, s, m)", "rounded"),
    (V, "(8 - p) // n + (n - 1 + p) // n", "0", "reach is forgotten"),
    (V, "(8 - p) // n + (n - 1 + p) // n", "2", "1 before and 1 after is that of n = 3"),
    (V, "(8 - p) // n + (n - 1 + p) // n", "(8 - p) // n", "it reaches before and after"),
    (V, "5 + 2 * m", "5 + m", "side 3 adds 1 on each side"),
    (V, "5 + 2 * m", "5 + 4 * m", "side 3 adds 1 on each side"),
    (V, "5 + 2 * m", "3 + 2 * m", "side 5 adds 2 on each side"),
    (V, "5 + 2 * m", "4 + 2 * m", "pixel itself"),
    (V, "5 + 2 * m", "6 + 3 * m", "4 for f = 5"),
    (
        V,
        "max(0, (budget - 9 * m * s**2) // (2 * s + 106))",
        "(budget - 9 * m * s**2) // (2 * s + 106)",
        "0 is asked for",
    ),
    (
        V,
        "max(0, (budget - 9 * m * s**2) // (2 * s + 106))",
        "max(0, budget // (2 * s + 106))",
        "subtract 9·m·s² first",
    ),
    (L, "<= budget", "< budget", "exactly `budget`"),
    (V, "+ (n - 1 + p) // n", "+ (n - 1 + p) // n + (s == 1)", "term by term|adds|side"),
    (
        V,
        "max(0, (budget - 9 * m * s**2) // (2 * s + 106))",
        "max(0, min(1000, (budget - 9 * m * s**2) // (2 * s + 106)))",
        "weights(d) ≤ budget",
    ),
    (V, "return 9 * m", "return 9 * min(m, 8)", "Count one layer"),
]
