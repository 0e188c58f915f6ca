"""How fast a network is on this machine, as a whole and stage by stage.

The stages are those of the streamed engine: a layer, or two that share their buffers. A stage's time is
that of the network up to it less that of the network up to the stage before, through the same engine,
so that rows, borders and threads are as in the whole. Differences of medians drown in the noise of
other programs, so the best times are taken, and the stages add up to the network's best.
"""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from npsr.benchmark.timing import Plan, Run, Timing, time_calls
from npsr.networks import inference_engine
from npsr.networks.architectures import weight_count
from npsr.networks.network import Network
from npsr.system.checks import whole

SGEMM_SIDE = 2048


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
        Of the network alone: no files, no colour, for SRCNN no bicubic enlargement.

    Raises
    ------
    ValueError
        If a side is no whole number of at least 1, or the fast engine does not take the network.
    """
    run = partial(inference_engine.forward, net.layers, net.parameters, _image(net, height, width), threads)
    return time_calls({"network": run}, plan)["network"]


def measure_stages(
    net: Network, height: int, width: int, threads: int | None = None, plan: Plan | None = None
) -> dict[str, Any]:
    """Time a network, its stages and NumPy's SGEMM in turns.

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
        ``working_bytes``, the buffers of all threads; ``stages``: for each its ``layers``,
        ``best_ms`` and ``gflops`` (None where noise leaves no time).

    Raises
    ------
    ValueError
        As `measure`.
    """
    x = _image(net, height, width)
    stages = inference_engine.stages(net.layers, net.parameters)
    upto = partial(inference_engine.forward, net.layers, net.parameters, x, threads)
    runs: dict[str, Run] = {str(k): partial(upto, k) for k in range(1, len(stages) + 1)}
    timings = time_calls({"sgemm": sgemm(), **runs}, plan)
    gemm, *until = timings.values()
    seconds = until[-1].median
    stage_seconds = [after - before for before, after in pairwise([0.0, *(t.best for t in until)])]

    def rate(weights: int, seconds: float) -> float | None:
        return 2 * weights * x.size / seconds / 1e9 if seconds > 0 else None

    return {
        **{"network": net.name, "scale": net.scale, "width": width, "height": height},
        **until[-1].summary(),
        "fps": 1 / seconds,
        "megapixels": height * width * net.scale**2 / seconds / 1e6,
        "gflops": rate(weight_count(net), seconds),
        "sgemm_gflops": 2 * SGEMM_SIDE**3 / gemm.median / 1e9,
        "working_bytes": inference_engine.working_bytes(net.layers, net.parameters, x, threads),
        "stages": [
            {
                "layers": layers,
                "best_ms": of_stage * 1e3,
                "gflops": rate(sum(net.parameters[f"{layer}.weight"].size for layer in layers), of_stage),
            }
            for layers, of_stage in zip(stages, stage_seconds, strict=True)
        ],
    }


def sgemm() -> Run:
    """NumPy's product of two float32 matrices: what this machine reaches in practice."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((SGEMM_SIDE, SGEMM_SIDE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def _image(net: Network, height: int, width: int) -> np.ndarray:
    """What the network takes for an LR image of height × width."""
    n = 1 if net.enlarges else net.scale
    sides = n * whole("height", height), n * whole("width", width)
    return np.random.default_rng(0).random((1, 1, *sides)).astype(net.dtype)
