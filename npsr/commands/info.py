"""What a network is made of and what it costs."""

import argparse
from typing import TYPE_CHECKING

from npsr.commands.arguments import load_or_build, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.networks.network import Network
    from npsr.rivals.model import Rival


def add(commands: "Commands") -> None:
    """Declare the command."""
    info = commands.add_parser("info", help="layers, shapes, weights and cost of a network")
    info.add_argument("model", help="a name, fsrcnn(d,s,m), srcnn(f1,f2,f3) or FILE.npz")
    info.add_argument("-s", "--scale", type=positive, help="upscaling factor (default 3, or what there is)")
    info.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what a network, or a rival, is made of and what it costs."""
    from npsr.networks.description import describe
    from npsr.networks.network import Network
    from npsr.rivals.description import describe_rival

    model = _model(options.model, options.scale)
    print(describe(model) if isinstance(model, Network) else describe_rival(model))
    return 0


def _model(name: str, scale: int | None) -> "Network | Rival":
    """A model from a file, or a released rival or cascade by its name, or a new network."""
    from npsr.models.archive import released
    from npsr.networks.network import Network
    from npsr.rivals.files import load_model

    if name.endswith(".npz"):
        return load_model(name, scale)
    factors = released().get(name, [])
    factor = scale or (3 if 3 in factors or not factors else factors[0])
    if factor in factors:
        model = load_model(name, factor)
        if not isinstance(model, Network) or model.first:
            return model
    return load_or_build(name, factor)
