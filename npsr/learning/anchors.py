"""A+, and ANR and GR, learnt: a dictionary of features, and a regression around each of its atoms.

ANR and GR regress among the atoms themselves, A+ among the samples nearest to each. A anchors, p features,
q = 9n² details, N samples.
"""

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from npsr.learning.pools import Pair, learnt_filters, pairs, samples
from npsr.learning.recipe import AnchoredRecipe
from npsr.learning.sparse_coding import first_atoms, ksvd, sparse_codes
from npsr.learning.states import State, Step
from npsr.models.archive import WeightsError
from npsr.rivals.anchored import Anchored
from npsr.rivals.files import load_model
from npsr.system.blas import one_blas_thread
from npsr_kernels.compiling.threads import share
from npsr_kernels.matrices import nearest

BLOCK = 1024
"""Samples of which the products with all anchors are computed at a time."""
Samples = tuple[np.ndarray, ...]
"""Features (N, p) and details (N, q)."""
Steps = Generator[Step, None, State]
"""Yields steps and returns the last state."""
SHRINK = 0.98
"""From one scale of the pool to the next."""


def learn(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> Iterator[Step]:
    """Learn from luma planes, from the state given; the last state holds all that `model` needs.

    Raises
    ------
    ValueError
        If the images are too few or too flat.
    """
    if "filters" not in state:
        state = _inherited(recipe) if recipe.start else {"filters": learnt_filters(images, recipe.scale, 2)}
    if state.get("passes", 0) < recipe.passes:
        state = yield from _dictionary(recipe, images, state)
    if recipe.method != "a+":
        if "regressors" not in state:
            state = state | {"regressors": _among_atoms(recipe, images, state)}
            yield state, {"what": "regressors"}
        return
    if "samples" not in state or state["scale"] < recipe.scales:
        state = yield from _nearest(recipe, images, state)
    if "regressors" not in state:
        yield state | {"regressors": _among_samples(recipe, images, state)}, {"what": "regressors"}


def model(recipe: AnchoredRecipe, state: State) -> Anchored:
    """The model that a last state holds."""
    anchors = state["atoms"] if recipe.method != "gr" else state["atoms"][:1]
    return Anchored(recipe.method, recipe.scale, state["filters"], anchors, state["regressors"])


def total(recipe: AnchoredRecipe) -> int:
    """Steps that `learn` yields in all."""
    passes = 0 if recipe.start else recipe.passes
    return passes + 1 + (recipe.scales if recipe.method == "a+" else 0)


def _inherited(recipe: AnchoredRecipe) -> State:
    """The filters and the dictionary of a model that has all atoms.

    Raises
    ------
    WeightsError
        If there is no such model, or it is for another factor.
    """
    start = load_model(recipe.start, recipe.scale)
    if not isinstance(start, Anchored) or len(start.anchors) == 1:
        raise WeightsError(
            f"start is {start.name}, but must be a model of A+ or ANR: its dictionary is taken"
        )
    found = {"filters": start.filters.astype(np.float32), "atoms": start.anchors.astype(np.float32)}
    return found | {"passes": np.array(recipe.passes)}


def _coded(recipe: AnchoredRecipe, images: Sequence[np.ndarray], filters: np.ndarray) -> Iterator[Samples]:
    """Features and details of every second LR pixel."""
    for pair in pairs(images, recipe.scale):
        shape = pair.low.shape[0] - 4, pair.low.shape[1] - 4
        yield tuple(
            array.reshape(*shape, -1)[::2, ::2].reshape(-1, array.shape[1])
            for array in samples(pair, filters, recipe.scale)
        )


def _dictionary(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> Steps:
    """Passes of K-SVD over the features of every second LR pixel."""
    data = np.concatenate([found for found, _ in _coded(recipe, images, state["filters"])])
    done = int(state.get("passes", 0))
    atoms = state["atoms"] if done else first_atoms(data, recipe.atoms, np.random.default_rng(recipe.seed))
    for renewed, error in ksvd(data, atoms, recipe.sparsity, recipe.passes - done):
        done += 1
        state = state | {"atoms": renewed, "passes": np.array(done)}
        yield state, {"what": "dictionary", "error": error}
    return state


def _among_atoms(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> np.ndarray:
    """Regressors (A, p, q) of ANR, or (1, p, q) of GR: between the atoms and their details."""
    atoms = state["atoms"].astype(np.float64)
    details = _details_of_atoms(recipe, images, state)
    with one_blas_thread():
        if recipe.method == "gr":
            return _between(atoms, details, recipe.ridge)[None].astype(np.float32)
        near = np.argsort(-np.abs(atoms @ atoms.T), axis=1, kind="stable")[:, : recipe.neighbours]
        return np.stack([_between(atoms[k], details[k], recipe.ridge) for k in near]).astype(np.float32)


def _between(features: np.ndarray, details: np.ndarray, ridge: float) -> np.ndarray:
    """The matrix (p, q) that makes details (k, q) of features (k, p), strengthened by 1 + ridge.

    (1 + λ) F (FᵀF + λI)⁻¹ details, the smaller of the two systems solved, which are the same matrix.
    """
    gram = features.T @ features + ridge * np.eye(features.shape[1])
    return (1 + ridge) * np.linalg.solve(gram, features.T @ details)


def _details_of_atoms(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> np.ndarray:
    """Details (A, q) of the atoms: P Γᵀ (Γ Γᵀ)⁻¹, the best for the samples' codes Γ."""
    count, q = len(state["atoms"]), 9 * recipe.scale**2
    gram, cross = np.zeros((count, count)), np.zeros((count, q))
    for found, details in _coded(recipe, images, state["filters"]):
        places, codes = sparse_codes(found, state["atoms"], recipe.sparsity)
        for place, code in zip(places.T, codes.T.astype(np.float64), strict=True):
            np.add.at(cross, place, code[:, None] * details)
            for other, factor in zip(places.T, codes.T, strict=True):
                np.add.at(gram, (place, other), code * factor)
    with one_blas_thread():
        return np.linalg.solve(gram + 1e-9 * np.trace(gram) / count * np.eye(count), cross)


def _pool(recipe: AnchoredRecipe, images: Sequence[np.ndarray], first: int, stop: int) -> Iterator[Pair]:
    return pairs(images, recipe.scale, [SHRINK**k for k in range(first, stop)])


def _nearest(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> Steps:
    """For each anchor the samples nearest to it, of all images at all scales, a state after each scale.

    All vectors being of length 1, the nearest has the largest product.
    """
    room = recipe.atoms, 2 * recipe.neighbours
    if "samples" not in state:
        state = state | {"values": np.zeros(room, np.float32), "samples": np.zeros(room, np.int32)}
        state |= {"counts": np.zeros(room[0], np.int32), "floors": np.full(room[0], -2, np.float32)}
        state |= {"scale": np.array(0), "seen": np.array(0)}
    for scale in range(int(state["scale"]), recipe.scales):
        state = {key: array.copy() for key, array in state.items()}
        seen = int(state["seen"])
        for pair in _pool(recipe, images, scale, scale + 1):
            found, _ = normalised(*samples(pair, state["filters"], recipe.scale))
            found = found[: max(0, recipe.pool - seen)]
            for start, scores in zip(
                range(0, len(found), BLOCK), _products(state["atoms"], found), strict=True
            ):
                kept = (state[key] for key in ("values", "samples", "counts", "floors"))
                nearest.offer(scores, seen + start, *kept)
            seen += len(found)
        if seen == 0:
            raise ValueError("the images are too small: use photographs of at least 50 × 50 pixels")
        state |= {"scale": np.array(scale + 1), "seen": np.array(seen)}
        yield state, {"what": "neighbours", "samples": seen}
    return state


def _products(anchors: np.ndarray, found: np.ndarray) -> list[np.ndarray]:
    """Products (A, BLOCK) of the anchors with features (N, p), in blocks of samples."""
    starts = range(0, len(found), BLOCK)
    products: list[np.ndarray] = [np.empty(0)] * len(starts)
    remaining = iter(enumerate(starts))

    def work() -> None:
        for place, start in remaining:
            products[place] = anchors @ found[start : start + BLOCK].T

    with one_blas_thread():
        share(work, parts=len(starts))
    return products


def normalised(found: np.ndarray, details: np.ndarray) -> Samples:
    """Features of length 1; details divided by the same number, where that is not below 0.1."""
    lengths = np.linalg.norm(found, axis=1, keepdims=True) + np.float32(1e-12)
    return found / lengths, details / np.where(lengths < 0.1, np.float32(1), lengths)


def _among_samples(recipe: AnchoredRecipe, images: Sequence[np.ndarray], state: State) -> np.ndarray:
    """Regressors (A, p, q) of A+: ridge regression on each anchor's samples, met again in the pool."""
    count, p, q = *state["atoms"].shape, 9 * recipe.scale**2
    grams, crosses = np.zeros((count, p, p)), np.zeros((count, p, q))
    chosen, done = _chosen(state, recipe.neighbours), np.zeros(count, np.int32)
    first = 0
    for pair in _pool(recipe, images, 0, recipe.scales):
        found, details = normalised(*samples(pair, state["filters"], recipe.scale))
        nearest.accumulate(found, details, first, chosen, done, grams, crosses)
        first += len(found)
        if first >= recipe.pool:
            break
    with one_blas_thread():
        return np.linalg.solve(grams + recipe.ridge * np.eye(p), crosses).astype(np.float32)


def _chosen(state: State, neighbours: int) -> np.ndarray:
    """The numbers (A, neighbours) of each anchor's samples, ascending; beyond their number the largest."""
    never = np.iinfo(np.int32).max
    chosen = np.full((len(state["atoms"]), neighbours), never, np.int32)
    for a, count in enumerate(state["counts"]):
        best = np.argsort(-state["values"][a, :count], kind="stable")[:neighbours]
        chosen[a, : len(best)] = np.sort(state["samples"][a, best])
    return chosen
