"""Measure a trained model on the test sets, add it to the released models, and rewrite MODELS.md."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import npsr
from npsr.rivals.files import save_rival

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
choice of a model. Five to ten images of General-100 were used to watch each training, and not for the
training itself (`validation` in the recipe).

Many models started from another network. Their samples and hours include those of that network. Hours are
the times of the runs, on one or two cores that other programs used too.

At ×3, SRCNN-Ex and both transition states saw the same number of samples. They can be compared with each
other, but not with the other networks. The usual samples of the transition states are of 15 × 15 LR
pixels. Their later samples were larger: 24 × 24, then 32 × 32 LR pixels for the first, and 18 × 18, then
24 × 24 for the second. With samples of this size the training of SRCNN-Ex would have taken hours more. At
×2 and ×4 they, and SRCNN, started from their ×3, saw the training images of BSDS200 too, and took 16 to 39
minutes each.

Before release, each filter of a deconvolution is divided by a power of two, so that its norm is about 1/8.
The feature that the filter reads is multiplied by the same power. No bit of a result changes, and further
training works better from there.

The [rivals](docs/methods.md) here saw the 91 images alone. SCN ×4 is a cascade of two networks; `-s 3`
reduces what it makes. The matrices of A+ are in half precision; the last line under the table says what that
costs. A+ ×3 and ×4 (5 and 9 MB in half precision) and SRF (hundreds of megabytes) are not in the package:
train them with `npsr train a+` and `npsr train srf`.

The networks for video are for ×2 and for players: FSRCNN(8,8,2), (16,8,3) and (32,12,4). Those named robust
continue from the clean ones on pictures that were coded by x264 and x265. All saw the training images of
BSDS200 too, and eight images of General-100 were held back. [Results](docs/results.md#networks-for-video)
compares them on clean and on coded pictures, with the time that they take.

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
    model = npsr.load_model(options.model)
    path = MODELS / f"{options.name}_x{model.scale}.npz"
    if isinstance(model, npsr.Network):
        model = balanced(model)
        clean = without_paths(model.provenance, path.stem)
    else:
        clean = model.provenance | in_half_precision(model, options.data)
        model = replace(model, **halves(model))
    scores = {name: round(npsr.evaluate(options.data / name, model.scale, model)["psnr"], 4) for name in SETS}
    print(options.name, f"×{model.scale}", scores)
    model = replace(model, provenance=clean | {"scores": scores})
    (npsr.save if isinstance(model, npsr.Network) else save_rival)(model, path, force=True)
    write_table()


def write_table() -> None:
    """Rewrite MODELS.md from the released files."""
    known = [(name, n) for name, factors in npsr.released().items() for n in factors]
    notes = [text for name, n in known if (text := note(name, n))]
    TABLE.write_text(HEAD + "".join(row(*each) for each in known) + "".join(f"\n{text}\n" for text in notes))


def halves(model: Any) -> dict[str, np.ndarray]:
    """The large matrices of A+ in half precision; nothing of other methods."""
    return {"regressors": model.regressors.astype(np.float16)} if model.name == "a+" else {}


def in_half_precision(model: Any, data: Path) -> dict[str, Any]:
    """What half precision costs on Set5, in dB, of a method that is released so."""
    if not halves(model):
        return {}
    scores = [
        npsr.evaluate(data / "Set5", model.scale, m)["psnr"] for m in (model, replace(model, **halves(model)))
    ]
    return {"half_precision_costs_dB": round(scores[0] - scores[1], 5)}


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
    facts = npsr.load_model(name, n).provenance
    scores = " | ".join(f"{facts['scores'][key]:.2f}" for key in SETS)
    data = " + ".join(facts["data"])
    seen = f"{facts['samples'] / 1e6:.1f} million" if "samples" in facts else "–"
    cost = f"{seen} | {facts['seconds'] / 3600:.1f}"
    return f"| {name} | ×{n} | {scores} | {data} | {facts['seed']} | {cost} |\n"


def note(name: str, n: int) -> str:
    """What half precision costs a model, in a sentence, if it has it."""
    cost = npsr.load_model(name, n).provenance.get("half_precision_costs_dB")
    return "" if cost is None else f"Half precision costs {name} ×{n} {cost:.4f} dB on Set5."


if __name__ == "__main__":
    main()
