"""From stages to the program of a training step, and the tables that it refers to.

A program is forward, comparison, backward. Each convolution keeps its pre-activations z, and the
backward pass replaces them by their gradients. Activations are soon made again from z, so those of
all layers share one place.

f filter side, C D channels of input and output, T taps, A × B the tile, L lanes.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.trainkernels import (
    COMPARE,
    CONVOLVE,
    CONVOLVE_REST,
    LOAD,
    OPERATION,
    RECTIFY,
    TAPS,
    UNRECTIFY,
    WEIGH,
)


class Stage(NamedTuple):
    """A layer as a convolution from `side` to `out` pixels: out[i] reads side[i + u − padding].

    Weights and slopes are given by their places in the list of all parameters, −1 for zero.
    """

    weight: np.ndarray  # (D, f, f, C)
    bias: np.ndarray  # (D,)
    slope: np.ndarray | None  # (D,)
    padding: int
    side: int
    out: int
    labels: np.ndarray | None = None  # (D, out, out) places in the label, −1 where the output is cut away


class Map(NamedTuple):
    """A map's place in the arena, in pixels: pixel (c, i, j) lies at origin + c·channel + i·row + j."""

    start: int
    origin: int
    row: int
    channel: int


def adjoint(stage: Stage) -> Stage:
    """The input's gradient as a convolution of the output's: filters turned by 180°, channels exchanged."""
    weight = stage.weight[:, ::-1, ::-1].transpose(3, 1, 2, 0)
    padding = stage.weight.shape[1] - 1 - stage.padding
    return Stage(weight, np.full(len(weight), -1), None, padding, stage.out, stage.side)


def ring(stage: Stage) -> int:
    """Zeros needed around the stage's input."""
    return max(0, stage.padding, stage.out + stage.weight.shape[1] - 1 - stage.padding - stage.side)


class ProgramWriter:
    """Collects operations and tables; a table's start is known when it is appended."""

    def __init__(self, A: int, B: int, L: int) -> None:
        self.A, self.B, self.L, self.size = A, B, L, 0
        self.program: list[tuple[int, ...]] = []
        self.scalars: list[np.ndarray] = []
        self.gradients: list[np.ndarray] = []
        self.taps: list[np.ndarray] = []
        self.spans: list[np.ndarray] = []
        self.pixels: list[np.ndarray] = []
        self.pixel_lists: dict[bytes, tuple[int, int]] = {}

    def write(self, stages: list[Stage]) -> None:
        """Append the whole step."""
        last = len(stages) - 1
        x, z = self.lay_out(stages)
        labels = self.lay_out_labels(stages[last])
        side, channels = stages[0].side, stages[0].weight.shape[3]
        self.operation(LOAD, rows=side, channels=channels, labels=labels, **self.places(x[0], z[0]))
        for k, stage in enumerate(stages):
            if k:
                self.rectifier(RECTIFY, stages[k - 1], x[k], z[k - 1])
            self.convolution(stage, x[k], z[k])
        self.comparison(stages[last], z[last], labels)
        for k in range(last, -1, -1):
            if 0 < k < last:
                self.rectifier(RECTIFY, stages[k - 1], x[k], z[k - 1])
            self.weight_gradient(stages[k], x[k], z[k])
            if k:
                self.convolution(adjoint(stages[k]), z[k], x[k])
                self.rectifier(UNRECTIFY, stages[k - 1], x[k], z[k - 1])

    def lay_out(self, stages: list[Stage]) -> tuple[list[Map], list[Map]]:
        """Places for each stage's input and output; inputs but the first share one."""
        x = [self.map(stages[0].weight.shape[3], stages[0].side, ring(stages[0]))]
        z = [self.map(len(s.weight), s.out, ring(adjoint(s)) if k else 0) for k, s in enumerate(stages)]
        start = stop = self.size
        for stage in stages[1:]:
            self.size = start
            x.append(self.map(stage.weight.shape[3], stage.side, ring(stage)))
            stop = max(stop, self.size)
        self.size = stop
        return x, z

    def lay_out_labels(self, stage: Stage) -> int:
        """Place, in elements, for the loss's factor and the labels."""
        start = self.size
        self.size += 1 + len(stage.weight) * stage.out**2
        return start * self.L

    def map(self, channels: int, side: int, ring: int) -> Map:
        """Place for a map with its ring, and for whole tiles of channels."""
        row = side + ring
        channel = row * row
        start = self.size
        origin = start + ring * row + ring
        self.size = origin + -(-channels // self.A) * self.A * channel
        return Map(start, origin, row, channel)

    def places(self, x: Map, z: Map) -> dict[str, int]:
        """The fields that say where an operation's maps lie, in elements."""
        pixels = {
            **{"x": x.origin, "x_row": x.row, "x_channel": x.channel, "x_start": x.start},
            **{"z": z.origin, "z_row": z.row, "z_channel": z.channel},
        }
        return {name: value * self.L for name, value in pixels.items()}

    def operation(self, kind: int, **fields: int) -> None:
        """Append an operation."""
        fields["kind"] = kind
        self.program.append(tuple(fields.get(name, 0) for name in OPERATION.names or ()))

    def add(self, tables: list[np.ndarray], table: np.ndarray) -> int:
        """Append a table; return where it starts."""
        start = sum(t.size for t in tables)
        tables.append(np.asarray(table, np.int64).ravel())
        return start

    def in_blocks(self, table: np.ndarray) -> np.ndarray:
        """A table (D, T) as (blocks, A, T), filled up with −1."""
        missing = -len(table) % self.A
        filled = np.pad(table, ((0, missing), (0, 0)), constant_values=-1)
        return filled.reshape(-1, self.A, table.shape[1])

    def in_any_channel(self, flags: np.ndarray) -> np.ndarray:
        """Flags (D, K) as (blocks, K): those that any channel of a block has."""
        return np.asarray(self.in_blocks(flags.astype(int)).max(axis=1) > 0)

    def rectifier(self, kind: int, stage: Stage, x: Map, z: Map) -> None:
        """PReLU of a stage's output z to the next one's input x, or back."""
        slope = stage.slope
        if slope is None:
            raise ValueError("a layer has slopes None, but only the last may be without a rectifier")
        fields = {"scalars": self.add(self.scalars, slope)}
        if kind == UNRECTIFY:
            fields["gradient"] = self.add(self.gradients, np.concatenate([stage.bias, slope]))
        self.operation(
            kind, channels=len(slope), rows=stage.out, columns=stage.out, **fields, **self.places(x, z)
        )

    def comparison(self, stage: Stage, z: Map, labels: int) -> None:
        """The loss, and its gradient in the place of the output."""
        gradient = self.add(self.gradients, stage.bias)
        side = {"rows": stage.out, "columns": stage.out, "channels": len(stage.weight)}
        self.operation(COMPARE, labels=labels, gradient=gradient, **side, **self.places(z, z))

    def convolution(self, stage: Stage, x: Map, z: Map) -> None:
        """Z = stage(x), taps in the order (row u, channel c, column v): neighbours read the same row."""
        D, f, _, C = stage.weight.shape
        T = f * C * f
        weight = stage.weight.transpose(0, 1, 3, 2).reshape(D, T)
        blocks = self.in_blocks(np.column_stack([stage.bias, weight]))
        u, c, v = np.indices((f, C, f)).reshape(3, T) - [[stage.padding], [0], [stage.padding]]
        fields = {
            "scalars": self.add(self.scalars, blocks.transpose(0, 2, 1)),
            "taps": self.add(self.taps, (u * x.row + c * x.channel + v) * self.L),
            "spans": self.add(self.spans, self.tap_spans(stage) * C * f),
        }
        fields |= {"rows": stage.out, "blocks": len(blocks), "tap_count": T, **self.places(x, z)}
        wide = _wide_columns(stage.out, self.B)
        if wide:
            self.operation(CONVOLVE, **fields, columns=wide)
        if wide < stage.out:
            fields["x"] += wide * self.L
            fields["z"] += wide * self.L
            self.operation(CONVOLVE_REST, **fields, columns=stage.out - wide)

    def tap_spans(self, stage: Stage) -> np.ndarray:
        """For each block and row i of the output, the filter rows (first, last + 1) that read the input."""
        f = stage.weight.shape[1]
        used = self.in_any_channel(stage.weight.max(axis=(2, 3)) >= 0)[:, None, :]
        live = np.max(self.live_pixels(stage), axis=2)[:, :, None]
        rows = np.arange(stage.out)[:, None] + np.arange(f) - stage.padding
        used = used & live & (rows >= 0) & (rows < stage.side)
        return _first_and_last(used)

    def live_pixels(self, stage: Stage) -> np.ndarray:
        """For each block, a mask of the output's pixels that are not cut away in all of its channels."""
        if stage.labels is None:
            return np.ones((-(-len(stage.weight) // self.A), stage.out, stage.out), bool)
        live = self.in_any_channel((stage.labels >= 0).reshape(len(stage.labels), -1))
        return live.reshape(-1, stage.out, stage.out)

    def weight_gradient(self, stage: Stage, x: Map, z: Map) -> None:
        """Gradient of the stage's weights from its input and its output's gradient."""
        _, f, _, C = stage.weight.shape
        u, v, c = _grouped_taps(f, C).reshape(-1, 3).T  # filled up by repeating the last
        weight = stage.weight[:, u, v, c]
        weight[:, f * f * C :] = -1
        blocks = self.in_blocks(weight).reshape(-1, self.A, len(u) // TAPS, TAPS)
        used = self.tap_pixels(stage, u, v) & (np.max(blocks, axis=(1, 3)).T[:, :, None, None] >= 0)
        spans = [self.pixel_list(mask, x, z) for mask in used.reshape(-1, stage.out, stage.out)]
        place = (u - stage.padding) * x.row + c * x.channel + v - stage.padding
        fields = {
            "gradient": self.add(self.gradients, blocks.transpose(2, 0, 1, 3)),
            "taps": self.add(self.taps, place * self.L),
            "spans": self.add(self.spans, np.array(spans)),
        }
        side = {"rows": stage.out, "columns": stage.out, "blocks": len(blocks), "tap_count": len(u)}
        self.operation(WEIGH, **fields, **side, **self.places(x, z))

    def tap_pixels(self, stage: Stage, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """For each group of taps and block, a mask of the pixels at which any tap reads the input."""
        rows, columns = (np.arange(stage.out) + tap[:, None] - stage.padding for tap in (u, v))
        rows, columns = ((k >= 0) & (k < stage.side) for k in (rows, columns))
        inside = rows[:, :, None] & columns[:, None, :]
        groups = inside.reshape(-1, TAPS, stage.out, stage.out).any(axis=1)
        return groups[:, None] & self.live_pixels(stage)

    def pixel_list(self, mask: np.ndarray, x: Map, z: Map) -> tuple[int, int]:
        """Where the list of a mask's pixels (offsets in z and x) starts and stops; equal ones are shared."""
        i, j = np.nonzero(mask)
        offsets = np.column_stack([i * z.row + j, i * x.row + j]) * self.L
        key = offsets.tobytes()
        if key not in self.pixel_lists:
            start = self.add(self.pixels, offsets)
            self.pixel_lists[key] = start, start + offsets.size
        return self.pixel_lists[key]


def _wide_columns(columns: int, B: int) -> int:
    """How many of a row's columns to give to tiles of B, if the others are for tiles of B − 1.

    As few tiles as possible overlap or, as columns = p·B + q·(B − 1) shows, none.
    """
    splits = [wide for wide in range(columns // B * B, -1, -B) if (columns - wide) % max(1, B - 1) == 0]
    return splits[0] if splits else columns


def _grouped_taps(f: int, C: int) -> np.ndarray:
    """Taps (u, v, c) in groups of `TAPS`.

    If possible the same (u, v) of neighbouring channels, whose maps then stay in the first-level cache
    for all (u, v); the other channels' tap after tap.
    """
    whole = C // TAPS * TAPS
    c, u, v, k = np.indices((whole // TAPS, f, f, TAPS)).reshape(4, -1)
    grouped = np.column_stack([u, v, c * TAPS + k])
    c, u, v = np.indices((C - whole, f, f)).reshape(3, -1)
    taps = np.concatenate([grouped, np.column_stack([u, v, c + whole])])
    return np.concatenate([taps, np.repeat(taps[-1:], -len(taps) % TAPS, axis=0)])


def _first_and_last(used: np.ndarray) -> np.ndarray:
    """Along the last axis, the first True and one beyond the last; (0, 0) without any."""
    last = used.shape[-1] - np.argmax(used[..., ::-1], axis=-1)
    return np.where(used.any(axis=-1, keepdims=True), np.stack([np.argmax(used, axis=-1), last], axis=-1), 0)
