"""What the commands' arguments have in common."""

import argparse
from collections.abc import Callable
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from npsr.networks.network import Network

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def whole(lowest: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number of at least `lowest`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {lowest}")
        return int(text)

    return parse


positive, natural = whole(1), whole(0)


def at_least_1(text: str) -> float:
    """A number of at least 1, an int if it is whole."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 1 <= number < inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(number) if number == int(number) else number


def sides_or_side(text: str) -> tuple[int | None, int | None]:
    """Rows and columns of WxH, Wx or xH; what is left out is None."""
    width, x, height = text.partition("x")
    if not x or text == "x":
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH, Wx or xH, for example 1920x1080")
    return positive(height) if height else None, positive(width) if width else None


def positive_number(text: str) -> float:
    """The type of an argument that is a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def cluster_module(name: str) -> Any:
    """A module of `npsr.dask`.

    Raises
    ------
    ValueError
        If packages are missing that it needs.
    """
    try:
        return import_module(f"npsr.dask.{name}")
    except ImportError as error:
        raise ValueError(f"this needs Dask and Zarr ({error}): pip install 'npsr[dask]'") from error


def load_or_build(model: str, scale: int | None) -> "Network":
    """A network from a file, or new by its name."""
    from npsr.models.weights import load
    from npsr.networks.architectures import build

    if model.endswith(".npz"):
        return load(model, scale)
    return build(model, 3 if scale is None else scale)
