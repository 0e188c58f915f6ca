"""The training loop: sub-images, Equation 3, its gradient, a step of SGD."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from npsr import fast
from npsr.network import Arrays, Engine, Network, loss_and_gradients
from npsr.samples import Samples
from npsr.sgd import sgd_step


@dataclass
class State:
    """Where a training run stands: all that it needs to go on.

    Attributes
    ----------
    net : Network
        The network, in its training form (border "valid"); its parameters change in place.
    velocity : dict of str to ndarray
        Momentum of every parameter.
    step : int
        Steps done.
    """

    net: Network
    velocity: Arrays
    step: int = 0


def fresh_state(net: Network) -> State:
    """The state of a run that starts from the parameters of `net`, which are copied."""
    copy = net.astype(net.dtype).with_border("valid")
    return State(copy, {key: np.zeros_like(p) for key, p in copy.parameters.items()})


def train(
    state: State,
    samples: Samples,
    rates: Callable[[int], dict[str, float]],
    steps: int,
    batch: int = 128,
    momentum: float = 0.9,
    seed: int = 0,
    after_step: Callable[[State, float], None] | None = None,
) -> None:
    """Train up to `steps` steps in all, changing `state`.

    The authors minimise half of Equation 3, and their rates are meant for it.

    Parameters
    ----------
    state : State
        Start, new from `fresh_state` or from a checkpoint.
    samples : Samples
        Sub-images and labels.
    rates : callable
        Gives the learning rate of every parameter after a number of steps.
    steps : int
        Number of the last step.
    batch : int
        Samples a step.
    momentum : float
        Momentum.
    seed : int
        Seed of the samples' order, which depends on nothing but it and the step's number.
    after_step : callable, optional
        Called with the state and the step's loss (Equation 3).

    Raises
    ------
    FloatingPointError
        If the loss is not finite; the parameters are then no longer of use.
    """
    engine: Engine = "fast" if fast.supports(state.net.layers) else "plain"
    order = sample_order(len(samples), batch, seed, state.step)
    while state.step < steps:
        x, target = samples[next(order)]
        loss, gradients = loss_and_gradients(state.net, x, target, engine)
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} at step {state.step + 1}: training diverged; lower the learning rate"
            )
        halved = {key: gradient / 2 for key, gradient in gradients.items()}
        sgd_step(state.net.parameters, halved, state.velocity, rates(state.step), momentum)
        state.step += 1
        if after_step:
            after_step(state, loss)


def sample_order(count: int, batch: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Indices of the samples of step `step` + 1, + 2, …: each epoch a new permutation, in which
    every sample occurs once but for a rest smaller than a batch.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    if count == 0:
        raise ValueError("there are no samples: every image is smaller than a sub-image, or there is none")
    batch = min(batch, count)
    while True:
        epoch, first = divmod(step, count // batch)
        permutation = np.random.default_rng([seed, epoch]).permutation(count)
        for position in range(first, count // batch):
            yield permutation[position * batch : (position + 1) * batch]
            step += 1
