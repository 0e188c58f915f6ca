"""
The same network in other runtimes
==================================

FSRCNN(56,12,4) ×3 in npsr and five others, each in its faster form. The figures are
those of ``experiments/results/bench_peers.json``, measured by ``python
experiments/bench_peers.py``. The machine stands below.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

results = Path(npsr.__file__).parents[1] / "experiments" / "results"
bench = json.loads((results / "bench_peers.json").read_text())
figure, axis = plt.subplots(figsize=(8, 4.4))
cases = [case for case in bench["cases"] if case["name"] == "fsrcnn_x3"]
runtimes = sorted(
    {name.removesuffix(" sub-pixel") for case in cases for name in case["contenders"]}
    - {"sgemm"}
)
for name in runtimes:
    points = []
    for case in cases:
        forms = (
            case["contenders"].get(form, {}) for form in (name, f"{name} sub-pixel")
        )
        times = [form["median_ms"] for form in forms if "median_ms" in form]
        if times:
            points.append((case["width"] * case["height"], min(times)))
    axis.plot(
        *zip(*sorted(points), strict=True),
        "o-",
        label=name,
        linewidth=3 if name == "npsr" else 1.2,
    )
axis.set_xscale("log")
axis.set_yscale("log")
axis.set_xlabel("pixels of the small picture")
axis.set_ylabel("milliseconds, median")
axis.legend()
axis.grid(alpha=0.3, which="both")
machine = bench["machine"]
print(
    machine["processor"],
    machine["cores"],
    "cores, measured on",
    machine["date"][:10],
    "at commit",
    machine["commit"][:10],
)
plt.show()
