"""Train the networks of a grid, several at a time, on a cluster or this machine's cores."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import cluster_module, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands


def add(commands: "Commands") -> None:
    """Declare the command."""
    sweep = commands.add_parser("sweep", help="train the networks of a grid of settings, several at a time")
    sweep.add_argument(
        "grid", type=Path, metavar="GRID.toml", help="a recipe, and lists of values of its keys"
    )
    sweep.add_argument("--data", type=Path, required=True, help="folder of the photographs, as for train")
    sweep.add_argument("-o", "--output", type=Path, required=True, metavar="RUNS", help="folder of the runs")
    sweep.add_argument("--scheduler", metavar="ADDRESS", help="of Dask (default: processes of this machine)")
    sweep.add_argument(
        "-j", "--threads", type=positive, help="trainings at a time here (default: one a core)"
    )
    sweep.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Train all that is not trained; 2 if something failed."""
    if options.threads:
        os.environ["NUMBA_NUM_THREADS"] = str(options.threads)  # read when Numba is imported
    from npsr.system.folders import one_line

    grid, sweep, report = (cluster_module(name) for name in ("grid", "sweep", "sweep_report"))
    points = grid.read_grid(options.grid, options.data)
    starts = {name: sweep.Start(sweep.absolute_start(point.recipe)) for name, point in points.items()}
    failed: dict[str, str] = {}
    trained = sweep.train_all(starts, options.data, options.output, options.scheduler)
    for number, (name, error) in enumerate(trained, 1):
        if error is not None:
            failed[name] = one_line(str(error) or type(error).__name__)
        print(f"{number}/{len(points)} {name}: {'failed' if name in failed else 'trained'}", flush=True)
    rows = report.rows_of(points, options.output, failed)
    print(f"\n{report.markdown(rows)}\n")
    for path in report.write_report(rows, options.output):
        print(path)
    for name, message in failed.items():
        print(f"npsr: error: {name}: {message}", file=sys.stderr)
    return 2 if failed else 0
