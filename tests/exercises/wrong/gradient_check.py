"""Wrong submissions of exercise 10."""

from exercises.wrong.styles import L, V

WRONG = [
    (L, "(above - below) / (2 * step)", "(above - below) / step", "2ε apart"),
    (L, ("below = f(theta)\n        theta[k] = old\n"), ("below = f(theta)\n"), "works in place"),
    (L, "(above - below) / (2 * step)", "(below - above) / (2 * step)", "sign is wrong"),
    (L, "theta[k] = old - step", "theta[k] = old", "one-sided|2ε"),
    (
        L,
        (
            "        theta[k] = old - step\n"
            "        below = f(theta)\n"
            "        theta[k] = old\n"
            "        gradient[k] = (above - below) / (2 * step)"
        ),
        ("        theta[k] = old\n        gradient[k] = (above - f(theta)) / step"),
        "one-sided",
    ),
    (V, "/ (2 * step)", "/ (2e-5)", "times what it must be|Move one entry"),
    (V, "np.eye(theta.size)", "np.ones((theta.size, theta.size))", "All entries are moved at once"),
    (L, ("    return difference / size\n"), ("    return difference\n"), "absolute"),
    (L, "size = max(size, abs(p), abs(q))", "size = max(size, abs(p))", "that of a alone"),
    (L, "size = max(size, abs(p), abs(q))", "size = max(size, abs(q))", "that of b alone"),
    (L, "max(difference, abs(p - q))", "max(difference, p - q)", "absolute"),
    (V, "np.abs(a - b).max() / size if size > 0 else 0.0", "np.abs(a - b).max() / size", "not 0/0"),
    (
        V,
        "np.abs(a - b).max() / size if size > 0 else 0.0",
        "np.abs(a - b).mean() / size if size > 0 else 0.0",
        "not the mean",
    ),
    (
        V,
        "np.abs(a - b).max() / size if size > 0 else 0.0",
        "(np.abs(a - b) / np.maximum(1e-12, np.maximum(np.abs(a), np.abs(b)))).max()",
        "entry by entry|max",
    ),
    (
        V,
        "np.abs(a - b).max() / size if size > 0 else 0.0",
        "np.abs(a - b).max() / (size + 1e-8)",
        "tiny tensors",
    ),
    (L, "> tolerance", "> 1e-3", "0.05 %"),
    (L, "> tolerance", "> 1e-4", "with the tolerance that is given, and"),
    (
        L,
        "if relative_error(gradients[name], numeric) > tolerance",
        "if abs(gradients[name] - numeric).max() > tolerance",
        "relative to its own size|relatively|right",
    ),
    (
        L,
        "if relative_error(gradients[name], numeric) > tolerance",
        "if relative_error(gradients[name], numeric) < tolerance",
        "central, are parameters",
    ),
    (
        L,
        "if relative_error(gradients[name], numeric) > tolerance",
        "if relative_error(abs(gradients[name]), abs(numeric)) > tolerance",
        "not their sizes",
    ),
    (
        L,
        "relative_error(gradients[name], numeric)",
        "relative_error(gradients[name].ravel()[:4], numeric.ravel()[:4])",
        "not at a mean or at some",
    ),
    (L, ("    return wrong\n"), ("    return bool(wrong)\n"), "list of names"),
    (L, "    return wrong", "    return {name: 1 for name in wrong}.keys()", "list(…) makes a list"),
    (L, "> tolerance", "> tolerance * 2", "with the tolerance that is given, and"),
    (
        L,
        "relative_error(gradients[name], numeric)",
        "relative_error(gradients[name].ravel()[::2], numeric.ravel()[::2])",
        "not at a mean or at some",
    ),
    (
        L,
        "    return wrong",
        "    return sorted({*wrong} & {'first.weight', 'first.bias', 'first.slope', 'last.weight', 'last.bias'})",
        "Take the names",
    ),
    (V, "size > 0 else 0.0", "size > 1e-12 else 0.0", "absolute|size"),
    (V, "np.abs(a - b).max() / size if", "round(np.abs(a - b).max() / size, 6) if", "scaled or rounded"),
]
