"""SCN: sparse coding as a network (Wang, Liu, Yang, Han, Huang, 2015).

It runs on the bicubic enlargement. Every 5 × 5 patch of four maps, of length 1, is coded by LISTA, and its
code decoded to a 5 × 5 patch of details, which are combined where they overlap. Training starts from
sparse coding with a dictionary learnt from images.

N patches, n atoms.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from npsr.networks.layers import (
    Border,
    Combine,
    Conv,
    Layer,
    Lista,
    Margin,
    Normalise,
    Patches,
    parameter_shapes,
)
from npsr.networks.network import Arrays, Network, layer_forward
from npsr.networks.sparse_layers import contrasts, lista_forward
from npsr.system.blas import one_blas_thread
from npsr.system.checks import whole

SIDE = 5
"""Of filters and patches."""
MAPS = 4
MARGIN = 3 * (SIDE // 2)
STRENGTH = 5.0
"""C of the paper: by which features of length 1 are strengthened against thresholds of 1."""
RANDOM_STRENGTH = 10.0
"""The same for a random dictionary, whose atoms are less like the features: one code in three is not 0."""
PATCHES = 50_000
"""Patches that the dictionary is learnt from."""
TEXTURED = 0.05
"""Least contrast of a patch that counts: the length of its 25 pixels in [0, 1], less their mean."""
PASSES = 15
"""Of the k-means that finds the atoms."""
RIDGE = 1e-3
"""λ of the decoder, a sample."""


def scn(
    n: int = 128,
    steps: int = 1,
    shared: bool = True,
    scale: int = 2,
    seed: int = 0,
    dtype: Any = "float32",
    border: Border = "replicate",
) -> Network:
    """SCN with n numbers in a code: maps, patches of length 1, LISTA, decoding, combining.

    Its weights begin as sparse coding's with a random dictionary; `learn_dictionary` learns one.

    Parameters
    ----------
    n : int
        Atoms of the dictionary.
    steps : int
        Recurrent steps of LISTA; the paper has one.
    shared : bool
        Whether they share their weights.
    scale : int
        Upscaling factor that it is trained for; the paper's is 2, and other factors cascades.
    seed, dtype, border
        As in `fsrcnn`; with border "valid" the output is 12 pixels smaller.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If a number is out of range, or the dtype or the border is unknown.
    """
    n, steps, scale = whole("n", n), whole("steps", steps), whole("scale", scale)
    if np.dtype(dtype) not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f"dtype is {dtype!r}, but must be float32 or float64")
    area = SIDE**2
    layers: tuple[Layer, ...] = (
        Margin("margin", MARGIN),
        Conv("maps", SIDE, MAPS, 1, "valid", biased=False),
        Patches("patches", SIDE, MAPS),
        Normalise("features"),
        Conv("encoding", 1, n, MAPS * area, "valid", biased=False),
        Lista("lista", n, steps, shared),
        Conv("decoding", 1, area, n, "valid", biased=False),
        Normalise("details"),
        Combine("combining", SIDE),
    )
    rng = np.random.default_rng(seed)
    atoms = rng.standard_normal((n, MAPS * area))
    parameters = begun(layers, atoms, rng.standard_normal((n, area)), RANDOM_STRENGTH)
    name = "scn" if (n, steps) == (128, 1) else f"scn({n},{steps})"
    net = Network(name, scale, layers, {key: p.astype(dtype) for key, p in parameters.items()})
    return net.with_border(border)


def begun(
    layers: tuple[Layer, ...], atoms: np.ndarray, decoder: np.ndarray, strength: float = STRENGTH
) -> Arrays:
    """Parameters by which the network is a step of ISTA, the solver that LISTA grew from.

    Parameters
    ----------
    layers : tuple of Layer
        From `scn`.
    atoms : ndarray of shape (n, 100)
        Dictionary of features; made of length 1 here.
    decoder : ndarray of shape (n, 25)
        The atoms' details.
    strength : float
        By which features are strengthened.
    """
    atoms = atoms / np.linalg.norm(atoms, axis=1, keepdims=True)
    gram = atoms @ atoms.T
    inhibition = np.eye(len(atoms)) - gram
    inhibition *= min(1, 4 / np.linalg.eigvalsh(gram)[-1])
    shapes = parameter_shapes(layers)
    values = {
        "maps.weight": difference_filters()[:, None],
        "encoding.weight": strength * atoms[:, :, None, None],
        "lista.weight": np.broadcast_to(inhibition, shapes["lista.weight"]),
        "lista.threshold": np.ones(len(atoms)),
        "decoding.weight": decoder.T[:, :, None, None],
        "combining.weight": np.full(SIDE**2, 1 / SIDE**2),
    }
    return {key: np.ascontiguousarray(values[key]) for key in shapes}


def difference_filters() -> np.ndarray:
    """First differences across and down, second ones likewise, three times as strong: (4, 5, 5)."""
    filters = np.zeros((MAPS, SIDE, SIDE))
    filters[0, 2, 1:4] = 1, 0, -1
    filters[1, 1:4, 2] = 1, 0, -1
    filters[2, 2] = 3, 0, -6, 0, 3
    filters[3, :, 2] = 3, 0, -6, 0, 3
    return filters


def learn_dictionary(net: Network, pairs: Iterable[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> Network:
    """SCN whose weights are sparse coding's with a learnt dictionary.

    The atoms are centres of spherical k-means, an atom and its opposite serving alike; the decoder is the
    ridge regression from codes to details of patches, in units of the patches' contrast.

    Parameters
    ----------
    net : Network
        From `npsr.networks.sparse_coding.scn`.
    pairs : iterable of (ndarray of shape (H, W), ndarray of shape (H, W))
        Planes that the network reads, and what they should become.
    seed : int
        Seed of the patches and of the first atoms.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the network is not SCN, or the images have too little texture.
    """
    lista = next((layer for layer in net.layers if isinstance(layer, Lista)), None)
    if lista is None:
        raise ValueError(
            f"{net.name} has no sparse codes, but initialisation is 'dictionary': use paper or he"
        )
    rng = np.random.default_rng(seed)
    features, details = _patches(net, pairs, rng)
    if len(features) < 4 * lista.n:
        raise ValueError(
            f"there are {len(features)} patches with texture, but must be at least {4 * lista.n}: "
            "use more or larger photographs"
        )
    with one_blas_thread():
        atoms = spherical_means(features, lista.n, rng)
        plain = begun(net.layers, atoms, np.zeros((lista.n, SIDE**2)))
        codes = _codes(lista, plain, features)
        gram = codes.T @ codes + RIDGE * len(codes) * np.eye(lista.n)
        decoder = np.linalg.solve(gram, codes.T @ details)
        parameters = begun(net.layers, atoms, decoder)
    return replace(net, parameters={key: p.astype(net.dtype) for key, p in parameters.items()})


def spherical_means(features: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Directions (count, p) that vectors (N, p) of length 1 lie along, either way: k-means on lines."""
    atoms = features[rng.choice(len(features), count, replace=False)]
    for _ in range(PASSES):
        likeness = features @ atoms.T
        nearest = np.argmax(np.abs(likeness), axis=1)
        signs = np.sign(likeness[np.arange(len(features)), nearest])
        sums = np.zeros_like(atoms)
        np.add.at(sums, nearest, signs[:, None] * features)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        atoms = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), atoms)
    return atoms


def _patches(
    net: Network, pairs: Iterable[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, 100) of textured patches, and what they lack (N, 25), down their columns."""
    found, lacking = [np.empty((0, 100))], [np.empty((0, SIDE**2))]
    taken = list(pairs)
    for image, high in taken:
        if min(image.shape) <= 2 * MARGIN:
            continue
        x = np.asarray(image, np.float64)[None, None]
        features = _features(net, x)[0]
        contrast = contrasts(x[:, :, 2:-2, 2:-2], SIDE)[0, 0]
        rows, columns = np.nonzero(contrast > TEXTURED)
        count = min(len(rows), PATCHES // len(taken) + 1)
        if count == 0:
            continue
        chosen = np.sort(rng.choice(len(rows), count, replace=False))
        rows, columns = rows[chosen], columns[chosen]
        view = np.lib.stride_tricks.sliding_window_view
        of_high = view(high[2:-2, 2:-2], (SIDE, SIDE))[rows, columns].transpose(0, 2, 1).reshape(count, -1)
        of_image = view(x[0, 0, 2:-2, 2:-2], (SIDE, SIDE))[rows, columns].reshape(count, -1)
        found.append(features[:, rows, columns].T)
        scaled = (of_high - of_image.mean(axis=1, keepdims=True)) / contrast[rows, columns, None]
        lacking.append(scaled)
    return np.concatenate(found), np.concatenate(lacking)


def _features(net: Network, x: np.ndarray) -> np.ndarray:
    """What the network's encoder reads, in float64."""
    valid = net.astype(np.float64).with_border("valid")
    for layer in valid.layers:
        if layer.name == "encoding":
            break
        x = layer_forward(layer, valid.parameters, x)[0]
    return x


def _codes(lista: Lista, parameters: dict[str, np.ndarray], features: np.ndarray) -> np.ndarray:
    """Codes (N, n) of features (N, 100)."""
    v = features @ parameters["encoding.weight"][:, :, 0, 0].T
    maps = np.ascontiguousarray(v.T)[None, :, None]
    return lista_forward(lista, parameters, maps, True)[0][0, :, 0].T
