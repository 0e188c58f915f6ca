"""Samples, SGD and the loop: geometry, order, resumption, a frozen trace."""

import json
import os
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr.evaluation.protocol import crop_to_multiple, low_resolution
from npsr.images.resize import imresize
from npsr.networks.network import loss_and_gradients
from npsr.training.loop import cut_ahead, refuse_divergence, sample_order
from npsr.training.samples import SCALES, geometry, memory_per_pixel, middle
from npsr_kernels.loss import sample_losses

TRACE = Path(__file__).parent / "golden" / "trace.json"


@pytest.mark.parametrize(
    ("scale", "side", "label", "offset"), [(2, 14, 19, 4), (3, 11, 19, 7), (4, 10, 21, 9)]
)
def test_the_papers_sub_images(scale, side, label, offset):
    """Label of an unpadded sub-image at LR row r: HR rows from n·(r + 2) + 4 − p on."""
    net = npsr.fsrcnn(scale=scale, border="valid")
    g = geometry(net)
    assert (g.side, g.label, g.step, g.offset, g.stride) == (side, label, scale, offset, 4)
    assert offset == scale * 2 + 4 - net.layers[-1].padding
    assert geometry(npsr.srcnn(border="valid")).label == 21
    with pytest.raises(ValueError, match="is padded"):
        geometry(npsr.fsrcnn())


def test_sub_images_of_another_side():
    g = geometry(npsr.fsrcnn(scale=3, border="valid"), sub_image=18)
    assert (g.side, g.label, g.offset) == (18, 14 * 3 - 2, 7)
    assert geometry(npsr.srcnn(9, 5, 5, 3, border="valid"), sub_image=14).label == 42 - 16
    with pytest.raises(ValueError, match="use 5 or more"):
        geometry(npsr.fsrcnn(border="valid"), sub_image=4)
    with pytest.raises(ValueError, match="use 9 or more LR pixels"):
        geometry(npsr.srcnn(9, 5, 5, 2, border="valid"), sub_image=8)
    assert geometry(npsr.srcnn(9, 5, 5, 2, border="valid"), sub_image=9).inner == 2


def test_samples_are_cut_from_the_planes_of_every_scale_and_rotation(scene):
    net = npsr.fsrcnn(2, 2, 0, border="valid")
    image = scene(70, 61)
    samples = npsr.Samples([image], net)
    x, target = samples[np.arange(len(samples))]
    assert x.shape == (len(samples), 1, 11, 11)
    assert target.shape == (len(samples), 1, 19, 19)
    assert x.dtype == target.dtype == np.float32
    k = 0
    for scale in SCALES:
        high = crop_to_multiple(imresize(image, scale), 3)
        low = low_resolution(high, 3)
        for turn in range(4):
            h, l = (np.rot90(plane, turn) for plane in (high, low))
            for r in range(0, l.shape[0] - 10, 4):
                for c in range(0, l.shape[1] - 10, 4):
                    np.testing.assert_allclose(x[k, 0], l[r : r + 11, c : c + 11], atol=1e-6)
                    label = h[3 * r + 7 : 3 * r + 26, 3 * c + 7 : 3 * c + 26]
                    np.testing.assert_allclose(target[k, 0], label, atol=1e-6)
                    k += 1
    assert k == len(samples)
    assert len(npsr.Samples([image[:20]], net)) == 0


def test_flips_mirror_every_sub_image_and_its_label(scene):
    """The mirrored image's own sub-images in other places, where both lie on the same grid."""
    net = npsr.fsrcnn(2, 2, 0, border="valid")
    image = scene(57, 45)
    plain, mirrored = (npsr.Samples([i], net, scales=[1.0]) for i in (image, image[:, ::-1]))
    both = npsr.Samples([image], net, scales=[1.0], flips=True)
    assert len(both) == 2 * len(plain)
    for first, samples in ((0, plain), (len(plain), mirrored)):
        found, expected = both[np.arange(first, first + len(plain))], samples[np.arange(len(plain))]
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(("average", "kept"), [(0.75, (1 / 10, 2 / 11, 1 / 4)), (0.15, (0.1, 0.15, 0.15))])
def test_the_running_mean_by_hand(scene, average, kept):
    state = npsr.fresh_state(npsr.fsrcnn(2, 2, 0, dtype="float64"), average=average)
    samples = npsr.Samples([scene(40, 40)], state.net, scales=[1.0])
    seen = [{key: p.copy() for key, p in state.net.parameters.items()}]

    def remember(state, _):
        seen.append({key: p.copy() for key, p in state.net.parameters.items()})

    rates = npsr.paper_rates(state.net)
    npsr.train(state, samples, npsr.sgd_update(lambda _: rates), 3, 4, after_step=remember)
    for key, mean in state.result.parameters.items():
        expected, *later = (parameters[key] for parameters in seen)
        for keep, value in zip(kept, later, strict=True):
            expected = keep * expected + (1 - keep) * value
        np.testing.assert_allclose(mean, expected, atol=1e-15)
        assert mean is not state.net.parameters[key]


def test_the_middle_of_an_image():
    image = np.arange(60 * 40).reshape(60, 40)
    np.testing.assert_array_equal(middle(image, 600), image[15:45, 10:30])
    assert middle(image, 2400).shape == middle(image, 1e9).shape == (60, 40)
    assert middle(image, 1).shape == (1, 1)
    for pixels in (7, 100, 999):
        assert 0.8 * pixels - 40 <= middle(image, pixels).size <= pixels


@pytest.mark.parametrize(
    ("net", "sub_image", "flips"),
    [
        (npsr.fsrcnn(), 0, False),
        (npsr.fsrcnn(), 0, True),
        (npsr.fsrcnn(scale=2), 18, False),
        (npsr.srcnn(), 0, False),
    ],
)
def test_samples_take_the_memory_that_is_stated(scene, net, sub_image, flips):
    net = net.with_border("valid")
    image = scene(400, 420)
    samples = npsr.Samples([image], net, sub_image=sub_image, flips=flips)
    stated = memory_per_pixel(net, sub_image=sub_image, flips=flips) * image.size
    assert 0.85 * stated < samples.pixels.nbytes + samples.table.nbytes <= stated


def test_batches_cut_ahead_are_the_samples_own(scene):
    samples = npsr.Samples([scene(60, 60)], npsr.fsrcnn(2, 2, 0, border="valid"))
    ahead = cut_ahead(samples, sample_order(len(samples), 5, 0, 0))
    for index, (x, target) in zip(sample_order(len(samples), 5, 0, 0), islice(ahead, 30), strict=False):
        np.testing.assert_array_equal(x, samples[index][0])
        np.testing.assert_array_equal(target, samples[index][1])


def test_what_goes_wrong_while_cutting_is_told():
    def cut(index):
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        next(cut_ahead(SimpleNamespace(__getitem__=cut), iter([np.arange(2)])))


def test_too_few_samples(scene):
    state = npsr.fresh_state(npsr.fsrcnn(2, 2, 0))
    samples = npsr.Samples([scene(40, 40)], state.net, scales=[1.0], rotations=[0])
    with pytest.raises(ValueError, match="1 sub-images, fewer than a batch of 3"):
        npsr.train(state, samples, npsr.sgd_update(lambda _: {}), 1, batch=3)


def test_order_depends_on_seed_and_step_alone():
    def first(step, count, seed=0):
        order = sample_order(10, 3, seed, step)
        return [next(order).tolist() for _ in range(count)]

    whole = first(0, 9)
    assert first(4, 5) == whole[4:]
    epoch = [index for batch in whole[:3] for index in batch]
    assert len(set(epoch)) == 9
    assert whole[:3] != whole[3:6]
    assert first(0, 3, seed=1) != whole[:3]


def test_rates_are_the_papers():
    rates = npsr.paper_rates(npsr.fsrcnn())
    assert rates["feature.weight"] == rates["mapping_1.slope"] == 1e-3
    assert rates["feature.bias"] == rates["deconvolution.weight"] == rates["deconvolution.bias"] == 1e-4
    rates = npsr.paper_rates(npsr.srcnn())
    assert rates["extraction.weight"] == rates["mapping.bias"] == 1e-4
    assert rates["reconstruction.weight"] == 1e-5
    assert set(npsr.paper_rates(npsr.fsrcnn(), 4e-3, share=1.0).values()) == {4e-3}
    rates = npsr.paper_rates(npsr.fsrcnn(2, 2, 1), slopes=8.0)
    assert rates["mapping_1.slope"] == pytest.approx(8e-3)
    assert (rates["mapping_1.weight"], rates["mapping_1.bias"]) == (1e-3, pytest.approx(1e-4))


def test_sgd_step_by_hand():
    theta, velocity = {"a": np.array([1.0, 2.0])}, {"a": np.array([0.5, 0.0])}
    npsr.sgd_step(theta, {"a": np.array([1.0, -2.0])}, velocity, {"a": 0.1}, momentum=0.9)
    np.testing.assert_allclose(velocity["a"], [0.35, 0.2])
    np.testing.assert_allclose(theta["a"], [1.35, 2.2])


def test_adam_steps_by_hand():
    """The first step has the rate's length whatever the gradient; the second follows the formulas."""
    theta, v, s = ({"a": np.array([x, x])} for x in (1.0, 0.0, 0.0))
    npsr.adam_step(theta, {"a": np.array([3.0, -0.01])}, v, s, {"a": 0.1}, 1)
    np.testing.assert_allclose(theta["a"], [0.9, 1.1], rtol=1e-6)
    npsr.adam_step(theta, {"a": np.array([1.0, 0.0])}, v, s, {"a": 0.1}, 2)
    mean = (0.9 * 0.3 + 0.1 * 1) / (1 - 0.9**2)
    spread = np.sqrt((0.999 * 0.009 + 0.001 * 1) / (1 - 0.999**2))
    assert theta["a"][0] == pytest.approx(0.9 - 0.1 * mean / spread, rel=1e-6)


def ten_steps(scene, stop=10):
    """Losses of ten steps of a small network in float64, and its state."""
    state = npsr.fresh_state(npsr.fsrcnn(4, 2, 1, 3, seed=0, dtype="float64"))
    samples = npsr.Samples([scene(60, 60)], state.net, scales=[1.0, 0.8])
    losses = []
    rates = npsr.paper_rates(state.net)
    for last in dict.fromkeys((stop, 10)):  # in one go, or stopped and continued
        npsr.train(
            state,
            samples,
            npsr.sgd_update(lambda _: rates),
            last,
            batch=4,
            seed=5,
            after_step=lambda _, loss: losses.append(loss),
        )
    return losses, state, samples


def trace(scene):
    """Ten losses, and the norm of every gradient after them."""
    losses, state, samples = ten_steps(scene)
    _, gradients = loss_and_gradients(state.net, *samples[np.arange(8)])
    return {"losses": losses, "norms": {key: float(np.linalg.norm(g)) for key, g in gradients.items()}}


def test_ten_steps_follow_the_frozen_trace(scene):
    """Made by `NPSR_FREEZE_TRACE=1 python -m pytest tests/training/test_training.py`; the gradients are
    checked against central differences elsewhere. No norm is 0, so that every gradient takes part."""
    found = trace(scene)
    if os.environ.get("NPSR_FREEZE_TRACE"):
        TRACE.write_text(json.dumps(found, indent=1) + "\n")
    frozen = json.loads(TRACE.read_text())
    assert list(frozen["norms"]) == list(npsr.fsrcnn(4, 2, 1).parameters)
    assert min(frozen["norms"].values()) > 1e-3
    assert found["losses"] == pytest.approx(frozen["losses"], rel=1e-9)
    assert found["norms"] == pytest.approx(frozen["norms"], rel=1e-9)


def test_a_continued_run_is_bit_identical(scene, rng):
    kept = rng.bit_generator.state
    losses, state, _ = ten_steps(scene)
    rng.bit_generator.state = kept
    continued_losses, continued, _ = ten_steps(scene, stop=4)
    assert continued_losses == losses
    assert continued.step == state.step == 10
    for key, p in state.net.parameters.items():
        np.testing.assert_array_equal(continued.net.parameters[key], p)
        np.testing.assert_array_equal(continued.velocity[key], state.velocity[key])


def test_divergence_stops_with_a_message(scene):
    state = npsr.fresh_state(npsr.fsrcnn(2, 2, 0))
    samples = npsr.Samples([scene(40, 40)], state.net, scales=[1.0])
    with pytest.raises(FloatingPointError, match="lower the learning rate"), np.errstate(all="ignore"):
        npsr.train(state, samples, npsr.sgd_update(lambda _: npsr.paper_rates(state.net, 1e4)), 50, batch=4)


def test_few_bright_labels_among_dark_ones_are_no_divergence():
    net = npsr.fsrcnn(2, 2, 0, border="valid")
    night, day = np.full((60, 200), 1e-3), np.ones((60, 60))
    samples = npsr.Samples([np.hstack([night, day])], net, scales=[1.0])
    labels = samples[np.arange(len(samples))][1]
    black = samples.black_loss
    assert black == pytest.approx(np.square(labels).sum() / len(labels), rel=0.1)
    refuse_divergence(labels[0].size, samples, 9)  # black instead of white
    assert npsr.Samples([night], net, scales=[1.0]).black_loss == pytest.approx(0.01 * 19**2)
    with pytest.raises(FloatingPointError, match="at step 9"):
        refuse_divergence(10.1 * black, samples, 9)
    least, most = (sample_losses(np.array([k * black]), 19**2, "psnr")[0][0] for k in (9.9, 10.1))
    refuse_divergence(least, samples, 9, "psnr")
    with pytest.raises(FloatingPointError, match="at step 9"):
        refuse_divergence(most, samples, 9, "psnr")


@needs_jit
def test_training_learns(scene):
    """A few hundred steps on one picture bring the loss to a small part of the first."""
    net = npsr.fsrcnn(8, 4, 1, seed=0)
    state = npsr.fresh_state(net)
    samples = npsr.Samples([scene(90, 90)], state.net, scales=[1.0])
    losses = []
    npsr.train(
        state,
        samples,
        npsr.sgd_update(lambda _: npsr.paper_rates(net)),
        300,
        batch=16,
        after_step=lambda _, loss: losses.append(loss),
    )
    assert np.mean(losses[-20:]) < 0.1 * losses[0]
    assert (net.parameters["feature.weight"] != state.net.parameters["feature.weight"]).any()
