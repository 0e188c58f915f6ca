"""
Training on your own photographs
================================

After this tutorial you can train a network on any folder of photographs, watch it,
stop it and go on, and use it.

Here the folder is made from free photographs. Put your own in its place: JPEG, PNG,
any size. A few hundred do well.
"""

import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image
from skimage import data

import npsr

work = Path(tempfile.mkdtemp())
photographs = work / "photographs"
photographs.mkdir()
for name in ("astronaut", "coffee", "rocket", "chelsea"):
    Image.fromarray(getattr(data, name)()).save(photographs / f"{name}.png")

# %%
# The recipe
# ----------
#
# A recipe says all that determines the result, apart from the photographs. At the
# command line it is a TOML file, or ``quick``, or ``paper``; in Python a dataclass. One
# photograph is held back and measured at each checkpoint.
recipe = npsr.Recipe(
    model="fsrcnn-s",
    scale=2,
    stages=(npsr.Stage((".",), steps=600, rate=3e-3, decay="cosine"),),
    optimiser="adam",
    last_share=1.0,
    batch=32,
    sub_image=18,
    scales=(1.0,),
    rotations=(0, 1),
    validation=("chelsea.png",),
    checkpoint_every=100,
)
net = npsr.run_training(recipe, photographs, work / "run")
print(sorted(path.name for path in (work / "run").glob("[a-z]*")))

# %%
# The same at the command line::
#
#     npsr train recipe.toml --data photographs -o run
#     npsr train recipe.toml --data photographs -o run --resume   # after a crash
#     npsr plot run -o curve.png
#
# A run that was stopped goes on with the same bits as if it had never been stopped.
#
# The log
# -------
entries = [
    json.loads(line) for line in (work / "run" / "log.jsonl").read_text().splitlines()
]
validated = [entry for entry in entries if "validation" in entry]
figure, axis = plt.subplots(figsize=(7, 3))
axis.plot([e["step"] for e in validated], [e["validation"] for e in validated], "o-")
axis.set_ylim(validated[-1]["validation"] - 5, validated[-1]["validation"] + 1)
axis.set_xlabel("step")
axis.set_ylabel("PSNR of the photograph held back, dB")
plt.show()

# %%
# The result is an ordinary model
# -------------------------------
image = data.chelsea()[60:140, 150:250]
large = npsr.upscale(image, model=work / "run" / "model.npz")
print(image.shape, "→", large.shape)

# %%
# How good can it become? :doc:`/training` has longer recipes with their figures.
