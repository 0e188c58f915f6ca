"""Networks whose every layer shows in the result."""

import numpy as np

from npsr.networks.inference_engine import describe
from npsr_kernels.stream import inference


def trained(net, rng):
    """The network with parameters that leave no layer out: biases and slopes of either sign."""
    scales = {"weight": 1.0, "bias": 0.1, "slope": 0.3}
    for key, p in net.parameters.items():
        kind = key.rpartition(".")[2]
        fan_in = p[0].size if kind == "weight" and "deconvolution" not in key else p.shape[0] * 9
        p[:] = rng.normal(0, scales[kind] / (np.sqrt(fan_in) if kind == "weight" else 1), p.shape)
    return net


def plan_of(net):
    return inference.make_plan(describe(net.layers, net.parameters), net.layers[0].border)
