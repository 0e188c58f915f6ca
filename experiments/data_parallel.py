"""Several processes that share each batch: where it pays, beside local SGD (k steps, then the mean).

A step of synchronous SGD waits for every process, and on a network for a round trip too. Measured here: the
processor time of a batch in one thread (T), the processor time that sharing it costs (copies, words, the sum:
o), a round trip between two processes (r), and one between Dask actors. A step by W processes on W free cores
then takes T·⌈8/W⌉/8 + o + r, and the latency of a network on top. Where this machine has as many cores, the
shortest step by the clock is measured too: it tells something only on a quiet machine. Local SGD exchanges
parameters only after every k steps. It learns something else: how much from as many samples is measured.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_NUM_THREADS", str(os.cpu_count()))

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from measuring import describe
from study import DATA, ROOT, Row, markdown, write_json

import npsr
from npsr.evaluation.protocol import evaluate_luma
from npsr.images.image_sets import read_luma
from npsr.parallel.processes import gradients_by
from npsr.training.samples import geometry
from npsr.upscaling.upscale import plane_upscaler
from npsr_kernels.compiling.threads import at_most

mpl.use("Agg")

TRIP_MS = 0.05
"""Of a word to another process and back, generously; the measured one is printed."""
TASKS = [("fsrcnn", 16), ("fsrcnn", 128), ("fsrcnn", 1024), ("srcnn-ex", 16), ("srcnn-ex", 128)]
WORKERS = (1, 2, 4, 8)
LATENCIES = (0.0, 1.0, 10.0)
"""Of a round trip, in milliseconds: none; an ordinary network; a task of Dask, or a far one."""
LOCAL = [(1, 1), (2, 1), (2, 16), (2, 256), (4, 1), (4, 16), (4, 256)]
"""Processes, and steps between means."""
BATCH, RATE, SCALE = 128, 2e-3, 3


def main() -> None:
    """Measure, and write the table and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--results", type=Path, default=ROOT / "experiments" / "results")
    parser.add_argument("--steps", type=int, default=1024, help="of local SGD (a multiple of 256)")
    parser.add_argument("--seconds", type=float, default=5, help="for each measurement")
    options = parser.parse_args()
    trips = list(round_trips(options.seconds))
    rows = [row for model, batch in TASKS for row in steps(model, batch, options.seconds)]
    local = list(local_sgd(options.data, options.steps))
    result = {"steps": rows, "round trips": trips, "local SGD": local, "machine": describe()}
    write_json(options.results / "data_parallel.json", result | {"load": os.getloadavg()})
    draw(rows, local, options.results / "data_parallel.png")
    print(markdown(rows), markdown(trips), markdown(local), sep="\n\n")


def task(model: str, batch: int) -> tuple[npsr.Network, np.ndarray, np.ndarray]:
    """A network in its training form, sub-images and labels."""
    net = npsr.build(model, SCALE, border="valid")
    g, rng = geometry(net), np.random.default_rng(0)
    return (
        net,
        rng.random((batch, 1, g.side, g.side), np.float32),
        rng.random((batch, 1, g.label, g.label), np.float32),
    )


def steps(model: str, batch: int, seconds: float) -> Iterator[Row]:
    """Loss and gradients by one process and by several, one thread each: measured, and by the model."""
    net, x, target = task(model, batch)

    def step(compute: Any) -> None:
        with at_most(1):
            compute(net, x, target)

    alone = partial(step, npsr.loss_and_gradients)
    single = processor_seconds(alone, seconds)
    with gradients_by(8, net, x.shape, target.shape) as (compute, chunks), at_most(chunks):
        step(compute)
        shared = processor_seconds(partial(step, compute), seconds) - single / chunks
    for workers in WORKERS:
        if workers > chunks:
            break
        row: Row = {"network": model, "batch": batch, "processes": workers, "of one, ms": 1e3 * single}
        row["sharing, ms"] = 1e3 * shared if workers > 1 else 0.0
        row["modelled, ms"] = 1e3 * single * -(-chunks // workers) / chunks + row["sharing, ms"]
        row["modelled, ms"] += TRIP_MS * (workers > 1)
        row["shortest measured, ms"] = None
        if workers <= (os.cpu_count() or 1):
            with gradients_by(workers, net, x.shape, target.shape) as (compute, _):
                row["shortest measured, ms"] = 1e3 * shortest(partial(step, compute), 4 * seconds)
        for latency in LATENCIES:
            waits = latency * (workers > 1)
            row[f"speed-up, {latency:g} ms"] = row["of one, ms"] / (row["modelled, ms"] + waits)
        yield {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}


def processor_seconds(run: Callable[[], object], seconds: float) -> float:
    """Processor time of a call, of this thread: the median, whatever else runs on the machine."""
    found, end = [], time.perf_counter() + seconds
    run()
    while len(found) < 5 or time.perf_counter() < end:
        start = time.thread_time()
        run()
        found.append(time.thread_time() - start)
    return float(np.median(found))


def shortest(run: Callable[[], object], seconds: float) -> float:
    """The shortest time of a call by the clock: when nothing else was in its way."""
    found, end = [], time.perf_counter() + seconds
    run()
    while len(found) < 20 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return min(found)


def answer(connection: Any) -> None:
    """The other end of a round trip."""
    with suppress(EOFError):
        while True:
            connection.send_bytes(connection.recv_bytes())


class Echo:
    """An actor that gets parameters and gives gradients of their size."""

    def step(self, parameters: np.ndarray) -> np.ndarray:
        """The same numbers."""
        return parameters


def round_trips(seconds: float) -> Iterator[Row]:
    """Parameters to a Dask actor and gradients back; a word to a process and back; the shortest times."""
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        actor = client.submit(Echo, actor=True).result()
        for model in ("fsrcnn", "srcnn-ex"):
            parameters = np.concatenate([p.ravel() for p in npsr.build(model).parameters.values()])
            trip = shortest(lambda p=parameters: actor.step(p).result(), seconds)
            yield {
                "between": f"Dask actors, {model}",
                "kB": parameters.nbytes // 1000,
                "ms": round(1e3 * trip, 2),
            }
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=answer, args=(there,), daemon=True)
    process.start()
    there.close()

    def trip() -> None:
        here.send_bytes(b"go")
        here.recv_bytes()

    yield {"between": "processes, a word", "kB": 0, "ms": round(1e3 * shortest(trip, seconds), 3)}
    here.close()
    process.join()


def local_sgd(data: Path, steps: int) -> Iterator[Row]:
    """PSNR on images held back after as many samples, by processes that average after every k steps."""
    images = [read_luma(path) / 255 for path in npsr.image_files(data / "T91")]
    held_back = [
        npsr.crop_to_multiple(read_luma(path), SCALE) for path in npsr.image_files(data / "General-100")[::20]
    ]
    net = npsr.build("fsrcnn-s", SCALE, border="valid", seed=0)
    samples = npsr.Samples(images, net, scales=(1.0,))
    for workers, k in LOCAL:
        states = [npsr.fresh_state(net) for _ in range(workers)]
        for done in range(0, steps, k if workers > 1 else steps):
            last = done + k if workers > 1 else steps
            for number, state in enumerate(states):
                update = npsr.adam_update(lambda _: npsr.paper_rates(net, RATE))
                npsr.train(state, samples, update, last, BATCH // workers, seed=number)
            average(states)
        enlarge = plane_upscaler(states[0].net.with_border("replicate"), SCALE)
        scores = [evaluate_luma(high, SCALE, enlarge)["psnr"] for high in held_back]
        row: Row = {"processes": workers, "k": k, "samples": steps * BATCH}
        yield row | {"PSNR, dB": round(float(np.mean(scores)), 2)}


def average(states: list[Any]) -> None:
    """Every network becomes the mean of all."""
    for key in states[0].learnt:
        mean = np.mean([state.learnt[key] for state in states], axis=0)
        for state in states:
            state.learnt[key][...] = mean


def draw(rows: list[Row], local: list[Row], path: Path) -> None:
    """Speed-up against processes for each latency, where it is below 1 too; PSNR against k."""
    figure, axes = plt.subplots(1, 4, figsize=(16, 3.8), layout="constrained")
    shown = [("fsrcnn", 128), ("fsrcnn", 1024), ("srcnn-ex", 128)]
    for axis, (model, batch) in zip(axes, shown, strict=False):
        chosen = [row for row in rows if (row["network"], row["batch"]) == (model, batch)]
        processes = [row["processes"] for row in chosen]
        for latency in LATENCIES:
            gains = [row[f"speed-up, {latency:g} ms"] for row in chosen]
            axis.plot(processes, gains, "o-", label=f"{latency:g} ms a round trip")
        axis.axhline(1, color="grey", linewidth=0.8)
        axis.set(xlabel="processes", ylabel="speed-up", title=f"{model}, batch {batch}", ylim=(0, None))
    for workers in sorted({row["processes"] for row in local}):
        chosen = [row for row in local if row["processes"] == workers]
        points = [row["k"] for row in chosen], [row["PSNR, dB"] for row in chosen]
        axes[3].plot(*points, "o-", label=f"{workers} process{'es' * (workers > 1)}")
    axes[3].set(xscale="log", xlabel="steps between means", ylabel="PSNR, dB", title="local SGD, FSRCNN-s")
    axes[0].legend(fontsize=8)
    axes[3].legend(fontsize=8)
    figure.savefig(path, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    main()
