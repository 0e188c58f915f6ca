"""The training loop: sub-images, Equation 3, its gradient, a step of SGD."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np

from npsr.networks.network import Arrays, Network, loss_and_gradients
from npsr.networks.products import multiply_out, pulled_back, weight_of
from npsr.parallel.processes import Compute
from npsr.training.samples import Samples
from npsr.training.sgd import adam_step, sgd_step
from npsr.training.transfer import deconvolution_of
from npsr_kernels.loss import Loss, sample_losses

Part = Literal["all", "deconvolution"]


@dataclass
class State:
    """Where a training run stands: all that it needs to go on.

    Attributes
    ----------
    net : Network
        The network, in its training form (border "valid"); its parameters change in place.
    trained : Network
        What of it is trained: all, or its deconvolution, sharing its parameters.
    learnt : dict of str to ndarray
        What the optimiser changes: the parameters of `trained`, or factors in the place of its weights.
    velocity, square : dict of str to ndarray
        Running means of the gradient of everything learnt, and (Adam only) of its square.
    mean : dict of str to ndarray
        Running mean of the parameters of `net`; empty if none is asked for.
    average : float
        Weight μ of the old mean, m ← μ m + (1 − μ) θ; less in the first steps: `move_mean`.
    loss : {"squared", "psnr"}
        What is minimised: Equation 3, or the loss that follows the mean PSNR.
    step : int
        Steps done.
    seconds : float
        Time that they took, for the record.
    """

    net: Network
    trained: Network
    learnt: Arrays
    velocity: Arrays
    square: Arrays
    mean: Arrays = field(default_factory=dict)
    average: float = 0.0
    loss: Loss = "squared"
    step: int = 0
    seconds: float = 0.0

    @property
    def result(self) -> Network:
        """The network that is measured and saved: of the running mean of the parameters, if there is one."""
        return replace(self.net, parameters=self.mean) if self.mean else self.net


def fresh_state(
    net: Network,
    part: Part = "all",
    average: float = 0.0,
    factors: Arrays | None = None,
    loss: Loss = "squared",
) -> State:
    """The state of a run that starts from the parameters of `net`, which are copied.

    Parameters
    ----------
    net : Network
        The network.
    part : {"all", "deconvolution"}
        What of it is trained.
    average : float
        Weight of the old value in a running mean of its parameters; 0 for no mean.
    factors : dict of str to ndarray, optional
        From `factorised`: learnt, as far as they are trained, in the place of the weights, which become
        their products.
    loss : {"squared", "psnr"}
        What is minimised.

    Raises
    ------
    ValueError
        If it has no deconvolution that could be trained alone.

    Examples
    --------
    >>> state = npsr.fresh_state(npsr.fsrcnn(8, 4, 1))
    >>> state.step
    0
    """
    copy = net.astype(net.dtype).with_border("valid")
    trained = copy if part == "all" else deconvolution_of(copy)
    own = {key: p.copy() for key, p in (factors or {}).items() if weight_of(key) in trained.parameters}
    multiply_out(own, trained.parameters)
    replaced = {weight_of(key) for key in own}
    learnt = {key: p for key, p in trained.parameters.items() if key not in replaced} | own
    velocity, square = ({key: np.zeros_like(p) for key, p in learnt.items()} for _ in range(2))
    mean = {key: p.copy() for key, p in copy.parameters.items()} if average else {}
    return State(copy, trained, learnt, velocity, square, mean, average, loss)


Update = Callable[[State, Arrays], None]
Rates = Callable[[int], dict[str, float]]
"""Gives the learning rate of every parameter after a number of steps."""
Batches = Generator[tuple[np.ndarray, np.ndarray], None, None]
"""Sub-images and labels."""


def sgd_update(rates: Rates, momentum: float = 0.9) -> Update:
    """The paper's update: `sgd_step` with a rate for every parameter.

    Examples
    --------
    >>> net = npsr.fsrcnn(8, 4, 1, border="valid")
    >>> samples = npsr.Samples([np.random.default_rng(0).random((60, 90))], net)
    >>> state = npsr.fresh_state(net)
    >>> npsr.train(state, samples, npsr.sgd_update(lambda step: npsr.paper_rates(net)), steps=3, batch=16)
    >>> state.step
    3
    """
    return lambda state, gradients: sgd_step(
        state.learnt, gradients, state.velocity, rates(state.step), momentum
    )


def adam_update(rates: Rates) -> Update:
    """Adam instead of SGD: `adam_step` with a rate for every parameter.

    Examples
    --------
    >>> net = npsr.fsrcnn(8, 4, 1, border="valid")
    >>> samples = npsr.Samples([np.random.default_rng(0).random((60, 90))], net)
    >>> state = npsr.fresh_state(net)
    >>> npsr.train(state, samples, npsr.adam_update(lambda step: npsr.paper_rates(net)), steps=3, batch=16)
    >>> state.step
    3
    """
    return lambda state, gradients: adam_step(
        state.learnt, gradients, state.velocity, state.square, rates(state.step), state.step + 1
    )


def train(
    state: State,
    samples: Samples,
    update: Update,
    steps: int,
    batch: int = 128,
    seed: int = 0,
    after_step: Callable[[State, float], None] | None = None,
    compute: Compute | None = None,
) -> None:
    """Train up to `steps` steps in all, changing `state`.

    The authors minimise half of Equation 3, and their rates are meant for it.

    Parameters
    ----------
    state : State
        Start, new from `fresh_state` or from a checkpoint.
    samples : Samples
        Sub-images (or features, if only the deconvolution is trained) and labels.
    update : callable
        Changes the state's parameters by their gradients: `sgd_update` or `adam_update`.
    steps : int
        Number of the last step.
    batch : int
        Samples a step.
    seed : int
        Seed of the samples' order, which depends on nothing but it and the step's number.
    after_step : callable, optional
        Called with the state and the step's loss.
    compute : callable, optional
        Gives loss and gradients, instead of `npsr.loss_and_gradients`: several processes that do the same.

    Raises
    ------
    FloatingPointError
        If training diverges; the parameters are then no longer of use.
    ValueError
        If there are fewer samples than a batch.

    Examples
    --------
    >>> net = npsr.fsrcnn(8, 4, 1, border="valid")
    >>> samples = npsr.Samples([np.random.default_rng(0).random((60, 90))], net)
    >>> state, losses = npsr.fresh_state(net), []
    >>> update = npsr.adam_update(lambda step: npsr.paper_rates(net))
    >>> note = lambda state, loss: losses.append(loss)
    >>> npsr.train(state, samples, update, steps=3, batch=16, after_step=note)
    >>> len(losses)
    3
    """
    require_a_batch(len(samples), batch)
    compute = compute or partial(loss_and_gradients, loss=state.loss)
    order = sample_order(len(samples), batch, seed, state.step)
    with closing(cut_ahead(samples, order)) as batches:
        while state.step < steps:
            x, target = next(batches)
            cost, gradients = compute(state.trained, x, target)
            refuse_divergence(cost, samples, state.step + 1, state.loss)
            for gradient in gradients.values():
                np.divide(gradient, 2, out=gradient)
            with np.errstate(over="ignore", invalid="ignore"):  # the next loss tells
                update(state, pulled_back(state.learnt, gradients))
                multiply_out(state.learnt, state.trained.parameters)
                move_mean(state)
            state.step += 1
            if after_step:
                after_step(state, cost)


def move_mean(state: State) -> None:
    """Move the running mean, if there is one, towards the parameters: m ← μ m + (1 − μ) θ, in place.

    After t steps μ is at most (1 + t) / (10 + t): the mean forgets the start of a run before its end.
    """
    keep = min(state.average, (1 + state.step) / (10 + state.step))
    for key, parameter in state.net.parameters.items() if state.mean else ():
        state.mean[key] += parameter.dtype.type(1 - keep) * (parameter - state.mean[key])


def cut_ahead(samples: Samples, order: Iterator[np.ndarray]) -> Batches:
    """The batches of an order, each cut by another thread while the one before is used: cutting waits
    for memory, and a core is free while the parameters are updated.
    """
    with ThreadPoolExecutor(1, "npsr-samples") as helper:
        coming = helper.submit(samples.__getitem__, next(order))
        while True:
            batch = coming.result()
            coming = helper.submit(samples.__getitem__, next(order))
            yield batch


def require_a_batch(count: int, batch: int) -> None:
    """Refuse a number of samples that does not make a batch.

    Raises
    ------
    ValueError
        If so.
    """
    if count < batch:
        raise ValueError(
            f"there are {count} sub-images, fewer than a batch of {batch}: "
            "use more or larger images, or a smaller batch"
        )


def refuse_divergence(cost: float, samples: Samples, step: int, loss: Loss = "squared") -> None:
    """Stop a run that diverges: a loss that is not finite, or that of ten times a black output's error.

    Raises
    ------
    FloatingPointError
        If so.
    """
    errors = samples.black_loss * np.array([1, 10])
    (black, most), _ = sample_losses(errors, samples.geometry.label**2, loss)
    if not cost <= most:
        remedy = "start from another network" if step == 1 else "lower the learning rate"
        raise FloatingPointError(
            f"the loss is {cost:.4g} at step {step}, a black picture's is {black:.4g}: "
            f"training diverged; {remedy}"
        )


def sample_order(count: int, batch: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Indices of the samples of step `step` + 1, + 2, …: each epoch a new permutation, in which
    every sample occurs once but for a rest smaller than a batch.
    """
    while True:
        epoch, first = divmod(step, count // batch)
        permutation = np.random.default_rng([seed, epoch]).permutation(count)
        for position in range(first, count // batch):
            yield permutation[position * batch : (position + 1) * batch]
            step += 1
