"""Other people's rivals: the authors' KK model, and A+, ANR and GR as matrices of the published layout.

Their matrices are MATLAB's: patches run down their columns.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from npsr.models.archive import WeightsError
from npsr.models.importing import matrices_of, read_matrices
from npsr.networks.network import Arrays
from npsr.rivals.anchored import Anchored
from npsr.rivals.features import filters_of
from npsr.rivals.kernel_regression import OUTPUT, WINDOW, KernelRegression

KERNELS = 300
"""Basis patches of KK's models."""
NAMES = {
    "basis": ("V", "V_pca"),
    "dictionary": ("D", "dict_lores"),
    "regressors": ("R", "PPs", "regressors"),
}
"""By what names the matrices of A+ go: PCA (36n², p), atoms (p, A), and (q, p) for each atom."""


def import_kk(path: Path, scale: int) -> KernelRegression:
    """The model of Kim and Kwon for a factor, from their file ``MatlabR2007aSupResModel.mat``.

    It works on 8 bits, LR plane and enlargement, as their program does.

    Raises
    ------
    WeightsError
        If the file is not theirs, or has no such factor.
    """
    try:
        models = read_matrices(path)["Model"]
        if f"M{scale}" not in models.dtype.names:
            raise WeightsError(
                f"{path.name} has no model for ×{scale}, but for ×2, ×3 and ×4: say -s 2, 3 or 4"
            )
        numbers = models[f"M{scale}"][0, 0].ravel()[30:-30]
        if not np.isfinite(numbers).all():
            raise WeightsError(f"{path} has numbers that are not finite: get the file anew")
        return _kk(numbers, scale, f"released by the authors, imported from {path.name}")
    except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} is not KK's model ({type(error).__name__}: {error})") from error


def _kk(numbers: np.ndarray, scale: int, source: str) -> KernelRegression:
    """From the numbers between the noise at both ends: parameters, basis, coefficients, confidence."""
    p, count = numbers[:16], OUTPUT**2
    side = int(p[0])
    ends = np.cumsum([16, KERNELS * side**2, KERNELS * count, (count * WINDOW**2 + side**2) * count])
    basis, coefficients, confidence = (numbers[a:b] for a, b in pairwise(ends))
    # The confidence counts the candidates from the other end than the coefficients, in and out.
    confidence = confidence.reshape(-1, count)[:, ::-1]
    of_all = confidence[: count * WINDOW**2].reshape(count, WINDOW, WINDOW, count)[::-1]
    of_mean = confidence[count * WINDOW**2 :].reshape(side, side, count)
    kept = [*p[[15, 4, 5, 7, 6, 8, 9, 10, 11, 12, 13]], 255]  # in the order of Numbers
    return KernelRegression(
        "kk",
        scale,
        basis.reshape(KERNELS, side, side).astype(np.float32),
        np.ascontiguousarray(coefficients.reshape(count, KERNELS).T, np.float32),
        np.ascontiguousarray(of_all.transpose(3, 0, 2, 1), np.float32),
        np.ascontiguousarray(of_mean.transpose(2, 1, 0), np.float32),
        np.array(kept),
        {"source": source},
    )


def import_anchored(paths: Sequence[Path], scale: int, method: str = "a+") -> Anchored:
    """A+, ANR or GR from .mat or .npz files that together hold three matrices.

    Parameters
    ----------
    paths : sequence of Path
        Files; the matrices may lie in MATLAB structures.
    scale : int
        Upscaling factor n.
    method : str
        "a+", "anr" or "gr": what to call it.

    Returns
    -------
    Anchored

    Raises
    ------
    WeightsError
        If a matrix is missing or has another shape.
    """
    found: Arrays = {}
    for path in paths:
        for name, value in matrices_of(path).items():
            for key, names in NAMES.items():
                if name in names and key not in found:
                    found[key] = value
    if missing := [f"{key} ({' or '.join(NAMES[key])})" for key in NAMES if key not in found]:
        raise WeightsError(
            f"{', '.join(map(str, paths))}: there is no {missing[0]}: name all files of the model"
        )
    if wrong := [key for key in NAMES if not _finite(found[key])]:
        raise WeightsError(f"the {wrong[0]} has numbers that are not finite: get the files anew")
    basis = np.asarray(found["basis"], np.float64)
    p, side = basis.shape[1] if basis.ndim == 2 else 0, 3 * scale
    if basis.shape != (36 * scale**2, p):
        raise WeightsError(
            f"the PCA is {basis.shape}, but must be ({36 * scale**2}, p) at ×{scale}: check -s"
        )
    atoms = np.asarray(found["dictionary"], np.float32).T
    matrices = _matrices(found["regressors"])
    fit = atoms.shape[1:] == (p,) and matrices.shape[1:] == (side**2, p)
    if not fit or len(matrices) not in (1, len(atoms)):
        raise WeightsError(
            f"the dictionary is {atoms.T.shape} and the regressors are {matrices.shape}, "
            f"but must be ({p}, A) and (A, {side**2}, {p})"
        )
    rows = matrices.reshape(len(matrices), side, side, p).transpose(0, 3, 2, 1)
    provenance = {"source": f"imported from {', '.join(path.name for path in paths)}"}
    return Anchored(
        method,
        scale,
        filters_of(basis, scale).astype(np.float32),
        np.ascontiguousarray(atoms[: len(matrices)]),
        np.ascontiguousarray(rows.reshape(len(matrices), p, side**2), np.float32),
        provenance,
    )


def _finite(value: np.ndarray) -> bool:
    """Whether an array, or every matrix of a cell array, has finite numbers alone."""
    matrices = value.ravel() if value.dtype == object else [value]
    return all(np.isfinite(np.asarray(matrix, np.float64)).all() for matrix in matrices)


def _matrices(value: np.ndarray) -> np.ndarray:
    """Regressors (A, q, p) from a cell array, or an array in which the anchors are the first or last axis."""
    if value.dtype == object:
        cells = [np.asarray(matrix, np.float64) for matrix in value.ravel()]
        if len({cell.shape for cell in cells}) != 1:
            raise WeightsError("the regressors differ in shape: get the files anew")
        return np.stack(cells)
    value = np.asarray(value, np.float64)
    if value.ndim == 3 and value.shape[2] > value.shape[0]:
        return value.transpose(2, 0, 1)
    return value[None] if value.ndim == 2 else value
