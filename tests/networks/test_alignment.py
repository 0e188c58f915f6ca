"""The output lies where the input does: measured to sub-pixel precision, at every factor.

LR pixel i is centred on HR coordinate n·i + (n − 1)/2.
"""

import numpy as np
import pytest
from helpers.running import needs_jit

import npsr
from npsr.images.resize import imresize
from npsr.upscaling.upscale import plane_upscaler


def interpolator(n, border):
    """An FSRCNN(1, 1, 0) whose deconvolution interpolates linearly between pixel centres."""
    net = npsr.fsrcnn(1, 1, 0, n, dtype="float64", border=border)
    for key, p in net.parameters.items():
        p[...] = key.endswith("slope")
    for name in ("feature", "shrinking", "expanding"):
        middle = net.parameters[f"{name}.weight"].shape[-1] // 2
        net.parameters[f"{name}.weight"][...] = 0
        net.parameters[f"{name}.weight"][0, 0, middle, middle] = 1
    net.parameters["deconvolution.bias"][...] = 0
    tap = np.arange(9) - net.layers[-1].padding - (n - 1) / 2
    line = np.clip(1 - np.abs(tap) / n, 0, None)
    net.parameters["deconvolution.weight"][0, 0] = np.outer(line, line)
    return net


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("border", ["zero", "replicate"])
def test_a_ramp_keeps_its_place(n, border):
    rows, columns = np.mgrid[:9, :8].astype(float)
    large = interpolator(n, border)((3 * rows + columns)[None, None])[0, 0]
    r, c = (np.mgrid[: 9 * n, : 8 * n] - (n - 1) / 2) / n
    inner = slice(n, -n), slice(n, -n)
    np.testing.assert_allclose(large[inner], (3 * r + c)[inner], atol=1e-12)


@pytest.mark.parametrize("sub_image", [0, 13])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_sub_images_and_labels_lie_on_each_other(n, sub_image):
    """The interpolator in its training form has no loss on samples cut from a ramp."""
    net = interpolator(n, "valid")
    high = np.mgrid[: 40 * n, : 30 * n] - (n - 1) / 2
    ramp = (3 * high[0] + high[1]) / 1000 + 0.1
    samples = npsr.Samples([ramp], net, scales=[1.0], sub_image=sub_image)
    x, target = samples[np.arange(len(samples))]
    bend = np.abs(np.diff(x, 2, axis=2)).max(axis=(1, 2, 3)) + np.abs(np.diff(x, 2, axis=3)).max(
        axis=(1, 2, 3)
    )
    straight = bend < 1e-6  # MATLAB's reduction bends a ramp at its borders
    assert straight.sum() > 4 * 8
    error = net(x[straight]) - target[straight]
    np.testing.assert_allclose(error[:, :, 4:-4, 4:-4], 0, atol=1e-6)


def displacement(large, truth):
    """Sub-pixel displacement (rows, columns) of `large` against `truth`, by least squares on the
    image's gradient: large(r) ≈ truth(r − δ) ≈ truth − δ · ∇truth."""
    inner = slice(12, -12), slice(12, -12)
    slopes = [-g[inner].ravel() for g in np.gradient(truth)]
    shift, *_ = np.linalg.lstsq(np.stack(slopes, axis=1), (large - truth)[inner].ravel(), rcond=None)
    return shift


def waves(rows, columns):
    return 0.5 + 0.1 * np.sin(rows / 5) + 0.1 * np.cos(columns / 6) + 0.1 * np.sin((rows - columns) / 9)


def test_the_measurement_finds_a_displacement():
    rows, columns = np.mgrid[:90, :80].astype(float)
    found = displacement(waves(rows - 0.25, columns + 0.5), waves(rows, columns))
    np.testing.assert_allclose(found, [0.25, -0.5], atol=0.02)


@needs_jit
@pytest.mark.parametrize(("model", "n"), [(m, n) for m, factors in npsr.released().items() for n in factors])
def test_released_models_do_not_displace(model, n):
    rows, columns = np.mgrid[: 60 * n, : 50 * n].astype(float)
    truth = waves(rows / n * 3, columns / n * 3)
    large = plane_upscaler(model, n)(imresize(truth, 1 / n))
    np.testing.assert_allclose(displacement(large, truth), [0, 0], atol=0.05)
