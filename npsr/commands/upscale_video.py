"""Enlarge a video: what `npsr upscale` does with one."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npsr.video.upscale import Written

VIDEOS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".3gp"}
VIDEOS |= {".flv", ".wmv", ".asf", ".ogv"}
"""Names of videos end so."""


def run_video(source: Path, target: Path, scale: int, options: argparse.Namespace) -> "Written":
    """Enlarge one video, telling how fast it goes and how long it will take."""
    from npsr.upscaling.upscale import plane_upscaler
    from npsr.video.upscale import upscale_video

    engine = None if options.engine == "auto" else options.engine
    start = time.perf_counter()
    on_a_line = "\r" if sys.stderr.isatty() else ""

    def progress(done: int, of: int) -> None:
        seconds = time.perf_counter() - start
        left = (of - done) * seconds / done / 60
        if on_a_line or done % 100 == 0:
            line = f"frame {done}/{of}  {done / seconds:.2f} fps  {left:.1f} min left"
            print(f"{on_a_line}{line}", end=" " if on_a_line else "\n", file=sys.stderr, flush=True)

    try:
        written = upscale_video(
            source,
            target,
            scale,
            plane_upscaler(options.model, scale, options.ensemble, engine),
            False,
            options.force,
            progress,
            {"audio": options.audio, "subtitle": options.subtitles},
        )
    finally:
        if on_a_line:
            print(file=sys.stderr)
    print(f"{target}: by {written.encoder}")
    return written
