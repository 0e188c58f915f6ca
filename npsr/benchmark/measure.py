"""How fast a network is on this machine, as a whole and stage by stage.

The stages are those of the streamed engine: a layer, or two that share their buffers. Other programs
slow down each whole run by a different factor. So differences of whole runs say nothing about a stage. The
steps of a stage are so short that other programs rarely interrupt them. Each step is timed by itself in
several passes, and its shortest time counts. These times are added up for each stage. A stage's sum / the
sum of all stages is its share of the network's best time.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from npsr.benchmark.timing import Plan, Run, Timing, time_calls
from npsr.networks import inference_engine
from npsr.networks.architectures import weight_count
from npsr.networks.network import Network
from npsr.system.checks import whole

SGEMM_SIDE = 2048

PASSES = 3
"""Times that a stage's step is timed at least."""

TOO_SHORT = 0.5
"""Part of an empty call's time: a stage whose steps take less cannot be told from the calls themselves."""


def measure(
    net: Network, height: int, width: int, threads: int | None = None, plan: Plan | None = None
) -> Timing:
    """Time a network on one image.

    Parameters
    ----------
    net : Network
        A network with border "zero" or "replicate".
    height, width : int
        Rows and columns of the LR image; SRCNN runs on an image n times as large.
    threads : int, optional
        As many as Numba would use by default.
    plan : Plan, optional
        How long and how often; by default about a second.

    Returns
    -------
    Timing
        Time of the network alone: without files, colour, or (for SRCNN) bicubic enlargement.

    Raises
    ------
    ValueError
        If a side is not a whole number of at least 1, or the fast engine cannot run the network.

    Examples
    --------
    >>> timing = npsr.measure(npsr.load("fsrcnn-s", 3), 64, 64, plan=npsr.Plan(blocks=1, seconds=0.01))
    >>> 0 < timing.best <= timing.median
    True
    """
    run = partial(inference_engine.forward, net.layers, net.parameters, _image(net, height, width), threads)
    return time_calls({"network": run}, plan)["network"]


def measure_stages(
    net: Network, height: int, width: int, threads: int | None = None, plan: Plan | None = None
) -> dict[str, Any]:
    """Time a network and NumPy's SGEMM in turns, then the network's stages in one thread.

    Parameters
    ----------
    net, height, width, threads, plan
        As in `measure`.

    Returns
    -------
    dict
        ``network``, ``scale``, ``width``, ``height``; ``median_ms``, ``best_ms`` and ``calls``; from the
        median ``fps``, ``megapixels`` of output a second and ``gflops``, 2 × the multiplications of
        Equation 1 or 2 / time; ``sgemm_gflops``, of two float32 matrices of side 2048;
        ``working_bytes``, the buffers of all threads; ``stages``: for each its ``layers``, its part of the
        network's ``best_ms`` and the ``gflops`` from it (both None where its steps are too short to time).

    Raises
    ------
    ValueError
        As `measure`.
    """
    x, plan = _image(net, height, width), plan or Plan()
    run = partial(inference_engine.forward, net.layers, net.parameters, x, threads)
    gemm, timing = time_calls({"sgemm": sgemm(), "network": run}, plan).values()
    steps = partial(inference_engine.step_seconds, net.layers, net.parameters, x, threads)
    shares = _shares(steps, plan)

    def rate(weights: int, seconds: float) -> float:
        return 2 * weights * x.size / seconds / 1e9

    def of_stage(layers: list[str], share: float | None) -> dict[str, Any]:
        if share is None:
            return {"layers": layers, "best_ms": None, "gflops": None}
        weights = sum(net.parameters[f"{layer}.weight"].size for layer in layers)
        seconds = share * timing.best
        return {"layers": layers, "best_ms": seconds * 1e3, "gflops": rate(weights, seconds)}

    return {
        **{"network": net.name, "scale": net.scale, "width": width, "height": height},
        **timing.summary(),
        "fps": 1 / timing.median,
        "megapixels": height * width * net.scale**2 / timing.median / 1e6,
        "gflops": rate(weight_count(net), timing.median),
        "sgemm_gflops": 2 * SGEMM_SIDE**3 / gemm.median / 1e9,
        "working_bytes": inference_engine.working_bytes(net.layers, net.parameters, x, threads),
        "stages": [
            of_stage(*stage)
            for stage in zip(inference_engine.stages(net.layers, net.parameters), shares, strict=True)
        ],
    }


def _shares(steps: Callable[[], np.ndarray], plan: Plan) -> list[float | None]:
    """Each stage's part of all stages' time, None where its steps are too short to time.

    Parameters
    ----------
    steps : callable
        Returns the seconds of every step's parts, as `inference_engine.step_seconds` does.
    plan : Plan
        Passes go on for as long as all turns of a contender.
    """
    end = perf_counter() + plan.blocks * plan.seconds
    shortest, passes = steps(), 1
    while passes < PASSES or perf_counter() < end:
        shortest, passes = np.minimum(shortest, steps()), passes + 1
    empty = np.median(shortest[:, -1])
    loading, *stages = (shortest[:, :-1] - empty).mean(axis=0)
    stages[0] += loading
    return [stage / sum(stages) if stage > TOO_SHORT * empty else None for stage in stages]


def sgemm() -> Run:
    """NumPy's product of two float32 matrices: what this machine reaches in practice."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((SGEMM_SIDE, SGEMM_SIDE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def _image(net: Network, height: int, width: int) -> np.ndarray:
    """A random input of the network for an LR image of height × width."""
    n = 1 if net.enlarges else net.scale
    sides = n * whole("height", height), n * whole("width", width)
    return np.random.default_rng(0).random((1, 1, *sides)).astype(net.dtype)
