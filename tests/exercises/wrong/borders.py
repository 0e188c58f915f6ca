"""Wrong submissions of exercise 7."""

from exercises.wrong.styles import L, V

WRONG = [
    (
        L,
        (
            "    for i in range(P):\n"
            "        for j in range(Q):\n"
            "            h = min(max(i - before, 0), H - 1)\n"
            "            w = min(max(j - before, 0), W - 1)\n"
            "            dx[:, :, h, w] += dpadded[:, :, i, j]\n"
        ),
        (
            "    rows = np.clip(np.arange(P) - before, 0, H - 1)\n"
            "    columns = np.clip(np.arange(Q) - before, 0, W - 1)\n"
            "    dx[:, :, rows[:, None], columns] += dpadded\n"
        ),
        "np.add.at",
    ),
    (
        V,
        "return x[:, :, rows][:, :, :, columns]",
        "return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)))",
        "Zeros are added",
    ),
    (
        V,
        "return x[:, :, rows][:, :, :, columns]",
        "return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), mode='symmetric')",
        "mirrored with its edge",
    ),
    (
        V,
        "return x[:, :, rows][:, :, :, columns]",
        "return np.pad(x, ((0, 0), (0, 0), (after, before), (after, before)), mode='edge')",
        "before and after are exchanged",
    ),
    (V, "return x[:, :, rows][:, :, :, columns]", "return x[:, :, rows]", "Only the rows"),
    (
        L,
        ("min(max(j - before, 0), W - 1)\n            out"),
        ("min(max(j - after, 0), W - 1)\n            out"),
        "No typical|exchanged",
    ),
    (
        L,
        "(N, C, before + H + after, before + W + after), dtype=x.dtype",
        "(N, C, before + H + after, before + W + after)",
        "float64 leaks",
    ),
    (L, "dx[:, :, h, w] += dpadded", "dx[:, :, h, w] = dpadded", "overwrite"),
    (
        L,
        "    dx = np.zeros((N, C, H, W), dtype=dpadded.dtype)",
        "    return dpadded[:, :, before : before + H, before : before + W]",
        "copies are forgotten",
    ),
    (
        L,
        "    dx = np.zeros((N, C, H, W), dtype=dpadded.dtype)",
        "    return dpadded[:, :, before:-after, before:-after]",
        "copies are forgotten",
    ),
    (
        L,
        "            dx[:, :, h, w] +=",
        "            if before <= i < before + H or before <= j < before + W: dx[:, :, h, w] +=",
        "corners are forgotten",
    ),
    (L, "dtype=dpadded.dtype", "dtype=float", "float64 leaks"),
    (
        L,
        "    dx = np.zeros((N, C, H, W), dtype=dpadded.dtype)",
        "    return dpadded[:, :, before + 1 : before + 1 + H, before + 1 : before + 1 + W]",
        "off by one",
    ),
    (
        L,
        ("min(max(i - before, 0), H - 1)\n            w = min(max(j - before, 0), W - 1)\n            dx"),
        ("min(max(i - after, 0), H - 1)\n            w = min(max(j - after, 0), W - 1)\n            dx"),
        "before and after are exchanged",
    ),
    (L, "    return dx", "    return dx / ((1 + before + after) ** 2)", "times what it must be|No typical"),
    (
        V,
        "matrix(dpadded.shape[2]) @ dpadded @ matrix(dpadded.shape[3]).T",
        "matrix(dpadded.shape[2]) @ dpadded[..., before : dpadded.shape[3] - after]",
        "Only the rows collect",
    ),
    (
        V,
        "np.clip(np.arange(side) - before, 0, inner - 1)",
        "np.abs(np.arange(side) - before) % inner",
        "No typical",
    ),
    (
        V,
        "return x[:, :, rows][:, :, :, columns]",
        "return x if before == after == 0 else x[:, :, rows][:, :, :, columns]",
        "Return a new array",
    ),
    (
        V,
        "return x[:, :, rows][:, :, :, columns]",
        "return np.pad(x, ((0, 0), (0, 0), (before, after), (before, after)), 'symmetric' if min(x.shape[2:]) > 3 else 'edge')",
        "mirrored with its edge",
    ),
    (L, "    return dx", "    return dx.round(5)", "rounded"),
]
