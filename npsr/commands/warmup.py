"""Compile ahead of the first use."""

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    warmup = commands.add_parser("warmup", help="compile now what first use would, and store it")
    warmup.add_argument("--train", action="store_true", help="training steps too")
    warmup.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run everything once, small; say how long each took and where the compiled code is."""
    from npsr_kernels.compiling.compiled import available

    if not available():
        raise ValueError("Numba is missing or NUMBA_DISABLE_JIT is set: there is nothing to compile")
    for name, work in (*_inference(), *(_training() if options.train else ())):
        start = time.perf_counter()
        work()
        print(f"{name:<24} {time.perf_counter() - start:6.2f} s", flush=True)
    from npsr_kernels.compiling.cache import cached_files

    for folder in dict.fromkeys(file.parent for file in cached_files()):
        print(f"stored in {folder}")
    return 0


def _inference() -> Iterator[tuple[str, Callable[[], object]]]:
    """The released models on a small image."""
    import numpy as np

    from npsr.models.archive import released
    from npsr.upscaling.upscale import plane_upscaler

    for model, factors in released().items():
        for scale in factors:
            yield f"{model} ×{scale}", partial(plane_upscaler(model, scale), np.zeros((8, 8)))


def _training() -> Iterator[tuple[str, Callable[[], object]]]:
    """A step of training for the paper's networks."""
    for model, scale in (("fsrcnn", 2), ("fsrcnn", 3), ("fsrcnn", 4), ("srcnn", 3)):
        yield f"training {model} ×{scale}", partial(_one_step, model, scale)


def _one_step(model: str, scale: int) -> None:
    """Train on black, which changes nothing."""
    import numpy as np

    from npsr.networks.architectures import build
    from npsr.training.loop import fresh_state, sgd_update, train
    from npsr.training.samples import Samples

    net = build(model, scale, border="valid")
    samples = Samples([np.zeros((60, 60))], net, scales=(1,), rotations=(0,))
    still = sgd_update(lambda _: dict.fromkeys(net.parameters, 0.0))
    train(fresh_state(net), samples, still, steps=1, batch=1)
