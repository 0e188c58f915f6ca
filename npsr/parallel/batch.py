"""A batch in memory that several processes see: sub-images, labels, parameters, sums of its chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from npsr.networks.layers import Layer
from npsr.networks.network import Network
from npsr.networks.training_engine import plan_for
from npsr_kernels.loss import FLOORS, Loss
from npsr_kernels.training_step.step import Plan, chunk_count, empty_sums


@dataclass(frozen=True)
class SharedArray:
    """An array that a process hands to those that it starts; nothing of it outlives them."""

    memory: Any
    shape: tuple[int, ...]
    dtype: np.dtype

    def view(self) -> np.ndarray:
        """The array, here."""
        return np.frombuffer(self.memory, self.dtype).reshape(self.shape)


@dataclass(frozen=True)
class SharedBatch:
    """All arrays of a training step; `layers`, the loss and the shapes give its plan in every process."""

    layers: tuple[Layer, ...]
    loss: Loss
    x: SharedArray
    target: SharedArray
    parameters: tuple[SharedArray, ...]
    losses: SharedArray
    gradients: SharedArray

    @property
    def plan(self) -> Plan:
        """How the step is computed."""
        return plan_for(self.layers, self.x.shape[2], self.x.dtype, FLOORS[self.loss])


def shared_batch(
    context: Any,
    net: Network,
    x_shape: Sequence[int],
    target_shape: Sequence[int],
    loss: Loss = "squared",
) -> SharedBatch:
    """Room for the batches of a network.

    Parameters
    ----------
    context : multiprocessing context
        That starts the processes.
    net : Network
        In its training form.
    x_shape, target_shape : sequence of int
        Of sub-images (N, C, h, h) and labels (N, 1, H, H).
    loss : {"squared", "psnr"}
        What is computed.
    """

    def room(shape: Sequence[int], dtype: Any) -> SharedArray:
        kind = np.dtype(dtype)
        return SharedArray(context.RawArray("b", prod(shape) * kind.itemsize), tuple(shape), kind)

    plan = plan_for(net.layers, x_shape[2], net.dtype)
    losses, gradients = empty_sums(plan, chunk_count(plan, x_shape[0]))
    return SharedBatch(
        net.layers,
        loss,
        room(x_shape, net.dtype),
        room(target_shape, net.dtype),
        tuple(room(p.shape, net.dtype) for p in net.parameters.values()),
        room(losses.shape, losses.dtype),
        room(gradients.shape, gradients.dtype),
    )
