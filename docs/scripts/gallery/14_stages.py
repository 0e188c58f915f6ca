"""
Where the time goes
===================

Share of each stage in the time of FSRCNN(56,12,4), 640 × 360 pixels enlarged. The
four mapping layers have most of the depth, but the wide ends have most of the
products: the deconvolution costs 81 for each feature. The figures are those of ``npsr
bench --json experiments/results/bench.json``.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

results = Path(npsr.__file__).parents[1] / "experiments" / "results"
bench = json.loads((results / "bench.json").read_text())
networks = [row for row in bench["networks"] if row["model"].startswith("fsrcnn ")]
figure, axis = plt.subplots(figsize=(8, 2.8))
for network in networks:
    left = 0.0
    for place, stage in enumerate(network["stages"]):
        width = stage["best_ms"] or 0.0
        axis.barh(
            network["model"], width, left=left, color=f"C{place}", edgecolor="white"
        )
        if network is networks[0]:
            name = "\n".join(stage["layers"]).replace("mapping_", "m ")
            axis.text(left + width / 2, -0.72, name, ha="center", fontsize=6.5)
        left += width
axis.set_ylim(-0.95, len(networks) - 0.4)
axis.set_xlabel("milliseconds, best")
machine = bench["machine"]
print(
    machine["processor"], machine["cores"], "cores, measured on", machine["date"][:10]
)
plt.show()
