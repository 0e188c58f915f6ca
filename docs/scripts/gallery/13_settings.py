"""
What d, s and m are worth
=========================

FSRCNN(d, s, m) has three numbers to choose: features, shrunken maps, and mapping
layers. Each point is a network, trained alike. The figures are those of
``experiments/results/figure4_settings.json``, measured by ``python
experiments/figure4_settings.py --budget standard``.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

results = Path(npsr.__file__).parents[1] / "experiments" / "results"
study = json.loads((results / "figure4_settings.json").read_text())
rows = study["tables"]["PSNR on Set5 ×3 in dB"]
figure, axis = plt.subplots(figsize=(8, 4))
for d, s in ((48, 12), (56, 12), (48, 16), (56, 16)):
    line = [row for row in rows if (row["d"], row["s"]) == (d, s)]
    axis.plot(
        [row["weights"] for row in line],
        [row["ours"] for row in line],
        "o-",
        label=f"d = {d}, s = {s}",
    )
    for row in line:
        axis.annotate(
            f"m = {row['m']}",
            (row["weights"], row["ours"]),
            xytext=(4, 5),
            textcoords="offset points",
        )
axis.set_xlabel("weights, which are also the multiplications for each LR pixel")
axis.set_ylabel("PSNR on Set5 ×3, dB")
axis.legend(loc="lower right")
axis.grid(alpha=0.3)
plt.show()
