"""SCN: its layers' identities, its gradients by both engines, its file, its cost."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import naive

import npsr
from npsr.networks.layers import Combine, Lista, Normalise, Patches, SoftThreshold
from npsr.networks.network import Network, forward
from npsr.networks.sparse_coding import scn
from npsr.networks.sparse_layers import (
    combine_backward,
    combine_forward,
    contrasts,
    lista_forward,
    patches_backward,
    patches_forward,
    unbiased_backward_input,
    unbiased_backward_weight,
    unbiased_forward,
)


@pytest.fixture
def net():
    return scn(24, scale=2, seed=3, dtype="float64")


def oracle(net, y):
    """SCN position by position, as its description is written; y is (H + 12, W + 12)."""
    p = dict(net.parameters)
    a = naive.conv2d(y[None, None], p["maps.weight"], np.zeros(4), 1)[0]
    W, U, D = p["encoding.weight"][:, :, 0, 0].T, p["lista.weight"][0].T, p["decoding.weight"][:, :, 0, 0].T
    H, columns = y.shape[0] - 12, y.shape[1] - 12
    out = np.zeros((H, columns))
    for i, j in np.ndindex(H + 4, columns + 4):
        F = np.concatenate([a[f, i : i + 5, j : j + 5].T.ravel() for f in range(4)])
        v = F / np.sqrt(F @ F + 1e-10) @ W
        z = shrink(v)
        z = shrink(z @ U + v)
        h = z @ D
        q = h / np.sqrt(h @ h + 1e-10)
        patch = y[i + 2 : i + 7, j + 2 : j + 7]
        m = np.sqrt(np.sum((patch - patch.mean()) ** 2) + 1e-10)
        for k in range(25):
            row, column = i - 4 + k % 5, j - 4 + k // 5
            if 0 <= row < H and 0 <= column < columns:
                out[row, column] += 1.1 * m * p["combining.weight"][k] * q[k]
    for i, j in np.ndindex(H, columns):
        means = [
            y[i + 4 + r : i + 9 + r, j + 4 + c : j + 9 + c].mean() for r in range(-2, 3) for c in range(-2, 3)
        ]
        out[i, j] += np.mean(means)
    return out


def shrink(a):
    return np.sign(a) * np.maximum(np.abs(a) - 1, 0)


def test_it_equals_the_oracle(net, rng):
    net = net.with_border("valid")
    net.parameters["combining.weight"][:] = rng.standard_normal(25) / 10
    y = rng.random((19, 20))
    np.testing.assert_allclose(forward(net, y[None, None])[0, 0], oracle(net, y), atol=1e-10)


def test_both_engines_agree(net, rng):
    y = rng.random((2, 1, 23, 22))
    np.testing.assert_allclose(net(y), net(y, "plain"), atol=1e-12)
    target = rng.random((2, 1, 23, 22))
    fast, plain = (npsr.loss_and_gradients(net, y, target, engine) for engine in (None, "plain"))
    assert fast[0] == pytest.approx(plain[0], rel=1e-12)
    for key, gradient in plain[1].items():
        np.testing.assert_allclose(fast[1][key], gradient, atol=1e-9 * np.abs(gradient).max(), err_msg=key)


@pytest.mark.parametrize(("steps", "shared"), [(1, True), (3, True), (2, False)])
def test_gradients_equal_central_differences(rng, steps, shared):
    net = scn(24, steps, shared, seed=1, dtype="float64").with_border("valid")
    x, target = rng.random((2, 1, 18, 18)), rng.random((2, 1, 6, 6))
    reports = npsr.gradcheck(net, x, target, entries=8)
    assert [r.name for r in reports] == list(net.parameters)
    assert all(r.passed for r in reports), reports
    assert all(r.checked > r.skipped for r in reports)


def test_a_wrong_gradient_is_found(net, rng):
    x, target = rng.random((1, 1, 18, 18)), rng.random((1, 1, 6, 6))

    def wrong(net, x, target):
        loss, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
        gradients["lista.weight"][0] *= 1.0005
        return loss, gradients

    reports = npsr.gradcheck(net.with_border("valid"), x, target, gradient=wrong)
    assert [r.name for r in reports if not r.passed] == ["lista.weight"]


def test_soft_threshold_as_a_layer_of_its_own(rng):
    from npsr.networks.layers import Conv

    layers = (Conv("a", 3, 4, 1), SoftThreshold("t", 4), Normalise("n"), Conv("b", 3, 1, 4))
    net = npsr.initialise("small", 2, layers, dtype="float64")
    for key, p in net.parameters.items():
        p[...] = 0.05 + 0.1 * rng.random(p.shape) if "threshold" in key else rng.standard_normal(p.shape)
    reports = npsr.gradcheck(net, rng.random((2, 1, 7, 7)), rng.random((2, 1, 7, 7)))
    assert all(r.passed for r in reports), reports


def test_without_weights_it_smooths_the_image(net, rng):
    """p = 0 leaves the overlapping means: the 9 × 9 pyramid, box ∗ box."""
    net.parameters["combining.weight"][:] = 0
    y = rng.random((20, 21))
    box = np.convolve(np.ones(5), np.ones(5)) / 25
    expected = naive.conv2d(y[None, None], np.outer(box, box)[None, None], np.zeros(1), 1)[0, 0]
    np.testing.assert_allclose(net(y[None, None])[0, 0, 4:-4, 4:-4], expected, atol=1e-12)


def test_contrast_scales_the_output(net, rng):
    y = rng.random((1, 1, 20, 20))
    np.testing.assert_allclose(net(3 * y), 3 * net(y), atol=1e-6)


def test_thresholds_can_be_merged_into_the_weights(net, rng):
    """S_θ(a) = θ S₁(a/θ): unit thresholds and W′ = W/θ, U′ = θ U/θ, D′ = θ D give the same function."""
    theta = rng.uniform(0.5, 2, 24)
    with_thresholds = replace(net, parameters={key: p.copy() for key, p in net.parameters.items()})
    p = with_thresholds.parameters
    p["lista.threshold"][:] = theta
    p["encoding.weight"] *= theta[:, None, None, None]
    p["lista.weight"][0] = theta[:, None] * p["lista.weight"][0] / theta
    p["decoding.weight"] /= theta[None, :, None, None]
    y = rng.random((1, 1, 20, 20))
    np.testing.assert_allclose(with_thresholds(y), net(y), atol=1e-10)


def test_patches_of_maps_are_longer_filters(rng):
    """25 shifts of a 5 × 5 filter's map are 25 filters of 9 × 9."""
    y, filters = rng.random((1, 1, 14, 15)), rng.standard_normal((1, 1, 5, 5))
    maps = naive.conv2d(y, filters, np.zeros(1), 1)
    long = np.zeros((25, 1, 9, 9))
    for k in range(25):
        long[k, 0, k % 5 : k % 5 + 5, k // 5 : k // 5 + 5] = filters[0, 0]
    expected = naive.conv2d(y, long, np.zeros(25), 1)
    np.testing.assert_allclose(patches_forward(Patches("p", 5, 1), maps), expected, atol=1e-12)


def test_combining_is_the_transpose_of_taking_patches(rng):
    layer, image = Combine("c", 5), rng.random((1, 1, 16, 17))
    g, x = rng.random((1, 25, 8, 9)), rng.random((1, 1, 4, 5))
    parameters = {"c.weight": rng.random(25)}
    y, cache = combine_forward(layer, parameters, g, image)
    none, _ = combine_forward(layer, parameters, 0 * g, image)
    dq, _ = combine_backward(layer, parameters, x, cache)
    assert np.vdot(y - none, x) == pytest.approx(np.vdot(g, dq))
    back = patches_backward(Patches("p", 5, 1), patches_forward(Patches("p", 5, 1), image))
    assert np.vdot(back, image) == pytest.approx(np.sum(patches_forward(Patches("p", 5, 1), image) ** 2))


def test_contrast_by_hand():
    image = np.zeros((1, 1, 3, 3))
    image[0, 0, 1, 1] = 3
    assert contrasts(image, 3)[0, 0, 0, 0] == pytest.approx(np.sqrt(8 / 9 + (8 / 3) ** 2 - 8 / 9 + 8 / 9))


def test_lista_solves_the_sparse_code(rng):
    """With U = I − DDᵀ/L and enough shared steps it ends where ½‖x − Dᵀz‖² + λ‖z‖₁ is least."""
    atoms = rng.standard_normal((12, 6))
    L = np.linalg.eigvalsh(atoms @ atoms.T)[-1] * 1.01
    x = rng.standard_normal(6)
    v = (atoms @ x / L).reshape(1, 12, 1, 1)
    parameters = {"l.weight": (np.eye(12) - atoms @ atoms.T / L)[None], "l.threshold": np.full(12, 0.3 / L)}
    z, _ = lista_forward(Lista("l", 12, 3000), parameters, v, False)
    z = z.ravel()
    slope = atoms @ (atoms.T @ z - x)
    np.testing.assert_allclose(slope[z != 0], -0.3 * np.sign(z[z != 0]), atol=1e-6)
    assert (np.abs(slope[z == 0]) <= 0.3 + 1e-6).all()


def test_products_are_the_plain_kernels(rng):
    x, weight = rng.random((2, 5, 6, 7)), rng.random((3, 5, 1, 1))
    for batch in (x, x[:1]):
        dy = rng.random((len(batch), 3, 6, 7))
        plain, product = (
            (
                unbiased_forward(batch, weight, products),
                unbiased_backward_input(dy, weight, (6, 7), products),
                unbiased_backward_weight(dy, batch, 1, products),
            )
            for products in (False, True)
        )
        for one, other in zip(plain, product, strict=True):
            np.testing.assert_allclose(other, one, atol=1e-12)


def test_weights_and_cost_are_the_papers():
    net = npsr.build("scn", 2)
    assert npsr.weight_count(net) == 4 * 25 + 100 * 128 + 128 * 128 + 128 * 25 + 25 == 32509
    assert npsr.multiplications(net) == 4 * 32509
    assert npsr.multiplications(scn(128, 3)) == 4 * (32509 + 2 * 128**2)
    assert npsr.weight_count(scn(128, 3, shared=False)) == 32509 + 2 * 128**2


def test_a_file_gives_the_network_back(net, rng, tmp_path):
    npsr.save(net, tmp_path / "scn.npz")
    again = npsr.load(tmp_path / "scn.npz")
    assert again.layers == net.layers
    y = rng.random((1, 1, 15, 14))
    np.testing.assert_array_equal(again(y), net(y))


def test_bands_give_the_same_bits(rng, scene):
    from npsr.upscaling.bands import bands
    from npsr.upscaling.factors import by_factor
    from npsr.upscaling.plan import plan_enlargement

    net: Network = scn(12, scale=2, seed=1)
    image = (scene(40, 23) * 255).astype(np.uint8)
    for factor, ensemble in ((2, False), (2, True), (3, False), (4, True)):
        whole = npsr.upscale(image, factor, net, ensemble)
        work = plan_enlargement(image, by_factor(image.shape, factor), net, ensemble)
        cut = np.concatenate(list(bands(image, work, 13 * work.bytes_a_row)))
        np.testing.assert_array_equal(cut, whole)
