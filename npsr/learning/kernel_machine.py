"""KK learnt: basis patches moved by gradient, their coefficients solved, and how far to trust each candidate.

N samples, M side of a patch, B basis patches, C = 25 candidates.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from math import cos, pi
from typing import Any

import numpy as np

from npsr.learning.confidence import learn_confidence
from npsr.learning.pools import Pair, pairs
from npsr.learning.recipe import KernelRecipe
from npsr.learning.states import State, Step
from npsr.rivals.features import enlarged
from npsr.rivals.kernel_regression import (
    OUTPUT,
    WINDOW,
    KernelRegression,
    Numbers,
    box_sum,
    crop,
    gaussians,
    negative_laplacian,
)
from npsr.system.blas import one_blas_thread
from npsr.training.sgd import adam_step
from npsr_kernels.compiling.threads import share

PUBLISHED = {
    2: (7, Numbers(0.05, window=7, major=3.5, spread_window=7, spread=1.8, noise=127)),
    3: (9, Numbers(0.01114, window=9, major=3.5, spread_window=9, spread=1.4, noise=80)),
    4: (13, Numbers(0.00553, window=9, major=1.7, spread_window=9, spread=0.57, noise=70)),
}
"""Side of a patch and numbers of the authors' models by factor; larger factors take those of ×4."""
CHUNK = 4096
"""Samples of which the Gaussians are computed at a time."""
STEPS_BETWEEN_STATES = 50
"""Steps of the basis between states."""


def learn(recipe: KernelRecipe, images: Sequence[np.ndarray], state: State) -> Iterator[Step]:
    """Learn from luma planes, from the state given; the last state holds all that `model` needs.

    One image in ten is held back, if there are so many, to choose how far to trust candidates.

    Raises
    ------
    ValueError
        If the images have too few edges.
    """
    held_back = images[5::10]
    others = [image for k, image in enumerate(images) if k % 10 != 5]
    if "coefficients" not in state:
        state = yield from _basis(recipe, others, state)
    if "windows" not in state:
        yield from learn_confidence(
            model(recipe, state),
            _oriented(others, recipe),
            _oriented(held_back or others, recipe),
            recipe,
            state,
        )


def model(recipe: KernelRecipe, state: State) -> KernelRegression:
    """The model that a state holds; before its confidence is learnt it trusts all candidates alike."""
    side, numbers = PUBLISHED[min(max(recipe.scale, 2), 4)]
    windows = state.get("windows", np.zeros((OUTPUT**2, OUTPUT**2, WINDOW, WINDOW), np.float32))
    mean_window = state.get("mean_window", np.zeros((OUTPUT**2, side, side), np.float32))
    numbers = numbers._replace(trust=float(state.get("trust", numbers.trust)))
    basis = state["basis"].reshape(-1, side, side)
    return KernelRegression(
        "kk", recipe.scale, basis, state["coefficients"], windows, mean_window, np.array(numbers)
    )


def total(recipe: KernelRecipe) -> int:
    """Steps that `learn` yields in all."""
    return -(-recipe.steps // STEPS_BETWEEN_STATES) + 1


def _oriented(images: Sequence[np.ndarray], recipe: KernelRecipe) -> Iterator[Pair]:
    """Every image in one of its eight orientations, these in turn."""
    for k, pair in enumerate(pairs(images, recipe.scale)):
        planes = (np.rot90(plane[:, :: 1 - 2 * (k // 4 % 2)], k % 4) for plane in pair)
        yield Pair(*map(np.ascontiguousarray, planes))


def _basis(recipe: KernelRecipe, images: Sequence[np.ndarray], state: State) -> Generator[Step, None, State]:
    """Basis patches and coefficients, a state every few steps."""
    _, numbers = PUBLISHED[min(max(recipe.scale, 2), 4)]
    rng = np.random.default_rng([recipe.seed, 0])
    found, details, weights = _samples(recipe, images, rng)
    if "basis" not in state:
        basis = _centres(found[: recipe.samples // 3], recipe.basis, rng)
        state = {"basis": basis, "velocity": np.zeros_like(basis), "square": np.zeros_like(basis)}
        state |= {"step": np.array(0)}
    data = Data(found, details, weights, numbers.width)
    coefficients = np.empty(0)
    for start in range(int(state["step"]), recipe.steps, STEPS_BETWEEN_STATES):
        state = {key: array.copy() for key, array in state.items()}
        for step in range(start, min(start + STEPS_BETWEEN_STATES, recipe.steps)):
            if (step - start) % recipe.solve_every == 0:
                coefficients = solve(data, state["basis"], recipe.ridge)
            batch = np.random.default_rng([recipe.seed, 1, step]).integers(len(found), size=recipe.batch)
            gradient = basis_gradient(data.part(batch), state["basis"], coefficients)
            rate = recipe.rate * 81 / found.shape[1] * (1 + cos(pi * step / recipe.steps)) / 2
            moved = (
                {"basis": array} for array in (state["basis"], gradient, state["velocity"], state["square"])
            )
            points, slopes, velocity, square = moved
            adam_step(points, slopes, velocity, square, {"basis": rate}, step + 1)
        state |= {"step": np.array(min(start + STEPS_BETWEEN_STATES, recipe.steps))}
        if state["step"] == recipe.steps:
            coefficients = solve(data, state["basis"], recipe.ridge)
            state |= {"coefficients": coefficients.astype(np.float32)}
        yield state, {"what": "basis", "error": error(data, state["basis"], coefficients)}
    return state


def _samples(
    recipe: KernelRecipe, images: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Laplacian patches (N, M²) and details (N, C), both divided by the patch's size, and weights (N).

    An error counts by the size that it is multiplied with when the details are made.
    """
    side, numbers = PUBLISHED[min(max(recipe.scale, 2), 4)]
    area = sum(image.size for image in images)
    parts = []
    for pair in _oriented(images, recipe):
        patches, details = _patches(pair, recipe.scale, side, numbers)
        count = min(len(patches), round(recipe.samples * pair.details.size / max(1, area)))
        chosen = np.sort(rng.choice(len(patches), count, replace=False))
        parts.append((patches[chosen], details[chosen]))
    found = np.concatenate([patches for patches, _ in parts] or [np.empty((0, side * side), np.float32)])
    details = np.concatenate([around for _, around in parts] or [np.empty((0, OUTPUT**2), np.float32)])
    if len(found) < 3 * recipe.basis:
        raise ValueError(
            f"there are {len(found)} patches with edges, but must be three times as many as basis patches, "
            f"{3 * recipe.basis}: use more or larger photographs"
        )
    order = rng.permutation(len(found))
    found, details = found[order], details[order]
    sizes = np.abs(found).sum(axis=1, keepdims=True)
    weights = (sizes[:, 0] / np.sqrt(np.mean(sizes**2))) ** 2
    return found / sizes, details / sizes, weights


def _patches(pair: Pair, n: int, side: int, numbers: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Laplacian patches (V, M²) of the pixels that are not flat, and their details (V, C)."""
    margin = max(side, int(numbers.window)) // 2 + 1
    middle = (2 * enlarged(pair.low.astype(np.float64), n) - 1).astype(np.float32)
    if min(middle.shape) <= 2 * margin:
        return np.empty((0, side * side), np.float32), np.empty((0, OUTPUT**2), np.float32)
    laplacian = negative_laplacian(middle)
    strength = crop(box_sum(np.abs(laplacian), int(numbers.window)), margin - 1)
    at = np.nonzero(strength > numbers.flat)
    windows = np.lib.stride_tricks.sliding_window_view(crop(laplacian, margin - 1 - side // 2), (side, side))
    around = crop(2 * pair.details, margin - OUTPUT // 2)
    details = np.lib.stride_tricks.sliding_window_view(around, (OUTPUT, OUTPUT))
    return windows[at].reshape(-1, side * side), details[at].reshape(-1, OUTPUT**2)


def _centres(found: np.ndarray, count: int, rng: np.random.Generator, passes: int = 6) -> np.ndarray:
    """Means (count, M²) of groups of alike samples, by k-means from samples drawn at random."""
    centres = found[rng.choice(len(found), count, replace=False)]
    with one_blas_thread():
        for _ in range(passes):
            nearest = np.concatenate(
                [
                    np.argmax(part @ centres.T - np.sum(centres**2, axis=1) / 2, axis=1)
                    for part in np.array_split(found, max(1, len(found) // CHUNK))
                ]
            )
            sums = np.zeros(centres.shape)
            np.add.at(sums, nearest, found)
            sizes = np.bincount(nearest, minlength=count)[:, None]
            centres = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres).astype(np.float32)
    return centres


class Data:
    """Features (N, M²), details (N, C) and weights (N) of samples, and the Gaussians' width."""

    def __init__(self, found: np.ndarray, details: np.ndarray, weights: np.ndarray, width: float) -> None:
        self.found, self.details, self.weights, self.width = found, details, weights, width

    def part(self, chosen: np.ndarray) -> "Data":
        """Some of the samples."""
        return Data(self.found[chosen], self.details[chosen], self.weights[chosen], self.width)

    def summed(self, term: Callable[["Data"], tuple[np.ndarray, ...]]) -> list[np.ndarray]:
        """Sums of what a function gives for chunks, which threads share; added in their order."""
        starts = range(0, len(self.found), CHUNK)
        terms: list[Any] = [None] * len(starts)
        remaining = iter(enumerate(starts))

        def work() -> None:
            for place, start in remaining:
                part = slice(start, start + CHUNK)
                terms[place] = term(
                    Data(self.found[part], self.details[part], self.weights[part], self.width)
                )

        with one_blas_thread():
            share(work, parts=len(starts))
        return [np.asarray(np.sum(parts, axis=0, dtype=np.float64)) for parts in zip(*terms, strict=True)]


def solve(data: Data, basis: np.ndarray, ridge: float) -> np.ndarray:
    """The coefficients (B, C) that minimise Σ w ‖kᵀA − y‖² + N λ tr(Aᵀ K_bb A): ridge regression."""

    def term(part: Data) -> tuple[np.ndarray, ...]:
        kernels = gaussians(part.found, basis, data.width).astype(np.float64)
        weighted = kernels * part.weights[:, None]
        return weighted.T @ kernels, weighted.T @ part.details

    gram, cross = data.summed(term)
    own = gaussians(basis.astype(np.float64), basis.astype(np.float64), data.width)
    with one_blas_thread():
        scale = np.trace(gram) / len(gram)
        return np.linalg.solve(
            gram + len(data.found) * ridge * own + 1e-12 * scale * np.eye(len(gram)), cross
        )


def basis_gradient(data: Data, basis: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Gradient (B, M²) of the mean of w ‖kᵀA − y‖² by the basis points.

    ∂/∂b_j = (4/σ) Σ_i w_i (r_i·a_j) k_ij (f_i − b_j) / N with the residuals r_i.
    """
    a = coefficients.astype(basis.dtype)

    def term(part: Data) -> tuple[np.ndarray, ...]:
        kernels = gaussians(part.found, basis, data.width)
        residuals = kernels @ a - part.details
        pulls = (residuals @ a.T) * kernels * part.weights[:, None].astype(basis.dtype)
        return pulls.T @ part.found, pulls.sum(axis=0)

    towards, pulls = data.summed(term)
    gradient = (towards - pulls[:, None] * basis) * (4 / data.width / len(data.found))
    return gradient.astype(basis.dtype)


def error(data: Data, basis: np.ndarray, coefficients: np.ndarray) -> float:
    """Share of the details that is not explained."""
    some = data.part(np.arange(min(len(data.found), 50_000)))
    residuals = gaussians(some.found, basis, some.width) @ coefficients - some.details
    weights = some.weights[:, None]
    return float(np.sum(weights * residuals**2) / np.sum(weights * some.details**2))
