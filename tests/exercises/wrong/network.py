"""Wrong submissions of exercise 9."""

from exercises.wrong.styles import L, V

WRONG = [
    (
        L,
        "    return deconv_cut(x, parameters",
        "    return 0 + deconv_cut(np.maximum(x, 0), parameters",
        "Print the shape|PReLU",
    ),
    (
        L,
        ('        x = prelu(x, parameters[name + ".slope"])\n    return'),
        "    return",
        "PReLUs are forgotten",
    ),
    (
        L,
        ('        x = prelu(x, parameters[name + ".slope"])\n    return'),
        ("        x = np.maximum(x, 0)\n    return"),
        "this is ReLU",
    ),
    (
        L,
        ("    for name in convolutions(parameters):\n        x = conv_same"),
        ("    for name in ['feature', 'shrinking', 'mapping_1', 'expanding']:\n        x = conv_same"),
        "raised KeyError|Only the first mapping|small networks|Print the shape",
    ),
    (L, "return total / N, dy", "return total / y.size, dy", "mean over the pixels"),
    (L, "return total / N, dy", "return total, dy", "divide by N"),
    (L, "return total / N, dy", "return total / N / 2, dy", "no ½"),
    (L, "dy[place] = 2 * e / N", "dy[place] = e / N", "factor 2"),
    (L, "dy[place] = 2 * e / N", "dy[place] = 2 * e", "divide by N"),
    (L, "dy[place] = 2 * e / N", "dy[place] = -2 * e / N", "sign is wrong"),
    (L, "return total / N, dy", "return dy, total / N", "order"),
    (L, "np.zeros_like(y)", "np.zeros(y.shape)", "float64 leaks"),
    (
        L,
        "prelu_backward(dx, before[name]",
        "prelu_backward(dx, prelu(before[name], parameters[name + '.slope'])",
        "wants its input",
    ),
    (
        L,
        "dx, dw, db = conv_same_backward(dz, inputs",
        "dx, dw, db = conv_same_backward(dx, inputs",
        "PReLU's backward is left out",
    ),
    (
        L,
        "        dx, dw, db = conv_same_backward",
        "        _, dw, db = conv_same_backward",
        "raised|small networks|layers behind it|passed on",
    ),
    (
        L,
        "deconv_cut_backward(dy, x,",
        "deconv_cut_backward(dy * len(x), x,",
        "average over the samples is forgotten",
    ),
    (L, "deconv_cut_backward(dy, x,", "deconv_cut_backward(dy / 2, x,", "factor 2"),
    (L, 'found[name + ".bias"] = da, dw, db', 'found[name + ".bias"] = da, dw, 0 * db', "never filled"),
    (L, ("    return found\n"), ("    found.pop('feature.slope')\n    return found\n"), "needs one"),
    (V, "kept[::-1]", "kept", "raised|layers behind it|axes|shape|off"),
    (V, "return run(parameters, x, n)[0]", "return np.clip(run(parameters, x, n)[0], 0, 1)", "no clipping"),
    (
        V,
        '*(f"mapping_{k + 1}" for k in range(m))',
        '*sorted(f"mapping_{k + 1}" for k in range(m))',
        "sorted as text",
    ),
    (V, "for k in range(m)", "for k in range(min(m, 9))", "Only the first 9"),
    (
        V,
        "return run(parameters, x, n)[0]",
        "return run(parameters, x.astype(np.float32), n)[0].astype(x.dtype)",
        "smaller dtype",
    ),
    (L, "return total / N, dy", "return round(total / N, 8), dy", "scaled or rounded|Layers have no scale"),
    (L, "return total / N, dy", "return np.array(total / N), dy", "float(…) makes a number"),
    (V, "return {key: found[key] for", "return {key: found[key].clip(-1e4, 1e4) for", "Layers have no scale"),
]
