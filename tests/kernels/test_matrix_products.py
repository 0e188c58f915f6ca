"""The NumPy engine: whole networks by matrix products, in strips, and without Numba installed."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from helpers.networks import trained
from helpers.running import environment, needs_jit

import npsr
from npsr.networks.layers import BORDERS
from npsr_kernels import matrix_products as products

NETWORKS = ["fsrcnn(8,4,2)", "fsrcnn(7,5,0)", "srcnn(5,3,5)", "transition-1", "transition-2"]


@needs_jit  # interpreted, the plain engine takes minutes
@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_agrees_with_the_plain_engine(name, scale, border, rng):
    net = trained(npsr.build(name, scale, border=border), rng)
    x = rng.random((2, 1, 19, 17)).astype(np.float32)
    plain = net(x, engine="plain") if border == "valid" else net(x, engine=None)
    found = net(x, engine="numpy")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain, rtol=0, atol=1e-5)


@needs_jit
@pytest.mark.parametrize("name", NETWORKS)
def test_its_gradients_agree_with_central_differences(name, rng):
    net = trained(npsr.build(name, 3, dtype="float64", border="valid"), rng)
    x = rng.random((2, 1, 17, 17))
    target = rng.random(net(x, engine="numpy").shape)

    def gradient(net, x, target):
        return npsr.loss_and_gradients(net, x, target, engine="numpy")

    reports = npsr.gradcheck(net, x, target, entries=3, gradient=gradient)
    assert max(report.error for report in reports) < 1e-6


def test_strips_change_nothing(monkeypatch, rng):
    """Strips of one row, and of several samples."""
    net = trained(npsr.build("fsrcnn(5,3,1)", 3, dtype="float64", border="zero"), rng)
    x, target = rng.random((5, 1, 9, 8)), rng.random((5, 1, 27, 24))
    expected = npsr.loss_and_gradients(net, x, target, engine="plain")
    for strip in (1, 2**14, 2**30):
        monkeypatch.setattr(products, "STRIP", strip)
        loss, gradients = npsr.loss_and_gradients(net, x, target, engine="numpy")
        assert loss == pytest.approx(expected[0], rel=1e-12)
        for key, gradient in gradients.items():
            np.testing.assert_allclose(gradient, expected[1][key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_strips_bound_the_memory():
    """Columns of the whole image would take 81 times as much as the image."""
    x = np.zeros((1, 1, 512, 512), np.float32)
    y = np.zeros((1, 8, 504, 504), np.float32)
    tracemalloc.start()
    products.conv_forward(x, np.zeros((8, 1, 9, 9), np.float32), np.zeros(8, np.float32), 1, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * products.STRIP < 81 * x.nbytes


WITHOUT = """
import sys
for name in ("numba", "llvmlite"):
    sys.modules[name] = None  # as if it were not installed
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s")
"""

EVERYTHING = """
import pathlib, numpy as np, npsr
rng = np.random.default_rng(0)
folder = pathlib.Path(sys.argv[1])
image = (rng.random((40, 44, 4)) * 255).astype(np.uint8)
print(npsr.upscale(image, 2).shape, npsr.upscale(image, 1.5, ensemble=True).shape)
print(round(npsr.evaluate(folder / "data" / "photos", 3, "fsrcnn")["psnr"], 2))
net = npsr.fsrcnn(3, 2, 1, dtype="float64", border="valid")
x = rng.random((1, 1, 11, 11))
print(max(report.error for report in npsr.gradcheck(net, x, rng.random(net(x).shape))) < 1e-6)
recipe = npsr.Recipe("fsrcnn(2,2,0)", stages=(npsr.Stage(("photos",), 3),), batch=4, scales=(1.0,))
print(npsr.run_training(recipe, folder / "data", folder / "run").provenance["samples"])
try:
    npsr.fsrcnn()(np.zeros((1, 1, 5, 5)), engine="fast")
except ValueError as error:
    print(error)
"""


def test_everything_works_without_numba(data, tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT + EVERYTHING, tmp_path],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    shapes, score, checked, samples, refusal = found.stdout.splitlines()
    assert shapes == "(80, 88, 4) (60, 66, 4)"
    assert float(score) == pytest.approx(npsr.evaluate(data / "photos", 3, "fsrcnn")["psnr"], abs=0.02)
    assert (checked, samples) == ("True", "12")
    assert 'engine is "fast", but' in refusal
    assert "Numba" in refusal
    assert found.stderr.count("Numba is not installed") == 1


def test_the_command_line_works_without_numba(data, tmp_path):
    code = WITHOUT.replace("import logging", "from npsr.cli import main").split("logging.basicConfig")[0]
    for arguments, expected in (
        (["upscale", data / "photos" / "1.png", "-o", tmp_path / "out.png"], 0),
        (["info", "fsrcnn"], 0),
        (["warmup"], 2),
    ):
        command = [sys.executable, "-c", f"{code}main({[str(a) for a in arguments]})"]
        found = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        assert found.returncode == expected, found.stderr
        assert "Traceback" not in found.stderr
    assert (tmp_path / "out.png").exists()
