"""How far to trust each of KK's candidates: its expected error, linear in what all of them show around it.

C = 25 candidates, M side of a patch.
"""

from collections.abc import Iterator

import numpy as np

from npsr.learning.pools import Pair
from npsr.learning.recipe import KernelRecipe
from npsr.learning.states import State, Step
from npsr.rivals.features import enlarged
from npsr.rivals.kernel_regression import OUTPUT, WINDOW, KernelRegression, crop
from npsr.system.blas import one_blas_thread

TRUSTS = (0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.17, 0.25, 0.35, 0.5, 1.0)
"""σ_C that are tried."""


def learn_confidence(
    model: KernelRegression,
    pairs: Iterator[Pair],
    held_back: Iterator[Pair],
    recipe: KernelRecipe,
    state: State,
) -> Iterator[Step]:
    """Yield the state with the windows, and then also with σ_C, the best on the images held back."""
    gram, cross, count = np.zeros(()), np.zeros(()), 0
    rng = np.random.default_rng([recipe.seed, 2])
    for pair in pairs:
        seen, errors = _seen(model, pair)
        chosen = rng.choice(len(seen), min(len(seen), recipe.confidence_samples // 50), replace=False)
        rows, targets = seen[np.sort(chosen)].astype(np.float64), errors[np.sort(chosen)]
        with one_blas_thread():
            gram, cross = gram + rows.T @ rows, cross + rows.T @ targets
        count += len(rows)
        if count >= recipe.confidence_samples:
            break
    with one_blas_thread():
        size = len(gram)
        weights = np.linalg.solve(gram + recipe.confidence_ridge * count * np.eye(size), cross)
    side = model.side
    of_all = weights[: size - side**2].T.reshape(OUTPUT**2, OUTPUT**2, WINDOW, WINDOW)
    of_mean = weights[size - side**2 :].T.reshape(OUTPUT**2, side, side)
    state = state | {"windows": of_all.astype(np.float32), "mean_window": of_mean.astype(np.float32)}
    best = _best_trust(model, weights, held_back)
    yield state | {"trust": np.array(best)}, {"what": "confidence", "trust": best}


def _seen(model: KernelRegression, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """For pixels that were not skipped, what is seen around them (V, 49·C + M²), and all errors (V, C)."""
    seen, errors, _, _ = _all_seen(model, pair)
    return seen, errors


def _all_seen(model: KernelRegression, pair: Pair) -> tuple[np.ndarray, ...]:
    """As `_seen`, and besides which candidates are valid (V, C) and what they change (V, C)."""
    middle = (2 * enlarged(pair.low.astype(np.float64), model.scale) - 1).astype(np.float32)
    margin, around = model.margins
    wide = np.pad(middle, margin, mode="symmetric")
    planes, valid = model.candidates(wide, margin - around)
    usable = crop(valid, around)
    at = np.nonzero(usable[OUTPUT**2 // 2])
    view = np.lib.stride_tricks.sliding_window_view
    of_all = view(crop(planes, around - WINDOW // 2), (WINDOW, WINDOW), axis=(1, 2))[:, at[0], at[1]]
    side = model.side
    of_mean = view(crop(planes.mean(axis=0), around - side // 2), (side, side))[at]
    seen = np.hstack([of_all.transpose(1, 0, 2, 3).reshape(len(at[0]), -1), of_mean.reshape(len(at[0]), -1)])
    inner = crop(planes, around)[:, at[0], at[1]].T
    truth = (middle + 2 * pair.details)[at][:, None]
    return seen, truth - inner, usable[:, at[0], at[1]].T, inner - middle[at][:, None]


def _best_trust(model: KernelRegression, weights: np.ndarray, held_back: Iterator[Pair]) -> float:
    """The σ_C whose means come nearest to the images held back."""
    squares = np.zeros(len(TRUSTS))
    for pair in held_back:
        seen, errors, valid, changes = _all_seen(model, pair)
        expected = np.abs(seen @ weights.astype(np.float32))
        truth = errors[:, 0] + changes[:, 0]
        for k, trust in enumerate(TRUSTS):
            shares = np.exp(-expected / trust) * valid + 1e-30
            mean = np.sum(shares * changes, axis=1) / np.sum(shares, axis=1)
            squares[k] += np.sum((mean - truth) ** 2)
    return TRUSTS[int(np.argmin(squares))]
