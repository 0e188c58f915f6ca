"""MATLAB's bicubic, against a line-by-line oracle with MATLAB's own indices."""

import numpy as np
import pytest
from helpers import naive
from hypothesis import given
from hypothesis import strategies as st

from npsr.images.resize import imresize


@given(st.integers(1, 17), st.sampled_from([2, 3, 4, 1.5, 0.9, 0.7, 0.6, 0.5, 1 / 3, 1 / 4]))
def test_a_line_equals_the_oracle(size, scale):
    line = np.random.default_rng(size).random(size)
    expected = naive.imresize_line(line, scale)
    across = imresize(np.tile(line, (7, 1)), scale)
    along = imresize(np.tile(line, (7, 1)).T, scale)
    np.testing.assert_allclose(across, np.tile(expected, (len(across), 1)), atol=1e-12)
    np.testing.assert_allclose(along.T, across, atol=1e-14)


def test_reduction_by_hand():
    """Halving: the widened kernel has taps at ¼, ¾, 1¼, 1¾, that is 111, 29, −9, −3 over 256."""
    taps = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
    line = np.array([0.0, 0, 1, 4, 2, 0, 5, 0, 0, 3])
    result = imresize(np.tile(line, (4, 1)), 0.5)[0]
    assert result[2] == pytest.approx(taps @ line[1:9], abs=1e-15)
    mirrored = [line[2], line[1], line[0], *line[:5]]
    assert result[0] == pytest.approx(taps @ mirrored, abs=1e-15)


def test_the_other_kernels_by_hand():
    """Of the area a mean of n; of Lanczos' the halving taps sinc(t) sinc(t/3), t = ¼, ¾, …, normalised."""
    line = np.array([0.0, 0, 1, 4, 2, 0, 5, 0, 0, 3, 1, 7])
    np.testing.assert_allclose(imresize(line[None], 1 / 3, kernel="area")[0], line.reshape(4, 3).mean(axis=1))
    np.testing.assert_array_equal(imresize(line[None], 3, kernel="area"), np.tile(np.repeat(line, 3), (3, 1)))
    t = np.arange(0.25, 3, 0.5)
    half = np.sin(np.pi * t) / (np.pi * t) * np.sin(np.pi * t / 3) / (np.pi * t / 3)
    taps = np.array([*half[::-1], *half])
    result = imresize(np.tile(line, (4, 1)), 0.5, kernel="lanczos")[0]
    assert result[2] == pytest.approx(taps / taps.sum() @ [*line[[0]], *line[:11]], abs=1e-14)
    assert imresize(np.full((5, 7), 0.3), 3, kernel="lanczos") == pytest.approx(0.3)


def test_constant_images_stay_constant_and_size_may_be_given(rng):
    assert imresize(np.full((5, 7), 0.3), 3) == pytest.approx(0.3)
    image = rng.random((6, 9, 3))
    assert imresize(image, size=(12, 5)).shape == (12, 5, 3)
    np.testing.assert_array_equal(imresize(image, 2), imresize(image, size=(12, 18)))
    assert imresize(image.astype(np.float32), 2).dtype == np.float32
    assert imresize(np.zeros((99, 100)), 1 / 3).shape == (33, 34)


@pytest.mark.parametrize(
    ("image", "options", "words"),
    [
        (np.zeros((3, 3), np.uint8), {"scale": 2}, "dtype uint8"),
        (np.zeros(3), {"scale": 2}, r"shape \(3,\)"),
        (np.zeros((0, 3)), {"scale": 2}, r"shape \(0, 3\)"),
        (np.zeros((3, 3)), {}, "exactly one"),
        (np.zeros((3, 3)), {"scale": 2, "size": (1, 1)}, "exactly one"),
        (np.zeros((3, 3)), {"scale": -1}, "must be positive"),
        (np.zeros((3, 3)), {"size": (0, 4)}, "must be positive"),
    ],
)
def test_mistakes_are_named(image, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        imresize(image, **options)
