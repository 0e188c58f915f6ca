"""Which engine enlarges a picture: the first ones must not wait for a compiler.

The fast engine is compiled once for a processor, which takes seconds. Until that is done a small picture is
made by NumPy's matrix products, while another process compiles. A large one, for which NumPy would take
longer than the compiler, waits.
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import gettempdir
from typing import Literal

import numpy as np

from npsr.models.weights import load
from npsr.networks import inference_engine
from npsr.networks.architectures import multiplications
from npsr.networks.network import ENGINES, Engine, Network
from npsr.system.locking import locked

Choice = Engine | Literal["auto"]
CHOICES: tuple[Choice, ...] = ("auto", *ENGINES)

NUMPY_AT_MOST = 10**10
"""Multiplications of a picture that NumPy does in a fraction of the time that the compiler needs."""


def chosen(choice: Choice | None, work: Sequence[tuple[Network, int]]) -> Engine | None:
    """The engine for a picture.

    Parameters
    ----------
    choice : {"auto", "plain", "numpy", "fast"} or None
        "auto": as above; everything else is returned.
    work : sequence of (Network, int)
        The networks that run, and on how many input pixels.

    Returns
    -------
    str or None
        As a network takes it.
    """
    if choice != "auto":
        return choice
    if inference_engine.is_compiled() or not any(inference_engine.supports(net.layers) for net, _ in work):
        return None
    if sum(multiplications(net) * pixels for net, pixels in work) > NUMPY_AT_MOST:
        return None
    compile_elsewhere()
    return "numpy"


@cache
def compile_elsewhere() -> None:
    """Let another process compile, once; it goes on when this one ends."""
    Popen(
        [sys.executable, "-c", f"from {__name__} import compile_now; compile_now()"],
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )


def compile_now() -> None:
    """Compile the fast engine, unless another process is doing so."""
    from npsr_kernels.compiling.cache import folders

    with locked(Path(gettempdir(), f"{folders()[-1].name}-compiling.lock")) as free:
        if free and not inference_engine.is_compiled():
            load("fsrcnn-s", 3)(np.zeros((1, 1, 8, 8)))
