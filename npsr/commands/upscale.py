"""Enlarge photographs, animations and videos."""

import argparse
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from npsr.commands import upscale_report as report
from npsr.commands import upscale_zarr
from npsr.commands.arguments import at_least_1, cluster_module, positive, sides_or_side
from npsr.commands.upscale_video import VIDEOS, run_video

if TYPE_CHECKING:
    from collections import Counter

    from npsr.commands.arguments import Commands
    from npsr.upscaling.batch import Outcome
    from npsr.upscaling.jobs import Job
    from npsr.upscaling.outputs import Settings

FORMATS = ("png", "jpg", "webp", "tif", "bmp", "gif", "avif", "npy")


def add(commands: "Commands") -> None:
    """Declare the command."""
    upscale = commands.add_parser("upscale", help="enlarge photographs, animations, videos, whole folders")
    kinds = "PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF, .npy; videos; folders; - for standard input"
    upscale.add_argument("inputs", type=Path, nargs="+", metavar="IN", help=kinds)
    output = "file, folder, or - for standard output (default: STEM_MODEL_xN beside the input)"
    upscale.add_argument("-o", "--output", type=Path, metavar="OUT", help=output)
    factor = "upscaling factor, whole or not (default 3, or that of FILE.npz)"
    upscale.add_argument("-s", "--scale", type=at_least_1, metavar="N", help=factor)
    sides = "size instead of a factor; Wx or xH keeps the proportions"
    upscale.add_argument("--size", type=sides_or_side, metavar="WxH", help=sides)
    upscale.add_argument("-m", "--model", default="fsrcnn", help="a released model, FILE.npz or bicubic")
    upscale.add_argument("--ensemble", action="store_true", help="average eight flips and rotations")
    upscale.add_argument(
        "--engine",
        choices=("auto", "plain", "numpy", "fast"),
        default="auto",
        help="what runs networks (default auto: fast; numpy for small pictures until fast is compiled)",
    )
    upscale.add_argument("-f", "--format", choices=FORMATS, help="of the results (default: as the inputs)")
    upscale.add_argument("--force", action="store_true", help="replace existing results")
    upscale.add_argument("-j", "--threads", type=positive, help="threads (default: one a core)")
    upscale.add_argument("--max-memory", type=positive, metavar="MB", help="memory to keep within")
    bombs = "millions of pixels decoded at once at most (default 179)"
    upscale.add_argument("--max-pixels", type=positive, metavar="MP", help=bombs)
    sound = "of videos: copied, encoded anew, or left out (default: copy)"
    upscale.add_argument("--audio", choices=("copy", "aac", "drop"), default="copy", help=sound)
    words = "of videos: copied or left out (default: copy)"
    upscale.add_argument("--subtitles", choices=("copy", "drop"), default="copy", help=words)
    cluster = "of a Dask scheduler that does the work, or local: processes of this machine"
    upscale.add_argument("--scheduler", metavar="ADDRESS", help=cluster)
    upscale.add_argument("--dry-run", action="store_true", help="only say what would be done")
    upscale.add_argument("--json", type=Path, metavar="FILE", help="also write a summary to a file")
    upscale.add_argument("-v", "--verbose", action="store_true", help="say what the time was spent on")
    upscale.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Enlarge everything; 2 if something failed."""
    if options.threads:
        os.environ["NUMBA_NUM_THREADS"] = str(options.threads)  # read when Numba is imported
    from npsr.system.files import check_target, remove_leftovers
    from npsr.upscaling.batch import Outcome, run_jobs

    settings = _settings(options)
    if upscale_zarr.concerns(options):
        return upscale_zarr.run_zarr(options, settings)
    jobs, passed = _jobs(options)
    if options.json:
        check_target(options.json, options.force)
    if options.dry_run:
        return report.plan(jobs, passed)
    for folder in {job.target.parent for job in jobs if str(job.target) != "-"}:
        remove_leftovers(folder)
    todo = [job for job in jobs if not job.done]
    piped = any(str(job.target) == "-" for job in jobs)
    reporter = report.Report(len(todo), piped, options.verbose)
    for job in jobs:
        if job.done:
            reporter.finished(Outcome(job.source, job.target, "skipped"))
    photographs = [job for job in todo if not is_video(job.source)]
    if options.scheduler:
        run_on = cluster_module("folders").run_jobs_on
        split = run_on(options.scheduler, photographs, settings, reporter.finished)
    else:
        split = run_jobs(photographs, settings, reporter.finished, reporter.progress)
    for job in todo:
        if is_video(job.source):
            reporter.finished(_video(job, options, split))
    return reporter.sum_up(split, passed, options)


def is_video(path: Path) -> bool:
    """Whether a name is a video's."""
    return path.suffix.lower() in VIDEOS


def _settings(options: argparse.Namespace) -> "Settings":
    """How; everything that is wrong with the options is found here, before any file is read."""
    from npsr.images.photograph import MAX_PIXELS
    from npsr.upscaling.factors import by_factor, by_sides
    from npsr.upscaling.outputs import Settings
    from npsr.upscaling.plan import available
    from npsr.upscaling.upscale import default_scale

    if options.scale and options.size:
        raise ValueError("-s and --size are given, but each says how large: choose one")
    available(options.model)
    if options.scale is None and options.size is None:
        options.scale = default_scale(options.model)
    if options.size:
        rows, columns = options.size
        size = partial(by_sides, rows=rows, columns=columns)
    else:
        size = partial(by_factor, scale=options.scale)
        size((1, 1))
    return Settings(
        size,
        options.model,
        options.ensemble,
        options.force,
        options.engine,
        most=options.max_pixels * 10**6 if options.max_pixels else MAX_PIXELS,
        memory=options.max_memory * 2**20 if options.max_memory else None,
        piped_suffix=_suffix(options.inputs[0], options.format),
    )


def _jobs(options: argparse.Namespace) -> "tuple[list[Job], Counter[str]]":
    from npsr.images.formats.names import SUFFIXES
    from npsr.upscaling.jobs import PIPE, plan_jobs, with_other_formats

    sides = "x".join("" if side is None else str(side) for side in reversed(options.size or ()))
    label = f"_{Path(options.model).stem}_{sides or f'x{options.scale:g}'}"
    suffix = partial(_suffix, name=options.format)
    jobs, passed = plan_jobs(options.inputs, options.output, label, suffix, SUFFIXES, options.force)

    def free(job: "Job") -> bool:
        asked = options.format or (options.output not in (None, PIPE) and not job.mirrored)
        return not asked and not is_video(job.source)

    return with_other_formats(jobs, free, options.force), passed


def _suffix(source: Path, name: str | None) -> str:
    """How the result's name ends: as the source's, if that can be written."""
    if is_video(source):
        from npsr.video.streams import WRITTEN

        return source.suffix if source.suffix.lower() in WRITTEN else ".mkv"
    if name:
        return f".{name}"
    from npsr.images.formats.names import result_suffix

    return result_suffix(source)


def _video(job: "Job", options: argparse.Namespace, split: dict[str, float]) -> "Outcome":
    from npsr.system.files import make_folder
    from npsr.upscaling.batch import Outcome, failure

    try:
        if job.problem:
            raise ValueError(job.problem)
        if options.scheduler:
            raise ValueError(f"{job.source}: videos are enlarged on one machine: leave --scheduler out")
        if not options.scale or options.scale != int(options.scale):
            raise ValueError(f"{job.source}: videos are enlarged by a model's own factor: use -s 2, 3 or 4")
        if job.mirrored:
            make_folder(job.target.parent)
        start = time.perf_counter()
        written = run_video(job.source, job.target, int(options.scale), options)
        for name, seconds in written.split.items():
            split[name] = split.get(name, 0.0) + seconds
    except Exception as error:
        return failure(job, error)
    return Outcome(
        job.source,
        job.target,
        "done",
        width=written.width,
        height=written.height,
        frames=written.frames,
        networks=(int(options.scale),),
        notes=tuple(written.notes),
        seconds=time.perf_counter() - start,
    )
