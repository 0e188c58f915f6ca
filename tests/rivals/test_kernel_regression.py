"""KK as a model: identities, the edge prior, parts of a plane, the authors' file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.running import needs_jit
from scipy.io import savemat

import npsr
from npsr.images.resize import imresize
from npsr.models.archive import WeightsError
from npsr.rivals.edge_prior import energy, major_edges, smoothed
from npsr.rivals.files import load_model, save_rival
from npsr.rivals.importing import import_kk
from npsr.rivals.kernel_regression import (
    OFFSETS,
    KernelRegression,
    Numbers,
    box_sum,
    gaussians,
    negative_laplacian,
)
from npsr.upscaling.bands import bands
from npsr.upscaling.factors import by_factor
from npsr.upscaling.operations import Part
from npsr.upscaling.plan import plan_enlargement

OFFICIAL = Path(__file__).parents[3] / "shared/weights/KK_MatlabR2007aSupResModel.mat"


def made(rng, n=3, side=5, **numbers):
    """A model whose every number shows in the result."""
    basis = rng.standard_normal((4, side, side)).astype(np.float32) / side**2
    coefficients = rng.standard_normal((4, 25)).astype(np.float32) / 20
    windows = rng.standard_normal((25, 25, 7, 7)).astype(np.float32) / 300
    mean = rng.standard_normal((25, side, side)).astype(np.float32) / 100
    kept = Numbers(0.05, window=5, spread_window=3, spread=0.3, major=0.8, flat=0.2)._replace(**numbers)
    return KernelRegression("kk", n, basis, coefficients, windows, mean, np.array(kept))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_without_coefficients_it_is_bicubic(rng, n):
    model = made(rng, n)
    model.coefficients[:] = 0
    low = rng.uniform(0.3, 0.7, (9, 8))  # candidates are clipped
    np.testing.assert_allclose(model(low), imresize(low, n), atol=1e-6)


def oracle(model, low):
    """Pixel by pixel, with the indices of the method's description; no prior, nothing flat."""
    numbers, side = model.settings, model.side
    x = np.pad(2 * imresize(low, model.scale) - 1, 20, mode="symmetric")
    laplacian = np.pad(negative_laplacian(x), 1)
    H, W = x.shape

    def details(r, c):
        patch = laplacian[r - side // 2 : r + side // 2 + 1, c - side // 2 : c + side // 2 + 1]
        size = np.abs(patch).sum()
        kernels = np.exp(-np.sum((patch / size - model.basis) ** 2, axis=(1, 2)) / numbers.width)
        return size * (kernels @ model.coefficients)

    y = {(r, c): details(r, c) for r in range(8, H - 8) for c in range(8, W - 8)}
    planes = np.zeros((25, H, W))
    for k, (down, right) in enumerate(OFFSETS):
        for r in range(10, H - 10):
            for c in range(10, W - 10):
                planes[k, r, c] = np.clip(x[r, c] + y[r - down, c - right][k], -1, 1)
    result = np.zeros((H - 40, W - 40))
    for r, c in np.ndindex(result.shape):
        i, j = r + 20, c + 20
        seen = planes[:, i - 3 : i + 4, j - 3 : j + 4]
        around = planes.mean(axis=0)[i - side // 2 : i + side // 2 + 1, j - side // 2 : j + side // 2 + 1]
        expected = np.sum(model.windows * seen, axis=(1, 2, 3)) + np.sum(
            model.mean_window * around, axis=(1, 2)
        )
        weights = np.exp(-np.abs(expected) / numbers.trust)
        change = np.sum(weights * (planes[:, i, j] - x[i, j])) / weights.sum()
        result[r, c] = (x[i, j] + numbers.gain * change + 1) / 2
    return result


def test_it_equals_the_oracle(rng):
    model, low = made(rng, 2, flat=1e-9, noise=0, gain=1.1), rng.random((5, 6))
    np.testing.assert_allclose(model(low), oracle(model, low), atol=1e-5)


def test_without_confidence_candidates_count_alike_and_gain_scales_the_detail(rng):
    model, low = made(rng, noise=0), rng.random((8, 9))
    model.windows[:], model.mean_window[:] = 0, 0
    middle = imresize(low, 3)
    wide = np.pad((2 * middle - 1).astype(np.float32), 9, mode="symmetric")
    planes, valid = model.candidates(wide, 9)
    own = valid[12]
    np.testing.assert_allclose((2 * model(low) - 1)[own], _mean(planes, valid)[own], atol=1e-5)
    twice = replace(model, numbers=np.array(model.settings._replace(gain=2)))
    np.testing.assert_allclose(twice(low) - middle, 2 * (model(low) - middle), atol=1e-5)


def _mean(planes, valid):
    return (planes * valid).sum(axis=0) / np.maximum(valid.sum(axis=0), 1)


def test_contrast_scales_the_details(rng):
    """αx with the thresholds scaled by α gives α times the detail, as long as nothing is clipped."""
    model = made(rng, noise=0)
    low = 0.5 + 0.2 * (rng.random((8, 9)) - 0.5)
    half = 0.5 + (low - 0.5) / 2
    model.mean_window[:] = 0
    model.windows[:] -= model.windows.mean(axis=(1, 2, 3), keepdims=True)
    scaled = model.settings._replace(flat=0.1, trust=0.05)
    other = replace(model, numbers=np.array(scaled))
    np.testing.assert_allclose(
        2 * (other(half) - imresize(half, 3)), model(low) - imresize(low, 3), atol=2e-5
    )


def test_flat_pixels_stay_bicubic(rng):
    model, low = made(rng), np.full((9, 9), 0.5) + 1e-4 * rng.random((9, 9))
    np.testing.assert_allclose(model(low), imresize(low, 3), atol=1e-6)


def test_gaussians_by_hand():
    found, basis = np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 0]])
    np.testing.assert_allclose(gaussians(found, basis, 50.0), [[1], [np.exp(-0.5)]])


def test_laplacian_and_sums_by_hand():
    x = np.zeros((5, 5))
    x[2, 2] = 6
    expected = [[-1, -4, -1], [-4, 20, -4], [-1, -4, -1]]
    np.testing.assert_allclose(negative_laplacian(x), expected)
    assert box_sum(x, 3)[2, 2] == box_sum(x, 3)[1, 3] == 6
    assert box_sum(x, 3)[0, 2] == 0


def test_major_edges_are_where_the_gradient_changes():
    x = np.zeros((14, 16))
    x[:, 8:] = 1
    nodes = major_edges(x, np.ones((10, 12)), 0.5, 3, 1.0)
    assert nodes[4].tolist() == [False] * 4 + [True] * 4 + [False] * 4
    assert not major_edges(x, np.zeros((10, 12)), 0.5, 3, 1.0).any()


def brute_force(candidates, guess, nodes, numbers):
    """The lowest energy of all choices."""
    places = np.argwhere(nodes)
    best = np.inf
    for choice in np.ndindex(*[len(candidates)] * len(places)):
        y = guess.copy()
        for k, (r, c) in zip(choice, places, strict=True):
            y[r, c] = candidates[k, r, c]
        best = min(best, energy(guess, nodes, numbers, y))
    return best


def test_the_prior_lowers_the_energy(rng):
    candidates, guess = rng.uniform(-1, 1, (4, 12, 13)), rng.uniform(-1, 1, (12, 13))
    nodes, numbers = rng.random((12, 13)) < 0.7, (1.0, 2.0, 0.85)
    y = smoothed(candidates[:, nodes].T, guess, nodes, numbers)
    nearest = np.take_along_axis(candidates, np.abs(candidates - guess).argmin(axis=0)[None], 0)[0]
    assert energy(guess, nodes, numbers, y) < energy(guess, nodes, numbers, np.where(nodes, nearest, guess))
    np.testing.assert_array_equal(y[~nodes], guess[~nodes])
    assert (np.abs(candidates - y).min(axis=0) == 0)[nodes].all()
    for k in range(4):  # no single change would lower it
        for r, c in np.argwhere(nodes):
            other = y.copy()
            other[r, c] = candidates[k, r, c]
            assert energy(guess, nodes, numbers, other) >= energy(guess, nodes, numbers, y) - 1e-12


def test_the_prior_finds_the_best_of_few():
    """Two nodes side by side, far from the rest: the pair's best choice is found."""
    candidates = np.array([[[0.0, 0.0]], [[0.5, 0.5]]])
    guess, nodes, numbers = np.array([[0.1, 0.4]]), np.ones((1, 2), bool), (1.0, 1.0, 1.0)
    y = smoothed(candidates[:, nodes].T, guess, nodes, numbers)
    assert energy(guess, nodes, numbers, y) == pytest.approx(brute_force(candidates, guess, nodes, numbers))


@needs_jit
def test_bands_of_an_ensemble_give_the_same_bits(rng, scene):
    """Upside down too the edge prior begins at an even row, though the sides are odd."""
    model = made(rng, 3)
    image = (scene(61, 13) * 255).astype(np.uint8)
    whole = npsr.upscale(image, 3, model, ensemble=True)
    work = plan_enlargement(image, by_factor(image.shape, 3), model, ensemble=True)
    cut = np.concatenate(list(bands(image, work, 50 * work.bytes_a_row)))
    np.testing.assert_array_equal(cut, whole)


@needs_jit
def test_bands_of_any_height_give_the_same_bits(rng, scene):
    model = made(rng, 3)
    image = (scene(60, 12) * 255).astype(np.uint8)
    whole = npsr.upscale(image, 3, model)
    work = plan_enlargement(image, by_factor(image.shape, 3), model)
    for height in (17, 40):
        cut = np.concatenate(list(bands(image, work, height * work.bytes_a_row)))
        np.testing.assert_array_equal(cut, whole)
    plane = scene(60, 12).astype(np.float32)
    operation = work.networks
    exact = operation.run(plane, (0, 0), Part((0, 180), (0, 36)))
    part = Part((90, 100), (5, 20))
    needed = operation.needs(part)
    assert 0 < needed.rows[0] < needed.rows[1] <= 60
    given = needed.of(plane, (0, 0))
    np.testing.assert_array_equal(operation.run(given, needed.origin, part), exact[90:100, 5:20])


def authors_file(path, rng):
    """A file of the authors' layout, in which every number is told from the others."""
    vectors = {}
    for n, side in ((2, 7), (3, 9), (4, 13)):
        head = [side, 5, side, 7, 1.5, 0.1, 0.7, 9, 3.5, 9, 1.4, 80, 1, 0.85, 300, 0.05]
        body = rng.standard_normal(300 * side**2 + 7500 + (1225 + side**2) * 25)
        vectors[f"M{n}"] = np.concatenate([np.full(30, 9), head, body, np.full(30, 9)])[:, None]
    savemat(path, {"Model": vectors})
    return vectors


def test_the_authors_layout(rng, tmp_path):
    path = tmp_path / "model.mat"
    body = authors_file(path, rng)["M3"].ravel()[46:]
    model = import_kk(path, 3)
    assert model.settings == Numbers(0.05, 1.5, 0.1, 9, 0.7, 3.5, 9, 1.4, 80, 1, 0.85, 255)
    at = 300 * 81
    assert model.basis[7, 2, 5] == np.float32(body[7 * 81 + 2 * 9 + 5])
    assert model.coefficients[11, 3] == np.float32(body[at + 3 * 300 + 11])
    weights = body[at + 7500 : -30].reshape(-1, 25)
    # candidates from the other end, windows down the columns
    assert model.windows[3, 6, 1, 4] == np.float32(weights[(24 - 6) * 49 + 7 * 4 + 1, 24 - 3])
    assert model.mean_window[3, 1, 4] == np.float32(weights[1225 + 9 * 4 + 1, 24 - 3])
    with pytest.raises(WeightsError, match="no model for ×5"):
        import_kk(path, 5)
    savemat(path, {"Model": np.zeros(3)})
    with pytest.raises(WeightsError, match="not KK's model"):
        import_kk(path, 3)


def test_a_file_gives_the_model_back(rng, tmp_path):
    model, low = made(rng), rng.random((9, 9))
    save_rival(model, tmp_path / "m.npz")
    np.testing.assert_array_equal(load_model(tmp_path / "m.npz")(low), model(low))


@needs_jit
@pytest.mark.skipif(not OFFICIAL.exists(), reason="the authors' model is not at hand")
def test_the_authors_model_reaches_its_figure():
    """That of the authors' program from 8-bit images; at ×2 and ×4 it is 36.246 and 30.031, not run here."""
    result = npsr.evaluate(OFFICIAL.parents[1] / "data/Set5", 3, import_kk(OFFICIAL, 3))
    assert result["psnr"] == pytest.approx(32.287, abs=0.02)
