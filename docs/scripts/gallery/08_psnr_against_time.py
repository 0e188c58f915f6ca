"""
PSNR against milliseconds, all methods
======================================

Up is better, left is faster. The figures are those of
``experiments/results/comparison.json``, measured by ``python
experiments/comparison.py --budget standard``: the mean over the images of Set5, ×3,
in npsr's own engine. The paper compares programs of different languages; here all
methods run in the same one.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

results = Path(npsr.__file__).parents[1] / "experiments" / "results"
tables = json.loads((results / "comparison.json").read_text())["tables"]
ms, psnr = {}, {}
for title, rows in tables.items():
    if title.startswith("×3: SSIM"):
        ms = {row["method"]: row["ms"] for row in rows}
    elif title.startswith("×3"):
        psnr |= {row["method"]: row["Set5 ours"] for row in rows if row["Set5 ours"]}

LATER = ("released here", "the authors' weights")
kinds = {"trained on the 91 images": [m for m in ms if not m.endswith(LATER)]}
kinds |= {kind: [m for m in ms if m.endswith(kind)] for kind in LATER}
figure, axis = plt.subplots(figsize=(8, 4.6))
for (kind, methods), marker in zip(kinds.items(), "oD^", strict=True):
    points = [ms[m] for m in methods], [psnr[m] for m in methods]
    axis.plot(*points, marker, label=kind, markersize=8)
for m in kinds["trained on the 91 images"]:
    place = {"xytext": (9, -12), "textcoords": "offset points"}
    axis.annotate(m.removesuffix(", 91 images"), (ms[m], psnr[m]), **place)
axis.set_xscale("log")
axis.set_xlim(0.7 * min(ms.values()), 3 * max(ms.values()))
axis.set_xlabel("milliseconds an image, two cores (log)")
axis.set_ylabel("PSNR on Set5 ×3, dB")
axis.legend(loc="lower right")
axis.grid(alpha=0.3)
plt.show()
