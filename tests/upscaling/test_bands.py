"""Bands of whatever height give the very bits of the whole image; any factor and size."""

import tracemalloc

import numpy as np
import pytest
from helpers.running import needs_jit
from hypothesis import given
from hypothesis import strategies as st

import npsr
from npsr.images.resize import imresize
from npsr.upscaling.bands import bands, enlarged, needs
from npsr.upscaling.factors import by_factor, by_sides, networks_for
from npsr.upscaling.operations import Part
from npsr.upscaling.plan import plan_enlargement
from npsr.upscaling.upscale import plane_upscaler


class Rows:
    """Gives rows for a slice, and nothing else; counts those it was asked for at a time."""

    def __init__(self, image):
        self.shape, self.dtype, self.image, self.most = image.shape, image.dtype, image, 0

    def __len__(self):
        return len(self.image)

    def __getitem__(self, part):
        rows = self.image[part]
        self.most = max(self.most, len(rows))
        return rows


def by_bands(image, work, rows):
    parts = list(bands(image, work, rows * work.bytes_a_row))
    assert {len(part) for part in parts[:-1]} <= {rows}
    return np.concatenate(parts)


def photo(scene, rows, columns, channels, dtype=np.uint8):
    image = scene(rows, columns, channels)
    if channels in (2, 4):
        image[..., -1] = np.where(image[..., -1] > 0.6, 1, np.where(image[..., -1] < 0.3, 0, image[..., -1]))
        image[: rows // 3, :, -1] = 1
    return (image * np.iinfo(dtype).max).astype(dtype)


@needs_jit
@pytest.mark.parametrize("model", ["fsrcnn", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3, 4, 2.5, 5])
def test_bands_equal_the_whole(scene, model, scale):
    image = photo(scene, 75, 41, 3)
    whole = npsr.upscale(image, scale, model)
    work = plan_enlargement(image, by_factor(image.shape, scale), model)
    for rows in (1, 7, 32, 61, 200):
        np.testing.assert_array_equal(by_bands(image, work, rows), whole)


@needs_jit
@pytest.mark.parametrize("channels", [0, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bands_equal_the_whole_for_every_kind(scene, channels, dtype):
    image = photo(scene, 90, 37, channels, dtype)
    whole = npsr.upscale(image, 2)
    work = plan_enlargement(image, by_factor(image.shape, 2), "fsrcnn")
    for rows in (5, 50):
        np.testing.assert_array_equal(by_bands(image, work, rows), whole)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("build", [npsr.srcnn, npsr.fsrcnn])
def test_bands_equal_the_whole_for_other_networks_and_ensembles(scene, rng, dtype, build):
    net = build(3, 1, 3, 2) if build is npsr.srcnn else npsr.fsrcnn(3, 2, 1, 2)
    net = net.astype(dtype)
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.2, p.shape)
    image = scene(30, 11).astype(np.float64)
    for ensemble in (False, True):
        work = plan_enlargement(image, by_factor(image.shape, 2), net, ensemble)
        whole = npsr.upscale(image, 2, net, ensemble)
        np.testing.assert_array_equal(by_bands(image, work, 9), whole)


spans = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@needs_jit
@given(
    sides=st.tuples(st.integers(1, 90), st.integers(1, 70)),
    scale=st.sampled_from([2, 3, 4, 2.5, 5]),
    channels=st.sampled_from([0, 2, 3, 4]),
    model=st.sampled_from(["fsrcnn", "fsrcnn-s", "bicubic"]),
    ensemble=st.booleans(),
    rows=spans,
    columns=spans,
)
def test_any_part_equals_the_whole(sides, scale, channels, model, ensemble, rows, columns):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*sides, channels) if channels else sides, np.uint8)
    if channels in (2, 4):
        image[..., -1] = np.where(rng.random(sides) < 0.5, 255, image[..., -1])
    work = plan_enlargement(image, by_factor(image.shape, scale), model, ensemble)
    part = Part(
        *(
            (int(start * (side - 1)), int(start * (side - 1)) + 1 + int((stop - start) * (side - 1)))
            for (start, stop), side in zip((rows, columns), work.size.sides, strict=True)
        )
    )
    needed = needs(image.shape, part, work)
    found = enlarged(needed.of(image, (0, 0)), needed.origin, part, work)
    whole = npsr.upscale(image, scale, model, ensemble)
    np.testing.assert_array_equal(found, part.of(whole, (0, 0)))


def test_a_band_reads_no_more_than_it_needs(scene):
    image = Rows(photo(scene, 400, 20, 3))
    work = plan_enlargement(image, by_factor(image.shape, 2), "fsrcnn")
    parts = bands(image, work, 8 * work.bytes_a_row)
    assert {next(parts).shape for _ in range(10)} == {(8, 40, 3)}
    assert 4 + 2 * 8 <= image.most <= 4 + 20 + 16  # the reach, and what Winograd's blocks touch besides


def test_factors_without_a_network():
    """The fewest networks whose product is not below, and of these the smallest product."""
    expected = {
        **{0.5: (), 1: (), 1.2: (2,), 2: (2,), 2.1: (3,), 3: (3,), 4: (4,), 5: (2, 3), 6: (2, 3)},
        **{7: (2, 4), 9: (3, 3), 13: (4, 4), 17: (2, 3, 3)},
    }
    assert {factor: networks_for(factor, [4, 2, 3]) for factor in expected} == expected
    assert networks_for(5, []) == ()
    assert networks_for(5, [1]) == ()
    assert networks_for(64, [2]) == (2,) * 6


def test_sizes():
    assert by_factor((5, 7), 2.5).sides == (13, 18)
    assert by_sides((50, 100), 75, None).sides == (75, 150)
    assert by_sides((50, 100), None, 30).sides == (15, 30)
    assert by_sides((50, 100), 10, 10).factors == (0.2, 0.1)
    with pytest.raises(ValueError, match="rows, columns or both"):
        by_sides((5, 5), None, None)


@needs_jit
def test_other_factors_are_networks_reduced_by_bicubic(scene):
    image = scene(20, 24).astype(np.float32)
    twice = plane_upscaler("fsrcnn", 3)(plane_upscaler("fsrcnn", 2)(image))
    expected = np.clip(imresize(twice, size=(90, 108)), 0, 1)
    np.testing.assert_allclose(npsr.upscale(image, 4.5), expected, atol=1e-6)
    np.testing.assert_array_equal(npsr.upscale(image, size=(90, 108)), npsr.upscale(image, 4.5))
    np.testing.assert_array_equal(npsr.upscale(image, 1), image)
    reduced = npsr.upscale(image, size=(10, 30))
    by_three = plane_upscaler("fsrcnn", 2)(image)
    np.testing.assert_allclose(reduced, np.clip(imresize(by_three, size=(10, 30)), 0, 1), atol=1e-6)
    np.testing.assert_allclose(
        npsr.upscale(image, size=(10, 12)), np.clip(imresize(image, size=(10, 12)), 0, 1), atol=1e-6
    )


@needs_jit
@pytest.mark.parametrize("factor", [1.3, 2.5, 3.7, 5])
def test_no_factor_displaces(factor):
    """Networks leave things where bicubic interpolation puts them."""
    rows, columns = np.mgrid[:60, :50].astype(float)
    picture = 0.5 + 0.2 * np.sin(rows / 5) * np.cos(columns / 6)
    large, plain = npsr.upscale(picture, factor), npsr.upscale(picture, factor, "bicubic")
    assert np.abs(large - plain)[8:-8, 8:-8].max() < 0.02


@pytest.mark.parametrize(("model", "difference"), [("scn", 0), ("fsrcnn", 1e-6)])
def test_strips_bound_the_memory_of_an_engine_that_keeps_whole_layers(scene, monkeypatch, model, difference):
    """Sparse coding, whose products are of whole rows, gives the very bits."""
    image = scene(150, 40).astype(np.float32)

    def peak():
        tracemalloc.start()
        large = npsr.upscale(image, 2, model, engine="numpy")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return large, peak

    whole, much = peak()
    monkeypatch.setattr("npsr.upscaling.operations.STRIP_BYTES", 1)
    large, little = peak()
    np.testing.assert_allclose(large, whole, rtol=0, atol=difference)
    assert little < much / 2
