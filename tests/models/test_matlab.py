"""The authors' file layouts, made here from known networks and read back."""

import numpy as np
import pytest
from helpers.matlab_writer import column_major, fsrcnn_file
from scipy.io import savemat

import npsr
from npsr.models.archive import WeightsError


@pytest.mark.parametrize(("scale", "padding"), [(2, 4), (3, 3), (4, 4)])
def test_fsrcnn(tmp_path, rng, scale, padding):
    net = npsr.fsrcnn(5, 3, 2, scale, border="replicate", shared_slopes=True)
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.3, p.shape)
    # The deconvolution is stored as filters over one channel: 1 × 81 × d.
    fsrcnn_file(tmp_path / f"FSRCNN_x{scale}.mat", net)
    loaded = npsr.import_matlab(tmp_path / f"FSRCNN_x{scale}.mat")
    assert loaded.name == "fsrcnn(5,3,2)"
    assert loaded.layers[-1].padding == padding
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[key], p, err_msg=key)
    x = rng.random((1, 1, 8, 9))
    full = net(x)[0, 0]
    moved = padding - net.layers[-1].padding  # at ×4 the authors' cut is one pixel further
    found = loaded(x)[0, 0]
    np.testing.assert_allclose(
        found[: -moved or None, : -moved or None][4:-4, 4:-4], full[moved:, moved:][4:-4, 4:-4], atol=1e-5
    )


def srcnn_contents(net):
    first, second, third = (
        net.parameters[f"{n}.weight"] for n in ("extraction", "mapping", "reconstruction")
    )
    contents = {
        "weights_conv1": column_major(first)[0],
        "weights_conv2": column_major(second),
        "weights_conv3": column_major(third)[:, :, 0],
    }
    for k, name in enumerate(("extraction", "mapping", "reconstruction"), start=1):
        contents[f"biases_conv{k}"] = net.parameters[f"{name}.bias"].reshape(-1, 1)
    return contents


@pytest.mark.parametrize("sides", [(9, 1, 5), (3, 5, 1)])
def test_srcnn(tmp_path, rng, sides):
    net = npsr.srcnn(*sides)
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.3, p.shape)
    savemat(tmp_path / "any.mat", srcnn_contents(net))
    loaded = npsr.import_matlab(tmp_path / "any.mat", scale=4)
    assert (loaded.name, loaded.scale) == ("srcnn({},{},{})".format(*sides), 4)
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(loaded.parameters[key], p, err_msg=key)


def test_foreign_and_damaged_files(tmp_path):
    def refused(name, words, content=None, scale=3):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=words):
            npsr.import_matlab(tmp_path / name, scale)

    refused("none.mat", "does not exist")
    refused("text.mat", "not a MATLAB file", b"text" * 100)
    refused("empty.mat", "not a MATLAB file", b"")
    savemat(tmp_path / "other.mat", {"a": 1})
    refused("other.mat", "not a model of the authors")
    refused("other.mat", "must be 2, 3 or 4", scale=None)
    refused("other.mat", "must be 2, 3 or 4", scale=7)
    fsrcnn_file(tmp_path / "Net_x2.mat", npsr.fsrcnn(2, 2, 0, 2, shared_slopes=True))
    refused("Net_x2.mat", "is named ×2, but scale is 3: leave -s out")
    contents = srcnn_contents(npsr.srcnn())
    contents["biases_conv1"] = np.zeros((3, 1))
    savemat(tmp_path / "unfit.mat", contents)
    refused("unfit.mat", r"extraction.bias is \(3,\)")
    fsrcnn_file(tmp_path / "whole.mat", npsr.fsrcnn(2, 2, 0, shared_slopes=True))
    refused("cut.mat", "damaged", (tmp_path / "whole.mat").read_bytes()[:-900])
