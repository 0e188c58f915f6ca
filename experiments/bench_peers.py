"""Our speed beside that of other runtimes, in one run: inference of the paper's networks, a training step.

Every contender runs float32 on two threads, in turns with pauses between them, in each of its forms (the
deconvolution as such and as a sub-pixel convolution, the same function); its output is first compared
with our plain kernels'. NumPy's matrix product takes its turns among them. Needs `pip install
'npsr[peers]'`; a contender that is not installed is left out.

    python experiments/bench_peers.py --plot peers.png
    python experiments/bench_peers.py --quick --only npsr,ncnn
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "bench_peers.json"

THREADS = "2"
ENVIRONMENT = {
    **dict.fromkeys(
        ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), THREADS
    ),
    # Freed maps stay with the process: without this, PyTorch spends a third of its time on page faults.
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
}
"""What must be set before the first library starts."""

TOLERANCE = 1e-4
LONGEST_CALL = 10.0
"""Seconds a call may be expected to take, from the size before, without being left out."""


@dataclass(frozen=True)
class Case:
    """One network on one size, in LR pixels; SRCNN runs on an image n times as large."""

    network: str
    scale: int
    width: int
    height: int

    @property
    def name(self) -> str:
        """Name of the network and factor, for the table and for --cases."""
        return f"{self.network}_x{self.scale}"


SIZES = ((85, 85), (253, 253), (640, 360), (1920, 1080))


def all_cases(sizes: list[tuple[int, int]] | None, quick: bool) -> list[Case]:
    """The networks and sizes to run, each network's sizes ascending."""
    all_sizes = sizes or list(SIZES[:1] if quick else SIZES)
    cases = [Case(network, 3, *size) for network in ("fsrcnn", "fsrcnn-s") for size in all_sizes]
    others = sizes or list(SIZES[:1] if quick else SIZES[2:3])
    cases += [Case("fsrcnn", scale, *size) for scale in (2, 4) for size in others]
    enlarged = sizes or list(SIZES[:1] if quick else SIZES[:3])
    return cases + [Case(network, 3, *size) for network in ("srcnn", "srcnn-ex") for size in enlarged]


def main() -> None:
    """Measure what the options ask for, print tables, write JSON and plot."""
    options = parse_options()
    if any(os.environ.get(key) != value for key, value in ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ENVIRONMENT)
    from contenders import CONTENDERS, missing
    from measuring import FULL, QUICK, describe

    from npsr.benchmark.machine import BUSY

    names = options.only or list(CONTENDERS)
    refuse_unknown("--only", names, list(CONTENDERS))
    known = [case.name for case in all_cases(options.sizes, options.quick)]
    refuse_unknown("--cases", options.cases or [], [*dict.fromkeys(known), "training"])
    absent = [name for name in names if missing(name)]
    names = [name for name in names if name not in absent]
    plan = QUICK if options.quick else FULL
    result: dict[str, Any] = {"machine": describe(), "threads": int(THREADS), "plan": asdict(plan)}
    result |= {"not installed": absent, "cases": []}
    print(
        f"{result['machine']['processor']}, {THREADS} threads; not installed: {', '.join(absent) or 'none'}"
    )
    if (load := result["machine"]["load before"]) > BUSY:
        print(f"the machine is busy (load {load:.1f}): its figures say little")
    for case in all_cases(options.sizes, options.quick):
        if not options.cases or case.name in options.cases:
            entry = run_case(case, names, plan, result["cases"])
            result["cases"].append(entry)
            print_table(f"{case.name}  {case.width}×{case.height}", "GFLOP/s", entry["contenders"])
    if not options.cases or "training" in options.cases:
        result["training"] = run_training(names, options.quick)
        print_table("training step", "samples/s", result["training"])
    if path := options.json or (None if options.quick else RESULTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(f"figures: {path}")
    if options.plot:
        plot(result, options.plot)
        print(f"plot: {options.plot}")
    tables = [case["contenders"] for case in result["cases"]] + [result.get("training", {})]
    sys.exit(any("failure" in entry for table in tables for entry in table.values()))


def parse_options() -> argparse.Namespace:
    """Options of the command line."""

    def size(text: str) -> tuple[int, int]:
        width, _, height = text.partition("x")
        return int(width), int(height)

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="85×85 only, few repetitions, no file by default"
    )
    parser.add_argument("--only", type=lambda text: text.split(","), help="contenders, comma-separated")
    parser.add_argument("--cases", type=lambda text: text.split(","), help="for example fsrcnn_x3,training")
    parser.add_argument("--sizes", type=lambda text: [*map(size, text.split(","))], help="LR sizes, WxH,WxH")
    parser.add_argument(
        "--json", type=Path, help=f"the file to write (default {RESULTS.relative_to(HERE.parent)})"
    )
    parser.add_argument("--plot", type=Path, help="draw time against image size to this file")
    return parser.parse_args()


def refuse_unknown(option: str, given: list[str], known: list[str]) -> None:
    """Stop with a message if an option names what there is not."""
    if unknown := sorted(set(given) - set(known)):
        sys.exit(f"{option} is {', '.join(unknown)}, but takes {', '.join(known)}")


def run_case(case: Case, names: list[str], plan: Any, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Measure every contender, in every form, on one case."""
    import numpy as np
    from contenders import CONTENDERS

    import npsr
    from npsr.benchmark.measure import SGEMM_SIDE, sgemm
    from npsr.benchmark.timing import interleaved
    from npsr.networks.network import forward

    net = lively(npsr.build(case.network, case.scale))
    n = 1 if net.enlarges else case.scale
    x = np.random.default_rng(0).random((1, 1, n * case.height, n * case.width), np.float32)
    expected = forward(net, x)

    def check(name: str, y: np.ndarray) -> None:
        if name != "sgemm" and not (y.shape == expected.shape and np.abs(y - expected).max() <= TOLERANCE):
            raise ValueError(f"its output is not that of the plain kernels to {TOLERANCE}")

    builders = {"sgemm": sgemm}
    skipped = {}
    for name in names:
        for sub_pixel in (False, True)[: 2 if net.enlarges and name != "npsr" else 1]:
            form = f"{name} sub-pixel" if sub_pixel else name
            seconds = expected_seconds(case, form, before)
            if seconds > LONGEST_CALL:
                skipped[form] = {"left out": f"{seconds:.0f} s a call expected from the size before"}
            else:
                builders[form] = lambda name=name, form=sub_pixel: CONTENDERS[name](net, x, form)
    timings = interleaved(builders, plan, check)
    flops = 2 * npsr.multiplications(net) * case.width * case.height
    results = {name: timing.summary() for name, timing in timings.items()}
    for name, entry in results.items():
        if "median_ms" in entry:
            work = 2 * SGEMM_SIDE**3 if name == "sgemm" else flops
            entry["median_rate"] = work / entry["median_ms"] / 1e6
            entry["best_rate"] = work / entry["best_ms"] / 1e6
    about = {"name": case.name, "flops": flops, "unit of rates": "GFLOP/s"}
    return asdict(case) | about | {"contenders": results | skipped}


def lively(net: Any) -> Any:
    """The network with parameters that make every layer matter, so that the comparison means something."""
    import numpy as np

    rng = np.random.default_rng(1)
    for key, p in net.parameters.items():
        spread = 1 / np.sqrt(p[0].size) if key.endswith(".weight") else 0.1
        p[...] = rng.normal(0, spread, p.shape)
    return net


def expected_seconds(case: Case, form: str, before: list[dict[str, Any]]) -> float:
    """Seconds of a call by the same network's last size, in proportion to the pixels."""
    for entry in reversed(before):
        if entry["name"] == case.name and form in entry["contenders"]:
            pixels = case.width * case.height / (entry["width"] * entry["height"])
            return entry["contenders"][form].get("median_ms", 0) / 1e3 * pixels
    return 0


def run_training(names: list[str], quick: bool) -> dict[str, Any]:
    """The training step, measured in a process of its own."""
    command = [sys.executable, HERE / "bench_training.py", "--only", ",".join(names)]
    done = subprocess.run(
        [*command, *(["--quick"] if quick else [])], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        return {"bench_training": {"failure": f"exit code {done.returncode}"}}
    return json.loads(done.stdout.splitlines()[-1])


def print_table(title: str, unit: str, contenders: dict[str, Any]) -> None:
    """A table of one case: times, rate, and each contender's time over ours."""
    print(f"\n{title}\n{'':<24} {'median ms':>10} {'best ms':>10} {unit:>10} {'over npsr':>9}")
    ours = contenders.get("npsr", {}).get("median_ms")
    for name, t in contenders.items():
        if "median_ms" not in t:
            print(f"{name:<24} {t.get('failure') or t.get('left out')}")
            continue
        ratio = f"{t['median_ms'] / ours:8.2f}×" if ours and name != "sgemm" else ""
        print(f"{name:<24} {t['median_ms']:10.2f} {t['best_ms']:10.2f} {t['median_rate']:10.1f} {ratio:>9}")


def better_form(contenders: dict[str, Any], name: str) -> float | None:
    """Median of a contender's faster form in milliseconds."""
    forms = [contenders.get(form, {}).get("median_ms") for form in (name, f"{name} sub-pixel")]
    return min((ms for ms in forms if ms is not None), default=None)


def plot(result: dict[str, Any], path: Path) -> None:
    """Time against image size, every contender in its better form, a panel for a network of several sizes."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from contenders import CONTENDERS

    names = [case["name"] for case in result["cases"]]
    networks = [name for name in dict.fromkeys(names) if names.count(name) > 1] or names[:1]
    columns = -(-len(networks) // 2)
    figure, axes = plt.subplots(
        2, columns, figsize=(5 * columns, 8), squeeze=False, sharex=True, layout="constrained"
    )
    for axis, network in zip(axes.flat, networks, strict=False):
        cases = [case for case in result["cases"] if case["name"] == network]
        for name in CONTENDERS:
            points = [(c["width"] * c["height"], better_form(c["contenders"], name)) for c in cases]
            points = [(pixels, ms) for pixels, ms in points if ms is not None]
            if points:
                axis.loglog(*zip(*points, strict=True), "o-", label=name, lw=2.5 if name == "npsr" else 1.2)
        axis.set(title=network.replace("_x", " ×"), xlabel="low-resolution pixels", ylabel="milliseconds")
        axis.grid(which="both", alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
