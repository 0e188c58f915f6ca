"""Luma, PSNR and SSIM."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

import npsr
from npsr.images.colour import from_ycbcr, luma, to_8_bits, to_ycbcr


def test_luma_of_known_colours():
    """BT.601 studio range as MATLAB's rgb2gray documentation tabulates it: black 16, white 235."""
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert luma(colours).tolist() == [[16, 235, 81, 145, 41]]
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert luma(grey) is grey
    np.testing.assert_array_equal(luma(np.dstack([colours, colours[..., :1]])), luma(colours))
    np.testing.assert_array_equal(luma(np.dstack([grey, grey])), grey)


def test_ycbcr_round_trip_and_range(rng):
    rgb = rng.random((9, 8, 3))
    np.testing.assert_allclose(from_ycbcr(to_ycbcr(rgb)), rgb, atol=1e-14)
    corners = to_ycbcr(np.array(np.meshgrid([0.0, 1], [0.0, 1], [0.0, 1])).T.reshape(-1, 1, 3)) * 255
    np.testing.assert_allclose(corners.min(axis=(0, 1)), [16, 16, 16], atol=1e-9)
    np.testing.assert_allclose(corners.max(axis=(0, 1)), [235, 240, 240], atol=1e-9)
    assert to_ycbcr(rgb.astype(np.float32)).dtype == np.float32


def test_rounding_is_matlabs():
    assert to_8_bits(np.array([-1, 0.5 / 255, 1.5 / 255, 0.4999 / 255, 2])).tolist() == [0, 1, 2, 0, 255]


@pytest.mark.parametrize("image", [np.zeros((2, 2)), np.zeros((2, 2, 5), np.uint8), np.zeros(4, np.uint8)])
def test_luma_refuses_what_it_is_not_defined_for(image):
    with pytest.raises(ValueError, match="image has"):
        luma(image)


def test_psnr():
    a = np.zeros((4, 4), np.uint8)
    b = a.copy()
    assert npsr.psnr(a, b) == float("inf")
    b[0, 0] = 4  # mean squared error 1
    assert npsr.psnr(a, b) == pytest.approx(48.1308, abs=1e-4)
    with pytest.raises(ValueError, match="the same"):
        npsr.psnr(a, b[:2])


def test_ssim_equals_scikit_images(scene, rng):
    a = to_8_bits(scene(40, 31))
    b = to_8_bits(scene(40, 31) + rng.normal(0, 0.1, (40, 31)))
    expected = structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert npsr.ssim(a, b) == pytest.approx(expected, abs=1e-12)
    assert npsr.ssim(a, a) == 1
    with pytest.raises(ValueError, match="11 × 11"):
        npsr.ssim(a[:10], b[:10])
