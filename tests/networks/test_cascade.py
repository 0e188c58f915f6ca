"""Cascades: two stages are their networks one after the other, in files, in bands, in text, in training."""

import json
from dataclasses import replace

import numpy as np
import pytest

import npsr
from npsr.explorer.page import html
from npsr.exporting.glsl import export_glsl
from npsr.networks.cascade import enlarged, entering, stages, with_second_stage
from npsr.networks.description import describe
from npsr.networks.sparse_coding import scn
from npsr.upscaling.bands import bands
from npsr.upscaling.factors import by_factor
from npsr.upscaling.plan import plan_enlargement
from npsr.upscaling.upscale import plane_upscaler


@pytest.fixture
def first():
    return scn(12, scale=2, seed=1)


@pytest.fixture
def cascade(first):
    second = with_second_stage(first)
    changed = {key: p * np.float32(1.01) for key, p in second.parameters.items()}
    return replace(second, parameters=changed)


def by_hand(cascade, low):
    """Bicubic ×2, the first stage, bicubic ×2, the second."""
    middle = cascade.first(npsr.imresize(low, 2)[None, None])[0, 0]
    return cascade(npsr.imresize(middle, 2)[None, None])[0, 0]


def test_it_is_its_stages_one_after_the_other(cascade, rng):
    low = rng.random((9, 11))
    assert (cascade.scale, cascade.factor, len(stages(cascade))) == (4, 2, 2)
    np.testing.assert_array_equal(enlarged(cascade, low), by_hand(cascade, low))
    np.testing.assert_array_equal(plane_upscaler(cascade, 4)(low), by_hand(cascade, low))


def test_a_smaller_factor_is_reduced(cascade, rng):
    low = rng.random((8, 12))
    expected = npsr.imresize(by_hand(cascade, low), 0.75)
    np.testing.assert_array_equal(plane_upscaler(cascade, 3)(low), expected)
    with pytest.raises(ValueError, match="for ×4, but scale is 2"):
        plane_upscaler(cascade, 2)
    np.testing.assert_allclose(npsr.upscale(low, 3, cascade), np.clip(expected, 0, 1), atol=1e-6)


@pytest.mark.parametrize("factor", [3, 4, 5.5])
def test_bands_give_the_same_bits(cascade, scene, factor):
    image = (scene(30, 21) * 255).astype(np.uint8)
    whole = npsr.upscale(image, factor, cascade)
    work = plan_enlargement(image, by_factor(image.shape, factor), cascade)
    cut = np.concatenate(list(bands(image, work, 17 * work.bytes_a_row)))
    np.testing.assert_array_equal(cut, whole)


def test_networks_on_the_lr_image_make_cascades_too(rng):
    net = with_second_stage(npsr.build("fsrcnn(4,2,1)", 2).with_border("replicate"))
    low = rng.random((7, 8))
    middle = net.first(low[None, None])[0, 0]
    np.testing.assert_array_equal(enlarged(net, low), net(middle[None, None])[0, 0])
    np.testing.assert_array_equal(entering(net, low), middle)
    np.testing.assert_array_equal(npsr.upscale(low, 4, net), np.clip(enlarged(net, low), 0, 1))
    weights = npsr.weight_count(net)
    assert npsr.multiplications(net) == weights * (1 + 4)


def test_its_cost_counts_every_stage(cascade):
    weights = npsr.weight_count(cascade)
    assert npsr.multiplications(cascade) == weights * (4 + 16)
    assert npsr.multiplications(with_second_stage(npsr.build("scn", 2))) == 32509 * 20  # 40.6 k an HR pixel


def test_its_description_has_every_stage(cascade):
    lines = describe(cascade).splitlines()
    assert lines[0] == "scn(12,1) ×4"
    assert [line for line in lines if line.startswith("stage")] == ["stage 1 of 2, ×2", "stage 2 of 2, ×2"]
    assert f"multiplications per LR pixel  {npsr.multiplications(cascade)}" in lines
    inputs = [line.split(maxsplit=1)[1] for line in lines if line.startswith("input ")]
    assert inputs[0].startswith("HR (bicubic enlargement)") and inputs[1].startswith("stage before (bicubic")


def test_a_file_gives_both_stages_back(cascade, rng, tmp_path):
    npsr.save(cascade, tmp_path / "cscn.npz")
    again, low = npsr.load(tmp_path / "cscn.npz"), rng.random((7, 6))
    np.testing.assert_array_equal(enlarged(again, low), enlarged(cascade, low))
    assert npsr.load(tmp_path / "cscn.npz", 3).scale == 4
    with pytest.raises(ValueError, match="model for ×4, but scale is 2: use -s 4"):
        npsr.load(tmp_path / "cscn.npz", 2)


def test_other_programs_are_given_no_half_of_one(tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match="a is scn.*, but the explorer shows"):
        html([("a", scn(12))])
    net = with_second_stage(npsr.build("fsrcnn(4,2,1)", 2))
    for name, export in (("a.onnx", npsr.export_onnx), ("a.glsl", export_glsl)):
        with pytest.raises(ValueError, match="×4 is a cascade of 2 networks, but .* one"):
            export(net, tmp_path / name)


@pytest.mark.parametrize("damage", ["a number", "the factor", "a stage"])
def test_a_damaged_first_stage_is_refused(cascade, tmp_path, damage):
    path = tmp_path / "cscn.npz"
    npsr.save(cascade, path)
    with np.load(path) as file:
        arrays = dict(file)
    metadata = json.loads(str(arrays["metadata"]))
    if damage == "a number":
        arrays["first/combining.weight"] = arrays["first/combining.weight"] + 1
    elif damage == "the factor":
        metadata["first"]["scale"] = 3
    else:
        metadata["first"] = 2
    np.savez(path, **arrays | {"metadata": np.array(json.dumps(metadata))})
    with pytest.raises(npsr.WeightsError, match="damaged|fit together|not an npsr model"):
        npsr.load(path)
