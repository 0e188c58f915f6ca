"""What a network is made of and what it costs."""

import argparse
from typing import TYPE_CHECKING

from npsr.commands.arguments import load_or_build, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    info = commands.add_parser("info", help="layers, shapes, weights and cost of a network")
    info.add_argument("model", help="a name, fsrcnn(d,s,m), srcnn(f1,f2,f3) or FILE.npz")
    info.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3)")
    info.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what a network is made of and what it costs."""
    from npsr.networks.description import describe
    from npsr.networks.network import Network
    from npsr.rivals.description import describe_rival
    from npsr.rivals.files import load_model

    if options.model.endswith(".npz"):
        model = load_model(options.model, options.scale)
        print(describe(model) if isinstance(model, Network) else describe_rival(model))
    else:
        print(describe(load_or_build(options.model, options.scale)))
    return 0
