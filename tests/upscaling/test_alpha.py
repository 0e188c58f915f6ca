"""Transparency: no bleeding, no rims, nothing lost where a picture shows."""

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr.upscaling.alpha import SPREAD, limits, spread


def disc(side, channels=4):
    """A disc of one colour with a soft edge, over bright green that it hides."""
    r, c = np.mgrid[:side, :side] - side / 2 + 0.5
    alpha = np.clip(side / 3 - np.hypot(r, c) + 0.5, 0, 1)
    image = np.zeros((side, side, channels))
    image[..., :-1] = 0.5
    if channels == 4:
        image[alpha == 0, :3] = [0, 1, 0]
    image[..., -1] = alpha
    return np.round(image * 255).astype(np.uint8)


@needs_jit
@pytest.mark.parametrize("model", ["fsrcnn", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3, 4, 2.5])
@pytest.mark.parametrize("channels", [2, 4])
def test_edges_have_no_rims_and_hidden_colours_do_not_bleed(model, scale, channels):
    large = npsr.upscale(disc(40, channels), scale, model).astype(int)
    seen = large[large[..., -1] > 0][:, :-1]
    assert np.abs(seen - 128).max() <= 2
    assert set(np.unique(large[[0, -1], :, -1])) == {0}
    middle = len(large) // 2
    assert (large[middle - 9 : middle + 9, middle - 9 : middle + 9, -1] == 255).all()


@needs_jit
def test_an_opaque_part_is_as_without_alpha(scene):
    image = (scene(60, 50, 4) * 255).astype(np.uint8)
    image[:40, :, 3] = 255
    large, opaque = npsr.upscale(image, 2), npsr.upscale(image[..., :3], 2)
    np.testing.assert_array_equal(large[:60, :, :3], opaque[:60])  # the network sees 8 pixels further
    assert (large[:76, :, 3] == 255).all()
    image[..., 3] = 255
    large = npsr.upscale(image, 2)
    np.testing.assert_array_equal(large[..., :3], npsr.upscale(image[..., :3], 2))
    assert (large[..., 3] == 255).all()


def test_rounding_does_not_leave_the_range(rng):
    image = np.ones((40, 40, 4), np.float32)
    image[..., 3] = rng.random((40, 40))
    assert npsr.upscale(image, 2, "bicubic")[..., :3].min() > 0.999


def test_glass_keeps_its_texture(scene):
    """Where all is equally transparent nothing is hidden."""
    colours = scene(20, 20, 3)
    for alpha in (0.2, 0.9, 1.0):
        np.testing.assert_array_equal(spread(colours, np.full((20, 20), alpha)), colours)


def test_colours_spread_as_far_as_they_should():
    colours, alpha = np.zeros((1, 40, 3)), np.zeros((1, 40))
    colours[0, 30:], alpha[0, 30:] = [0.2, 0.4, 0.6], 1
    found = spread(colours, alpha)[0]
    np.testing.assert_allclose(found[30 - SPREAD :], np.tile([0.2, 0.4, 0.6], (10 + SPREAD, 1)))
    assert not found[: 30 - SPREAD].any()
    untouched = spread(colours, np.zeros((1, 40)))
    np.testing.assert_array_equal(untouched, colours)


def test_a_faint_pixel_takes_its_colour_from_those_that_show():
    colours, alpha = np.full((5, 5, 1), 0.5), np.ones((5, 5))
    colours[2, 2], alpha[2, 2] = 1, 0.1
    np.testing.assert_allclose(spread(colours, alpha)[2, 2], 0.1 + 0.9 * (24 * 0.5 + 0.1) / 24.1)


def test_limits_are_those_of_the_nearest():
    alpha = np.arange(25.0).reshape(5, 5)
    lowest, highest = limits(alpha, 1)
    assert (lowest[2, 2], highest[2, 2]) == (6, 18)
    assert (lowest[0, 0], highest[4, 4]) == (0, 24)
