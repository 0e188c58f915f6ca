"""Enlarge a video: what `npsr upscale` does with one."""

import argparse
import sys
import time
from pathlib import Path

VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp"}
VIDEOS |= {".flv", ".wmv", ".asf", ".ogv"}
"""Names of videos end so."""


def run_video(source: Path, target: Path, options: argparse.Namespace) -> int:
    """Enlarge one video, telling how fast it goes and how long it will take."""
    from npsr.video import upscale_video
    from npsr.video_output import WRITTEN

    if options.output is None and target.suffix.lower() not in WRITTEN:
        target = target.with_suffix(".mkv")
    start = time.perf_counter()
    on_a_line = "\r" if sys.stderr.isatty() else ""

    def progress(done: int, of: int) -> None:
        seconds = time.perf_counter() - start
        left = (of - done) * seconds / done / 60
        if on_a_line or done % 100 == 0:
            told = f"frame {done}/{of}  {done / seconds:.2f} fps  {left:.1f} min left"
            print(f"{on_a_line}{told}", end=" " if on_a_line else "\n", file=sys.stderr, flush=True)

    try:
        written = upscale_video(
            source, target, options.scale, options.model, options.ensemble, options.force, progress
        )
    finally:
        if on_a_line:
            print(file=sys.stderr)
    minutes = (time.perf_counter() - start) / 60
    sides = f"{written.width}×{written.height}"
    print(f"{target}: {written.frames} frames of {sides} by {written.encoder} in {minutes:.1f} min")
    for lost in written.left_out:
        print(f"{target}: left out {lost}")
    return 0
