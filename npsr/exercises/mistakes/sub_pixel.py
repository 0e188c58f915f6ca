"""Typical mistakes of exercise 6: what would come out, and the hint for it."""

import numpy as np

from npsr.exercises.ground.comparing import Hints


def small(
    weight: np.ndarray, s: int, turned: bool = True, end: bool = False, swapped: bool = False
) -> np.ndarray:
    """The small filters, right or with a mistake."""
    C, D, f, _ = weight.shape
    t = -(-f // s)
    grown = np.zeros((C, D, s * t, s * t), weight.dtype)
    before = s * t - f if end else 0
    grown[:, :, before : before + f, before : before + f] = weight
    phases = grown.reshape(C, D, t, s, t, s)
    phases = phases[:, :, ::-1, :, ::-1] if turned else phases
    order = (1, 5, 3, 0, 2, 4) if swapped else (1, 3, 5, 0, 2, 4)
    return np.ascontiguousarray(phases.transpose(order)).reshape(D * s * s, C, t, t)


def weight_hints(weight: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    (C, D), t = weight.shape[:2], -(-weight.shape[2] // s)
    right = small(weight, s)
    split = right.reshape(D, s * s, C, t, t)
    turned = weight[:, :, ::-1, ::-1]
    return {
        "small": [
            ("The rotation is missing: tap s·k + r belongs to place t − 1 − k.", lambda: small(weight, s, turned=False)),
            ("The whole filter is turned before its phases are taken: the phases are mixed up when s does not divide f.",
             lambda: small(turned, s, turned=False)),
            ("Rows are turned, columns are not.", lambda: right[..., ::-1]),
            ("Columns are turned, rows are not.", lambda: right[:, :, ::-1]),
            ("The phases of rows and columns are exchanged: output s·a + b, a for rows.",
             lambda: small(weight, s, swapped=True)),
            ("The missing taps are at the wrong end: it is s·k + r ≥ f that is 0.", lambda: small(weight, s, end=True)),
            ("The order of the outputs is d·s² + s·a + b: D outside, phases inside.",
             lambda: split.swapaxes(0, 1).reshape(right.shape)),
            ("The phases are in reverse order.", lambda: split[:, ::-1].reshape(right.shape)),
            ("Outputs and input channels are exchanged: (D·s², C, t, t).", lambda: right.swapaxes(0, 1)),
            ("Rows and columns of the filters are exchanged.", lambda: small(weight.swapaxes(2, 3), s)),
            ("The taps are cut in blocks of t; a phase takes every s-th tap.", lambda: _blocks(weight, s)),
            ("The taps are cut in blocks of t; a phase takes every s-th tap.", lambda: _blocks(turned, s)),
            ("The taps are cut in blocks of t; a phase takes every s-th tap.", lambda: _blocks(weight, s)[..., ::-1, ::-1]),
        ]
    }  # fmt: skip


def _blocks(weight: np.ndarray, s: int) -> np.ndarray:
    C, D, f, _ = weight.shape
    t = -(-f // s)
    return weight.reshape(C, D, s, t, s, t).transpose(1, 2, 4, 0, 3, 5).reshape(D * s * s, C, t, t)


def interleaved(phases: np.ndarray, s: int, order: tuple[int, ...] = (0, 1, 4, 2, 5, 3)) -> np.ndarray:
    """Interleaved, right or in another order."""
    N, K, H, W = phases.shape
    split = phases.reshape(N, K // s**2, s, s, H, W)
    return np.ascontiguousarray(split.transpose(order)).reshape(N, K // s**2, s * H, s * W)


def phase_hints(phases: np.ndarray, s: int) -> dict[str, Hints]:
    """Typical mistakes."""
    N, K, H, W = phases.shape
    D = K // s**2
    outside = phases.reshape(N, s * s, D, H, W).swapaxes(1, 2).reshape(phases.shape)
    return {
        "y": [
            ("Rows and columns of the phases are exchanged: a goes with rows, b with columns.",
             lambda: interleaved(phases, s, (0, 1, 4, 3, 5, 2))),
            ("It is reshaped without moving the axes: pixels of one phase stay together.",
             lambda: phases.reshape(N, D, s * H, s * W)),
            ("The phases stand beside each other as blocks: they must be interleaved, pixel by pixel.",
             lambda: interleaved(phases, s, (0, 1, 2, 4, 3, 5))),
            ("Only the columns are interleaved.", lambda: interleaved(phases, s, (0, 1, 2, 4, 5, 3))),
            ("Only the rows are interleaved.", lambda: interleaved(phases, s, (0, 1, 4, 2, 3, 5))),
            ("The phases stand outside, the channels inside: channel d·s² + s·a + b is meant.",
             lambda: interleaved(outside, s)),
            ("The phases are in reverse order.",
             lambda: interleaved(phases.reshape(N, D, s * s, H, W)[:, :, ::-1].reshape(phases.shape), s)),
            ("Only the first sample is used.", lambda: np.broadcast_to(interleaved(phases, s)[:1], (N, D, s * H, s * W))),
        ]
    }  # fmt: skip
