"""The fast training step: the loss of a batch and the gradient of every parameter.

A batch is divided into groups of L samples, one sample per lane of a vector. `kernels` computes a group
forward and backward within the L2 cache. Groups form chunks, whose number depends only on the batch. Each
chunk adds its gradients in its own array, and then the chunks are added in their order. So threads never
write to the same place, and their number does not change a bit of the result. Nor does it matter which
process computes a chunk.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np

from npsr_kernels.compiling.compiled import available
from npsr_kernels.compiling.memory import zeroed
from npsr_kernels.compiling.threads import share
from npsr_kernels.training_step.kernels import run_groups
from npsr_kernels.training_step.plan import ConvLayer, DeconvLayer, Plan, make_plan
from npsr_kernels.training_step.weights import arrange, collect
from npsr_kernels.vector.winograd import POINTS

__all__ = [
    "ConvLayer",
    "DeconvLayer",
    "Plan",
    "added",
    "available",
    "chunk_count",
    "empty_sums",
    "loss_and_gradients",
    "make_plan",
    "run_chunks",
]

CHUNKS = 8
"""Most chunks of a batch, and so the most threads or processes that can share it."""

Sums = tuple[np.ndarray, np.ndarray]
"""Losses and gradients of a batch's chunks."""


def loss_and_gradients(
    plan: Plan,
    parameters: Sequence[np.ndarray],
    x: np.ndarray,
    target: np.ndarray,
    threads: int | None = None,
) -> tuple[float, list[np.ndarray]]:
    """Loss, summed over the pixels of a sample and averaged over N samples, and its gradient.

    Parameters
    ----------
    plan : Plan
        From `make_plan`.
    parameters : sequence of ndarray
        In the layers' order: weight, bias, slopes if any; dtype of the plan.
    x : ndarray of shape (N, C, h, h)
        Sub-images, or maps of C channels, of the plan's side and dtype.
    target : ndarray of shape (N, 1, H, H)
        Labels.
    threads : int, optional
        Number of threads; by default as many as Numba would use. The result does not depend on it.

    Returns
    -------
    loss : float
    gradients : list of ndarray
        In the shapes of the parameters.

    Raises
    ------
    ValueError
        If a shape does not fit the plan.
    """
    _check(plan, parameters, x, target)
    chunks = chunk_count(plan, len(x))
    losses, gradients = empty_sums(plan, chunks)
    run_chunks(plan, parameters, x, target, range(chunks), (losses, gradients), threads)
    return added(plan, losses, gradients)


def chunk_count(plan: Plan, samples: int) -> int:
    """Chunks of a batch of so many samples."""
    return min(_groups(plan, samples), CHUNKS)


def empty_sums(plan: Plan, chunks: int) -> Sums:
    """Room for the losses of some chunks, (chunks,), and for their gradients, (chunks, ·)."""
    return np.empty(chunks), np.empty((chunks, plan.unpack.size + plan.tables.lanes), plan.dtype)


def run_chunks(
    plan: Plan,
    parameters: Sequence[np.ndarray],
    x: np.ndarray,
    target: np.ndarray,
    chunks: Sequence[int],
    sums: Sums,
    threads: int | None = None,
) -> None:
    """Assign the losses and gradients of some of a batch's chunks.

    Parameters
    ----------
    plan, parameters, x, target, threads
        As in `loss_and_gradients`: the whole batch.
    chunks : sequence of int
        Which to compute.
    sums : (ndarray, ndarray)
        Of all chunks, as `empty_sums` makes them; those of other chunks stay.
    """
    images, targets = (np.ascontiguousarray(a, plan.dtype).reshape(len(a), -1) for a in (x, target))
    groups, count = _groups(plan, len(x)), chunk_count(plan, len(x))
    losses, gradients = sums
    remaining = iter(chunks)  # taking a chunk is atomic

    def work() -> None:
        scalars = _scalars(plan, parameters)  # by every thread: faster than waiting for one
        arena = _arena(plan)
        for k in remaining:
            bounds = groups * k // count, groups * (k + 1) // count
            gradients[k] = 0
            losses[k] = run_groups(plan.tables, bounds, images, targets, scalars, arena, gradients[k])
        plan.arenas.append(arena)

    share(work, threads, len(chunks))


def added(plan: Plan, losses: np.ndarray, gradients: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """The batch's loss and gradients: those of its chunks, added in their order."""
    return sum(losses.tolist()), _unpacked(plan, gradients)


def _groups(plan: Plan, samples: int) -> int:
    return -(-samples // plan.tables.lanes)


def _scalars(plan: Plan, parameters: Sequence[np.ndarray]) -> np.ndarray:
    """Weights, their points, biases and slopes in the order of their use."""
    rest = np.zeros(POINTS * plan.triples.shape[1] + 1, plan.dtype)
    flat = np.concatenate([*(p.ravel() for p in parameters), rest])
    scalars = np.empty(len(plan.pack), plan.dtype)
    arrange(flat, plan.triples, plan.pack, scalars)
    return scalars


def _arena(plan: Plan) -> np.ndarray:
    """A free arena of the plan, whose rings of zeros stay zero, or a new one."""
    try:
        return plan.arenas.pop()
    except IndexError:
        return zeroed(plan.arena * plan.dtype.itemsize).view(plan.dtype)


def _unpacked(plan: Plan, gradients: np.ndarray) -> list[np.ndarray]:
    """The chunks' sum in the shapes of the parameters."""
    sizes = [prod(shape) for shape in plan.shapes]
    flat = np.zeros(sum(sizes) + POINTS * plan.weighed.shape[1] + 1, plan.dtype)
    collect(gradients, plan.unpack, plan.weighed, flat)
    starts = accumulate(sizes, initial=0)
    return [
        flat[start : start + size].reshape(shape)
        for start, size, shape in zip(starts, sizes, plan.shapes, strict=False)
    ]


def _check(plan: Plan, parameters: Sequence[np.ndarray], x: np.ndarray, target: np.ndarray) -> None:
    shapes = [p.shape for p in parameters]
    if shapes != plan.shapes:
        raise ValueError(f"parameters have the shapes {shapes}, but must have the plan's, {plan.shapes}")
    arrays = ("x", x, plan.channels, plan.sides[0]), ("target", target, 1, plan.sides[1])
    for name, array, channels, side in arrays:
        if array.shape != (len(x), channels, side, side) or not len(x):
            raise ValueError(
                f"{name} has shape {array.shape}, but must be (N, {channels}, {side}, {side}) "
                "with the same N ≥ 1 as x"
            )
