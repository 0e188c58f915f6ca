"""
8 · How fast it is, and why
===========================

After this step you can measure a network's time, and say where it goes.

The formula counts products. Equation 2 has 12,464 for each pixel of the small
picture, SRCNN-Ex 41 times as many. But a processor does not run formulas, so one has
to measure.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

small = npsr.Plan(blocks=2, seconds=0.05)
times = {
    name: npsr.measure(npsr.load(name, 3), 120, 160, plan=small).best
    for name in ("fsrcnn", "fsrcnn-s", "srcnn")
}
order = sorted(times, key=times.get)
print("from the fastest:", order)

# %%
# On a quiet machine: these are the figures of ``npsr bench --json
# experiments/results/bench.json``, 640 × 360 pixels enlarged ×3.
results = Path(npsr.__file__).parents[1] / "experiments" / "results"
bench = json.loads((results / "bench.json").read_text())
rows = [row for row in bench["networks"] if row["scale"] == 3]
figure, axis = plt.subplots(figsize=(8, 2.6))
axis.barh([row["model"] for row in rows], [row["median_ms"] for row in rows])
for row in rows:
    axis.text(
        row["median_ms"] * 1.05, row["model"], f"{row['median_ms']:.0f} ms", va="center"
    )
axis.set_xscale("log")
axis.set_xlim(right=6000)
axis.set_xlabel("milliseconds, median (log)")
print(
    bench["machine"]["processor"],
    bench["machine"]["cores"],
    "cores,",
    bench["machine"]["date"][:10],
)
plt.show()

# %%
# Three things make it fast:
#
# * no feature map is ever in memory as a whole: :doc:`/explanation/streaming`;
# * four rows cost six products instead of twelve: :doc:`/explanation/winograd`;
# * sums stay in registers until they are done, in one micro-kernel for all layers.
#
# You have gone from a convolution to FSRCNN. *To go on:* train on your own photographs
# (the next tutorial), the :doc:`course </course>`, or :doc:`the code </contributing>`.
