"""A+ from matrices of the published layout, held to the method as published, patch by patch."""

import numpy as np
import pytest
from scipy.io import savemat

from npsr.cli import main
from npsr.images.resize import imresize
from npsr.models.archive import WeightsError
from npsr.rivals.features import derivatives
from npsr.rivals.files import load_model, save_rival
from npsr.rivals.importing import import_anchored


@pytest.fixture
def matrices(rng):
    basis = np.linalg.qr(rng.standard_normal((144, 6)))[0]
    atoms = rng.standard_normal((6, 9))
    atoms /= np.linalg.norm(atoms, axis=0)
    return basis, atoms, rng.standard_normal((9, 36, 6)) / 10


def as_published(low, basis, atoms, regressors, n=2):
    """Features, choice, patch and mean, with MATLAB's order of a patch's pixels; the border is left out."""
    middle, side = imresize(low, n), 3 * n
    maps = derivatives(middle, n)
    total, count = np.zeros(middle.shape), np.zeros(middle.shape)
    for top in range(n, middle.shape[0] - side - n + 1, n):
        for left in range(n, middle.shape[1] - side - n + 1, n):
            place = slice(top, top + side), slice(left, left + side)
            feature = np.concatenate([part[place].ravel(order="F") for part in maps]) @ basis
            chosen = np.argmax(np.abs(atoms.T @ feature))
            total[place] += (regressors[chosen] @ feature).reshape((side, side), order="F")
            count[place] += 1
    return middle + total / np.maximum(count, 1)


def test_it_enlarges_as_published(matrices, rng, tmp_path):
    basis, atoms, regressors = matrices
    cells = np.empty((9, 1), object)
    cells[:, 0] = list(regressors)
    savemat(tmp_path / "dictionary.mat", {"V": basis, "D": atoms})
    savemat(tmp_path / "regressors.mat", {"conf": {"PPs": cells}})
    model = import_anchored([tmp_path / "dictionary.mat", tmp_path / "regressors.mat"], 2)
    low = rng.random((14, 15))
    inner = slice(6, -6), slice(6, -6)  # where nine patches overlap
    expected = as_published(low, basis, atoms, regressors)
    np.testing.assert_allclose(model(low)[inner], expected[inner], atol=1e-5)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0)])
def test_regressors_as_one_array(matrices, tmp_path, order):
    basis, atoms, regressors = matrices
    many, wide = np.hstack([atoms] * 5), np.concatenate([regressors] * 5)
    np.savez(tmp_path / "m.npz", V_pca=basis, dict_lores=many, R=wide.transpose(order))
    model = import_anchored([tmp_path / "m.npz"], 2)
    np.testing.assert_allclose(
        model.regressors[4, 3].reshape(6, 6), regressors[4, :, 3].reshape(6, 6).T, rtol=1e-6
    )


def test_what_does_not_fit_is_told(matrices, tmp_path):
    basis, atoms, regressors = matrices
    path = tmp_path / "m.npz"
    np.savez(path, V=basis, D=atoms)
    with pytest.raises(WeightsError, match="there is no regressors \\(R or PPs"):
        import_anchored([path], 2)
    np.savez(path, V=basis, D=atoms, R=regressors)
    with pytest.raises(WeightsError, match=r"the PCA is \(144, 6\), but must be \(324, p\) at ×3"):
        import_anchored([path], 3)
    np.savez(path, V=basis, D=atoms[:5], R=regressors)
    with pytest.raises(WeightsError, match="the dictionary is"):
        import_anchored([path], 2)
    for held in ({"D": atoms[0], "R": regressors}, {"D": atoms, "R": regressors[0, 0]}):
        np.savez(path, V=basis, **held)
        with pytest.raises(WeightsError, match="the dictionary is"):
            import_anchored([path], 2)
    cells = np.empty(2, object)
    cells[:] = [regressors[0], regressors[0, :5]]
    savemat(tmp_path / "cells.mat", {"V": basis, "D": atoms, "R": cells})
    with pytest.raises(WeightsError, match="the regressors differ in shape"):
        import_anchored([tmp_path / "cells.mat"], 2)
    for key in ("V", "D", "R"):
        held = {"V": basis.copy(), "D": atoms.copy(), "R": regressors.copy()}
        held[key].flat[3] = np.nan
        np.savez(path, **held)
        with pytest.raises(WeightsError, match="numbers that are not finite: get the files anew"):
            import_anchored([path], 2)
    path.write_bytes(b"no file")
    with pytest.raises(WeightsError, match="neither a MATLAB nor"):
        import_anchored([path], 2)
    with pytest.raises(WeightsError, match="does not exist"):
        import_anchored([tmp_path / "none.mat"], 2)


def test_the_command(matrices, tmp_path, capsys):
    basis, atoms, regressors = matrices
    np.savez(tmp_path / "a.npz", V=basis, D=atoms)
    np.savez(tmp_path / "b.npz", R=regressors)
    files = [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    for arguments, code, words in (
        (["--method", "a+", "-s", "2"], 0, "a+ ×2"),
        (["--method", "a+"], 2, "the factor is missing"),
        ([], 2, "say --method"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["import", *files, *arguments, "-o", str(tmp_path / "m.npz"), "-f"])
        output = capsys.readouterr()
        assert ended.value.code == code, output
        assert words in output.out + output.err
    assert load_model(tmp_path / "m.npz").name == "a+"


@pytest.mark.parametrize("kind", ["complex64", "float16", ">f4", "S4"])
def test_files_with_other_kinds_of_numbers_are_refused(matrices, tmp_path, kind):
    basis, atoms, regressors = matrices
    np.savez(tmp_path / "m.npz", V=basis, D=atoms, R=regressors)
    model = import_anchored([tmp_path / "m.npz"], 2)
    path = tmp_path / "model.npz"
    save_rival(model, path)
    with np.load(path) as file:
        held = dict(file)
    np.savez(path, **held | {"anchors": held["anchors"].astype(kind)})
    with pytest.raises(WeightsError, match="anchors holds .*, which is not read"):
        load_model(path)
