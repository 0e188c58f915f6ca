"""Measure a trained model on the test sets, add it to the released models, and rewrite MODELS.md."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import npsr

MODELS = Path(__file__).parents[1] / "npsr" / "models"
TABLE = Path(__file__).parents[1] / "MODELS.md"
SETS = ("Set5", "Set14", "BSD200")
FILTER_NORM = 1 / 8
"""About the norm of the deconvolution's filters in the authors' FSRCNN."""

HEAD = """# Released models

These networks come with npsr. Here you can see how good each one is and how it was trained. To use one,
give its name and its factor, for example `npsr upscale my.jpg -m fsrcnn -s 3`.

Each was trained with `npsr train RECIPE.toml --data FOLDER -o RUN`. Then
`python experiments/release_model.py NAME RUN/model.npz --data FOLDER` measured it, stored it, and wrote
this page. PSNR is in dB, by `npsr evaluate`: on luma, by the protocol of the paper. Each file contains its
complete recipe (`npsr info FILE.npz`). No image of Set5, Set14 or BSD200 was used for training or for the
choice of a model. Five images of General-100 were used to watch the training, and not for training itself
(`validation` in the recipe).

Many models started from another network. Their samples and hours include those of that network. Hours are
the times of the runs, on one or two cores that other programs used too.

SRCNN-Ex and both transition states saw the same number of samples. They can be compared with each other,
but not with the other networks. The usual samples of the transition states are of 15 × 15 LR pixels. Their
later samples were larger: 24 × 24, then 32 × 32 LR pixels for the first, and 18 × 18, then 24 × 24 for the
second. With samples of this size the training of SRCNN-Ex would have taken hours more.

Before release, each filter of a deconvolution is divided by a power of two, so that its norm is about 1/8.
The feature that the filter reads is multiplied by the same power. No bit of a result changes, and further
training works better from there.

| model | factor | Set5 | Set14 | BSD200 | data | seed | samples seen | hours |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Release one model, or only rewrite the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="name to release it under, for example fsrcnn")
    parser.add_argument("model", type=Path, help="the run's model.npz")
    parser.add_argument("--data", type=Path, required=True, help="folder of Set5, Set14 and BSD200")
    options = parser.parse_args()
    net = balanced(npsr.load(options.model))
    scores = {name: round(npsr.evaluate(options.data / name, net.scale, net)["psnr"], 4) for name in SETS}
    print(options.name, f"×{net.scale}", scores)
    path = MODELS / f"{options.name}_x{net.scale}.npz"
    provenance = without_paths(net.provenance, path.stem) | {"scores": scores}
    npsr.save(replace(net, provenance=provenance), path, force=True)
    TABLE.write_text(
        HEAD + "".join(row(name, n) for name, factors in npsr.released().items() for n in factors)
    )


def without_paths(provenance: dict[str, Any], name: str) -> dict[str, Any]:
    """The provenance, with words for the start if that is a file or the release replaced here."""
    recipe, start = provenance["recipe"], provenance["recipe"]["start"]
    if start.endswith(".npz"):
        start = "the model.npz of the run before"
    elif start == name:
        start = "the release of the run before"
    reworded = provenance | {"recipe": recipe | {"start": start}}
    return reworded | ({"start": without_paths(reworded["start"], name)} if "start" in reworded else {})


def balanced(net: npsr.Network) -> npsr.Network:
    """The same function with deconvolution filters of a common norm.

    A network that is trained with one rate for all layers may end with weak features and strong filters.
    Then it learns slowly at the paper's rates. For c > 0, PReLU(c x) = c PReLU(x), so a factor can move from
    a filter to its feature. A power of two causes no rounding.
    """
    *_, before, _, last = net.layers
    if not (isinstance(before, npsr.Conv) and isinstance(last, npsr.DeConv)):
        return net
    weight, bias, filters = (f"{before.name}.weight", f"{before.name}.bias", f"{last.name}.weight")
    parameters = dict(net.parameters)
    norms = np.sqrt(np.sum(parameters[filters] ** 2, axis=(1, 2, 3)))
    factors = np.exp2(np.round(np.log2(norms / FILTER_NORM))).astype(net.dtype)
    parameters[weight] = parameters[weight] * factors[:, None, None, None]
    parameters[bias] = parameters[bias] * factors
    parameters[filters] = parameters[filters] / factors[:, None, None, None]
    return replace(net, parameters=parameters)


def row(name: str, n: int) -> str:
    """One line of the table."""
    facts = npsr.load(name, n).provenance
    scores = " | ".join(f"{facts['scores'][key]:.2f}" for key in SETS)
    data = " + ".join(facts["data"])
    cost = f"{facts['samples'] / 1e6:.1f} million | {facts['seconds'] / 3600:.1f}"
    return f"| {name} | ×{n} | {scores} | {data} | {facts['seed']} | {cost} |\n"


if __name__ == "__main__":
    main()
