"""What the commands' arguments have in common."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npsr.network import Network

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def whole(lowest: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least `lowest`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
        return int(text)

    return parse


positive, natural = whole(1), whole(0)


def positive_number(text: str) -> float:
    """The type of an argument that is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def given_network(model: str, scale: int | None) -> "Network":
    """A network from a file, or new by its name."""
    from npsr.networks import build
    from npsr.weights import load

    if model.endswith(".npz"):
        return load(model, scale)
    return build(model, 3 if scale is None else scale)
