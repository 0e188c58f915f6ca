"""The page's mathematics against the Python kernels, with random networks and numbers."""

import numpy as np
import pytest
from explorer.javascript import calls, needs_node, network_value

import npsr

pytestmark = needs_node

TOLERANCE = 1e-5
"""Of the largest value."""


def drawn(net, rng):
    """The network with random parameters that pass signals of every sign."""
    for p in net.parameters.values():
        p[...] = (
            rng.normal(0, 1, p.shape) / np.sqrt(max(1, p[0].size))
            if p.ndim > 1
            else rng.normal(0, 0.3, p.shape)
        )
    return net


def random_networks():
    rng = np.random.default_rng(5)
    for scale in (2, 3, 4):
        for border in ("zero", "replicate", "valid"):
            d, s, m = (int(k) for k in rng.integers((4, 2, 0), (12, 6, 4)))
            yield npsr.fsrcnn(d, s, m, scale, border=border, shared_slopes=bool(rng.integers(2)))
    for border in ("zero", "replicate", "valid"):
        yield npsr.srcnn(9, 1, 5, border=border)
        yield npsr.transition(1, border=border)
        yield npsr.transition(2, border=border)
    yield npsr.srcnn(9, 5, 5, border="valid")


NETWORKS = [drawn(net, np.random.default_rng(k)) for k, net in enumerate(random_networks())]


def close(actual, expected):
    actual, expected = np.array(actual), np.asarray(expected)
    assert actual.shape == expected.ravel().shape
    assert np.abs(actual - expected.ravel()).max() <= TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize("net", NETWORKS, ids=lambda net: f"{net.name} x{net.scale} {net.layers[0].border}")
def test_forward_loss_and_every_gradient(net, rng):
    side = 19 if net.enlarges else 24
    x = rng.random((2, 1, side, side - 2), dtype=np.float32)
    y = net(x, engine="plain")
    target = rng.random(y.shape, dtype=np.float32)
    loss, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
    case = {"net": network_value(net), "x": x, "target": target, "shape": [2, side, side - 2]}
    expression = "[m.forward(a.net, a.x, a.shape), m.lossAndGradients(a.net, a.x, a.target, a.shape)]"
    ((made, cost),) = calls("mathematics/network.js", expression, [case])
    assert made["shape"] == list(y.shape)
    close(made["y"], y)
    assert cost["loss"] == pytest.approx(loss, rel=1e-5)
    assert list(cost["gradients"]) == list(gradients)
    for key, gradient in gradients.items():
        close(cost["gradients"][key], gradient)


def test_gradients_in_64_bits(rng):
    net = drawn(npsr.fsrcnn(5, 3, 2, 3, dtype="float64", border="valid"), rng)
    x, target = rng.random((3, 1, 11, 11)), rng.random((3, 1, 19, 19))
    loss, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
    case = {"net": network_value(net), "x": x, "target": target}
    (made,) = calls(
        "mathematics/network.js",
        "m.lossAndGradients(a.net, a.x, a.target, [3, 11, 11], Float64Array)",
        [case],
    )
    assert made["loss"] == pytest.approx(loss, rel=1e-12)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(
            made["gradients"][key], gradient.ravel(), atol=1e-12 * np.abs(gradient).max()
        )


FACTORS = [2, 3, 4, 1 / 2, 1 / 3, 1 / 4, 1.7, 0.45]


def test_bicubic(rng):
    planes = [rng.random((int(h), int(w))) for h, w in rng.integers(1, 40, (len(FACTORS), 2))]
    cases = [
        {"x": plane, "shape": plane.shape, "factor": f} for plane, f in zip(planes, FACTORS, strict=True)
    ]
    for case, made in zip(
        cases, calls("mathematics/resize.js", "m.bicubic(a.x, ...a.shape, a.factor)", cases), strict=True
    ):
        expected = npsr.imresize(case["x"], case["factor"])
        assert made["shape"] == list(expected.shape)
        np.testing.assert_allclose(made["y"], expected.ravel(), atol=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 4])
def test_psnr(rng, cut):
    a, b = rng.uniform(0, 255, (2, 23, 17))
    (made,) = calls(
        "mathematics/resize.js", "m.psnr(a.a, a.b, 23, 17, a.cut)", [{"a": a, "b": b, "cut": cut}]
    )
    inner = slice(cut, -cut or None), slice(cut, -cut or None)
    assert made == pytest.approx(npsr.psnr(a[inner], b[inner]), rel=1e-12)


def test_equal_planes_are_infinitely_alike():
    (made,) = calls("mathematics/resize.js", "m.psnr([1, 2], [1, 2], 1, 2, 0) === Infinity", [{}])
    assert made is True


def test_wrong_input_is_named():
    network = '{layers: [{kind: "Conv", f: 1, n: 1, c: 1}]}'
    attempt = f"try {{ m.forward({network}, [1, 2], [1, 1, 3]); }} catch (error) {{ return error.message; }}"
    expression = f"(() => {{ {attempt} }})()"
    assert calls("mathematics/network.js", expression, [{}]) == [
        "x holds 2 numbers, but [N, H, W] = [1,1,3] needs 3"
    ]
