"""Images as Dask arrays: each chunk of the output is a task of its own.

A task gathers the pixels that its chunk depends on from the chunks of the input that hold them, and
enlarges them with the bits of the whole image: see `npsr.upscaling.bands`. Only the image's own edges are
borders, and any chunks will do, those smaller than the networks' reach included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import ceil, prod
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from npsr.dask.work import Work, make_work
from npsr.networks.network import Engine, Network
from npsr.rivals.model import Rival
from npsr.upscaling.bands import enlarged, needs
from npsr.upscaling.factors import by_factor
from npsr.upscaling.operations import Part, Span
from npsr.upscaling.upscale import default_scale
from npsr_kernels.compiling.threads import at_most

CHANNELS = (2, 3, 4)


@dataclass(frozen=True)
class Chunk:
    """A task: a part of the output, the part of the input that it needs, and where its sources lie."""

    part: Part
    needed: Part
    sources: tuple[Part, ...]


def upscale(
    x: Any,
    scale: float | None = None,
    model: str | Path | Network | Rival = "fsrcnn",
    ensemble: bool = False,
    channels: bool | None = None,
    engine: Engine | None = None,
) -> Any:
    """Enlarge an image, or a stack of them, that is a Dask array; nothing is computed yet.

    Parameters
    ----------
    x : dask.array.Array of shape (…, H, W) or (…, H, W, C) with C = 2, 3, 4
        As in `npsr.upscale`, in chunks of any size along any axis. Axes before H and W count images.
    scale, model, ensemble, engine
        As in `npsr.upscale`. A model is loaded here, so that workers need not see its file.
    channels : bool, optional
        Whether the last axis is C. By default it is, if it has 2, 3 or 4 entries and two come before it.

    Returns
    -------
    dask.array.Array of shape (…, ⌈nH⌉, ⌈nW⌉) or (…, ⌈nH⌉, ⌈nW⌉, C)
        Of the dtype of x, with the same bits as `npsr.upscale` of each image. Its chunks are those of x,
        times n along H and W; C is one chunk.

    Raises
    ------
    TypeError
        If x is no Dask array, or its dtype is none of an image's.
    ValueError
        If its shape is none of an image's, sizes of its chunks are unknown, or there is no such model or
        factor.

    Notes
    -----
    A task runs in one thread: a worker runs as many tasks at once as it has threads.

    Examples
    --------
    >>> import dask.array as da
    >>> x = da.from_array(npsr.read_image(Path("my.png")).pixels, chunks=(20, 20, 3))
    >>> large = npsr.dask.upscale(x, 3)
    >>> bool((large.compute() == npsr.upscale(x.compute(), 3)).all())
    True
    """
    x, coloured = _checked(x, channels)
    axis = x.ndim - 3 if coloured else x.ndim - 2
    shape = x.shape[axis:]
    size = by_factor(shape, default_scale(model) if scale is None else scale)
    work = make_work(shape, x.dtype, size, model, ensemble, engine)
    before = [_spans(sides) for sides in x.chunks]
    after = [
        *before[:axis],
        *map(_enlarged_spans, before[axis:], size.factors, size.sides),
        *before[axis + 2 :],
    ]
    chunks = tuple(tuple(stop - start for start, stop in spans) for spans in after)
    name = f"npsr-upscale-{tokenize(x, *work.identity)}"
    graph: dict[Any, Any] = {f"{name}-work": work}
    for place in product(*(range(len(spans)) for spans in after)):
        part = Part(after[axis][place[axis]], after[axis + 1][place[axis + 1]])
        needed = needs(shape, part, work.plan)
        rows, columns = (
            [k for k, (start, stop) in enumerate(before[axis + way]) if start < span[1] and stop > span[0]]
            for way, span in enumerate(needed)
        )
        inner = list(product(rows, columns))
        keys = [(x.name, *place[:axis], *pair, *place[axis + 2 :]) for pair in inner]
        sources = tuple(Part(before[axis][r], before[axis + 1][c]) for r, c in inner)
        graph[(name, *place)] = (_run, keys, Chunk(part, needed, sources), f"{name}-work")
    layers = HighLevelGraph.from_collections(name, graph, dependencies=[x])
    return da.Array(layers, name, chunks, meta=np.empty((0,) * x.ndim, x.dtype))


def _checked(x: Any, channels: bool | None) -> tuple[Any, bool]:
    """The array, if it can be images, its channels in one chunk; and whether it has channels."""
    if not isinstance(x, da.Array):
        raise TypeError(f"x is {type(x).__name__}, but must be a Dask array: use dask.array.from_array")
    if x.dtype not in (np.uint8, np.uint16) and not np.issubdtype(x.dtype, np.floating):
        raise TypeError(f"x has dtype {x.dtype}, but must be uint8, uint16 or floating point in [0, 1]")
    if np.isnan(sum(map(sum, x.chunks))):
        raise ValueError(
            "x has chunks of unknown sizes, but must have known ones: call x.compute_chunk_sizes()"
        )
    coloured = (x.ndim > 2 and x.shape[-1] in CHANNELS) if channels is None else channels
    if x.ndim < 2 + coloured or 0 in x.shape:
        raise ValueError(f"x has shape {x.shape}, but must be (…, H, W) or (…, H, W, C), with a pixel")
    if coloured and x.shape[-1] not in CHANNELS:
        raise ValueError(f"x has {x.shape[-1]} channels, but must have 2, 3 or 4: use channels=False")
    return (x.rechunk({x.ndim - 1: -1}) if coloured else x), coloured


def _spans(sides: Sequence[int]) -> list[Span]:
    """First and last of each chunk along an axis."""
    return list(pairwise(np.cumsum([0, *sides]).tolist()))


def _enlarged_spans(spans: Sequence[Span], factor: float, side: int) -> list[Span]:
    """Where the chunks end in an output of so many pixels, times the factor."""
    ends = [min(ceil(factor * stop - 1e-9), side) for _, stop in spans[:-1]]
    return list(pairwise([0, *ends, side]))


def _run(blocks: list[np.ndarray], chunk: Chunk, work: Work) -> np.ndarray:
    """A chunk of the output: the images that its leading axes count, one after the other."""
    (top, bottom), (left, right) = chunk.needed
    depth = len(work.shape)
    leading = blocks[0].shape[: blocks[0].ndim - depth]
    gathered = np.empty((prod(leading), bottom - top, right - left, *work.shape[2:]), work.dtype)
    for block, source in zip(blocks, chunk.sources, strict=True):
        shared = Part(
            *(
                (max(start, first), min(stop, last))
                for (start, stop), (first, last) in zip(chunk.needed, source, strict=True)
            )
        )
        flat = block.reshape(prod(leading), *block.shape[len(leading) :])
        for target, image in zip(gathered, flat, strict=True):
            shared.of(target, (top, left))[...] = shared.of(image, source.origin)
    with at_most(1):
        made = [enlarged(image, chunk.needed.origin, chunk.part, work.plan) for image in gathered]
    return np.reshape(made, (*leading, *made[0].shape)) if made else np.empty((0,))
