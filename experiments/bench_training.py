"""The training step beside PyTorch's: a batch of 128 sub-images 11 × 11 → 19 × 19, every gradient.

Loss of Equation 3 and its gradient by every parameter of FSRCNN(56,12,4) ×3 in training form. Prints
one JSON object; `bench_peers.py` runs it in a process of its own, with the allocator set so that
PyTorch does not give its memory back to the system after every step.
"""

import argparse
import json

import numpy as np
from contenders import CONTENDERS, THREADS, missing, torch_layers
from measuring import QUICK

import npsr
from npsr.benchmark.timing import Plan, Run, interleaved
from npsr.exporting.sub_pixel import sub_pixel_weight

BATCH, SIDE, LABEL = 128, 11, 19
TOLERANCE = 1e-4
FULL = Plan(blocks=8, seconds=1.0, most_calls=200, budget=60, pause=0.2)


def main() -> None:
    """Measure, and print the result as JSON; rates are samples a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--only", help="npsr, torch or both, comma-separated")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(CONTENDERS)

    net, x, target = task()
    loss, gradients = npsr.loss_and_gradients(net, x, target, engine="plain")
    expected = [np.array(loss), *gradients.values()]
    builders = {}
    if "npsr" in names:
        builders["npsr"] = lambda: our_step(net, x, target)
    if "torch" in names and not missing("torch"):
        builders["torch"] = lambda: torch_step(net, x, target, False)
        builders["torch sub-pixel"] = lambda: torch_step(net, x, target, True)

    def check(name: str, result: list[np.ndarray]) -> None:
        wanted = list(expected)
        if name.endswith("sub-pixel"):  # its last weight is the deconvolution's, sorted by phases
            wanted[-2] = sub_pixel_weight(net.with_border("zero").layers[-1], wanted[-2])
            wanted[-1], result[-1] = wanted[-1].sum(), result[-1].sum()
        for got, want in zip(result, wanted, strict=True):
            error = np.abs(got - want).max() / np.abs(want).max()
            if got.shape != want.shape or not error <= TOLERANCE:
                raise ValueError(f"relative error {error:.1e} of the loss or a gradient")

    timings = interleaved(builders, QUICK if options.quick else FULL, check)
    results = {name: timing.summary() for name, timing in timings.items()}
    for result in results.values():
        if "median_ms" in result:
            result["median_rate"] = BATCH / result["median_ms"] * 1e3
            result["best_rate"] = BATCH / result["best_ms"] * 1e3
    print(json.dumps(results))


def task() -> tuple[npsr.Network, np.ndarray, np.ndarray]:
    """Network, sub-images and labels."""
    rng = np.random.default_rng(0)
    net = npsr.fsrcnn(56, 12, 4, scale=3, border="valid")
    # The paper starts the deconvolution at almost nothing; gradients are better compared away from 0.
    weight = net.parameters["deconvolution.weight"]
    weight[...] = rng.normal(0, 0.02, weight.shape)
    return (
        net,
        rng.random((BATCH, 1, SIDE, SIDE), np.float32),
        rng.random((BATCH, 1, LABEL, LABEL), np.float32),
    )


def our_step(net: npsr.Network, x: np.ndarray, target: np.ndarray) -> Run:
    """Our own vector kernels."""

    def step() -> list[np.ndarray]:
        loss, gradients = npsr.loss_and_gradients(net, x, target, engine="fast")
        return [np.array(loss), *gradients.values()]

    return step


def torch_step(net: npsr.Network, x: np.ndarray, target: np.ndarray, sub_pixel: bool) -> Run:
    """PyTorch with channels last; the deconvolution as such or as a sub-pixel convolution."""
    import torch

    torch.set_num_threads(THREADS)
    form = {"memory_format": torch.channels_last}
    modules = torch_layers(net.with_border("zero"), sub_pixel)
    modules[0].padding = (0, 0)  # the training form: the first layer unpadded,
    module = torch.nn.Sequential(*modules).to(**form)
    parameters = list(module.parameters())
    images, labels = (torch.from_numpy(array).to(**form) for array in (x, target))
    cut = slice(1, 1 + LABEL)  # the deconvolution cut by 4 where the padding, 3, leaves 21 pixels

    def step() -> list[np.ndarray]:
        difference = module(images)[:, :, cut, cut] - labels
        loss = difference.square().sum() / BATCH
        gradients = torch.autograd.grad(loss, parameters)
        return [loss.detach().numpy(), *(gradient.numpy() for gradient in gradients)]

    return step


if __name__ == "__main__":
    main()
