"""Pictures of docs/methods.md: what each method has learnt, drawn from its released model.

A method without a released model is learnt in a minute from photographs that come with scikit-image.
"""

import argparse
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from figure2_filters import mosaic, scaled
from skimage import data

import npsr
from npsr.images.resize import cubic
from npsr.learning import anchors, forests, kernel_machine
from npsr.learning.forests import Tree
from npsr.learning.recipe import AnchoredRecipe, ForestRecipe, KernelRecipe
from npsr.networks.network import layer_forward
from npsr.networks.sparse_coding import learn_dictionary, scn
from npsr.rivals.features import features

mpl.use("Agg")
import matplotlib.pyplot as plt

PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket")
CROP = slice(60, 156), slice(156, 300)
"""The eyes of the astronaut."""
SHOWN = 98
"""Atoms or patches of a mosaic."""
COLUMNS = 14


def main() -> None:
    """Draw every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", help=f"of {', '.join(PICTURES)} (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parents[1] / "docs")
    options = parser.parse_args()
    for name in options.pictures or PICTURES:
        figure = PICTURES[name]()
        path = options.output / f"methods_{name}.png"
        figure.savefig(path, dpi=80)
        plt.close(figure)
        print(path, flush=True)


@cache
def lumas() -> list[np.ndarray]:
    """Luma of the photographs, 8 bits."""
    return [npsr.luma(getattr(data, name)()) for name in PHOTOGRAPHS]


def eyes() -> np.ndarray:
    """An LR luma plane in [0, 1], a half of the crop."""
    return npsr.imresize(lumas()[0][CROP] / 255.0, 1 / 2)


def learnt(module: Any, recipe: Any) -> Any:
    """The model of a recipe, learnt from the photographs."""
    *_, (state, _) = module.learn(recipe, lumas(), {})
    return module.model(recipe, state)


@cache
def released(name: str) -> Any:
    """A released ×2 model; one learnt here if there is none."""
    if 2 in npsr.released().get(name, []):
        return npsr.load_model(name, 2)
    if name == "a+":
        return learnt(anchors, AnchoredRecipe("a+", 2, atoms=256, passes=5, neighbours=512, scales=1))
    if name == "kk":
        return learnt(kernel_machine, KernelRecipe("kk", 2, samples=50_000, steps=100, batch=5000))
    planes = ((npsr.imresize(npsr.low_resolution(high, 2), 2), high) for high in (p / 255.0 for p in lumas()))
    return learn_dictionary(scn(), [(low, high[: low.shape[0], : low.shape[1]]) for low, high in planes])


def panels(titles: dict[str, np.ndarray | None], width: float = 10, height: float = 3.4) -> Any:
    """A figure of pictures beside each other; signed ones in red and blue, None for axes to be drawn on."""
    figure, row = plt.subplots(1, len(titles), figsize=(width, height), layout="constrained", squeeze=False)
    for axes, (title, image) in zip(row[0], titles.items(), strict=True):
        axes.set_title(title, fontsize=9)
        if image is None:
            continue
        axes.set_axis_off()
        if np.nanmin(image) < 0:
            most = np.nanmax(np.abs(image))
            axes.imshow(image, cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")
        else:
            axes.imshow(image, cmap="gray", interpolation="nearest")
    return figure


def bicubic() -> Any:
    """Its kernel, and the taps of each phase at ×3."""
    figure = panels({"the cubic kernel": None, "its taps at ×3, a row for each phase": None}, height=2.8)
    curve, table = figure.axes
    t = np.linspace(-2.5, 2.5, 400)
    curve.plot(t, cubic(t))
    curve.grid(alpha=0.3)
    taps = np.stack([cubic(np.arange(-2, 3) - offset) for offset in (-1 / 3, 0, 1 / 3)])
    table.imshow(taps, cmap="RdBu_r", vmin=-1, vmax=1)
    for place, value in np.ndenumerate(taps):
        table.text(place[1], place[0], f"{value:.3f}", ha="center", va="center", fontsize=8)
    table.set(xticks=[], yticks=[])
    return figure


def anr() -> Any:
    """Atoms as what they see of the LR image, 9 × 9 pixels."""
    model = released("a+")
    seen = np.tensordot(model.anchors, model.filters, 1)
    return panels(
        {
            f"the {len(model.filters)} filters of the features, 9 × 9": mosaic(scaled(model.filters), 7),
            f"{SHOWN} of {len(model.anchors)} atoms": mosaic(
                scaled(seen[:: len(seen) // SHOWN][:SHOWN]), COLUMNS
            ),
        },
        height=3.8,
    )


def aplus() -> Any:
    """The direction of the anchor that every pixel takes, and the details that come of it."""
    model, low = released("a+"), eyes()
    likeness = features(low, model.filters, 0) @ model.anchors.T
    chosen = np.argmax(np.abs(likeness), axis=2)
    seen = np.tensordot(model.anchors, model.filters, 1)
    steps = np.arange(-4, 5)
    down, across = (
        np.tensordot(seen, steps, (1, 0)).sum(axis=1),
        np.tensordot(seen, steps, (2, 0)).sum(axis=1),
    )
    figure = panels(
        {
            "an LR image": low,
            "the direction in which each pixel's anchor is steep": None,
            "the details that its matrix makes": model(low) - npsr.imresize(low, 2),
        }
    )
    angles = np.arctan2(down, across)[chosen] % np.pi
    shown = figure.axes[1].imshow(angles, cmap="twilight", vmin=0, vmax=np.pi, interpolation="nearest")
    figure.axes[1].set_axis_off()
    bar = figure.colorbar(shown, ax=figure.axes[1], ticks=[0, np.pi / 2, np.pi], shrink=0.5)
    bar.set_ticklabels(["across", "down", "across"], fontsize=7)
    return figure


def srf() -> Any:
    """A small tree: its first test on two features, and the leaf of every pixel."""
    recipe = ForestRecipe("srf", 2, alternating=False, rotations=1, trees=1, levels=4)
    *_, (state, _) = forests.learn(recipe, lumas(), {})
    tree = Tree(**{name: state[f"0/{name}"] for name in forests.TABLES})
    low = eyes()
    found = features(low, state["filters"], 0)
    figure = panels({"the test of the root": None, "an LR image": low, "its pixels by their leaf": None})
    (a, b), threshold = tree.pairs[0], tree.thresholds[0]
    x = found.reshape(-1, found.shape[2])
    left = x[:, a] - x[:, b] < threshold
    plot, _, leaves = figure.axes
    for side, colour in ((left, "tab:blue"), (~left, "tab:orange")):
        plot.plot(x[side, b], x[side, a], ".", markersize=2, color=colour)
    line = np.array([x[:, b].min(), x[:, b].max()])
    plot.plot(line, line + threshold, "k", linewidth=1)
    plot.set(xlabel=f"feature {b}", ylabel=f"feature {a}", ylim=(x[:, a].min(), x[:, a].max()))
    leaves.imshow(leaf_of(tree, x).reshape(low.shape), cmap="tab20", interpolation="nearest")
    leaves.set_axis_off()
    return figure


def leaf_of(tree: Tree, x: np.ndarray) -> np.ndarray:
    """The node at which each sample (N, p) ends."""
    nodes = np.zeros(len(x), int)
    while (inner := tree.children[nodes] > 0).any():
        at = nodes[inner]
        a, b = tree.pairs[at].T
        right = x[inner, a] - x[inner, b] >= tree.thresholds[at]
        nodes[inner] = tree.children[at] + right
    return nodes


def kk() -> Any:
    """Basis patches, and the details of the strongest."""
    model = released("kk")
    strength = np.linalg.norm(model.coefficients, axis=1)
    order = np.argsort(-strength)[:SHOWN]
    details = model.coefficients[order].reshape(-1, 5, 5)
    return panels(
        {
            f"{SHOWN} of {len(model.basis)} basis patches": mosaic(scaled(model.basis[order]), COLUMNS),
            "the details that each stands for, 5 × 5": mosaic(scaled(details), COLUMNS),
        },
        height=3.2,
    )


def codes_of(low: np.ndarray) -> tuple[list[np.ndarray], npsr.Network]:
    """SCN's codes of an LR plane before and after LISTA's step: (n, H, W) each."""
    net = released("scn")
    net = getattr(net, "first", None) or net
    x = image = npsr.imresize(low, 2)[None, None].astype(np.float32)
    for layer in net.layers:
        x, cache = layer_forward(layer, net.parameters, x, True, image)
        if layer.name == "margin":
            image = x
        if layer.name == "lista":
            break
    threshold = net.parameters["lista.threshold"][:, None, None]
    first = np.sign(cache[0][0]) * np.maximum(np.abs(cache[0][0]) - threshold, 0)
    return [first, x[0]], net


def sparse_coding() -> Any:
    """What the atoms of the decoder look like, and how many of them a pixel uses."""
    (_, after), net = codes_of(eyes())
    atoms = net.parameters["decoding.weight"][:, :, 0, 0].T.reshape(-1, 5, 5).transpose(0, 2, 1)
    used = np.mean(after != 0, axis=(1, 2))
    order = np.argsort(-used)[:SHOWN]
    return panels(
        {
            f"{SHOWN} of {len(atoms)} atoms of the details": mosaic(scaled(atoms[order]), COLUMNS),
            "numbers of a pixel's code that are not 0": (after != 0).sum(axis=0).astype(float),
        },
        height=3.2,
    )


def lista() -> Any:
    """The code of one pixel before and after the recurrent step."""
    (before, after), _ = codes_of(eyes())
    place = np.unravel_index(np.argmax(np.abs(after).sum(axis=0)), after.shape[1:])
    figure = panels({"the code of one pixel: S(v)": None, "after LISTA's step: S(v + U z)": None}, height=2.6)
    for axes, code in zip(figure.axes, (before, after), strict=True):
        axes.bar(np.arange(len(code)), code[:, place[0], place[1]], width=1)
        axes.set_xlabel(
            f"{np.count_nonzero(code[:, place[0], place[1]])} of {len(code)} are not 0", fontsize=8
        )
    return figure


def srcnn() -> Any:
    """The 64 filters of its first layer."""
    net = npsr.load("srcnn", 3)
    filters = net.parameters["extraction.weight"][:, 0]
    maps = np.maximum(npsr_layer(net, "extraction", npsr.imresize(eyes(), 3)), 0)
    strongest = np.argsort(-maps.var(axis=(1, 2)))[:16]
    return panels(
        {
            "the 64 filters of its first layer, 9 × 9": mosaic(scaled(filters), 11),
            "16 of their maps": tiles(maps[strongest], 4),
        },
        height=3.8,
    )


def fsrcnn() -> Any:
    """Filters at its beginning and its end."""
    net = npsr.load("fsrcnn", 3)
    first = net.parameters["feature.weight"][:, 0]
    last = net.parameters["deconvolution.weight"][:, 0]
    return panels(
        {
            "its 56 first filters, 5 × 5, on the LR image": mosaic(scaled(first), COLUMNS),
            "its 56 last filters, 9 × 9, which enlarge": mosaic(scaled(last), COLUMNS),
        },
        height=2.6,
    )


def npsr_layer(net: npsr.Network, name: str, plane: np.ndarray) -> np.ndarray:
    """What the first layer makes of a plane: (n, H, W)."""
    layer = next(layer for layer in net.layers if layer.name == name)
    return layer_forward(layer, net.parameters, plane[None, None].astype(np.float32))[0][0]


def tiles(maps: np.ndarray, columns: int) -> np.ndarray:
    """Maps (N, H, W) beside each other, each from 0 to 1."""
    maps = maps / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-9)
    return np.block([[*maps[start : start + columns]] for start in range(0, len(maps), columns)])


PICTURES: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (bicubic, anr, aplus, srf, kk, sparse_coding, lista, srcnn, fsrcnn)
}

if __name__ == "__main__":
    main()
