"""Features as one convolution, patches added as a transposed one, bicubic by parts."""

import numpy as np
import pytest

from npsr.images.resize import imresize
from npsr.rivals.features import (
    derivatives,
    enlarged,
    features,
    filters_of,
    overlap_mean,
    patches_of,
    principal,
    responses,
)
from npsr_kernels.deconv2d import deconv2d_forward

factors = pytest.mark.parametrize("n", [2, 3, 4])


def derivative_patches(low, n):
    """The features as published: derivatives of the enlargement, patch by patch, down the columns."""
    maps = derivatives(imresize(low, n), n)
    side, (rows, columns) = 3 * n, low.shape
    found = np.zeros((rows - 4, columns - 4, 4 * side * side))
    for i, j in np.ndindex(rows - 4, columns - 4):
        patch = maps[:, n * (i + 1) : n * (i + 1) + side, n * (j + 1) : n * (j + 1) + side]
        found[i, j] = np.concatenate([part.T.ravel() for part in patch])
    return found


@factors
def test_features_are_a_convolution_of_the_lr_plane(rng, n):
    low = rng.random((9, 11))
    basis = rng.standard_normal((36 * n * n, 5))
    expected = derivative_patches(low, n) @ basis
    np.testing.assert_allclose(features(low, filters_of(basis, n), -2), expected, atol=2e-4)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(low, 2, mode="symmetric"), (9, 9))
    exact = windows.reshape(5, 7, 81) @ responses(n).T
    np.testing.assert_allclose(exact, derivative_patches(low, n), atol=1e-13)


def test_derivatives_by_hand():
    """A step of height 1: first differences of 1 around it; at ×3 the even filter looks to the right."""
    step = np.zeros((12, 12))
    step[:, 6:] = 1
    across, down, second_across, second_down = derivatives(step, 3)
    assert across[5].tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, -1, -1]
    assert second_across[5, 3:9].tolist() == [0.5, 0.5, 0.5, -0.5, -0.5, -0.5]
    assert not down[4:8, :].any()
    assert not second_down[4:8, :].any()
    np.testing.assert_array_equal(derivatives(step.T, 3)[1], across.T)


@factors
def test_overlapping_patches_are_a_transposed_convolution(rng, n):
    patches = rng.random((5, 6, 9 * n * n))
    filters = np.eye(9 * n * n).reshape(-1, 1, 3 * n, 3 * n)
    maps = np.ascontiguousarray(patches.transpose(2, 0, 1)[None])
    full = deconv2d_forward(maps, filters, np.zeros(1), n)[0, 0]
    np.testing.assert_allclose(overlap_mean(patches, n), full[2 * n : -2 * n, 2 * n : -2 * n] / 9, atol=1e-14)


@factors
def test_patches_of_a_plane_overlap_to_the_plane(rng, n):
    plane = rng.random((8 * n, 9 * n))
    mean = overlap_mean(patches_of(plane, n), n)
    np.testing.assert_allclose(mean, plane[3 * n : -3 * n, 3 * n : -3 * n], atol=1e-14)


@factors
@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (13, 12)])
def test_bicubic_is_imresize_and_parts_have_its_bits(rng, n, shape):
    low = rng.random(shape)
    np.testing.assert_allclose(enlarged(low, n), imresize(low, n), atol=1e-14)
    tall = rng.random((40, 9)).astype(np.float32)
    np.testing.assert_array_equal(
        enlarged(tall[11:30], n)[3 * n : -3 * n], enlarged(tall, n)[14 * n : 27 * n]
    )


def test_principal_components_keep_the_energy(rng):
    low = np.cumsum(rng.standard_normal((40, 40)), axis=1) / 10
    windows = np.lib.stride_tricks.sliding_window_view(low, (9, 9)).reshape(-1, 81)
    filters = principal(windows.T @ windows, 3)
    whole = np.sum((windows @ responses(3).T) ** 2)
    kept = np.sum((windows @ filters.reshape(-1, 81).T) ** 2)
    assert 0.999 * whole <= kept <= whole * (1 + 1e-9)
    assert 10 < len(filters) < 60


def test_flat_images_have_no_features():
    with pytest.raises(ValueError, match="flat"):
        principal(np.ones((81, 81)), 3)
