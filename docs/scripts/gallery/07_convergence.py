"""
Convergence: from another factor it is faster
=============================================

Only the deconvolution depends on the factor. A ×2 network that takes its convolutions
from ×3 begins where a new one has to go, and solving its deconvolution exactly takes
no step at all. The figures are those of ``experiments/results``, measured by ``python
experiments/figure4_convergence.py --budget standard`` (PSNR on Set5, ×2).
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

import npsr

results = Path(npsr.__file__).parents[1] / "experiments" / "results"
curves = json.loads((results / "figure4_convergence.json").read_text())["data"]
figure, axis = plt.subplots(figsize=(8, 4))
for name, points in curves.items():
    seconds = [point["seconds"] for point in points]
    psnr = [point["psnr"] for point in points]
    axis.plot(
        seconds, psnr, "o-" if len(points) == 1 else "-", label=name, markersize=7
    )
axis.set_ylim(35.5, 37.4)
axis.set_xlabel("seconds on two cores")
axis.set_ylabel("PSNR on Set5 ×2, dB")
axis.axhline(
    36.94, color="gray", linestyle=":", label="the paper, after 100 million sub-images"
)
axis.legend()
axis.grid(alpha=0.3)
plt.show()
