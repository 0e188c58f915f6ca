"""Dask arrays: for any chunks the very bits of `npsr.upscale`, lazily, under every scheduler."""

import pickle

import numpy as np
import pytest
from helpers.running import needs_jit
from hypothesis import given
from hypothesis import strategies as st

import npsr

da = pytest.importorskip("dask.array", reason="needs npsr[dask]")

from npsr.dask import upscale  # noqa: E402
from npsr_kernels.compiling.threads import at_most, default_threads  # noqa: E402

pytestmark = needs_jit


def chunks_of(side):
    """Ways to cut an axis: ragged, single pixels, whole."""
    cuts = st.lists(st.integers(1, side), max_size=6).map(lambda ends: sorted({*ends, side}))
    return cuts.map(lambda ends: tuple(np.diff([0, *ends]).tolist()))


@st.composite
def images(draw):
    sides = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels = draw(st.sampled_from([(), (2,), (3,), (4,)]))
    leading = draw(st.sampled_from([(), (), (2,), (1, 3)])) if channels or min(sides) > 4 else ()
    dtype = draw(st.sampled_from(["uint8", "uint16", "float32"]))
    shape = (*leading, *sides, *channels)
    values = np.random.default_rng(draw(st.integers(0, 9))).random(shape)
    image = values.astype(dtype) if dtype == "float32" else (values * np.iinfo(dtype).max).astype(dtype)
    x = da.from_array(image, chunks=tuple(draw(chunks_of(side)) for side in shape))
    return image, x, len(leading)


def one_by_one(image, leading, *arguments):
    """Each image of a stack by itself."""
    flat = image.reshape(-1, *image.shape[leading:])
    made = [npsr.upscale(single, *arguments) for single in flat]
    return np.reshape(made, (*image.shape[:leading], *made[0].shape))


@given(images(), st.sampled_from([2, 3, 4, 2.5]), st.sampled_from(["fsrcnn-s", "bicubic"]), st.booleans())
def test_any_chunks_give_the_bits_of_the_whole(drawn, scale, model, ensemble):
    image, x, leading = drawn
    coloured = image.ndim - leading == 3
    large = upscale(x, scale, model, ensemble, channels=coloured)
    assert large.dtype == image.dtype
    assert type(large._meta) is np.ndarray
    assert large._meta.shape == (0,) * image.ndim
    expected = one_by_one(image, leading, scale, model, ensemble)
    assert large.shape == expected.shape
    np.testing.assert_array_equal(large.compute(scheduler="sync"), expected)


def test_chunks_are_those_of_the_input_times_n():
    x = da.zeros((5, 30, 20, 3), chunks=((2, 3), (7, 1, 22), (20,), (1, 2)), dtype=np.uint8)
    assert upscale(x, 3).chunks == ((2, 3), (21, 3, 66), (60,), (3,))
    assert upscale(da.zeros((7, 9), chunks=3, dtype=np.uint8), 2.5).sum().shape == ()
    assert upscale(da.zeros((7, 9), chunks=3, dtype=np.uint8), 2.5).chunks == ((8, 7, 3), (8, 7, 8))


def test_nothing_is_computed_before_it_is_asked_for():
    def refuse(block):
        raise AssertionError("computed")

    x = da.map_blocks(
        refuse, da.zeros((64, 64), chunks=16, dtype=np.uint8), dtype=np.uint8, meta=np.empty((0, 0), np.uint8)
    )
    large = upscale(x, 2)[:10, :10]
    assert large.shape == (10, 10)
    with pytest.raises(AssertionError, match="computed"):
        large.compute(scheduler="sync")


def test_a_part_needs_its_neighbours_alone():
    """One corner of a large image: the chunks that it depends on, and no others."""
    asked = []

    def note(block, block_info=None):
        asked.append(block_info[0]["chunk-location"])
        return block

    x = da.map_blocks(
        note, da.zeros((640, 640), chunks=64, dtype=np.uint8), dtype=np.uint8, meta=np.empty((0, 0), np.uint8)
    )
    upscale(x, 2)[:64, :64].compute(scheduler="sync")
    assert set(asked) == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_schedulers(scheduler, rng):
    image = rng.integers(0, 256, (60, 70, 3), np.uint8)
    large = upscale(da.from_array(image, chunks=(25, 30, 3)), 2)
    np.testing.assert_array_equal(large.compute(scheduler=scheduler), npsr.upscale(image, 2))


def test_names_depend_on_what_is_done_and_on_nothing_else():
    x = da.from_array(np.zeros((9, 9), np.uint8), chunks=4)
    net = npsr.load("fsrcnn-s", 3)
    names = [
        upscale(x, 3, model, ensemble).name
        for model, ensemble in (("fsrcnn-s", False), (net, False), ("fsrcnn", False), ("fsrcnn-s", True))
    ]
    assert names[0] == names[1] == upscale(x, 3, "fsrcnn-s").name
    assert len(set(names)) == 3


def test_tasks_travel(rng):
    image = rng.random((20, 20)).astype(np.float32)
    large = upscale(da.from_array(image, chunks=7), 2)
    large.compute(scheduler="sync")  # plans have been made
    assert len(pickle.dumps(dict(large.dask))) < 400_000


def test_a_task_runs_in_one_thread():
    assert default_threads() > 1
    with at_most(1):
        assert default_threads() == 1
    assert default_threads() > 1


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (np.zeros((4, 4)), {}, "x is ndarray, but must be a Dask array"),
        (da.zeros((4, 4), dtype=complex), {}, "x has dtype complex128"),
        (da.zeros(4), {}, r"x has shape \(4,\)"),
        (da.zeros((0, 4)), {}, r"x has shape \(0, 4\)"),
        (da.zeros((4, 4, 5)), {"channels": True}, "x has 5 channels"),
        (da.zeros((4, 4)), {"scale": 65}, "scale is 65"),
        (da.zeros((4, 4)), {"model": "espcn"}, "there is no released model"),
        (da.zeros((9, 9))[da.zeros((9, 9)).sum(axis=1) == 0], {}, "chunks of unknown sizes"),
    ],
)
def test_misuse_is_refused_when_asked_for(x, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        upscale(x, **options)


def test_a_cluster_of_processes_with_several_threads(rng):
    distributed = pytest.importorskip("distributed")
    image = rng.integers(0, 256, (90, 80, 3), np.uint8)
    large = upscale(da.from_array(image, chunks=(20, 80, 3)), 3)
    options = {"n_workers": 2, "threads_per_worker": 4, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        found = client.compute(large).result(timeout=120)
    np.testing.assert_array_equal(found, npsr.upscale(image, 3))
