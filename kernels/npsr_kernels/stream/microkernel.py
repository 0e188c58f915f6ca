"""The micro-kernel: the one loop in which nearly all time is spent.

Every layer is a sum over K taps: D output channels c at every pixel q are

    y[c][q] = b[c] + Σ_k  w[c, k] · x[q + offset[k]]

where offset[k] is the distance in memory from the pixel to tap k (a channel, a row and a column). The lanes
are pixels, so no tap needs a shuffle, and any convolution is a table of offsets. A tile of
channels × vectors accumulators stays in registers for all K taps. With 4 channels × 3 vectors,
each tap needs 4 broadcast weights and 3 loads for 12 multiply-adds.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from npsr_kernels.compiling.compiled import inner
from npsr_kernels.vector.simd import (
    REGISTER_BYTES,
    REGISTERS,
    Vector,
    emit_fma,
    emit_load,
    emit_pointer,
    emit_prelu,
    emit_splat,
    emit_store,
    vector_ir,
)

VECTORS = {4: 6, 3: 6, 1: 12} if (REGISTER_BYTES, REGISTERS) == (16, 32) else {4: 3, 3: 3, 1: 6}
"""Tiles: channels → vectors. 12 accumulators, 3 pixels and 1 weight fill 16 registers. 64-bit ARM has
32 short registers, and needs more multiply-adds in progress at once to keep its units busy.
"""


class Tile(types.Type):
    """Accumulators of channels × vectors, in registers."""

    def __init__(self, scalar: types.Float, channels: int, vectors: int) -> None:
        self.vector, self.channels, self.vectors = Vector(scalar), channels, vectors
        super().__init__(f"Tile({scalar}, {self.vector.lanes}, {channels}, {vectors})")


@register_model(Tile)
class TileModel(models.PrimitiveModel):
    """A Tile is an array of vectors, which LLVM takes apart into registers."""

    def __init__(self, dmm: Any, fe_type: Tile) -> None:
        kind = ir.ArrayType(vector_ir(fe_type.vector), fe_type.channels * fe_type.vectors)
        super().__init__(dmm, fe_type, kind)


def _splats(builder: Any, tile: Tile, pointer: Any) -> list[Any]:
    """One number a channel from `pointer` on, each in every lane of a vector."""
    numbers = (builder.load(builder.gep(pointer, [ir.IntType(64)(c)])) for c in range(tile.channels))
    return [emit_splat(builder, tile.vector, number) for number in numbers]


@intrinsic(prefer_literal=True)
def tile_start(typingctx: Any, channels: Any, vectors: Any, weights: Any, at: Any) -> Any:
    """A tile that starts from the biases weights[at], …"""
    tile = Tile(weights.dtype, channels.literal_value, vectors.literal_value)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        biases = _splats(builder, tile, emit_pointer(context, builder, weights, *args[2:]))
        return cgutils.pack_array(builder, [bias for bias in biases for _ in range(tile.vectors)])

    return tile(channels, vectors, weights, types.intp), emit


@intrinsic
def tile_add(typingctx: Any, tile: Any, weights: Any, w: Any, x: Any, at: Any) -> Any:
    """The tile plus one tap: weights[w + c] times the pixels from x[at] on.

    The pixels are loaded first, and the weights are broadcast one at a time. The opposite order would
    need a seventeenth register.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, *rest = args
        weight = emit_pointer(context, builder, weights, *rest[:2])
        pixel = emit_pointer(context, builder, x, *rest[2:])
        L, V = tile.vector.lanes, tile.vectors
        steps = [builder.gep(pixel, [ir.IntType(64)(L * v)]) for v in range(V)]
        pixels = [emit_load(builder, tile.vector, step) for step in steps]
        for i in range(tile.channels * V):
            if i % V == 0:
                number = builder.load(builder.gep(weight, [ir.IntType(64)(i // V)]))
                splat = emit_splat(builder, tile.vector, number)
            added = emit_fma(builder, splat, pixels[i % V], builder.extract_value(sums, i))
            sums = builder.insert_value(sums, added, i)
        return sums

    return tile(tile, weights, types.intp, x, types.intp), emit


@intrinsic
def tile_prelu(typingctx: Any, tile: Any, weights: Any, at: Any) -> Any:
    """PReLU of the tile with the slopes weights[at], …"""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums = args[0]
        slopes = _splats(builder, tile, emit_pointer(context, builder, weights, *args[1:]))
        for i in range(tile.channels * tile.vectors):
            value = emit_prelu(builder, builder.extract_value(sums, i), slopes[i // tile.vectors])
            sums = builder.insert_value(sums, value, i)
        return sums

    return tile(tile, weights, types.intp), emit


@intrinsic
def tile_store(typingctx: Any, tile: Any, y: Any, at: Any, plane: Any) -> Any:
    """Assign channel c of the tile to y from `at` + c·`plane` on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        sums, array, start, step = args
        for i in range(tile.channels * tile.vectors):
            c, v = divmod(i, tile.vectors)
            shift = builder.add(builder.mul(step, step.type(c)), step.type(v * tile.vector.lanes))
            to = emit_pointer(context, builder, y, array, builder.add(start, shift))
            emit_store(builder, tile.vector, builder.extract_value(sums, i), to)
        return context.get_dummy_value()

    return types.void(tile, y, types.intp, types.intp), emit


def _block(channels: int) -> Any:
    """The micro-kernel for a block of so many output channels."""
    vectors = VECTORS[channels]

    @inner
    def block(tables, product, b, work, at, to, plane, pixels):
        """Assign `pixels` of every channel of block b, rounded up to whole tiles."""
        weights, offsets = tables.weights, tables.offsets
        for q in range(0, pixels, vectors * (REGISTER_BYTES // work.itemsize)):
            tile = tile_start(channels, vectors, weights, b.weights)
            for k in range(product.taps):
                tap = b.weights + (2 + k) * channels
                tile = tile_add(tile, weights, tap, work, at + q + offsets[product.offsets + k])
            if product.activate:
                tile = tile_prelu(tile, weights, b.weights + channels)
            tile_store(tile, work, to + q, plane)

    return block


_block_4, _block_3, _block_1 = _block(4), _block(3), _block(1)


class Tables(NamedTuple):
    """All products of a network."""

    products: np.ndarray
    """Of dtype PRODUCT."""
    blocks: np.ndarray
    """Of dtype BLOCK."""
    weights: np.ndarray
    """Packed (see packing.py)."""
    offsets: np.ndarray
    """Of taps, in elements of `work`."""


@inner
def multiply(tables, number, work, at, to, plane, pixels):
    """Assign work[to + c·plane + q] for every channel c of a product and q < `pixels`.

    The value is the weighted sum over its taps from work[at + q] on, then PReLU. May write up to SLACK
    pixels more.
    """
    product = tables.products[number]
    for i in range(product.first, product.last):
        b = tables.blocks[i]
        target = to + (product.plane + b.channel) * plane
        if b.channels == 4:
            _block_4(tables, product, b, work, at, target, plane, pixels)
        elif b.channels == 3:
            _block_3(tables, product, b, work, at, target, plane, pixels)
        else:
            _block_1(tables, product, b, work, at, target, plane, pixels)
