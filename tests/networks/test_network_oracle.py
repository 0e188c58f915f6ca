"""Whole networks against the layers' oracles, composed as the contract says: padding f // 2, and the
deconvolution with (padding, output_padding) = (4, 1), (3, 0), (3, 1) at ×2, ×3, ×4."""

import numpy as np
import pytest
from helpers import naive

import npsr

PADDING = {2: (4, 1), 3: (3, 0), 4: (3, 1)}


def convolved(x, p, name, pad):
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y = naive.conv2d(padded, p[f"{name}.weight"], p[f"{name}.bias"], 1)
    return naive.prelu(y, p[f"{name}.slope"])


def oracle(p, x, n, valid):
    """FSRCNN(2, 2, 1) from its parameters alone."""
    x = convolved(x, p, "feature", 0 if valid else 2)
    x = convolved(x, p, "shrinking", 0)
    x = convolved(x, p, "mapping_1", 1)
    x = convolved(x, p, "expanding", 0)
    y = naive.deconv2d(x, p["deconvolution.weight"], p["deconvolution.bias"], n)
    if valid:
        return y[:, :, 4:-4, 4:-4]
    padding, output_padding = PADDING[n]
    sides = [(side - 1) * n - 2 * padding + 9 + output_padding for side in x.shape[2:]]
    return y[:, :, padding : padding + sides[0], padding : padding + sides[1]]


@pytest.mark.parametrize("n", PADDING)
@pytest.mark.parametrize("border", ["zero", "valid"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_the_contract(rng, n, border, dtype, tolerance):
    net = npsr.fsrcnn(2, 2, 1, n, dtype=dtype, border=border)
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.3, p.shape)
    x = rng.random((2, 1, 6, 7)).astype(dtype)
    expected = oracle(net.parameters, x, n, border == "valid")
    for engine in (None, "plain"):
        found = net(x, engine=engine)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=tolerance)
