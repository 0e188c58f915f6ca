"""SCN from tensors of the published layout: the same network, one stage or two."""

import numpy as np
import pytest
from scipy.io import savemat

import npsr
from npsr.cli import main
from npsr.models.sparse_coding_file import import_scn
from npsr.networks.cascade import enlarged
from npsr.networks.sparse_coding import scn

QUARTER = [-0.10546875, 0.26171875, 0.87890625]  # OpenCV's kernel at 1.25, 0.75 and 0.25 pixels


@pytest.fixture
def net(rng):
    net = scn(12, scale=2, seed=4)
    for key in ("maps.weight", "combining.weight"):
        net.parameters[key][...] = rng.standard_normal(net.parameters[key].shape)
    return net


def tensors(net):
    """As published: 100 filters, the four at 25 places, patches down their columns."""
    p = net.parameters
    conv = np.zeros((81, 100))
    for f, column, row in np.ndindex(4, 5, 5):
        long = np.zeros((9, 9))
        long[row : row + 5, column : column + 5] = p["maps.weight"][f, 0]
        conv[:, 25 * f + 5 * column + row] = long.ravel()
    matrices = (p[f"{name}.weight"] for name in ("encoding", "decoding"))
    wd, ud = (matrix[:, :, 0, 0].T for matrix in matrices)
    addp = p["combining.weight"][:, None]
    return {"conv": conv, "wd": wd, "usd1": p["lista.weight"][0].T, "ud": ud, "addp": addp}


def test_it_is_the_same_network(net, rng, tmp_path):
    savemat(tmp_path / "plain.mat", tensors(net))
    savemat(tmp_path / "model.mat", {"model": tensors(net)})
    np.savez(tmp_path / "arrays.npz", **tensors(net))
    x = rng.random((1, 1, 16, 17)).astype(np.float32)
    for name in ("plain.mat", "model.mat", "arrays.npz"):
        np.testing.assert_allclose(import_scn([tmp_path / name])(x), net(x), atol=1e-5)


def test_it_reads_the_enlargement_of_its_authors(net, rng, tmp_path):
    """OpenCV's kernel, a = −0.75; the numbers computed by hand."""
    row = np.zeros((8, 8))
    row[:, 3] = 1
    large = npsr.imresize(row, 2, kernel=-0.75)[8]
    np.testing.assert_allclose(large[4:10], QUARTER + QUARTER[::-1])
    np.savez(tmp_path / "a.npz", **tensors(net))
    imported, low = import_scn([tmp_path / "a.npz"], 2), rng.random((9, 9))
    expected = net(npsr.imresize(low, 2, kernel=-0.75)[None, None])[0, 0]
    np.testing.assert_allclose(enlarged(imported, low), expected, atol=1e-5)
    npsr.save(imported, tmp_path / "scn.npz")
    np.testing.assert_array_equal(enlarged(npsr.load(tmp_path / "scn.npz"), low), enlarged(imported, low))


def test_two_files_are_a_cascade(net, rng, tmp_path, capsys):
    np.savez(tmp_path / "a.npz", **tensors(net))
    np.savez(tmp_path / "b.npz", **tensors(scn(12, scale=2, seed=5)))
    files, output = [str(tmp_path / name) for name in ("a.npz", "b.npz")], str(tmp_path / "cscn.npz")
    with pytest.raises(SystemExit, match="0"):
        main(["import", "--method", "scn", *files, "-o", output])
    assert "scn(12,1) ×4" in capsys.readouterr().out
    cascade = npsr.load(output)
    assert (cascade.scale, cascade.first.scale) == (4, 2)
    assert npsr.upscale(rng.random((5, 6)), 3, cascade).shape == (15, 18)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wd": None}, "there is no wd"),
        ({"wd": np.ones(5)}, "wd is .5,., but must be .100, 1."),
        ({"usd1": np.eye(11)}, "usd1 is .11, 11., but must be .12, 12."),
        ({"conv": np.ones((81, 100))}, "not four filters"),
        ({"addp": np.ones(24)}, "combining.weight is .24,., but must be .25,."),
        ({"ud": np.full((12, 25), np.nan)}, "must be .* and finite"),
    ],
)
def test_other_tensors_are_refused(net, tmp_path, change, message):
    held = {key: value for key, value in (tensors(net) | change).items() if value is not None}
    np.savez(tmp_path / "a.npz", **held)
    with pytest.raises(npsr.WeightsError, match=message):
        import_scn([tmp_path / "a.npz"])


def test_stages_must_make_the_factor(net, tmp_path):
    np.savez(tmp_path / "a.npz", **tensors(net))
    with pytest.raises(npsr.WeightsError, match="1 stage.s. of SCN make ×2, but scale is 3"):
        import_scn([tmp_path / "a.npz"], 3)
