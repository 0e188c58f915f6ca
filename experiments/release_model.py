"""Score a trained model on the test sets, put it among the released ones, and rewrite MODELS.md."""

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
"""About that of the deconvolution's filters in the authors' FSRCNN."""

HEAD = """# Released models

Trained here with `npsr train RECIPE.toml --data FOLDER -o RUN`, scored and written by
`python experiments/release_model.py NAME RUN/model.npz --data FOLDER`. PSNR in dB by `npsr evaluate`:
luma, the protocol of the paper. Each file carries its whole recipe (`npsr info FILE.npz`). No image of
Set5, Set14 or BSD200 took part in training or in choosing a model; five images of General-100 were held
back to watch the training (`validation` in the recipe). Samples and hours include those of the networks
that a model was started from; hours are those of the runs, on a core or two that others shared.
SRCNN-Ex and both transition states saw equally many, so that they compare with each other; with no other.
The later samples of both transition states were larger, of 24 × 24, then 32 × 32 LR pixels for the first and
of 18 × 18, then 24 × 24 for the second, where their own are of 15 × 15; so large ones would have cost
SRCNN-Ex hours more.
Filters of a deconvolution are divided by powers of two and the features that it reads multiplied by them,
until the filters' norms are about 1/8: no result changes by a bit, and training goes on better from there.

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
    """What runs started from in words, where it is a file or a release that this one replaces."""
    recipe, start = provenance["recipe"], provenance["recipe"]["start"]
    if start.endswith(".npz"):
        start = "the model.npz of the run before"
    elif start == name:
        start = "the release of the run before"
    told = provenance | {"recipe": recipe | {"start": start}}
    return told | ({"start": without_paths(told["start"], name)} if "start" in told else {})


def balanced(net: npsr.Network) -> npsr.Network:
    """The same function with deconvolution filters of a common norm.

    Trained with one rate for all layers, a network may end with weak features and strong filters, and then
    learns slowly at the paper's rates. PReLU(c x) = c PReLU(x) for c > 0 lets a factor pass from a filter to
    its feature; a power of two rounds nothing.
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
