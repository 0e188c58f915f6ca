"""Convolution, transposed convolution and pointwise kernels: oracles, derivatives, adjoints, exact cases."""

import numpy as np
import pytest
from helpers import naive
from hypothesis import given
from hypothesis import strategies as st

from npsr_kernels import conv2d as conv
from npsr_kernels import deconv2d as deconv
from npsr_kernels.normalise import normalise_backward, normalise_forward
from npsr_kernels.prelu import prelu_backward, prelu_forward
from npsr_kernels.soft_threshold import soft_threshold_backward, soft_threshold_forward

loops_and_products = pytest.mark.parametrize("products", [False, True], ids=["loops", "products"])

TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}

cases = st.fixed_dictionaries(
    {
        "N": st.integers(1, 2),
        "C": st.integers(1, 3),
        "D": st.integers(1, 3),
        "f": st.integers(1, 4),
        "stride": st.integers(1, 4),
        "extra": st.tuples(st.integers(0, 4), st.integers(0, 4)),
        "dtype": st.sampled_from([np.float32, np.float64]),
        "seed": st.integers(0, 2**16),
    }
)


def draw(case, transposed=False):
    """Random x, weight, bias of a case."""
    rng = np.random.default_rng(case["seed"])
    N, C, D, f, (rows, columns) = case["N"], case["C"], case["D"], case["f"], case["extra"]
    side = 1 if transposed else f
    shapes = (N, C, side + rows, side + columns), ((C, D, f, f) if transposed else (D, C, f, f)), (D,)
    return [rng.standard_normal(shape).astype(case["dtype"]) for shape in shapes]


@loops_and_products
@given(cases)
def test_convolution_equals_the_oracle(products, case):
    x, weight, bias = draw(case)
    y = conv.conv2d_forward(x, weight, bias, case["stride"], products=products)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(
        y, naive.conv2d(x, weight, bias, case["stride"]), atol=TOLERANCE[case["dtype"]]
    )


@loops_and_products
@given(cases)
def test_deconvolution_equals_the_oracle(products, case):
    x, weight, bias = draw(case, transposed=True)
    y = deconv.deconv2d_forward(x, weight, bias, case["stride"], products=products)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(
        y, naive.deconv2d(x, weight, bias, case["stride"]), atol=TOLERANCE[case["dtype"]]
    )


@loops_and_products
@given(cases)
def test_convolution_backward_equals_central_differences(products, case):
    case = case | {"dtype": np.float64}
    x, weight, bias = draw(case)
    s = case["stride"]

    def forward():
        return naive.conv2d(x, weight, bias, s)

    dy = np.random.default_rng(1).standard_normal(forward().shape)
    dx = conv.conv2d_backward_input(dy, weight, x.shape[2:], s, products=products)
    dweight = conv.conv2d_backward_weight(dy, x, case["f"], s, products=products)
    np.testing.assert_allclose(dx, naive.derivative(forward, x, dy), atol=1e-8)
    np.testing.assert_allclose(dweight, naive.derivative(forward, weight, dy), atol=1e-8)
    np.testing.assert_allclose(conv.conv2d_backward_bias(dy), naive.derivative(forward, bias, dy), atol=1e-8)


@loops_and_products
@given(cases)
def test_deconvolution_backward_equals_central_differences(products, case):
    case = case | {"dtype": np.float64}
    x, weight, bias = draw(case, transposed=True)
    s = case["stride"]

    def forward():
        return naive.deconv2d(x, weight, bias, s)

    dy = np.random.default_rng(1).standard_normal(forward().shape)
    dx = deconv.deconv2d_backward_input(dy, weight, s, products=products)
    dweight = deconv.deconv2d_backward_weight(dy, x, case["f"], s, products=products)
    np.testing.assert_allclose(dx, naive.derivative(forward, x, dy), atol=1e-8)
    np.testing.assert_allclose(dweight, naive.derivative(forward, weight, dy), atol=1e-8)


@loops_and_products
@given(cases)
def test_backward_input_is_the_adjoint(products, case):
    """⟨Ax, y⟩ = ⟨x, Aᵀy⟩ in both precisions."""
    x, weight, bias = draw(case)
    y = conv.conv2d_forward(x, weight, 0 * bias, case["stride"], products=products)
    z = np.random.default_rng(2).standard_normal(y.shape).astype(x.dtype)
    back = conv.conv2d_backward_input(z, weight, x.shape[2:], case["stride"], products=products)
    assert np.vdot(y, z) == pytest.approx(
        np.vdot(x, back), rel=1e-3 if x.dtype == np.float32 else 1e-9, abs=1e-4
    )


@loops_and_products
@given(cases)
def test_deconvolution_is_the_adjoint_of_convolution(products, case):
    """The same numbers as the convolution's backward pass with the same filters."""
    x, weight, bias = draw(case, transposed=True)
    y = deconv.deconv2d_forward(x, weight, 0 * bias, case["stride"], products=products)
    back = conv.conv2d_backward_input(x, weight, y.shape[2:], case["stride"], products=products)
    np.testing.assert_allclose(y, back, atol=TOLERANCE[case["dtype"]])


@loops_and_products
@given(cases)
def test_kernels_are_linear(products, case):
    case = case | {"dtype": np.float64}
    for kernel, transposed in ((conv.conv2d_forward, False), (deconv.deconv2d_forward, True)):
        x, weight, bias = draw(case, transposed)
        x2 = np.random.default_rng(3).standard_normal(x.shape)
        y, y2 = (kernel(v, weight, 0 * bias, case["stride"], products=products) for v in (x, x2))
        both = kernel(2 * x - 3 * x2, weight, 0 * bias, case["stride"], products=products)
        np.testing.assert_allclose(both, 2 * y - 3 * y2, atol=1e-11)


@loops_and_products
@given(cases)
def test_translation_of_the_input_translates_the_output(products, case):
    """A shift by one pixel shifts a deconvolution by its stride; by the stride, a convolution by one.

    The loops add in the same order everywhere, so to the bit; a matrix product may not.
    """
    s, rounding = case["stride"], TOLERANCE[case["dtype"]] if products else 0
    x, weight, bias = draw(case, transposed=True)
    shifted = np.concatenate([np.zeros_like(x[:, :, :1]), x], axis=2)
    y, moved = (deconv.deconv2d_forward(v, weight, bias, s, products=products) for v in (x, shifted))
    reach = max(s, case["f"])
    np.testing.assert_allclose(moved[:, :, reach:], y[:, :, reach - s :], rtol=0, atol=rounding)
    x, weight, bias = draw(case)
    shifted = np.concatenate([np.zeros_like(x[:, :, :1])] * s + [x], axis=2)
    y, moved = (conv.conv2d_forward(v, weight, bias, s, products=products) for v in (x, shifted))
    np.testing.assert_allclose(moved[:, :, 1 : 1 + y.shape[2]], y, rtol=0, atol=rounding)


@loops_and_products
def test_convolution_by_hand(products):
    x = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)[None, None]
    weight = np.array([[1, 0], [0, -1]], np.float32)[None, None]  # not flipped: cross-correlation
    y = conv.conv2d_forward(x, weight, np.array([10], np.float32), products=products)
    assert y.tolist() == [[[[6, 6], [6, 6]]]]
    dy = np.array([[1, 2], [3, 4]], np.float32)[None, None]
    assert conv.conv2d_backward_input(dy, weight, (3, 3), products=products).tolist() == [
        [[[1, 2, 0], [3, 3, -2], [0, -3, -4]]]
    ]
    assert conv.conv2d_backward_weight(dy, x, 2, products=products).tolist() == [[[[37, 47], [67, 77]]]]
    assert conv.conv2d_backward_bias(dy).tolist() == [10]


@loops_and_products
def test_deconvolution_by_hand(products):
    """3 taps at stride 2: even output pixels receive two taps where filters overlap, odd ones one."""
    x = np.array([[1, 2]], np.float32)[None, None]
    weight = np.array([[1, 10, 100], [0, 0, 0], [2, 0, 0]], np.float32)[None, None]
    y = deconv.deconv2d_forward(x, weight, np.array([0.5], np.float32), 2, products=products)
    assert (y - 0.5).tolist() == [[[[1, 10, 102, 20, 200], [0] * 5, [2, 0, 4, 0, 0]]]]
    dy = np.arange(15, dtype=np.float32).reshape(1, 1, 3, 5)
    assert deconv.deconv2d_backward_input(dy, weight, 2, products=products).tolist() == [[[[230, 456]]]]
    expected = [[0 + 2 * 2, 1 + 2 * 3, 2 + 2 * 4], [5 + 14, 6 + 16, 7 + 18], [10 + 24, 11 + 26, 12 + 28]]
    assert deconv.deconv2d_backward_weight(dy, x, 3, 2, products=products).tolist() == [[expected]]


@loops_and_products
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slopes", [1, 3])
def test_prelu(rng, dtype, slopes, products):
    x = rng.standard_normal((2, 3, 4, 5)).astype(dtype)
    slope = rng.standard_normal(slopes).astype(dtype)
    dy = rng.standard_normal(x.shape).astype(dtype)
    np.testing.assert_allclose(prelu_forward(x, slope, products=products), naive.prelu(x, slope), rtol=1e-6)
    dx, dslope = prelu_backward(dy, x, slope, products=products)
    assert dx.dtype == dslope.dtype == dtype
    assert dslope.shape == slope.shape
    x, slope = x.astype(float), slope.astype(float)
    np.testing.assert_allclose(dx, naive.derivative(lambda: naive.prelu(x, slope), x, dy, 1e-7), atol=1e-5)
    np.testing.assert_allclose(dslope, naive.derivative(lambda: naive.prelu(x, slope), slope, dy), atol=1e-5)


@loops_and_products
def test_prelu_by_hand(products):
    x = np.array([[[[-2.0, 0.0, 3.0]]]])
    assert prelu_forward(x, np.array([0.5]), products=products).tolist() == [[[[-1, 0, 3]]]]
    dx, dslope = prelu_backward(np.ones_like(x), x, np.array([0.5]), products=products)
    assert dx.tolist() == [[[[0.5, 0.5, 1]]]]
    assert dslope.tolist() == [-2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("thresholds", [1, 3])
def test_soft_threshold(rng, dtype, thresholds):
    x = rng.standard_normal((2, 3, 4, 5)).astype(dtype)
    threshold = rng.uniform(0.2, 1, thresholds).astype(dtype)
    dy = rng.standard_normal(x.shape).astype(dtype)
    y = soft_threshold_forward(x, threshold)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, naive.soft_threshold(x, threshold), atol=TOLERANCE[dtype])
    dx, dthreshold = soft_threshold_backward(dy, x, threshold)
    assert dx.dtype == dthreshold.dtype == dtype
    assert dthreshold.shape == threshold.shape
    x, threshold = x.astype(float), threshold.astype(float)

    def forward():
        return naive.soft_threshold(x, threshold)

    np.testing.assert_allclose(dx, naive.derivative(forward, x, dy, 1e-7), atol=1e-5)
    np.testing.assert_allclose(dthreshold, naive.derivative(forward, threshold, dy, 1e-7), atol=1e-5)


def test_soft_threshold_by_hand():
    x = np.array([[[[-3.0, -1.0, 0.0, 0.5, 4.0]]]])
    assert soft_threshold_forward(x, np.array([1.0])).tolist() == [[[[-2, 0, 0, 0, 3]]]]
    assert soft_threshold_forward(x, np.array([0.0])).tolist() == x.tolist()
    dx, dthreshold = soft_threshold_backward(np.array([[[[2.0, 3, 5, 7, 11]]]]), x, np.array([1.0]))
    assert dx.tolist() == [[[[2, 0, 0, 0, 11]]]]
    assert dthreshold.tolist() == [2 - 11]


def test_soft_threshold_is_two_prelus(rng):
    """S(x) = ReLU(x − θ) − ReLU(−x − θ): what a network without the kernel would have to do."""
    x, zero = rng.integers(-5, 6, (1, 2, 6, 7)).astype(float), np.zeros(1)
    relus = prelu_forward(x - 2, zero) - prelu_forward(-x - 2, zero)
    np.testing.assert_array_equal(soft_threshold_forward(x, np.array([2.0])), relus)


@given(cases)
def test_normalise_equals_the_oracle(case):
    x, _, _ = draw(case)
    y = normalise_forward(x, 1e-3)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y, naive.normalise(x, 1e-3), atol=TOLERANCE[case["dtype"]])


@given(cases)
def test_normalise_backward_equals_central_differences(case):
    x = draw(case | {"dtype": np.float64})[0]
    dy = np.random.default_rng(1).standard_normal(x.shape)
    for epsilon in (1e-3, 0.5):
        dx = normalise_backward(dy, x, epsilon)
        numeric = naive.derivative(lambda epsilon=epsilon: naive.normalise(x, epsilon), x, dy, 1e-6)
        np.testing.assert_allclose(dx, numeric, rtol=1e-4, atol=1e-6)


def test_normalise_by_hand():
    x = np.array([3.0, 4.0]).reshape(1, 2, 1, 1)
    np.testing.assert_allclose(normalise_forward(x).ravel(), [0.6, 0.8], atol=1e-9)
    dx = normalise_backward(np.array([5.0, 0.0]).reshape(1, 2, 1, 1), x)
    np.testing.assert_allclose(dx.ravel(), [0.64, -0.48], atol=1e-9)  # (5 − 0.6·3, −0.8·3)/5
    assert normalise_forward(np.zeros((1, 3, 1, 1))).tolist() == [[[[0]]] * 3]


@given(cases)
def test_normalise_makes_unit_vectors_whatever_the_scale(case):
    """Lengths are 1, a factor changes nothing, and no gradient points along x."""
    x = np.abs(draw(case | {"dtype": np.float64})[0]) + 1
    y = normalise_forward(x)
    np.testing.assert_allclose(np.sum(y**2, axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(normalise_forward(-7 * x), -y, atol=1e-9)
    dx = normalise_backward(np.random.default_rng(1).standard_normal(x.shape), x)
    np.testing.assert_allclose(np.sum(dx * x, axis=1), 0, atol=1e-8)


ok = np.zeros((1, 2, 5, 5), np.float32)
w = np.zeros((3, 2, 3, 3), np.float32)
b = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conv.conv2d_forward([1], w, b), "x is list"),
        (lambda: conv.conv2d_forward(ok.astype(int), w, b), "x has dtype int64"),
        (lambda: conv.conv2d_forward(ok[0], w, b), r"x has shape \(2, 5, 5\)"),
        (lambda: conv.conv2d_forward(ok, w[:, :1], b), "axis C must be 2"),
        (lambda: conv.conv2d_forward(ok, w[..., :2], b), "axis f must be 2"),
        (lambda: conv.conv2d_forward(ok, w, b[:2]), "axis D must be 3"),
        (lambda: conv.conv2d_forward(ok, w.astype(float), b), "dtypes differ"),
        (lambda: conv.conv2d_forward(ok, w, b, 0), "stride is 0"),
        (lambda: conv.conv2d_forward(ok[:, :, :2], w, b), "at least the filter side 3"),
        (lambda: conv.conv2d_backward_input(ok, w, (5, 5)), "axis D must be 3"),
        (lambda: conv.conv2d_backward_weight(ok, ok, 3), "axis I must be 3"),
        (lambda: deconv.deconv2d_forward(ok, w, b, 2), "axis C must be 2"),
        (lambda: deconv.deconv2d_backward_input(ok, w[:, :2], 3), "H − 1"),
        (lambda: deconv.deconv2d_backward_weight(ok, ok, 3, 2), "axis I must be 11"),
        (lambda: prelu_forward(ok, b), r"slope has shape \(3,\)"),
        (lambda: prelu_backward(ok[:, :1], ok, b[:1]), "axis C must be 2"),
        (lambda: soft_threshold_forward(ok, b), r"threshold has shape \(3,\)"),
        (lambda: soft_threshold_forward(ok, b[:2] - 1), "threshold holds -1.0"),
        (lambda: soft_threshold_backward(ok[:, :1], ok, b[:1]), "axis C must be 2"),
        (lambda: normalise_forward(ok[0]), r"x has shape \(2, 5, 5\)"),
        (lambda: normalise_forward(ok, 0), "epsilon is 0"),
        (lambda: normalise_backward(ok[:, :1], ok), "axis C must be 2"),
    ],
)
def test_unfit_arguments_are_named(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
