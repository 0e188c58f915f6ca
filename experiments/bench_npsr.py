"""What we ask of our own engines: threads, sizes, FSRCNN against SRCNN-Ex, memory, first calls, commands.

Everything in one run, float32, contenders in turns; ratios are of medians.

    python experiments/bench_npsr.py
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from bench_training import BATCH, task
from measuring import describe

import npsr
from npsr.benchmark.machine import BUSY
from npsr.benchmark.timing import Plan, Run, time_calls
from npsr.networks import inference_engine, training_engine
from npsr_kernels.training_step import step as training_step

RESULTS = Path(__file__).parent / "results" / "bench_npsr.json"
PLAN = Plan(blocks=9, seconds=0.5, most_calls=20, budget=20, pause=0.1)
QUICK = Plan(blocks=1, seconds=0.01, most_calls=1, pause=0)
SIDES = (253, 512, 1024, 2048, 4096)

FIRST_INFERENCE = """
import time
import numpy as np
import npsr
net, x = npsr.load("fsrcnn", 3), np.zeros((1, 1, 64, 64), np.float32)
start = time.perf_counter()
net(x)
print(time.perf_counter() - start)
"""

FIRST_STEP = """
import time
import numpy as np
import npsr
net = npsr.fsrcnn(56, 12, 4, scale=3, border="valid")
x, target = np.zeros((128, 1, 11, 11), np.float32), np.zeros((128, 1, 19, 19), np.float32)
start = time.perf_counter()
npsr.loss_and_gradients(net, x, target)
print(time.perf_counter() - start)
"""

PEAK = """
import sys
from pathlib import Path
import numpy as np
import npsr

def kilobytes(kind):
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind)]
    return int(line.split()[1])

net, side = npsr.load("fsrcnn", 3), int(sys.argv[1])
x = np.full((1, 1, side, side), 0.5, np.float32)
net(x[..., :64, :64])
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS:")
y = net(x)
print((kilobytes("VmHWM:") - before) * 1024 - y.nbytes)
"""


def main() -> None:
    """Measure, print the ratios, write them with all times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small and once, to see that it runs; no file")
    options = parser.parse_args()
    machine = describe()
    if machine["load before"] > BUSY:
        print(f"the machine is busy (load {machine['load before']:.1f}): its figures say little")
    result: dict[str, Any] = {"machine": machine, "threads": 2, "figures": {}}
    for name, value in figures(QUICK if options.quick else PLAN, options.quick):
        print(f"{name:<58} {value:10.3f}", flush=True)
        result["figures"][name] = value
    if not options.quick:
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
        print(f"figures: {RESULTS}")


def figures(plan: Plan, quick: bool) -> Iterator[tuple[str, float]]:
    """Every figure and its name, which says the unit where it is not a ratio."""
    yield from two_threads_over_one(plan, quick)
    yield from time_per_pixel(plan, SIDES[:2] if quick else SIDES)
    yield from fsrcnn_over_srcnn_ex(plan, quick)
    side = SIDES[0] if quick else SIDES[-1]
    yield f"memory beyond input and output, {side}×{side}, MB", python(PEAK, str(side)) / 1e6
    for name, code in (("inference", FIRST_INFERENCE), ("training step", FIRST_STEP)):
        yield f"first call with nothing kept, {name}, s", statistics.median(cold(code, 1 if quick else 5))
    yield from whole_commands(1 if quick else 15)


def medians(runs: dict[Any, Run], plan: Plan) -> list[float]:
    """Median seconds of each, measured in turns."""
    timings = time_calls({str(name): run for name, run in runs.items()}, plan)
    return [timing.median for timing in timings.values()]


def inference(model: str, height: int, width: int, threads: int = 2) -> Run:
    """A call of a paper's network ×3 on an LR image, for SRCNN on one three times as large."""
    net = npsr.build(model, 3, border="replicate")
    n = 1 if net.enlarges else 3
    x = np.random.default_rng(0).random((1, 1, n * height, n * width), np.float32)
    return partial(inference_engine.forward, net.layers, net.parameters, x, threads)


def two_threads_over_one(plan: Plan, quick: bool) -> Iterator[tuple[str, float]]:
    """How much sooner two threads are done than one."""
    height, width = (36, 64) if quick else (360, 640)
    for model in ("fsrcnn", "fsrcnn-s"):
        one, two = medians({k: inference(model, height, width, k) for k in (1, 2)}, plan)
        yield f"two threads over one, {model} ×3, {width}×{height}", one / two
    net, x, target = task()
    step = training_step.make_plan(training_engine.describe(net.layers), x.shape[2], net.dtype)
    parameters = list(net.parameters.values())
    run = partial(training_step.loss_and_gradients, step, parameters, x, target)
    one, two = medians({k: partial(run, k) for k in (1, 2)}, plan)
    yield f"two threads over one, training step, batch {BATCH}", one / two


def time_per_pixel(plan: Plan, sides: tuple[int, ...]) -> Iterator[tuple[str, float]]:
    """Nanoseconds a pixel at each size, and the slowest over the fastest."""
    seconds = medians({side: inference("fsrcnn", side, side) for side in sides}, plan)
    pixel = [1e9 * t / side**2 for side, t in zip(sides, seconds, strict=True)]
    for side, nanoseconds in zip(sides, pixel, strict=True):
        yield f"fsrcnn ×3, {side}×{side}, ns per LR pixel", nanoseconds
    yield "slowest size over fastest", max(pixel) / min(pixel)


def fsrcnn_over_srcnn_ex(plan: Plan, quick: bool) -> Iterator[tuple[str, float]]:
    """The speed-up that the paper gives as 41.3 by counting multiplications."""
    height, width = (36, 64) if quick else (360, 640)
    ours, theirs = medians({m: inference(m, height, width) for m in ("fsrcnn", "srcnn-ex")}, plan)
    yield f"SRCNN-Ex's time over FSRCNN's, ×3, {width}×{height}", theirs / ours


def python(code: str, *arguments: str, **environment: str) -> float:
    """What a process of its own prints."""
    command = [sys.executable, "-c", code, *arguments]
    settings = os.environ | {"NUMBA_NUM_THREADS": "2"} | environment
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=settings).stdout)


def cold(code: str, times: int) -> list[float]:
    """The seconds of first calls, each with an empty folder of compiled code."""
    seconds = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            seconds.append(python(code, NUMBA_CACHE_DIR=folder))
    return seconds


def whole_commands(times: int) -> Iterator[tuple[str, float]]:
    """Wall time of commands in a later process, from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        picture, large = Path(folder) / "picture.png", Path(folder) / "large.png"
        smooth = npsr.imresize(np.random.default_rng(0).random((32, 32, 3)), 8)
        iio.imwrite(picture, (255 * smooth.clip(0, 1)).astype(np.uint8))
        upscale = ["upscale", str(picture), "-o", str(large), "-s", "3", "--force"]
        commands = {"upscale a 256×256 picture ×3": upscale, "--help": ["--help"]}
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(times + 1):
            for name, arguments in commands.items():
                start = time.perf_counter()
                command = [sys.executable, "-m", "npsr", *arguments]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                if turn:  # the first fills caches
                    seconds[name].append(time.perf_counter() - start)
    for name, measured in seconds.items():
        yield f"npsr {name}, whole command, s", statistics.median(measured)


if __name__ == "__main__":
    main()
