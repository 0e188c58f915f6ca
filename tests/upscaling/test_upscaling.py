"""Arrays in, arrays out: kinds, ranges, colour, transparency, mistakes."""

import numpy as np
import pytest
from helpers.running import needs_jit
from PIL import Image

import npsr
from npsr.images.resize import imresize
from npsr.upscaling.upscale import plane_upscaler


@pytest.fixture(scope="module")
def net():
    """A small network that enlarges roughly by interpolation: not trained, but sane."""
    net = npsr.fsrcnn(1, 1, 0, 2, dtype="float32")
    for key, p in net.parameters.items():
        p[...] = key.endswith(("slope", "shrinking.weight", "expanding.weight"))
    net.parameters["feature.weight"][...] = 0
    net.parameters["feature.weight"][0, 0, 2, 2] = 1
    line = np.array([0, 0, 0.5, 1, 1, 0.5, 0, 0, 0]) * [0, 0, 0.5, 0.75, 0.75, 0.5, 0, 0, 0]
    net.parameters["deconvolution.weight"][0, 0] = np.outer(line, line)
    for name in ("feature", "shrinking", "expanding", "deconvolution"):
        net.parameters[f"{name}.bias"][...] = 0
    return net


def test_any_function_that_enlarges_can_be_evaluated(scene, net, tmp_path):
    Image.fromarray((scene(30, 40) * 255).astype(np.uint8)).save(tmp_path / "a.png")

    def bicubic(plane):
        return npsr.imresize(plane, 2)

    def by_hand(plane):
        return net.with_border("replicate")(plane[None, None])[0, 0]

    assert npsr.evaluate(tmp_path, 2, bicubic) == npsr.evaluate(tmp_path, 2, "bicubic")
    assert npsr.evaluate(tmp_path, 2, bicubic, ensemble=True)["psnr"] > 20
    assert npsr.evaluate(tmp_path, 2, by_hand) == npsr.evaluate(tmp_path, 2, net)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_kinds_are_kept(scene, net, dtype, channels):
    image = scene(7, 6, channels)
    top = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    large = npsr.upscale((image * top).astype(dtype), 2, net)
    assert large.dtype == dtype
    assert large.shape == (14, 12, *image.shape[2:])
    assert 0 <= large.min() <= large.max() <= top
    reference = npsr.upscale(image, 2, net) * top
    assert np.abs(large - reference).max() <= (6 if dtype == np.uint8 else 0.002 * top)


def test_numpys_integers_are_factors():
    assert npsr.upscale(np.zeros((2, 2)), np.int64(2), "bicubic").shape == (4, 4)
    assert npsr.fsrcnn(2, 2, 0, np.int64(2)).scale == 2


@pytest.mark.parametrize("model", ["net", "bicubic"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (1, 5), (3, 1, 3), (2, 2, 4)])
def test_tiny_images_work(net, model, shape):
    image = np.full(shape, 128, np.uint8)
    large = npsr.upscale(image, 2, net if model == "net" else model)
    assert large.shape == (2 * shape[0], 2 * shape[1], *shape[2:])


def test_bicubic_is_imresize(scene):
    image = scene(8, 9, 3)
    np.testing.assert_allclose(npsr.upscale(image, 3, "bicubic"), np.clip(imresize(image, 3), 0, 1))


def test_colour_goes_through_luma_and_bicubic_chroma(scene, net):
    """A grey RGB picture stays grey; its luma is the network's."""
    grey = scene(8, 9)
    large = npsr.upscale(np.dstack([grey] * 3), 2, net)
    np.testing.assert_allclose(large[..., 0], large[..., 2], atol=1e-12)
    luma = plane_upscaler(net, 2)((16 + 219 * grey) / 255)
    np.testing.assert_allclose(large[..., 0], np.clip((luma * 255 - 16) / 219, 0, 1), atol=1e-6)


def test_srcnn_runs_on_the_enlargement(scene):
    net = npsr.srcnn(1, 1, 1, 2, dtype="float64")
    plane = scene(5, 6)
    expected = net(imresize(plane, 2)[None, None])[0, 0]
    np.testing.assert_array_equal(npsr.upscale(plane, 2, net), np.clip(expected, 0, 1))


def test_transparency(scene, net):
    """Opaque stays exactly opaque, hidden colours do not bleed, alpha does not overshoot."""
    image = (scene(12, 12, 4) * 255).astype(np.uint8)
    image[..., 3] = 255
    assert (npsr.upscale(image, 2, net)[..., 3] == 255).all()
    np.testing.assert_array_equal(npsr.upscale(image, 2, net)[..., :3], npsr.upscale(image[..., :3], 2, net))
    image[:, :6, 3] = 0
    image[:, :6, :3] = [0, 255, 0]  # bright green, hidden
    image[:, 6:, :3] = 128
    large = npsr.upscale(image, 2, "bicubic")
    assert (large[:, :8, 3] == 0).all()
    assert (large[:, 16:, 3] == 255).all()
    seen = large[large[..., 3] > 8][:, :3].astype(int)
    assert np.abs(seen - 128).max() <= 2
    far = np.zeros((4, 40, 4), np.uint8)
    far[:, 30:] = 255
    far[:, :20, 1] = 255
    np.testing.assert_array_equal(
        npsr.upscale(far, 2, net)[:, 4:32, :3], npsr.upscale(far[..., :3], 2, net)[:, 4:32]
    )


def test_the_ensemble_is_the_mean_over_flips_and_rotations(scene, rng):
    """It commutes with all of them, unlike the network itself."""
    net = npsr.fsrcnn(2, 2, 0, 2, dtype="float64")
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.2, p.shape)
    plane = scene(5, 7)
    mean = plane_upscaler(net, 2, ensemble=True)
    for turn, flip in [(0, 1), (1, 1), (2, -1), (3, -1)]:
        turned = np.rot90(mean(plane), turn)[:, ::flip]
        np.testing.assert_allclose(mean(np.rot90(plane, turn)[:, ::flip]), turned, atol=1e-12)
    assert np.abs(mean(plane) - plane_upscaler(net, 2)(plane)).max() > 1e-3
    np.testing.assert_allclose(np.clip(mean(plane), 0, 1), npsr.upscale(plane, 2, net, ensemble=True))


@needs_jit
def test_the_released_model_beats_bicubic_on_a_photograph():
    from skimage import data

    from npsr.evaluation.protocol import evaluate_luma

    high = data.camera()[:510, :510]
    trained = evaluate_luma(high, 3, plane_upscaler("fsrcnn", 3))
    bicubic = evaluate_luma(high, 3, plane_upscaler("bicubic", 3))
    assert trained["psnr"] > bicubic["psnr"] + 0.5
    assert trained["ssim"] > bicubic["ssim"]


@pytest.mark.parametrize(
    ("image", "options", "words"),
    [
        (np.zeros(3), {}, r"shape \(3,\)"),
        (np.zeros((3, 3, 5)), {}, r"shape \(3, 3, 5\)"),
        (np.zeros((1, 3, 3, 3)), {}, "channels last"),
        (np.zeros((0, 3)), {}, "at least one pixel"),
        (np.zeros((3, 3), np.int32), {}, "dtype int32"),
        (np.array([[np.nan]]), {}, "NaN"),
        (np.array([[2.0]]), {}, "divide by 255"),
        (np.zeros((3, 3)), {"model": "nothing"}, "'nothing'.*fsrcnn"),
        (np.zeros((3, 3)), {"scale": 65}, "scale is 65, but must be a number from 1 to 64"),
        (np.zeros((3, 3)), {"scale": "2"}, "scale is '2'"),
        (np.zeros((3, 3)), {"scale": float("nan")}, "scale is nan"),
        (np.zeros((3, 3)), {"size": (6, 0)}, "at least 1"),
        (np.zeros((3, 3)), {"size": (300, 300)}, "300×300 is ×100"),
        (np.zeros((3, 3)), {"size": (6, 6), "scale": 2}, "only one of them"),
        (np.zeros((3, 3)), {"model": "bicubic", "scale": 0}, "scale is 0"),
    ],
)
def test_mistakes_are_named(image, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        npsr.upscale(image, **options)


def test_array_likes_byte_orders_and_strides(scene, net):
    image = (scene(6, 7, 3) * 65535).astype(np.uint16)
    expected = npsr.upscale(image, 2, net)
    swapped = npsr.upscale(image.astype(">u2"), 2, net)
    assert swapped.dtype == np.dtype(">u2")
    np.testing.assert_array_equal(swapped, expected)
    np.testing.assert_array_equal(npsr.upscale(np.asfortranarray(image), 2, net), expected)
    np.testing.assert_array_equal(
        npsr.upscale(image[::-1, ::2], 2, net), npsr.upscale(image[::-1, ::2].copy(), 2, net)
    )
    plane = scene(5, 6)
    for order in ("<f8", ">f8"):
        np.testing.assert_array_equal(
            npsr.upscale(plane.astype(order), 3, "bicubic"), npsr.upscale(plane.tolist(), 3, "bicubic")
        )
    wide = npsr.upscale(plane.astype(np.longdouble), 3, "bicubic")
    np.testing.assert_allclose(wide, np.clip(imresize(plane, 3), 0, 1), rtol=0, atol=1e-14)
    assert wide.dtype == np.longdouble


@pytest.mark.parametrize("channels", [0, 3, 4])
def test_the_result_is_written_where_asked(scene, net, tmp_path, channels):
    """From a memory-mapped file to a memory-mapped file, to a view, and onto the image itself."""
    image = (scene(6, 7, channels) * 255).astype(np.uint8)
    image.tofile(tmp_path / "in.raw")
    given = np.memmap(tmp_path / "in.raw", np.uint8, "r", shape=image.shape)
    shape = (12, 14, *image.shape[2:])
    out = np.memmap(tmp_path / "out.raw", np.uint8, "w+", shape=shape)
    assert npsr.upscale(given, 2, net, out=out) is out
    out.flush()
    expected = npsr.upscale(image, 2, net)
    np.testing.assert_array_equal(np.fromfile(tmp_path / "out.raw", np.uint8).reshape(shape), expected)
    around = np.zeros((14, 30, *image.shape[2:]), np.uint8)
    npsr.upscale(image, 2, net, out=around[1:-1, 1:-1:2])
    np.testing.assert_array_equal(around[1:-1, 1:-1:2], expected)
    assert not around[:, ::2].any()
    itself = image.copy()
    npsr.upscale(itself, 1, "bicubic", out=itself)
    np.testing.assert_array_equal(itself, npsr.upscale(image, 1, "bicubic"))


def test_an_unfit_out_is_named():
    image, read_only = np.zeros((3, 3), np.uint8), np.zeros((6, 6), np.uint8)
    read_only.flags.writeable = False
    for out, words in [
        (np.zeros((6, 6), np.uint16), "out is uint16.*dtype uint8"),
        (np.zeros((6, 7), np.uint8), r"out has shape \(6, 7\), but must be \(6, 6\)"),
        (np.zeros((6, 6, 3), np.uint8), r"must be \(6, 6\)"),
        ([[0] * 6] * 6, "out is list"),
        (read_only, "read-only"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            npsr.upscale(image, 2, "bicubic", out=out)
