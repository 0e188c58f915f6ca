"""ncnn and ONNX models run by their own packages: luma as the network, RGB as `npsr.upscale`."""

import re
import sys

import numpy as np
import pytest
from helpers.running import run
from hypothesis import given, settings
from hypothesis import strategies as st

import npsr
from npsr.exporting.exported import read_exported
from npsr.exporting.graph import bicubic_phases
from npsr.exporting.ncnn_file import export_ncnn, ncnn_model
from npsr.exporting.onnx_file import onnx_model

NETWORKS = st.one_of(
    st.tuples(st.just("fsrcnn({},{},{})"), st.integers(1, 20), st.integers(1, 9), st.integers(0, 3)),
    st.tuples(st.just("srcnn({},{},{})"), *[st.sampled_from([1, 3, 5])] * 3),
)
SIDES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def drawn(template, *numbers, scale):
    """A network that enlarges roughly as bicubic would, so that few of its colours are clipped."""
    rng = np.random.default_rng(numbers)
    net = npsr.build(template.format(*numbers), scale, border="replicate")
    for key, p in net.parameters.items():
        size = 0.7 / np.sqrt(p[0].size) if key.endswith("weight") else 0.1
        p[...] = rng.normal(0, size, p.shape)
    net.parameters[f"{net.layers[-1].name}.bias"][...] = 0.5
    return net


def written(net, folder, layout, sub_pixel):
    """Paths of the network in both formats."""
    paths = folder / f"net-x{net.scale}.param", folder / "net.onnx"
    export_ncnn(net, paths[0], layout, sub_pixel, force=True)
    npsr.export_onnx(net, paths[1], layout, sub_pixel, force=True)
    return paths


def ncnn_on_rgb(path, image):
    """What ncnn makes of an 8-bit RGB picture, as a program would call it."""
    ncnn = pytest.importorskip("ncnn")
    net = ncnn.Net()
    for option in dir(net.opt):
        if option.startswith(("use_fp16", "use_bf16", "use_vulkan")):
            setattr(net.opt, option, False)
    assert net.load_param(str(path)) == net.load_model(str(path.with_suffix(".bin"))) == 0
    mat = ncnn.Mat.from_pixels(image, ncnn.Mat.PixelType.PIXEL_RGB, image.shape[1], image.shape[0])
    mat.substract_mean_normalize([], [1 / 255] * 3)
    extractor = net.create_extractor()
    extractor.input("data", mat)
    failed, y = extractor.extract("output")
    assert not failed
    return np.array(y)


def onnx_on_rgb(path, image):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.float32(image.transpose(2, 0, 1)[None] / 255)
    return session.run(["output"], {"input": x})[0][0]


@pytest.mark.parametrize("package, index", [("ncnn", 0), ("onnxruntime", 1)])
@settings(max_examples=12)
@given(NETWORKS, st.integers(2, 4), SIDES, st.booleans(), st.sampled_from(["replicate", "zero"]))
def test_luma_is_the_networks(tmp_path_factory, package, index, numbers, scale, sides, sub_pixel, border):
    pytest.importorskip(package)
    net = drawn(*numbers, scale=scale).with_border(border)
    path = written(net, tmp_path_factory.mktemp("net"), "npsr", sub_pixel)[index]
    low = np.random.default_rng(7).random(sides, np.float32)
    entering = low if net.enlarges else npsr.imresize(low, scale)
    expected = net(entering[None, None])[0, 0]
    np.testing.assert_allclose(read_exported(path, scale)(low), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("call, index", [(ncnn_on_rgb, 0), (onnx_on_rgb, 1)])
@settings(max_examples=12)
@given(NETWORKS, st.integers(2, 4), SIDES, st.booleans())
def test_rgb_is_that_of_upscale(tmp_path_factory, call, index, numbers, scale, sides, sub_pixel):
    """Within one code, borders and 1 x 1 pictures included; nothing beyond [0, 1]."""
    net = drawn(*numbers, scale=scale)
    image = np.random.default_rng(5).integers(0, 256, (*sides, 3)).astype(np.uint8)
    rgb = call(written(net, tmp_path_factory.mktemp("net"), "rgb", sub_pixel)[index], image)
    assert 0 <= rgb.min() <= rgb.max() <= 1
    codes = np.floor(rgb.transpose(1, 2, 0) * 255 + 0.5)
    assert np.abs(codes - npsr.upscale(image, scale, net)).max() <= 1


@pytest.mark.parametrize("name, scale", [("fsrcnn", 2), ("fsrcnn-s", 3), ("fsrcnn", 4), ("srcnn", 3)])
def test_released_networks_in_rgb_on_a_photograph(tmp_path, scene, name, scale):
    image = (scene(40, 51, 3) * 255).astype(np.uint8)
    expected = npsr.upscale(image, scale, name)
    paths = written(npsr.load(name, scale), tmp_path, "rgb", False)
    for path, call in zip(paths, (ncnn_on_rgb, onnx_on_rgb), strict=True):
        codes = np.floor(call(path, image).transpose(1, 2, 0) * 255 + 0.5)
        assert np.abs(codes - expected).max() <= 1


@pytest.mark.parametrize("n", range(1, 10))
def test_phases_are_those_of_the_enlargement(rng, n):
    line = rng.random(9)
    mirrored = np.array([line[1], line[0], *line, line[8], line[7]])
    expected = npsr.imresize(np.tile(line, (5, 1)), n)[0]
    found = np.stack([np.convolve(mirrored, phase[::-1], "valid") for phase in bicubic_phases(n)], axis=1)
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-12)


@pytest.mark.parametrize("layout", ["npsr", "rgb", "opencv"])
def test_files_are_evaluated_by_the_protocol(capsys, data, tmp_path, layout):
    """Luma of colour pictures is in studio range, so grey RGB holds it and the figures are the same."""
    pytest.importorskip("onnxruntime")
    expected = npsr.evaluate(data / "photos", 3, "fsrcnn-s")
    paths = [tmp_path / "net.onnx"]
    npsr.export_onnx(npsr.load("fsrcnn-s", 3), paths[0], layout)
    if layout != "opencv":
        pytest.importorskip("ncnn")
        export_ncnn(npsr.load("fsrcnn-s", 3), tmp_path / "x3.param", layout)
        paths.append(tmp_path / "x3.param")
    for path in paths:
        found = npsr.evaluate(data / "photos", 3, path)
        assert found["psnr"] == pytest.approx(expected["psnr"], abs=0.01)
        code, out, _ = run(capsys, "evaluate", data / "photos", "-s", 3, "-m", path)
        assert code == 0
        assert f"{found['psnr']:.3f}" in out


def test_the_command_writes_two_files_and_keeps_existing_ones(capsys, tmp_path):
    path = tmp_path / "net-2x.param"
    assert run(capsys, "export", "-m", "fsrcnn", "-s", 2, "--layout", "rgb", path)[0] == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net-2x.bin", "net-2x.param"]
    before = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    text, numbers = ncnn_model(npsr.load("fsrcnn", 2), "rgb")
    assert before == (text.encode(), numbers)
    assert text.startswith("7767517\n")
    assert " data\n" in text
    assert " output 0=0 1=1\n" in text
    for kept in (path, path.with_suffix(".bin")):
        other = path if kept.suffix == ".bin" else path.with_suffix(".bin")
        other.unlink()
        code, _, err = run(capsys, "export", "-m", "fsrcnn-s", "-s", 2, "--layout", "rgb", path)
        assert code == 2
        assert f"{kept} exists and is kept" in err
        assert [p.name for p in tmp_path.iterdir()] == [kept.name]
        assert run(capsys, "export", "-m", "fsrcnn", "-s", 2, "--layout", "rgb", path, "-f")[0] == 0
    assert before == (path.read_bytes(), path.with_suffix(".bin").read_bytes())


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["net.param", "--layout", "rgb"], "its name does not say so.*npsr-x3.param"),
        (["net-x4.param", "--layout", "rgb"], "is for ×3, but its name says x4"),
        (["x2-x3.param", "--layout", "rgb"], "its name says x2, x3"),
        (["net.param", "--layout", "opencv"], "layout is 'opencv', but must be one of npsr, rgb"),
        (["net.param", "--range", "full"], "--range is given, which .param files do not have"),
        (["none/net.param"], "folder .*none does not exist"),
        (["net.param", "-m", "scn"], "scn ×4 is a cascade of 2 networks"),
    ],
)
def test_mistakes_are_told_in_one_line(capsys, tmp_path, arguments, words):
    code, _, err = run(capsys, "export", tmp_path / arguments[0], *arguments[1:])
    assert code == 2
    assert len(err.splitlines()) == 1
    assert re.search(words, err), err
    assert not list(tmp_path.iterdir())


def test_no_half_is_written(tmp_path):
    """Neither file appears if the other cannot be written; an existing pair stays as it is."""
    (tmp_path / "net.bin").mkdir()
    for force in (False, True):
        with pytest.raises(OSError, match="net.bin is a folder"):
            export_ncnn(npsr.load("fsrcnn-s", 3), tmp_path / "net.param", force=force)
        assert [path.name for path in tmp_path.iterdir()] == ["net.bin"]


def test_networks_that_have_no_such_form_are_refused():
    with pytest.raises(ValueError, match='has border "valid"'):
        ncnn_model(npsr.fsrcnn(2, 2, 0, border="valid"), "rgb")
    net = npsr.build("scn", 2)
    for model in (ncnn_model, onnx_model):
        with pytest.raises(ValueError, match=r"has a layer \w+, which other runtimes do not have"):
            model(net.with_border("replicate"))


def test_files_that_cannot_be_run_are_told(capsys, data, tmp_path, monkeypatch):
    def refused(name, words, scale=3):
        code, out, err = run(capsys, "evaluate", data / "photos", "-s", scale, "-m", tmp_path / name)
        assert (code, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert re.search(words, err), err

    for package, name in (("ncnn", "net-x3.param"), ("onnxruntime", "net.onnx")):
        pytest.importorskip(package)
        (tmp_path / name).unlink(missing_ok=True)
        refused(name, f"{name} does not exist")
        (tmp_path / name).write_bytes(b"no model")
        if package == "ncnn":
            refused(name, "net-x3.bin does not exist")
            (tmp_path / "net-x3.bin").write_bytes(b"")
        refused(name, f"{name} is no ")
        written(npsr.load("fsrcnn-s", 3), tmp_path, "npsr", False)
        refused(name, r"makes \d+×\d+ pixels of \d+×\d+, but scale is 2", scale=2)
        monkeypatch.setitem(sys.modules, package, None)
        refused(name, f"{name} is run by {package}, which is not installed: pip install 'npsr")
