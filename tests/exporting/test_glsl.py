"""Hook shaders: what is written equals the network, run by our interpreter; what cannot be is refused."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.networks import trained
from helpers.running import DATA, needs_data, run

import npsr
from npsr.exporting.glsl import glsl_shader
from npsr.exporting.glsl_run import read_shader
from npsr.images.resize import imresize

DRAWN = np.random.default_rng(4)
ANY = [f"fsrcnn({','.join(map(str, DRAWN.integers([1, 1, 0], [20, 14, 4])))})" for _ in range(6)]
NAMES = [*ANY, "fsrcnn(64,4,0)", "fsrcnn(60,1,0)", "srcnn(3,1,5)", "srcnn(1,3,1)"]


def written(net, path, luma_range="studio"):
    npsr.export_glsl(net, path, luma_range, force=True)
    return read_shader(path)


def enlarged(net, x):
    entering = x if net.enlarges else imresize(x, net.scale)
    return net(entering[None, None])[0, 0]


@pytest.mark.parametrize("luma_range", ["studio", "full"])
@pytest.mark.parametrize("place, name", list(enumerate(NAMES)))
def test_a_shader_is_the_network(rng, tmp_path, place, name, luma_range):
    net = trained(npsr.build(name, 2 + place % 3, border="replicate"), rng)
    shader = written(net, tmp_path / "x.glsl", luma_range)
    for sides in ((1, 1), (2, 5), (13, 8)):
        x = rng.random(sides, np.float32)
        y = enlarged(net, x)
        tolerance = 2e-6 * max(1, np.abs(y).max())
        np.testing.assert_allclose(shader(x, net.scale), y, rtol=0, atol=tolerance)
        np.testing.assert_allclose(shader(x, net.scale, half=True), y, rtol=0, atol=2000 * tolerance)


@pytest.mark.parametrize("name", ["transition-2", "fsrcnn-s"])
def test_released_networks(tmp_path, scene, name):
    net = npsr.load(name, 3)
    x = scene(21, 30).astype(np.float32)
    shader = written(net, tmp_path / "x.glsl")
    np.testing.assert_allclose(shader(x, 3), enlarged(net, x), rtol=0, atol=2e-6)
    assert np.abs(shader(x, 3, half=True) - enlarged(net, x)).max() < 0.5 / 255


def test_bands_do_not_show(rng, tmp_path, monkeypatch):
    net = trained(npsr.fsrcnn(5, 3, 1, 3, border="replicate"), rng)
    shader, x = written(net, tmp_path / "x.glsl"), rng.random((11, 7), np.float32)
    whole = shader(x, 3)
    monkeypatch.setattr("npsr.exporting.glsl_run.BAND", 14)
    np.testing.assert_array_equal(shader(x, 3), whole)


def test_one_slope_a_layer_and_no_activation(rng, tmp_path):
    net = trained(npsr.fsrcnn(6, 3, 1, 2, border="replicate", shared_slopes=True), rng)
    x = rng.random((6, 7), np.float32)
    np.testing.assert_allclose(written(net, tmp_path / "x.glsl")(x, 2), enlarged(net, x), rtol=0, atol=2e-6)
    layers = tuple(layer for layer in net.layers if layer != npsr.PReLU("shrinking", 1))
    parameters = {key: p for key, p in net.parameters.items() if key != "shrinking.slope"}
    plain = npsr.Network(net.name, 2, layers, parameters)
    np.testing.assert_allclose(
        written(plain, tmp_path / "x.glsl")(x, 2), enlarged(plain, x), rtol=0, atol=2e-6
    )


def test_what_a_file_says(tmp_path):
    text = glsl_shader(npsr.load("fsrcnn", 3))
    assert text.isascii()
    head = text.partition("//!")[0]
    assert "fsrcnn(56,12,4) x3" in head
    assert "Licence: MIT" in head
    assert re.search(r"Recipe: sha256 [0-9a-f]{64}\n", head)
    assert "PSNR: Set5 33.23 dB, Set14 29.55 dB, BSD200 28.69 dB" in head
    assert "Luma range: studio" in head
    assert len(re.findall("^//!HOOK LUMA$", text, re.M)) == 14 + 3 + 4 * 3 + 14 + 3 + 1
    assert set(re.findall("^//!WHEN (.*)$", text, re.M)) == {
        "OUTPUT.w LUMA.w / 2.400 > OUTPUT.h LUMA.h / 2.400 > *"
    }
    own = npsr.Network("mine\n//!HOOK ü", 3, npsr.fsrcnn(4, 4, 0).layers, npsr.fsrcnn(4, 4, 0).parameters)
    head = glsl_shader(own, "full").partition("\n//!HOOK LUMA")[0]
    assert "Licence: that of the network's weights" in head
    assert "Recipe: none is known" in head
    assert "PSNR: not measured" in head
    assert "Luma range: full" in head
    assert all(line.startswith("// ") for line in head.splitlines())


def test_what_cannot_be_written_is_refused(capsys, tmp_path):
    with pytest.raises(ValueError, match=r"reads 65 channels.*the largest that goes is fsrcnn\(64,12,4\)"):
        glsl_shader(npsr.fsrcnn(65, 12, 4))
    with pytest.raises(
        ValueError, match=r"'mapping_1' reads 70 channels.*the largest that goes is fsrcnn\(8,64,1\)"
    ):
        glsl_shader(npsr.fsrcnn(8, 70, 1))
    with pytest.raises(ValueError, match="is for ×5, but shaders are for ×2, ×3 and ×4"):
        glsl_shader(npsr.fsrcnn(4, 4, 0, scale=5))
    with pytest.raises(ValueError, match="has the layer Margin"):
        glsl_shader(npsr.build("scn", 2))
    twice = replace(npsr.fsrcnn(4, 4, 0, scale=4), first=npsr.fsrcnn(4, 4, 0, scale=2))
    with pytest.raises(ValueError, match="is a cascade of 2 networks, but a shader is one"):
        glsl_shader(twice)
    with pytest.raises(ValueError, match="luma_range is 'tv', but must be one of studio, full"):
        glsl_shader(npsr.fsrcnn(4, 4, 0), "tv")
    npsr.save(npsr.fsrcnn(65, 4, 0), tmp_path / "wide.npz")
    (tmp_path / "there.glsl").write_text("kept")
    for arguments, said in {
        ("-m", tmp_path / "wide.npz", tmp_path / "x.glsl"): "fsrcnn(64,4,0)",
        ("-s", 2, tmp_path / "there.glsl"): "is kept",
        ("-s", 2, tmp_path / "none" / "x.glsl"): "does not exist",
        ("-s", 5, tmp_path / "x.glsl"): "there is no released model",
        (
            "-s",
            2,
            tmp_path / "x.glsl",
            "--border",
            "zero",
        ): "--border is given, which .glsl files do not have",
        ("-s", 2, tmp_path / "x.onnx", "--range", "full"): "--range is given, which .onnx files do not have",
    }.items():
        code, out, err = run(capsys, "export", *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert said in err
    assert (tmp_path / "there.glsl").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.glsl", "wide.npz"]


def test_commands(capsys, tmp_path, scene):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    picture = np.uint8(255 * scene(45, 60))
    from PIL import Image

    Image.fromarray(picture).save(photographs / "a.png")
    shader = tmp_path / "own.GLSL"
    for luma_range in ("studio", "full"):
        assert run(capsys, "export", "-s", 3, "-m", "fsrcnn-s", "-f", "--range", luma_range, shader)[0] == 0
        scored = npsr.evaluate(photographs, 3, shader)
        assert scored["psnr"] == pytest.approx(npsr.evaluate(photographs, 3, "fsrcnn-s")["psnr"], abs=1e-3)
    code, whole, _ = run(capsys, "evaluate", photographs, "-s", 3, "-m", shader)
    assert code == 0
    code, halved, _ = run(capsys, "evaluate", photographs, "-s", 3, "-m", shader, "--half")
    dB = [float(text.split()[-2]) for text in (whole, halved)]
    assert (code, dB[1]) == (0, pytest.approx(dB[0], abs=0.01))
    code, _, err = run(capsys, "evaluate", photographs, "-s", 3, "-m", "fsrcnn", "--half")
    assert (code, "--half is given, which is for shaders" in err) == (2, True)
    code, _, err = run(capsys, "evaluate", photographs, "-s", 2, "-m", shader)
    assert code == 2
    assert "must fill it: give the shader's own factor" in err


@needs_data
def test_a_shader_scores_as_its_network(tmp_path):
    npsr.export_glsl(npsr.load("fsrcnn-s", 3), tmp_path / "x.glsl")
    assert npsr.evaluate(DATA / "Set5", 3, tmp_path / "x.glsl")["psnr"] == pytest.approx(32.646, abs=1e-3)
