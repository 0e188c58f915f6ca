import numpy as np

from npsr.exercises.ground.layers import (
    conv_same,
    conv_same_backward,
    deconv_cut,
    deconv_cut_backward,
    prelu,
    prelu_backward,
)


def layers(parameters):
    m = sum(key.startswith("mapping") for key in parameters) // 3
    return ["feature", "shrinking", *(f"mapping_{k + 1}" for k in range(m)), "expanding"]


def run(parameters, x, n):
    kept = []
    for name in layers(parameters):
        w, b, a = (parameters[f"{name}.{kind}"] for kind in ("weight", "bias", "slope"))
        z = conv_same(x, w, b)
        kept.append((name, x, z, w, a))
        x = prelu(z, a)
    return deconv_cut(x, parameters["deconvolution.weight"], parameters["deconvolution.bias"], n), x, kept


def forward(parameters, x, n):
    return run(parameters, x, n)[0]


def loss(y, target):
    e = y - target
    return np.vdot(e.astype(np.float64), e.astype(np.float64)) / len(e), e * e.dtype.type(2 / len(e))


def gradients(parameters, x, target, n):
    y, last, kept = run(parameters, x, n)
    found = {}
    d, *found_last = deconv_cut_backward(loss(y, target)[1], last, parameters["deconvolution.weight"], n)
    found["deconvolution.weight"], found["deconvolution.bias"] = found_last
    for name, entered, z, w, a in kept[::-1]:
        d, found[f"{name}.slope"] = prelu_backward(d, z, a)
        d, found[f"{name}.weight"], found[f"{name}.bias"] = conv_same_backward(d, entered, w)
    return {key: found[key] for key in parameters}
