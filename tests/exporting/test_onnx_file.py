"""ONNX models, held against the network by ONNX Runtime, and by OpenCV where it is installed."""

import json

import numpy as np
import pytest
from helpers.running import run

import npsr
from npsr.exporting.onnx_file import onnx_model
from npsr.exporting.sub_pixel import sub_pixel_weight

onnx = pytest.importorskip("onnx")
SHAPES = (1, 1, 1, 1), (2, 1, 5, 9), (1, 1, 17, 14)


def trained(net, rng):
    """The network with parameters of a trained one's size, biases and slopes included."""
    for key, p in net.parameters.items():
        scale = 1 / np.sqrt(p[0].size) if key.endswith("weight") else 0.1
        p[...] = rng.normal(0, scale, p.shape)
    return net


def session(model):
    runtime = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("border", ["replicate", "zero"])
@pytest.mark.parametrize("sub_pixel", [False, True])
@pytest.mark.parametrize("name, scale", [("fsrcnn-s", n) for n in (1, 2, 3, 4, 9)] + [("transition-2", 3)])
def test_runtime_agrees(rng, name, scale, sub_pixel, border):
    net = trained(npsr.build(name, scale, border=border), rng)
    run_model = session(onnx_model(net, sub_pixel=sub_pixel))
    for shape in SHAPES:
        x = rng.random(shape, np.float32)
        (y,) = run_model.run(None, {"input": x})
        np.testing.assert_allclose(y, net(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("border", ["replicate", "zero", "valid"])
def test_srcnn_and_the_training_form(rng, border):
    for name in ("srcnn", "fsrcnn(4,3,2)"):
        net = trained(npsr.build(name, border=border), rng)
        x = rng.random((2, 1, 15, 16), np.float32)
        (y,) = session(onnx_model(net)).run(None, {"input": x})
        np.testing.assert_allclose(y, net(x), rtol=0, atol=1e-5)


def test_slopes_shared_by_a_layer(rng):
    net = trained(npsr.fsrcnn(4, 3, 1, shared_slopes=True, border="replicate"), rng)
    x = rng.random(SHAPES[1], np.float32)
    (y,) = session(onnx_model(net)).run(None, {"input": x})
    np.testing.assert_allclose(y, net(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("sub_pixel", [False, True])
def test_layout_of_opencv(rng, sub_pixel):
    net = trained(npsr.fsrcnn(8, 4, 1, border="replicate"), rng)
    full_range = rng.random((1, 7, 10, 1), np.float32)
    expected = (net((16 + 219 * full_range.transpose(0, 3, 1, 2)) / 255) * 255 - 16) / 219
    model = onnx_model(net, "opencv", sub_pixel)
    (y,) = session(model).run(None, {"input": full_range})
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5)
    cv2 = pytest.importorskip("cv2")
    opencv = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    opencv.setInput(full_range)
    np.testing.assert_allclose(opencv.forward(), expected, rtol=0, atol=1e-5)


def test_export_command(capsys, tmp_path):
    path = tmp_path / "model.onnx"
    assert run(capsys, "export", "-m", "fsrcnn", "-s", 3, path)[0] == 0
    model = onnx.load(path)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    net = npsr.load("fsrcnn", 3)
    assert json.loads(properties["provenance"]) == net.provenance
    assert properties["name"] == net.name
    assert properties["scale"] == "3"
    assert properties["border"] == "replicate"
    sides = [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert sides == ["batch", 1, "height", "width"]
    before = path.read_bytes()
    code, _, err = run(capsys, "export", path)
    assert code == 2
    assert "is kept" in err
    assert run(capsys, "export", path, "--force")[0] == 0
    assert path.read_bytes() == before
    npsr.save(npsr.fsrcnn(2, 2, 0, 2), tmp_path / "own.npz")
    arguments = ["--layout", "opencv", "--border", "zero", "--sub-pixel"]
    assert run(capsys, "export", "-m", tmp_path / "own.npz", tmp_path / "own.onnx", *arguments)[0] == 0


def test_mistakes_are_told(capsys, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="layout is 'nchw', but must be one of npsr, opencv"):
        onnx_model(npsr.fsrcnn(2, 2, 0), "nchw")
    with pytest.raises(ValueError, match="does not enlarge"):
        onnx_model(npsr.srcnn(1, 1, 1), "opencv")
    with pytest.raises(ValueError, match='for 1 output and border "zero" or "replicate"'):
        onnx_model(npsr.fsrcnn(2, 2, 0, border="valid"), sub_pixel=True)
    assert run(capsys, "export", tmp_path / "none" / "x.onnx")[0] == 2
    assert run(capsys, "export", "-m", "espcn", tmp_path / "x.onnx")[0] == 2
    code, _, err = run(capsys, "export", tmp_path / "x.tflite")
    assert code == 2
    assert "x.tflite ends in '.tflite', but must end in one of " in err
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    code, _, err = run(capsys, "export", tmp_path / "x.onnx")
    assert code == 2
    assert "pip install 'npsr[onnx]'" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scale", range(1, 10))
def test_every_tap_lands_in_one_phase(rng, scale):
    net = trained(npsr.fsrcnn(3, 2, 0, scale), rng)
    weight = net.parameters["deconvolution.weight"]
    phases = sub_pixel_weight(net.layers[-1], weight)
    np.testing.assert_array_equal(np.sort(phases[phases != 0]), np.sort(weight, axis=None))
