"""OME-Zarr's arithmetic: every pixel centre of an enlargement lies where bicubic puts it, at every level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("dask", reason="needs npsr[dask]")

from npsr.dask.ome import (
    Place,
    enlarged_place,
    halved_place,
    new_pyramid,
    pyramid_attributes,
    read_pyramid,
)
from npsr.images.resize import imresize

numbers = st.floats(0.01, 100)


@given(numbers, st.floats(-1000, 1000), st.sampled_from([1, 2, 3, 4, 2.5, 6]), st.integers(0, 3))
def test_a_ramp_in_the_world_stays_where_it_is(scale, translation, n, halvings):
    """An image whose values are its pixels' places, enlarged and averaged: values are still the places."""
    place = Place([1.0, scale, scale], [0.0, translation, translation])
    at = scale * np.arange(40) + translation
    large = imresize(np.tile(at, (40, 1)), n) if n > 1 else np.tile(at, (40, 1))
    place = enlarged_place(place, (n, n))
    for _ in range(halvings):
        large = large[: large.shape[0] // 2 * 2, : large.shape[1] // 2 * 2]
        large = large.reshape(large.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
        place = halved_place(place)
    columns = np.arange(large.shape[1])
    inner = slice(large.shape[1] // 4, -large.shape[1] // 4)  # at its edges, an image has no further pixels
    found = large[large.shape[0] // 2, inner]
    np.testing.assert_allclose(
        found, (place.scale[2] * columns + place.translation[2])[inner], atol=1e-6 * scale
    )
    assert place.scale[0] == 1.0
    assert place.translation[0] == 0.0


def test_by_hand():
    """×2 of pixels 0.5 µm apart: 0.25 µm apart, the first an eighth of a micrometre before the old one."""
    place = enlarged_place(Place([0.5, 0.5], [10.0, 0.0]), (2, 2))
    assert place == Place([0.25, 0.25], [9.875, -0.125])
    assert halved_place(place) == Place([0.5, 0.5], [10.0, 0.0])


def test_what_else_is_said_of_an_image_stays():
    pyramid = new_pyramid("cyx", {"x": (0.25, "micrometer"), "y": (0.5, "micrometer")})
    pyramid.multiscale["name"] = "kidney"
    (multiscale,) = pyramid_attributes(pyramid, pyramid.place, ["0", "1"])["ome"]["multiscales"]
    assert multiscale["name"] == "kidney"
    assert multiscale["axes"][1] == {"name": "y", "type": "space", "unit": "micrometer"}
    assert [level["path"] for level in multiscale["datasets"]] == ["0", "1"]
    again = read_pyramid({"ome": {"version": "0.5", "multiscales": [multiscale]}})
    assert again.place == Place([1, 0.5, 0.25], [0, 0, 0])
    assert again.axes == ("c", "y", "x")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": "0.3"}, "version 0.3, but must be 0.4 or 0.5"),
        ({"multiscales": [1]}, "metadata is damaged"),
        ({"multiscales": [{"axes": [{"name": "x"}, {"name": "y"}], "datasets": []}]}, "axes are x, y"),
        ({"multiscales": [{}, {}]}, "2 images in one group"),
    ],
)
def test_what_cannot_be_enlarged_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        read_pyramid({"ome": {"version": "0.5", "multiscales": [{}]} | change})
    assert read_pyramid({"plate": {}}) is None
