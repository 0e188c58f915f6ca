"""Planes of video frames: ranges, depths, and where chroma lies."""

import numpy as np
import pytest

import npsr
from npsr.images.colour import to_ycbcr
from npsr.images.resize import imresize
from npsr.upscaling.upscale import plane_upscaler
from npsr.video.yuv import SITINGS, enlarge_chroma, enlarge_luma


@pytest.fixture
def codes(rng):
    return rng.integers(16, 236, (7, 9), dtype=np.uint8)


def test_the_network_sees_limited_range_over_255(codes):
    seen = []

    def enlarge(plane):
        seen.append(plane)
        return plane.repeat(2, 0).repeat(2, 1)

    np.testing.assert_array_equal(enlarge_luma(codes, 8, False, enlarge), codes.repeat(2, 0).repeat(2, 1))
    deep = enlarge_luma(codes.astype(np.uint16) * 4, 10, False, enlarge)
    np.testing.assert_array_equal(deep, 4 * codes.astype(np.uint16).repeat(2, 0).repeat(2, 1))
    assert deep.dtype == np.uint16
    for bits in (8, 10):
        top = 2**bits - 1
        full = np.array([[0, top]], np.uint8 if bits == 8 else np.uint16)
        np.testing.assert_array_equal(enlarge_luma(full, bits, True, enlarge), full.repeat(2, 0).repeat(2, 1))
        np.testing.assert_allclose(seen[-1], to_ycbcr(np.array([[[0.0] * 3, [1.0] * 3]]))[..., 0], atol=1e-7)
    np.testing.assert_allclose(seen[0], codes / 255, atol=1e-7)
    np.testing.assert_allclose(seen[1], codes / 255, atol=1e-7)


def test_full_range_grey_is_what_a_grey_photograph_becomes(codes):
    photograph = npsr.upscale(np.dstack([codes] * 3), 2, "bicubic")[..., 0]
    luma = enlarge_luma(codes, 8, True, plane_upscaler("bicubic", 2))
    assert np.abs(photograph.astype(int) - luma).max() <= 1


def test_results_are_rounded_and_clipped(codes):
    for value, expected in [(-1, 0), (0.49 / 255, 0), (0.51 / 255, 1), (2, 255)]:
        assert enlarge_luma(codes, 8, False, lambda plane, v=value: np.full_like(plane, v))[0, 0] == expected


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("steps", [(2, 2), (1, 2), (1, 1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_chroma_keeps_its_place_among_luma(scale, steps, siting):
    """A slope over luma's pixels, sampled where chroma lies, stays that slope: bicubic keeps slopes."""

    def sampled(sides, slope):
        """The slope at chroma's samples; a slope of the enlarged picture is spread and moved."""
        rows, columns = (
            np.arange(-(-side // step)) * step + (place if step == 2 else 0)
            for side, step, place in zip(sides, steps, SITINGS[siting], strict=True)
        )
        return slope(rows[:, None], columns)

    def small(y, x):
        return 100 + 8 * y + 16 * x

    def large(y, x):
        return small((y - (scale - 1) / 2) / scale, (x - (scale - 1) / 2) / scale)

    height, width = 21, 27
    given = sampled((height, width), small).astype(np.uint16)
    expected = sampled((scale * height, scale * width), large)
    found = enlarge_chroma(given, 10, scale, expected.shape, steps, SITINGS[siting])
    inside = slice(3 * scale, -3 * scale)
    assert np.abs(found - expected)[inside, inside].max() <= 0.5 + 1e-3


def test_centred_chroma_is_resized_as_images_are(codes):
    expected = np.clip(np.floor(imresize(codes.astype(np.float64), 3) + 0.5), 0, 255)
    found = enlarge_chroma(codes, 8, 3, expected.shape, (2, 2), SITINGS["center"])
    assert np.abs(found - expected).max() <= 1
    assert (found == expected).mean() > 0.95
