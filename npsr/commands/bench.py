"""How fast the networks are on this machine."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npsr.commands.arguments import load_or_build, positive

if TYPE_CHECKING:
    from npsr.commands.arguments import Commands
    from npsr.networks.network import Network

FACTORS = {"fsrcnn": (2, 3, 4), "fsrcnn-s": (2, 3, 4), "srcnn": (3,), "srcnn-ex": (3,)}
HEAD = (
    f"{'network':<24} {'output':>10} {'ms':>8} {'best':>8} {'fps':>7} {'MPixel/s':>8} {'GFLOP/s':>8} "
    f"{'× SGEMM':>8} {'buffers':>8}"
)


def add(commands: "Commands") -> None:
    """Declare the command."""
    bench = commands.add_parser("bench", help="how fast the networks are on this machine")
    models = "names, fsrcnn(d,s,m), srcnn(f1,f2,f3) or FILE.npz (default: the paper's networks)"
    bench.add_argument("-m", "--model", nargs="+", metavar="MODEL", help=models)
    factors = "factors (default: those of the paper, or the file's)"
    bench.add_argument("-s", "--scale", type=positive, nargs="+", metavar="N", help=factors)
    size = "of the image to be enlarged (default 640x360)"
    bench.add_argument("--size", type=_size, default=(640, 360), metavar="WxH", help=size)
    bench.add_argument("-j", "--threads", type=positive, help="threads (default: one a core)")
    bench.add_argument("--json", type=Path, help="also write the figures to a file")
    bench.add_argument("-f", "--force", action="store_true", help="replace an existing file")
    bench.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure each network beside NumPy's SGEMM; print and write what comes out."""
    if options.threads:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[variable] = str(options.threads)  # SGEMM's, read when NumPy is imported
    from npsr.benchmark.machine import BUSY, describe_machine
    from npsr.benchmark.measure import measure_stages
    from npsr.system.files import check_target, write_json
    from npsr_kernels.compiling.threads import default_threads

    if options.json:
        check_target(options.json, options.force)
    networks = list(_networks(options))
    machine, threads = describe_machine(), options.threads or default_threads()
    width, height = options.size
    print(f"{machine['processor']}, {threads} of {machine['cores']} threads, {width}×{height}, float32")
    if machine["load before"] > BUSY:
        print(f"the machine is busy (load {machine['load before']:.1f}): only the stages' shares hold")
    print(f"\n{HEAD}")
    results = []
    for name, net in networks:
        result = {"model": name, **measure_stages(net, height, width, threads)}
        results.append(result)
        print(_rows(result), flush=True)
    if options.json:
        write_json(options.json, {"machine": machine, "threads": threads, "networks": results}, options.force)
    return 0


def _networks(options: argparse.Namespace) -> Iterator[tuple[str, "Network"]]:
    """The networks to measure, with the border they upscale with."""
    for model in options.model or FACTORS:
        for scale in options.scale or FACTORS.get(model, (None,)):
            net = load_or_build(model, scale).with_border("replicate")
            yield f"{model} ×{net.scale}", net.astype("float32")


def _rows(result: dict[str, Any]) -> str:
    """A network's line, and one for each of its stages."""
    n = result["scale"]
    output = f"{n * result['width']}×{n * result['height']}"
    rows = [
        f"{result['model']:<24} {output:>10} {result['median_ms']:8.2f} {result['best_ms']:8.2f} "
        f"{result['fps']:7.1f} {result['megapixels']:8.1f} {result['gflops']:8.1f} "
        f"{result['gflops'] / result['sgemm_gflops']:8.2f} {result['working_bytes'] / 1e6:5.1f} MB"
    ]
    for stage in result["stages"]:
        best, share, rate = "–", "–", "–"  # too short to time
        if stage["best_ms"]:
            best, share = f"{stage['best_ms']:.2f}", f"{stage['best_ms'] / result['best_ms']:.0%}"
            rate = f"{stage['gflops']:.1f}"
        rows.append(f"  {' + '.join(stage['layers']):<42} {best:>8} {share:>7} {rate:>17}")
    return "\n".join(rows)


def _size(text: str) -> tuple[int, int]:
    width, x, height = text.partition("x")
    if not x:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, for example 640x360")
    return positive(width), positive(height)
