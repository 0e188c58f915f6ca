"""Padding and cropping, and their adjoints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npsr_kernels import borders
from npsr_kernels.shapes import centring_padding, replicated_reach


@given(
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(["zero", "replicate"]),
)
def test_pad_and_its_adjoint(before, after, rows, columns, border):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 2, rows, columns))
    padded = borders.pad(x, before, after, border)
    assert padded.shape == (2, 2, before + rows + after, before + columns + after)
    z = rng.standard_normal(padded.shape)
    back = borders.pad_backward(z, before, after, border)
    assert np.vdot(padded, z) == pytest.approx(np.vdot(x, back), abs=1e-12)


def test_pad_by_hand():
    x = np.array([[1.0, 2.0]])[None, None]
    assert borders.pad(x, 1, 0, "zero").tolist() == [[[[0, 0, 0], [0, 1, 2]]]]
    assert borders.pad(x, 1, 1, "replicate").tolist() == [[[[1, 1, 2, 2]] * 3]]
    assert borders.pad_backward(np.ones((1, 1, 3, 4)), 1, 1, "replicate").tolist() == [[[[6, 6]]]]
    assert borders.pad_backward(np.ones((1, 1, 3, 4)), 1, 1, "zero").tolist() == [[[[1, 1]]]]


def test_crop_and_its_adjoint(rng):
    y = rng.standard_normal((1, 2, 7, 8))
    cut = borders.crop(y, 2, 3, 4)
    np.testing.assert_array_equal(cut, y[:, :, 2:5, 2:6])
    z = rng.standard_normal(cut.shape)
    assert np.vdot(cut, z) == pytest.approx(np.vdot(y, borders.crop_backward(z, 2, 7, 8)))


def test_unknown_border_is_refused():
    with pytest.raises(ValueError, match="'mirror'"):
        borders.pad(np.zeros((1, 1, 2, 2)), 1, 1, "mirror")


def test_padding_centres_the_filter():
    """To within half a pixel, at every factor; 4, 3, 3 at ×2, ×3, ×4."""
    assert [centring_padding(9, n) for n in (2, 3, 4)] == [4, 3, 3]
    for f in range(1, 12):
        for n in range(1, f + 1):
            middle, centre = (f - 1) / 2 - centring_padding(f, n), (n - 1) / 2
            assert abs(middle - centre) == (0 if (f - n) % 2 == 0 else 0.5)


def test_replicated_reach_counts_the_pixels_whose_taps_arrive():
    for f in range(1, 10):
        for n in range(1, f + 1):
            for padding in range(f - n + 1):
                side = 9
                reaching = [
                    i
                    for i in range(-20, 30)
                    if any(0 <= n * i + k - padding < n * side for k in range(f)) and not 0 <= i < side
                ]
                before, after = replicated_reach(f, n, padding)
                assert (before, after) == (sum(i < 0 for i in reaching), sum(i >= side for i in reaching))
