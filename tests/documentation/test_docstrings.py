"""Every public name has an example, and every example gives what it says."""

import doctest
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from helpers import readers_folder
from helpers.running import needs_jit

import npsr

pytestmark = needs_jit  # whole networks, interpreted, would take minutes

KERNELS = {
    "conv2d": ("conv2d_forward", "conv2d_backward_input", "conv2d_backward_weight", "conv2d_backward_bias"),
    "deconv2d": ("deconv2d_forward", "deconv2d_backward_input", "deconv2d_backward_weight"),
    "prelu": ("prelu_forward", "prelu_backward"),
    "soft_threshold": ("soft_threshold_forward", "soft_threshold_backward"),
    "normalise": ("normalise_forward", "normalise_backward"),
    "borders": ("pad", "pad_backward", "crop", "crop_backward"),
    "shapes": ("conv_side", "deconv_side", "centring_padding", "replicated_reach"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return readers_folder.fill(tmp_path_factory.mktemp("reader"))


def check(name, value, names):
    tests = doctest.DocTestFinder(recurse=False).find(
        value, name, globs=dict(names, np=np, npsr=npsr, Path=Path)
    )
    assert sum(len(test.examples) for test in tests) > 0, f"{name} has no example: add one to its docstring"
    said = []
    for test in tests:
        doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("name", [*npsr.__all__, "dask.upscale", "dask.train_all"])
def test_public_name(folder, monkeypatch, name):
    if name.startswith("dask."):
        pytest.importorskip("distributed", reason="npsr.dask needs pip install 'npsr[dask]'")
    if name == "export_onnx":
        pytest.importorskip("onnx", reason="npsr.export_onnx needs pip install 'npsr[onnx]'")
    if name == "upscale_video":
        pytest.importorskip("av", reason="npsr.upscale_video needs pip install 'npsr[video]'")
        import helpers.videos

        helpers.videos.video(folder / "my.mp4")
    monkeypatch.chdir(folder)
    value = npsr
    for part in name.split("."):
        value = getattr(value, part)
    check(f"npsr.{name}", value, {})


@pytest.mark.parametrize(("module", "name"), [(m, name) for m, names in KERNELS.items() for name in names])
def test_kernel(module, name):
    names = vars(import_module(f"npsr_kernels.{module}"))
    check(f"npsr_kernels.{module}.{name}", names[name], names)


def test_a_wrong_example_fails():
    def wrong():
        """
        >>> 1 + 1
        3
        """

    with pytest.raises(AssertionError, match="Got"):
        check("wrong", wrong, {})
    with pytest.raises(AssertionError, match="no example"):
        check("none", len, {})
