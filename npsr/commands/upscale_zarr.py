"""`npsr upscale` from a Zarr or a large TIFF to a Zarr, by chunks, on a cluster or this machine's cores."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands.arguments import cluster_module
from npsr.system.folders import one_line

if TYPE_CHECKING:
    from npsr.upscaling.outputs import Settings

OF_IMAGES = {
    "format": "-f",
    "max_memory": "--max-memory",
    "max_pixels": "--max-pixels",
    "dry_run": "--dry-run",
}
"""Options that say nothing of a Zarr."""
QUIET = 10.0
"""Seconds between lines of progress that is not shown at a terminal."""


def concerns(options: argparse.Namespace) -> bool:
    """Whether a Zarr is read or written."""
    from npsr.images.formats.names import ZARR, is_zarr

    paths = [*options.inputs, *([options.output] if options.output else [])]
    return any(path.suffix.lower() == ZARR for path in paths) or any(map(is_zarr, options.inputs))


def run_zarr(options: argparse.Namespace, settings: "Settings") -> int:
    """Enlarge into a Zarr, and say so.

    Raises
    ------
    ValueError
        If the options do not fit.
    """
    from npsr.images.formats.names import ZARR
    from npsr.system.files import check_target, write_json

    if given := [flag for name, flag in OF_IMAGES.items() if getattr(options, name)]:
        raise ValueError(f"{given[0]} is for images: a Zarr is enlarged chunk by chunk")
    if len(options.inputs) != 1:
        raise ValueError(f"there are {len(options.inputs)} inputs, but a Zarr is made from one")
    (source,) = options.inputs
    label = f"_{Path(options.model).stem}_x{options.scale:g}" if options.scale else "_large"
    target = options.output or source.with_name(source.name.partition(".")[0] + label + ZARR)
    if target.suffix.lower() != ZARR:
        raise ValueError(
            f"the output is {target}, but from a Zarr it must be one: name it {target.stem}{ZARR}"
        )
    if options.json:
        check_target(options.json, options.force)
    written = cluster_module("zarr_upscale").upscale_zarr(
        source, target, settings, options.scheduler, progress_lines()
    )
    kept = f", {written.kept} of them were there" if written.kept else ""
    size = "×".join(map(str, written.shape))
    chunks = f"{written.kept + written.made} chunks{kept}"
    print(one_line(f"{target}: {size}, {chunks} in {written.seconds:.2f} s"))
    for note in written.notes:
        print(one_line(f"{target}: {note}"))
    if options.json:
        facts = {"source": str(source), "target": str(target), "model": options.model, **written._asdict()}
        write_json(options.json, facts, options.force)
    return 0


def progress_lines() -> Callable[[int, int, float], None]:
    """Reports chunks and the time left: in one line at a terminal, otherwise in lines now and then."""
    last = [time.monotonic()]

    def report(done: int, total: int, seconds: float) -> None:
        left = f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02} left"
        if sys.stderr.isatty():
            end = "\r\033[K" if done == total else ""
            print(f"\r\033[K{done}/{total} chunks, {left}{end}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= last[0] + QUIET:
            last[0] = time.monotonic()
            print(f"{done}/{total} chunks, {left}", file=sys.stderr, flush=True)

    return report
