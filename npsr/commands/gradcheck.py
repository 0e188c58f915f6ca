"""Check every gradient against central differences."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from npsr.commands.arguments import load_or_build, natural, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    check = commands.add_parser("gradcheck", help="check every gradient against central differences")
    check.add_argument("-m", "--model", default="fsrcnn", help="as for info")
    check.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3)")
    check.add_argument("--seed", type=natural, default=0, help="seed of images and sampling (default 0)")
    engines = "kernels whose gradients are checked (default plain)"
    check.add_argument("--engine", choices=("plain", "fast"), default="plain", help=engines)
    check.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the relative error of every parameter's gradient."""
    import numpy as np

    from npsr.networks.gradient_check import gradcheck
    from npsr.networks.network import loss_and_gradients
    from npsr.training.samples import geometry

    net = load_or_build(options.model, options.scale).with_border("valid")
    sub_image = geometry(net)
    rng = np.random.default_rng(options.seed)
    x = rng.random((2, 1, sub_image.side, sub_image.side))
    target = rng.random((2, 1, sub_image.label, sub_image.label))
    gradient = partial(loss_and_gradients, engine=options.engine)
    reports = gradcheck(net, x, target, seed=options.seed, gradient=gradient)
    print(f"{'parameter':<22} {'shape':<16} {'checked':>7} {'at kinks':>8} {'relative error':>14}")
    for r in reports:
        verdict = "" if r.passed else "  FAILS"
        shape = "×".join(map(str, r.shape))
        print(f"{r.name:<22} {shape:<16} {r.checked:>7} {r.skipped:>8} {r.error:>14.1e}{verdict}")
    return 0 if all(r.passed for r in reports) else 1
