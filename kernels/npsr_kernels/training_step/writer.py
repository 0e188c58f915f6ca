"""The parts of a training step's program: maps in the arena, tables, and the two operations on products.

D channels of output, T taps, A × B the tile, L lanes.
"""

from typing import NamedTuple

import numpy as np

from npsr_kernels.training_step.operations import CONVOLVE, CONVOLVE_REST, OPERATION, TAPS, WEIGH
from npsr_kernels.vector.winograd import POINTS


class Map(NamedTuple):
    """A map's place in the arena, in pixels: pixel (c, i, j) is at origin + c·channel + i·row + j."""

    start: int
    origin: int
    row: int
    channel: int

    def moved(self, channels: int = 0, rows: int = 0, columns: int = 0) -> "Map":
        """The same map seen from another pixel."""
        return self._replace(origin=self.origin + channels * self.channel + rows * self.row + columns)


class ProgramWriter:
    """Collects operations and tables; a table's start is known when it is appended.

    Weights, biases and slopes are named by their places in a list: first all `parameters` parameters, then
    the points of weights.
    """

    def __init__(self, A: int, B: int, L: int, parameters: int) -> None:
        self.A, self.B, self.L, self.parameters, self.size = A, B, L, parameters, 0
        self.program: list[tuple[int, ...]] = []
        self.scalars: list[np.ndarray] = []
        self.gradients: list[np.ndarray] = []
        self.taps: list[np.ndarray] = []
        self.spans: list[np.ndarray] = []
        self.pixels: list[np.ndarray] = []
        self.triples: list[np.ndarray] = []
        self.pixel_lists: dict[bytes, tuple[int, int]] = {}

    def map(self, channels: int, shape: tuple[int, int], ring: tuple[int, int] = (0, 0)) -> Map:
        """Place for maps of rows × columns with their ring, and for whole tiles of channels."""
        row = shape[1] + ring[1]
        channel = (shape[0] + ring[0]) * row
        start = self.size
        origin = start + ring[0] * row + ring[1]
        self.size = origin + -(-channels // self.A) * self.A * channel
        return Map(start, origin, row, channel)

    def operation(self, kind: int, x: Map, z: Map, **fields: int) -> None:
        """Append an operation on the maps x and z; `fields` count elements, the maps pixels."""
        pixels = {
            **{"x": x.origin, "x_row": x.row, "x_channel": x.channel, "x_start": x.start},
            **{"z": z.origin, "z_row": z.row, "z_channel": z.channel},
        }
        fields |= {"kind": kind, **{name: value * self.L for name, value in pixels.items()}}
        self.program.append(tuple(fields.get(name, 0) for name in OPERATION.names or ()))

    def add(self, tables: list[np.ndarray], table: np.ndarray) -> int:
        """Append a table; return where it starts."""
        start = sum(t.size for t in tables)
        tables.append(np.asarray(table, np.int64).ravel())
        return start

    def weight_points(self, triples: np.ndarray) -> np.ndarray:
        """Places (`POINTS`, …) of the points G w of three weights w at a time, which are at `triples` (…, 3).

        −1 where a point of these weights is always zero.
        """
        start = self.parameters + self.add(self.triples, triples) // triples.shape[-1] * POINTS
        count = triples[..., 0].size
        places = start + np.arange(count * POINTS).reshape(count, POINTS).T
        none = np.stack(
            [triples[..., 0] < 0, *[triples.max(axis=-1) < 0] * (POINTS - 2), triples[..., 2] < 0]
        )
        return np.where(none, -1, places.reshape(none.shape))

    def in_blocks(self, table: np.ndarray) -> np.ndarray:
        """A table (D, T) as (blocks, A, T), filled up with −1."""
        missing = -len(table) % self.A
        filled = np.pad(table, ((0, missing), (0, 0)), constant_values=-1)
        return filled.reshape(-1, self.A, table.shape[1])

    def in_any_channel(self, flags: np.ndarray) -> np.ndarray:
        """Flags (D, K) as (blocks, K): those that any channel of a block has."""
        return np.asarray(self.in_blocks(flags.astype(int)).max(axis=1) > 0)

    def products(
        self,
        weight: np.ndarray,
        bias: np.ndarray,
        taps: np.ndarray,
        spans: np.ndarray,
        columns: int,
        x: Map,
        z: Map,
    ) -> None:
        """Z = bias (D,) + Σ over T `taps` (offsets in x) of weight (D, T); `spans` is (blocks, rows, 2)."""
        blocks = self.in_blocks(np.column_stack([bias, weight]))
        fields = {
            "scalars": self.add(self.scalars, blocks.transpose(0, 2, 1)),
            "taps": self.add(self.taps, taps * self.L),
            "spans": self.add(self.spans, spans),
            **{"rows": spans.shape[1], "blocks": len(blocks), "tap_count": len(taps)},
        }
        wide = _wide_columns(columns, self.B)
        if wide:
            self.operation(CONVOLVE, x, z, **fields, columns=wide)
        if wide < columns:
            x, z = x.moved(columns=wide), z.moved(columns=wide)
            self.operation(CONVOLVE_REST, x, z, **fields, columns=columns - wide)

    def product_gradients(
        self, weight: np.ndarray, taps: np.ndarray, used: np.ndarray, x: Map, z: Map
    ) -> None:
        """Gradient of weight (D, T), of taps in groups of `TAPS`.

        `used` (groups, blocks, rows, columns) marks the pixels of z at which a group's taps count.
        """
        blocks = self.in_blocks(weight).reshape(-1, self.A, len(taps) // TAPS, TAPS)
        used = used & (np.max(blocks, axis=(1, 3)).T[:, :, None, None] >= 0)
        spans = [self.pixel_list(mask, x, z) for mask in used.reshape(-1, *used.shape[2:])]
        fields = {
            "gradient": self.add(self.gradients, blocks.transpose(2, 0, 1, 3)),
            "taps": self.add(self.taps, taps * self.L),
            "spans": self.add(self.spans, np.array(spans)),
        }
        self.operation(WEIGH, x, z, **fields, blocks=len(blocks), tap_count=len(taps))

    def pixel_list(self, mask: np.ndarray, x: Map, z: Map) -> tuple[int, int]:
        """Where the list of a mask's pixels (offsets in z and x) starts and stops; equal ones are shared."""
        i, j = np.nonzero(mask)
        offsets = np.column_stack([i * z.row + j, i * x.row + j]) * self.L
        key = offsets.tobytes()
        if key not in self.pixel_lists:
            start = self.add(self.pixels, offsets)
            self.pixel_lists[key] = start, start + offsets.size
        return self.pixel_lists[key]


def grouped_taps(f: int, g: int, C: int) -> np.ndarray:
    """Taps (u, v, c) of f rows and g columns, in groups of `TAPS`; the last is repeated to fill a group.

    If possible, a group is the same (u, v) of neighbouring channels. Then their maps stay in the L1 cache
    for all (u, v). The taps of the other channels follow one by one.
    """
    whole = C // TAPS * TAPS
    c, u, v, k = np.indices((whole // TAPS, f, g, TAPS)).reshape(4, -1)
    grouped = np.column_stack([u, v, c * TAPS + k])
    c, u, v = np.indices((C - whole, f, g)).reshape(3, -1)
    taps = np.concatenate([grouped, np.column_stack([u, v, c + whole])])
    return np.concatenate([taps, np.repeat(taps[-1:], -len(taps) % TAPS, axis=0)])


def _wide_columns(columns: int, B: int) -> int:
    """How many of a row's columns to give to tiles of B, if the others are for tiles of B − 1.

    As few tiles as possible overlap: none if columns = p·B + q·(B − 1).
    """
    splits = [wide for wide in range(columns // B * B, -1, -B) if (columns - wide) % max(1, B - 1) == 0]
    return splits[0] if splits else columns
