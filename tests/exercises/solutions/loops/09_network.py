import numpy as np

from npsr.exercises.ground.layers import (
    conv_same,
    conv_same_backward,
    convolutions,
    deconv_cut,
    deconv_cut_backward,
    prelu,
    prelu_backward,
)


def forward(parameters, x, n):
    for name in convolutions(parameters):
        x = conv_same(x, parameters[name + ".weight"], parameters[name + ".bias"])
        x = prelu(x, parameters[name + ".slope"])
    return deconv_cut(x, parameters["deconvolution.weight"], parameters["deconvolution.bias"], n)


def loss(y, target):
    N = y.shape[0]
    total = 0.0
    dy = np.zeros_like(y)
    for place in np.ndindex(*y.shape):
        e = float(y[place]) - float(target[place])
        total += e * e
        dy[place] = 2 * e / N
    return total / N, dy


def gradients(parameters, x, target, n):
    inputs, before = {}, {}
    for name in convolutions(parameters):
        inputs[name] = x
        before[name] = conv_same(x, parameters[name + ".weight"], parameters[name + ".bias"])
        x = prelu(before[name], parameters[name + ".slope"])
    y = deconv_cut(x, parameters["deconvolution.weight"], parameters["deconvolution.bias"], n)
    _, dy = loss(y, target)
    found = {}
    dx, dw, db = deconv_cut_backward(dy, x, parameters["deconvolution.weight"], n)
    found["deconvolution.weight"], found["deconvolution.bias"] = dw, db
    for name in reversed(convolutions(parameters)):
        dz, da = prelu_backward(dx, before[name], parameters[name + ".slope"])
        dx, dw, db = conv_same_backward(dz, inputs[name], parameters[name + ".weight"])
        found[name + ".slope"], found[name + ".weight"], found[name + ".bias"] = da, dw, db
    return found
