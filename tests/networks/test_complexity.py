"""Equations 1 and 2 measured: the kernels run on numbers that count their multiplications."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import npsr
from npsr.networks.network import layer_forward
from npsr_kernels import conv2d, deconv2d, prelu


class Counting:
    """A number that counts the multiplications it takes part in."""

    multiplications = 0

    def __init__(self, value):
        self.value = value

    def __mul__(self, other):
        Counting.multiplications += 1
        return Counting(self.value * _value(other))

    def __add__(self, other):
        return Counting(self.value + _value(other))

    def __lt__(self, other):
        return self.value < _value(other)

    def __gt__(self, other):
        return self.value > _value(other)

    __rmul__, __radd__ = __mul__, __add__


def _value(number):
    return number.value if isinstance(number, Counting) else number


counting = np.vectorize(Counting, otypes=[object])


@pytest.fixture(autouse=True, scope="module")
def interpreted():
    """The kernels' own bodies, not compiled."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (conv2d, deconv2d, prelu):
            patch.setattr(module, "forward", module.forward.__wrapped__)
        yield


def executed(net, rows, columns):
    """(multiplications in convolutions and deconvolution, those in activations) of one image, and
    whether the counting network gives the numbers of the real one."""
    x = np.random.default_rng(0).random((1, 1, rows, columns))
    real = net(x)
    net = replace(net, parameters={key: counting(p) for key, p in net.parameters.items()})
    totals = {"weight": 0, "slope": 0}
    y = counting(x)
    for layer in net.layers:
        Counting.multiplications = 0
        y, _ = layer_forward(layer, net.parameters, y)
        totals["slope" if "ReLU" in type(layer).__name__ else "weight"] += Counting.multiplications
    np.testing.assert_allclose(np.vectorize(_value)(y).astype(float), real, atol=1e-12)
    return totals["weight"], totals["slope"]


@given(
    d=st.integers(1, 5),
    s=st.integers(1, 3),
    m=st.integers(0, 3),
    scale=st.integers(2, 4),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
)
def test_fsrcnn_executes_equation_2(d, s, m, scale, rows, columns):
    net = npsr.fsrcnn(d, s, m, scale, dtype="float64")
    pixels = rows * columns
    activations = (2 * d + (m + 1) * s) * pixels  # one a value, which the paper does not count
    assert executed(net, rows, columns) == (npsr.equation_2(d, s, m, pixels), activations)


@pytest.mark.parametrize(("f1", "f2", "f3"), [(9, 1, 5), (3, 5, 1)])
def test_srcnn_executes_equation_1(f1, f2, f3):
    rows, columns = 2, 1
    net = npsr.srcnn(f1, f2, f3, dtype="float64")
    weights, _ = executed(net, rows, columns)
    assert weights == npsr.equation_1(f1, 64, f2, 32, f3, rows * columns)
    assert npsr.multiplications(net) == npsr.equation_1(f1, 64, f2, 32, f3) * 9
