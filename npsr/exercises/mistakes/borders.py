"""Typical mistakes of exercise 7: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground import layers
from npsr.exercises.ground.comparing import Hints


def forward_hints(x: np.ndarray, before: int, after: int) -> dict[str, Hints]:
    """Typical mistakes."""

    def padded(
        mode: str, rows: tuple[int, int] = (before, after), columns: tuple[int, int] = (before, after)
    ) -> np.ndarray:
        return np.pad(x, ((0, 0), (0, 0), rows, columns), mode=mode)  # type: ignore[call-overload]

    def corners() -> np.ndarray:
        out, (H, W) = padded("edge"), x.shape[2:]
        out[:, :, :before, :before] = out[:, :, :before, before + W :] = 0
        out[:, :, before + H :, :before] = out[:, :, before + H :, before + W :] = 0
        return out

    swapped = (after, before)
    return {
        "padded": [
            ("Zeros are added; the nearest pixel is asked for.", lambda: padded("constant")),
            ("The picture is mirrored with its edge repeated; the nearest pixel is asked for everywhere.",
             lambda: padded("symmetric")),
            ("The picture is mirrored about its edge; the nearest pixel is asked for.", lambda: padded("reflect")),
            ("The picture is continued from its other side; the nearest pixel is asked for.", lambda: padded("wrap")),
            ("before and after are exchanged: before is at the top and at the left.",
             lambda: padded("edge", swapped, swapped)),
            ("before and after are exchanged along the columns.", lambda: padded("edge", columns=swapped)),
            ("before and after are exchanged along the rows.", lambda: padded("edge", rows=swapped)),
            ("The corners are 0: they repeat the corner pixel.", corners),
            ("Only the rows are continued.", lambda: padded("edge", columns=(0, 0))),
            ("Only the columns are continued.", lambda: padded("edge", rows=(0, 0))),
            ("`before` is used on both sides.", lambda: padded("edge", (before, before), (before, before))),
            ("`after` is used on both sides.", lambda: padded("edge", (after, after), (after, after))),
            ("The mean of the picture is added, not its nearest pixel.", lambda: padded("mean")),
        ]
    }  # fmt: skip


def backward_hints(dpadded: np.ndarray, before: int, after: int) -> dict[str, Hints]:
    """Typical mistakes."""
    H, W = (side - before - after for side in dpadded.shape[2:])
    inner = dpadded[:, :, before : before + H, before : before + W]
    right = layers.pad_replicate_backward(dpadded, before, after)
    counts = layers.pad_replicate_backward(np.ones_like(dpadded), before, after)

    rows, columns = np.zeros((2, *dpadded.shape[2:]), bool)  # where the picture lies, continued across
    rows[before : before + H], columns[:, before : before + W] = True, True

    def collected(mask: np.ndarray, add: bool = True) -> np.ndarray:
        return _collected(dpadded * mask, before, H, W, add)

    def swapped() -> np.ndarray:
        return layers.pad_replicate_backward(dpadded, after, before)

    return {
        "dx": [
            ("The copies are forgotten: the gradient is not just the middle. A replicated pixel collects from its copies.",
             lambda: inner),
            ("The cut is off by one: the middle begins at `before`.", lambda: _middle(dpadded, before - 1, H, W)),
            ("The cut is off by one: the middle begins at `before`.", lambda: _middle(dpadded, before + 1, H, W)),
            ("The corners are forgotten: their copies belong to the corner pixels.", lambda: collected(rows | columns)),
            ("Copies overwrite each other: add with +=, one number (or one row) after another: with arrays of indices, += keeps "
             "one of each pixel's copies; np.add.at adds all.", lambda: collected(np.ones_like(rows), add=False)),
            ("The mean of the copies is taken; it is their sum.", lambda: right / counts),
            ("before and after are exchanged: before is at the top and at the left.", swapped),
            ("Only the rows collect.", lambda: collected(columns)),
            ("Only the columns collect.", lambda: collected(rows)),
            ("Only the copies before the picture are collected.", lambda: layers.pad_replicate_backward(
                dpadded[:, :, : before + H, : before + W], before, 0)),
            ("Only the copies after the picture are collected.", lambda: layers.pad_replicate_backward(
                dpadded[:, :, before:, before:], 0, after)),
            ("The pixel's own gradient is forgotten: it is one of its copies.", lambda: right - inner),
            ("The middle is counted twice.", lambda: right + inner),
            ("The samples are added up.", lambda: np.broadcast_to(right.sum(0, keepdims=True), right.shape)),
            ("All of it is padded again; the gradient has the size of x.",
             lambda: layers.pad_replicate(dpadded, before, after)),
        ]
    }  # fmt: skip


def _collected(d: np.ndarray, before: int, H: int, W: int, add: bool) -> np.ndarray:
    out = np.zeros((*d.shape[:2], H, W), d.dtype)
    for i, j in np.ndindex(d.shape[2:]):
        h, w = np.clip(i - before, 0, H - 1), np.clip(j - before, 0, W - 1)
        out[:, :, h, w] = d[:, :, i, j] + (out[:, :, h, w] if add else 0)
    return out


def _middle(d: np.ndarray, start: int, H: int, W: int) -> np.ndarray:
    return d[:, :, start : start + H, start : start + W]
