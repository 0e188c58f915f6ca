"""A dictionary for sparse codes, by K-SVD (Aharon, Elad, Bruckstein, 2006).

N samples, p numbers each, A atoms of length 1, K of them in a code.
"""

from collections.abc import Iterator

import numpy as np

from npsr.system.blas import one_blas_thread
from npsr_kernels.matrices import pursuit

BLOCK = 4096
"""Samples whose products with all atoms are held at a time: 16 MB for 1024 atoms."""


def first_atoms(data: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Samples (count, p) drawn at random, of length 1.

    Raises
    ------
    ValueError
        If there are fewer that are not zero.
    """
    lengths = np.linalg.norm(data, axis=1)
    usable = np.flatnonzero(lengths > 1e-4 * lengths.max(initial=0))
    if len(usable) < count:
        raise ValueError(
            f"there are {len(usable)} patches that are not flat, but must be at least as many as atoms, "
            f"{count}: use more or larger photographs"
        )
    chosen = rng.choice(usable, count, replace=False)
    return (data[chosen] / lengths[chosen, None]).astype(np.float32)


def sparse_codes(data: np.ndarray, atoms: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of samples by orthogonal matching pursuit.

    Parameters
    ----------
    data : ndarray of shape (N, p), float32
        Samples.
    atoms : ndarray of shape (A, p), float32
        Of length 1.
    size : int
        Atoms in a code, K.

    Returns
    -------
    places : ndarray of shape (N, K), int32
        Numbers of atoms.
    codes : ndarray of shape (N, K), float32
        Their coefficients; 0 for a place not needed.
    """
    places, codes = np.zeros((len(data), size), np.int32), np.zeros((len(data), size), np.float32)
    with one_blas_thread():
        gram = atoms @ atoms.T
        for start in range(0, len(data), BLOCK):
            part = slice(start, start + BLOCK)
            pursuit.pursue(data[part] @ atoms.T, gram, places[part], codes[part])
    return places, codes


def reconstructed(places: np.ndarray, codes: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    """What codes (N, K) make of atoms (A, p): (N, p)."""
    total = np.zeros((len(places), atoms.shape[1]), np.float32)
    for place, code in zip(places.T, codes.T, strict=True):
        total += code[:, None] * atoms[place]
    return total


def ksvd(data: np.ndarray, atoms: np.ndarray, size: int, passes: int) -> Iterator[tuple[np.ndarray, float]]:
    """Renew a dictionary pass by pass; an atom that nothing needs becomes the sample served worst.

    Parameters
    ----------
    data : ndarray of shape (N, p), float32
        Samples.
    atoms : ndarray of shape (A, p), float32
        To begin with.
    size, passes : int
        Atoms in a code; how often codes and atoms are found anew.

    Yields
    ------
    atoms : ndarray of shape (A, p)
        After a pass.
    error : float
        Root of the mean squared residual before it.
    """
    for _ in range(passes):
        places, codes = sparse_codes(data, atoms, size)
        residuals = data - reconstructed(places, codes, atoms)
        error = float(np.sqrt(np.mean(np.square(residuals, dtype=np.float64))))
        flat, needed = codes.ravel(), codes.ravel() != 0
        keys = np.where(needed, places.ravel(), len(atoms))
        uses = np.argsort(keys, kind="stable").astype(np.int64)
        ends = np.searchsorted(keys[uses], np.arange(len(atoms)), side="right")
        atoms = atoms.copy()
        pursuit.renew(residuals, flat, uses, ends, atoms)
        unused = np.flatnonzero(np.diff(ends, prepend=0) == 0)
        worst = np.argsort(-np.sum(residuals**2, axis=1), kind="stable")[: len(unused)]
        lengths = np.linalg.norm(data[worst], axis=1, keepdims=True)
        atoms[unused] = data[worst] / np.maximum(lengths, 1e-12)
        yield atoms, error
