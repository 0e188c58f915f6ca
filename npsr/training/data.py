"""The images that a run learns from: which, whether they can be read, and what is made of them."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from npsr.degradation.degrading import degrading
from npsr.evaluation.protocol import crop_to_multiple, measurable
from npsr.images.image_sets import image_files, read_lumas
from npsr.networks.network import Network
from npsr.networks.sparse_coding import learn_dictionary
from npsr.training.least_squares import solve_deconvolution
from npsr.training.log import Progress
from npsr.training.loop import State, require_a_batch
from npsr.training.recipe import Recipe, Stage
from npsr.training.samples import Samples, geometry, memory_per_pixel, middle, planes
from npsr.training.transfer import reduced_features

MEMORY = 2**31
"""Bytes that a stage's images may take. If they need more, only the middle of each is used."""
HELD_BACK = 2**31
"""In the place of a stage's number for the images held back, whose degradations are drawn apart."""
SOLVING_PIXELS = 1_000_000
"""LR pixels that the deconvolution is solved on: half a minute of work, and far more than unknowns."""


def _files(stage: Stage, recipe: Recipe, data: Path) -> list[Path]:
    """Images of a stage's folders, those held back left out."""
    validation = {os.path.realpath(data / name) for name in recipe.validation}
    found = [file for name in stage.data for file in image_files(data / name)]
    if not (files := [file for file in found if os.path.realpath(file) not in validation]):
        raise ValueError(f"{_folders(stage, data)}: every image is held back for validation: add others")
    return files


def _folders(stage: Stage, data: Path) -> str:
    return ", ".join(str(data / name) for name in stage.data)


def folder_images(folders: Iterable[str], data: Path) -> tuple[list[np.ndarray], str]:
    """The luma of every image of some folders of `data`, and the SHA-256 of their names and contents.

    Raises
    ------
    ImageError
        If a folder is missing or holds no image, or one cannot be read.
    OSError
        As `images_digest`.
    """
    files = [file for name in folders for file in image_files(data / name)]
    return list(_lumas(files)), _digest(files)


def held_back(recipe: Recipe, data: Path) -> list[np.ndarray]:
    """Luma of the images held back, sides multiples of n; of those large enough to be measured.

    Raises
    ------
    ImageError
        If one cannot be read.
    """
    n = recipe.scale
    lumas = [crop_to_multiple(luma, n) for luma in _lumas(data / name for name in recipe.validation)]
    return [high for high in lumas if measurable(high, n)]


def degraded(recipe: Recipe, originals: list[np.ndarray]) -> list[np.ndarray]:
    """LR planes of images held back, degraded as the recipe says; none if it degrades nothing.

    Raises
    ------
    ValueError
        If a package is missing.
    """
    if not recipe.degrade:
        return []
    reduce = degrading(recipe.degrade, recipe.seed)
    return [reduce(high / 255.0, recipe.scale, (HELD_BACK, k)) for k, high in enumerate(originals)]


def images_digest(recipe: Recipe, data: Path) -> str:
    """SHA-256 of the names and contents of the images of every stage, and of those held back.

    Raises
    ------
    ImageError
        If a folder is missing or holds no image.
    ValueError
        If all are held back.
    OSError
        If one cannot be read.
    """
    stages = [_files(stage, recipe, data) for stage in recipe.stages]
    return _digest(path for files in [*stages, [data / name for name in recipe.validation]] for path in files)


def _digest(paths: Iterable[Path]) -> str:
    """SHA-256 of the names and contents of files."""
    total = sha256()
    for path in paths:
        with path.open("rb") as file:
            content = file_digest(file, "sha256").hexdigest()
        total.update(f"{path.name}\n{content}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _lumas(files: Iterable[Path]) -> Iterator[np.ndarray]:
    """The luma of images to train on; one error at the end for all that cannot be read."""
    return (luma for _, luma in read_lumas(files, deep=True))


def refuse_unreadable(stages: list[Stage], recipe: Recipe, data: Path) -> None:
    """Report unreadable images of later stages now, not at their stage; the first stage's have been read.

    Raises
    ------
    ImageError
        If one cannot be read.
    """
    files = [_files(stage, recipe, data) for stage in stages]
    for _ in _lumas(sorted(set().union(*files[1:]) - set(*files[:1]))):
        pass


def stage_samples(
    stage: Stage, recipe: Recipe, data: Path, state: State, progress: Progress | None = None
) -> Samples:
    """Sub-images of a stage, or the features to train the deconvolution on, within `MEMORY`.

    Raises
    ------
    ValueError
        If an image cannot be read, or all together do not make a batch.
    """
    net, reduced, happened = state.trained, 0, Counter[str]()
    augmented = recipe.scales, recipe.rotations, recipe.sub_image, recipe.flips
    reduce = degrading(recipe.degrade, recipe.seed, happened)
    if recipe.train == "deconvolution":
        reduce = partial(reduced_features, state.net.with_border("replicate"), reduce)
        augmented = (1.0,), (0,), geometry(state.net, recipe.sub_image).inner, False
    files = _files(stage, recipe, data)
    pixels = MEMORY / memory_per_pixel(net, *augmented) / len(files)

    def images() -> Iterator[np.ndarray]:
        nonlocal reduced
        for original in _lumas(files):
            used = middle(original, pixels)
            reduced += used.size < original.size
            yield used / 255.0

    samples = Samples(images(), net, *augmented, reduce)
    if len(samples) == 0:
        side = samples.geometry.side * samples.geometry.step
        raise ValueError(
            f"{_folders(stage, data)}: every image is smaller than a sub-image, "
            f"{side} × {side} pixels before reduction: use larger ones"
        )
    require_a_batch(len(samples), recipe.batch)
    if progress:
        told = {"images": len(files), "reduced": reduced, "sub_images": len(samples)}
        progress(told | ({"degraded": dict(happened)} if happened else {}))
    return samples


def solved(net: Network, recipe: Recipe, data: Path) -> Network:
    """The network with the deconvolution solved on the first stage's images."""
    files = _files(recipe.stages[0], recipe, data)
    pixels = SOLVING_PIXELS * recipe.scale**2 / len(files)
    images = (middle(luma, pixels) / 255.0 for luma in _lumas(files))
    return solve_deconvolution(net, planes(images, net, (1.0,), degrading(recipe.degrade, recipe.seed)))


def with_dictionary(net: Network, recipe: Recipe, data: Path) -> Network:
    """SCN with a dictionary learnt from the first stage's images."""
    files = _files(recipe.stages[0], recipe, data)
    images = (middle(luma, MEMORY / 64 / len(files)) / 255.0 for luma in _lumas(files))
    reduce = degrading(recipe.degrade, recipe.seed)
    return learn_dictionary(net, planes(images, net, (1.0,), reduce), recipe.seed)
