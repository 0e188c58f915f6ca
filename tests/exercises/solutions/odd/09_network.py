"""By recursion over the layers."""

import numpy as np

from npsr.exercises.ground import layers as r


def parts(parameters, name):
    return [parameters[f"{name}.{kind}"] for kind in ("weight", "bias", "slope")]


def forward(parameters, x, n):
    def after(names, x):
        if not names:
            return r.deconv_cut(x, parameters["deconvolution.weight"], parameters["deconvolution.bias"], n)
        weight, bias, slope = parts(parameters, names[0])
        return after(names[1:], r.prelu(r.conv_same(x, weight, bias), slope))

    return after(r.convolutions(parameters), x)


def loss(y, target):
    e = np.subtract(y, target)
    return float(np.einsum("nchw,nchw->n", e, e).mean()), e / y.dtype.type(len(y) / 2)


def gradients(parameters, x, target, n):
    found = {}

    def back(names, x):
        """The gradient of x."""
        if not names:
            weight, bias = parameters["deconvolution.weight"], parameters["deconvolution.bias"]
            dy = loss(r.deconv_cut(x, weight, bias, n), target)[1]
            dx, found["deconvolution.weight"], found["deconvolution.bias"] = r.deconv_cut_backward(
                dy, x, weight, n
            )
            return dx
        weight, bias, slope = parts(parameters, names[0])
        z = r.conv_same(x, weight, bias)
        dz, dslope = r.prelu_backward(back(names[1:], r.prelu(z, slope)), z, slope)
        dx, dweight, dbias = r.conv_same_backward(dz, x, weight)
        found.update(
            zip([f"{names[0]}.{kind}" for kind in ("weight", "bias", "slope")], (dweight, dbias, dslope))
        )
        return dx

    back(r.convolutions(parameters), x)
    return found
