"""Matching pursuit, K-SVD, and the search for nearest samples, against slow oracles."""

import numpy as np
import pytest

from npsr.learning.sparse_coding import first_atoms, ksvd, reconstructed, sparse_codes
from npsr_kernels.matrices import nearest


def unit(rng, count, p):
    atoms = rng.standard_normal((count, p)).astype(np.float32)
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def pursuit_oracle(sample, atoms, size):
    """Orthogonal matching pursuit as written: project on all atoms chosen so far, look at what is left."""
    chosen, left = [], sample.astype(float)
    for _ in range(size):
        chosen.append(int(np.argmax(np.abs(atoms @ left))))
        code, *_ = np.linalg.lstsq(atoms[chosen].T.astype(float), sample.astype(float), rcond=None)
        left = sample - atoms[chosen].T @ code
    return chosen, code


def test_pursuit_equals_the_oracle(rng):
    atoms, data = unit(rng, 20, 8), rng.standard_normal((50, 8)).astype(np.float32)
    places, codes = sparse_codes(data, atoms, 3)
    for sample, place, code in zip(data, places, codes, strict=True):
        chosen, expected = pursuit_oracle(sample, atoms, 3)
        assert place.tolist() == chosen
        np.testing.assert_allclose(code, expected, atol=1e-4)


def test_pursuit_finds_what_a_sample_is_made_of(rng):
    atoms = np.eye(6, dtype=np.float32)
    data = np.array([[0, 3, 0, 0, -5, 0], [0, 0, 0, 0, 0, 2], [0] * 6], np.float32)
    places, codes = sparse_codes(data, atoms, 3)
    np.testing.assert_allclose(reconstructed(places, codes, atoms), data, atol=1e-6)
    assert places[0, :2].tolist() == [4, 1]
    assert codes[:, 2].tolist() == [0, 0, 0]
    assert codes[2].tolist() == [0, 0, 0]


def test_ksvd_learns_a_dictionary_that_made_the_samples(rng):
    true = unit(rng, 8, 12)
    codes = np.zeros((600, 8), np.float32)
    for row in codes:
        row[rng.choice(8, 2, replace=False)] = rng.choice([-1, 1], 2) * rng.uniform(1, 2, 2)
    data = codes @ true
    near = true + 0.15 * rng.standard_normal(true.shape).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    passes = list(ksvd(data, near, 2, 15))
    assert passes[-1][1] < 0.5 * passes[0][1]
    likeness = [np.mean(np.abs(np.sum(atoms * true, axis=1))) for atoms in (near, passes[-1][0])]
    assert likeness[0] < 0.94
    assert likeness[1] > 0.96


def test_an_atom_is_renewed_to_the_mean_of_its_users(rng):
    """One atom, codes known: the atom is Σ γ x, of length 1, as least squares says."""
    data = rng.standard_normal((30, 5)).astype(np.float32)
    atom = unit(rng, 1, 5)
    (learnt, _), *_ = ksvd(data, atom, 1, 1)
    expected = (data @ atom[0]) @ data
    np.testing.assert_allclose(learnt[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_atoms_that_nothing_needs_become_the_worst_served_sample():
    data = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 2]], np.float32)
    atoms = np.array([[1, 0, 0], [0, -1, 0.001]], np.float32)
    (learnt, _), *_ = ksvd(data[:2], atoms, 1, 1)
    np.testing.assert_allclose(np.linalg.norm(learnt, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(learnt[1], data[1] / np.linalg.norm(data[1]), atol=1e-5)


def test_too_few_patches_are_refused(rng):
    with pytest.raises(ValueError, match="5 patches that are not flat"):
        first_atoms(np.vstack([np.eye(5), np.zeros((9, 5))]).astype(np.float32), 6, rng)


@pytest.mark.parametrize("blocks", [1, 3, 10])
def test_the_nearest_are_found_in_a_stream(rng, blocks):
    """Whatever the blocks: of every anchor the best scores, of equal ones those that came first."""
    scores = rng.integers(-50, 50, (4, 300)).astype(np.float32)
    keep = 16
    values, samples = np.zeros((4, 2 * keep), np.float32), np.zeros((4, 2 * keep), np.int32)
    counts, floors = np.zeros(4, np.int32), np.full(4, -99, np.float32)
    for part in np.array_split(np.arange(300), blocks):
        block = np.ascontiguousarray(scores[:, part])
        nearest.offer(block, part[0], values, samples, counts, floors)
    for a in range(4):
        best = np.argsort(-values[a, : counts[a]], kind="stable")[:keep]
        expected = np.argsort(-scores[a], kind="stable")[:keep]
        assert samples[a, best].tolist() == expected.tolist()
