"""A huge image, made, from Zarr to Zarr on two workers: memory, time beside one process, cost of a chunk.

The image is colours of 8 bits in chunks of 512 × 512, ×2 by FSRCNN. A worker has one thread and 1 GB, above
which Dask ends it. Times are processor seconds as well as seconds by the clock: the machine may be busy. The
cost of a chunk of several sides is fitted: compute per pixel of what the network sees, halo included, read,
write, and the scheduler's share. From these follows what 10, 100 and 1,000 workers would take.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import zarr
from distributed import Client, LocalCluster
from measuring import describe
from study import ROOT, Row, markdown, write_json

from npsr.dask.cluster import completed
from npsr.dask.sources import open_zarr
from npsr.dask.targets import target_of
from npsr.dask.work import make_work
from npsr.dask.zarr_upscale import upscale_zarr
from npsr.upscaling.bands import bands, enlarged, needs
from npsr.upscaling.factors import by_factor
from npsr.upscaling.operations import Part
from npsr.upscaling.outputs import Settings

SCALE, CHUNK, MODEL = 2, 512, "fsrcnn"
SIDES = (256, 512, 1024, 2048)
"""Of the output's chunks whose costs are fitted."""
WORKERS = (1, 2, 10, 100, 1000)
STORE = 2e9
"""Bytes a second that a shared store takes in all: an assumption, not a measurement."""


def main() -> None:
    """Make the image, measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--columns", type=int, default=40_000)
    parser.add_argument("--single", type=float, default=1.0, help="share of the rows for the single process")
    parser.add_argument("--folder", type=Path, help="of the image and its enlargement (default: temporary)")
    parser.add_argument("--results", type=Path, default=ROOT / "experiments" / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    shape = (options.rows, options.columns, 3)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make(folder / "huge.zarr", shape)
        costs = [cost(folder, side) for side in SIDES]
        task = scheduling()
        two = on_two_workers(folder)
        single = alone(folder, options.single)
    fitted = fit(costs) | {"scheduler, ms a chunk": 1e3 * task}
    tables = {"chunks": costs, "predictions": predictions(fitted, shape)}
    result = {"shape": shape, "two workers": two, "single process": single, "fitted": fitted, **tables}
    write_json(options.results / "large_zarr.json", result | {"machine": describe(), "load": os.getloadavg()})
    print(two, single, fitted, *map(markdown, tables.values()), sep="\n\n")


def make(path: Path, shape: tuple[int, int, int]) -> None:
    """An image with waves, edges and noise, chunk by chunk."""
    array = zarr.create_array(path, shape=shape, chunks=(CHUNK, CHUNK, 3), dtype="uint8")
    rng = np.random.default_rng(0)
    for top, left in product(range(0, shape[0], CHUNK), range(0, shape[1], CHUNK)):
        y, x = np.ogrid[top : min(top + CHUNK, shape[0]), left : min(left + CHUNK, shape[1])]
        waves = 60 * np.sin(x / 7 + np.sin(y / 90)) + 40 * np.sign(np.sin(x / 31) * np.sin(y / 23))
        noise = rng.integers(-9, 10, (*waves.shape, 3))
        array[top : top + CHUNK, left : left + CHUNK] = 120 + (waves[..., None] + noise).astype(np.int16)


def cost(folder: Path, side: int) -> Row:
    """Processor milliseconds of a chunk, by its parts, in this thread: the median of several chunks."""
    opened = open_zarr(folder / "huge.zarr")
    source = opened.source
    work = make_work(source.shape, source.dtype, by_factor(source.shape, SCALE), MODEL)
    target = zarr.create_array(
        folder / f"chunks-{side}.zarr", shape=(2 * side, 2 * side, 3), chunks=(side, side, 3), dtype="uint8"
    )
    part = Part((side, 2 * side), (side, 2 * side))
    needed = needs(work.shape, part, work.plan)
    found: dict[str, list[float]] = {"read, ms": [], "compute, ms": [], "write, ms": []}
    for _ in range(6):
        pixels = timed(found["read, ms"], partial(source.read, [], needed))
        made = timed(found["compute, ms"], partial(enlarged, pixels, needed.origin, part, work.plan))
        timed(found["write, ms"], partial(target.__setitem__, tuple(slice(*span) for span in part), made))
    seen = np.prod([stop - start for start, stop in needed])
    row: Row = {"side": side, "pixels seen": int(seen), "halo": round(float(seen / (side / SCALE) ** 2), 3)}
    return row | {key: round(1e3 * float(np.median(values[1:])), 2) for key, values in found.items()}


def timed(into: list[float], run: Callable[[], Any]) -> Any:
    """What a call gives, and its processor seconds: of all threads, because Zarr has some of its own."""
    start = time.process_time()
    result = run()
    into.append(time.process_time() - start)
    return result


def scheduling() -> float:
    """Processor seconds that a piece of work costs scheduler and client together, in one process."""
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        start, count = time.process_time(), 500
        list(completed(client, abs, range(count)))
        return (time.process_time() - start) / count


def usage() -> tuple[float, float]:
    """Processor seconds and the most memory of a process, in MB."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime, found.ru_maxrss / 1e3


def on_two_workers(folder: Path) -> Row:
    """The whole image."""
    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "1GB", "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        settings = Settings(partial(by_factor, scale=SCALE), MODEL)
        source, target = folder / "huge.zarr", folder / "large.zarr"
        written = upscale_zarr(source, target, settings, cluster.scheduler_address)
        used = client.run(usage)
    row: Row = {"chunks": written.made, "seconds": round(written.seconds, 1)}
    row["processor seconds"] = [round(seconds, 1) for seconds, _ in used.values()]
    return row | {"most memory of a worker, MB": [round(memory) for _, memory in used.values()]}


def alone(folder: Path, share: float) -> Row:
    """The upper rows in this process, by bands, from Zarr to Zarr: and the same bits."""
    opened = open_zarr(folder / "huge.zarr")
    rows, columns, _ = opened.source.shape
    rows = max(CHUNK, round(share * rows))
    image = Rows(opened.array, (rows, columns, 3))
    work = make_work(image.shape, image.dtype, by_factor(image.shape, SCALE), MODEL)
    part = opened._replace(source=opened.source)
    with target_of(folder / "single.zarr", part, work, False) as (level, *_):
        target = zarr.open_array(level.path, mode="r+")
        height = level.chunks[0]
        clock, processor, done = time.perf_counter(), time.process_time(), 0
        for band in bands(image, work.plan, height * work.plan.bytes_a_row):
            target[done : done + len(band)] = band
            done += len(band)
    whole = zarr.open_array(folder / "large.zarr", mode="r")
    checked = slice(0, min(done - 64, 4 * height))
    if not np.array_equal(whole[checked], target[checked]):
        raise ValueError("the bits differ")
    row: Row = {"rows": rows, "seconds": round(time.perf_counter() - clock, 1)}
    return row | {"processor seconds": round(time.process_time() - processor, 1)}


class Rows:
    """The upper rows of an array."""

    def __init__(self, array: Any, shape: tuple[int, int, int]) -> None:
        self.array, self.shape, self.dtype = array, shape, array.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.asarray(self.array[rows.start : min(rows.stop, len(self))])


def fit(costs: list[Row]) -> dict[str, float]:
    """Microseconds a pixel, by least squares: compute for pixels seen, read and write for the chunk's own."""
    seen = np.array([row["pixels seen"] for row in costs])
    own = np.array([row["side"] ** 2 for row in costs])
    fitted = {}
    for key, pixels in (("compute, ms", seen), ("read, ms", seen), ("write, ms", own)):
        values = np.array([row[key] for row in costs])
        weights = 1 / values
        slope, start = np.polyfit(pixels, values, 1, w=weights)
        fitted[f"{key} a chunk"] = float(start)
        fitted[key.replace("ms", "ns a pixel")] = float(1e6 * slope)
    return fitted


def predictions(fitted: dict[str, float], shape: tuple[int, int, int]) -> list[Row]:
    """Seconds for the whole image by W workers of one thread: the slowest of cores, scheduler and store."""
    side = 1024
    count = ceil(SCALE * shape[0] / side) * ceil(SCALE * shape[1] / side)
    seen = (side / SCALE + 19) * (side / SCALE + 16)
    each = sum(fitted[f"{key}, ms a chunk"] for key in ("compute", "read", "write"))
    each += 1e-6 * (seen * (fitted["compute, ns a pixel"] + fitted["read, ns a pixel"]))
    each += 1e-6 * side**2 * fitted["write, ns a pixel"]
    rows = []
    for workers in WORKERS:
        row: Row = {"workers": workers, "cores, s": ceil(count / workers) * each * 1e-3}
        row["scheduler, s"] = count * fitted["scheduler, ms a chunk"] * 1e-3
        row["store, s"] = np.prod(shape) * (1 + SCALE**2) / STORE
        row["together, s"] = max(row["cores, s"], row["scheduler, s"], float(row["store, s"]))
        row["speed-up"] = count * each * 1e-3 / row["together, s"]
        rows.append(
            {key: round(float(value), 1) if key != "workers" else value for key, value in row.items()}
        )
    return rows


if __name__ == "__main__":
    main()
