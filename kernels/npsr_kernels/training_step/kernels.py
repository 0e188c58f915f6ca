"""The kernels of a training step: one group of L samples through the whole network and back.

A map is stored as [channel][row][column][lane]: lane l belongs to sample l of the group, so every
operation is the same in all lanes. L lanes, A × B the tile. All of a group's maps are in one flat
array, `arena`; offsets and strides count its elements. A ring of zeros around a map serves as padding.
Neighbouring rows and channels share it.

The array `program` says which kernels run, in which order and on which maps. So the same compiled code
runs every network.
"""

from math import log1p
from typing import NamedTuple

import numpy as np

from npsr_kernels.compiling.compiled import compiled, inner
from npsr_kernels.training_step.operations import (
    COMPARE,
    CONVOLVE,
    CONVOLVE_REST,
    RECTIFY,
    TAPS,
    TO_POINTS,
    TO_POINTS_TRANSPOSED,
    TO_ROWS,
    UNRECTIFY,
    WEIGH,
)
from npsr_kernels.training_step.passes import (
    points_to_rows,
    rectify,
    rectify_to_points,
    rows_to_points_transposed,
    unrectify,
    unrectify_rows,
)
from npsr_kernels.vector.simd import vadd, vfma, vload, vmul, vstore, vsub, vsum, vzero
from npsr_kernels.vector.tiles import tile_pairs, tile_splat, tile_store, tile_sum, tile_weighted, tile_zero


class Tables(NamedTuple):
    """A program and the tables that its operations use, besides parameters and maps."""

    program: np.ndarray
    taps: np.ndarray
    spans: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    floor: float  # of the PSNR loss; 0 for Equation 3
    lanes: int
    a: tuple[int, ...]  # only the lengths count: A,
    b: tuple[int, ...]  # B,
    rest: tuple[int, ...]  # and B − 1, for what B does not divide


@inner
def convolve(op, L, arena, scalars, taps, spans, a, b):
    """Assign z = bias + Σ_t weight[t] · x[place + taps[t]], a tile of A channels × B pixels at a time.

    For each block of A channels, `scalars` contains A biases and then A weights for each tap. A tap is one
    offset from the output's place, for rows, columns and channels of x together. For each block and row,
    `spans` contains the first and last tap that do not read only zeros. The last tile of a row overlaps
    the tile before it.
    """
    A, B = len(a), len(b)
    for i in range(op.rows):
        for block in range(op.blocks):
            span = op.spans + 2 * (block * op.rows + i)
            start = op.scalars + block * (op.tap_count + 1) * A
            z = op.z + block * A * op.z_channel + i * op.z_row
            for column in range(0, op.columns, B):
                j = min(column, op.columns - B) * L
                x = op.x + i * op.x_row + j
                weight = start + (1 + spans[span]) * A
                tile = tile_splat(scalars, start, a, b)
                for t in range(op.taps + spans[span], op.taps + spans[span + 1]):
                    tile = tile_weighted(tile, scalars, weight, arena, x + taps[t], a, b)
                    weight += A
                tile_store(tile, arena, z + j, op.z_channel, a, b)


@inner
def weigh(op, arena, taps, spans, pixels, gradients, a):
    """Add to the gradient of A channels × `TAPS` taps: Σ over pixels of dz[pixel] · x[pixel + tap].

    `gradients` contains a tile for each group of taps and block of channels. For each of these, `spans`
    says where in `pixels` its list starts and stops. The list has the offsets in z and in x of all pixels
    at which the taps do not read only zeros. Lanes are summed at the end of a tile.
    """
    A = len(a)
    for group in range(op.tap_count // TAPS):
        t = op.taps + group * TAPS
        b = (taps[t], taps[t + 1], taps[t + 2], taps[t + 3])
        for block in range(op.blocks):
            place = group * op.blocks + block
            z = op.z + block * A * op.z_channel
            tile = tile_zero(arena, a, b)
            for k in range(spans[op.spans + 2 * place], spans[op.spans + 2 * place + 1], 2):
                dz, x = z + pixels[k], op.x + pixels[k + 1]
                tile = tile_pairs(tile, arena, dz, op.z_channel, x, a, b)
            tile_sum(tile, gradients, op.gradient + place * A * TAPS)


@inner
def weigh_samples(op, L, arena, labels, floor):
    """Multiply the factor of each lane by its sample's weight in the PSNR loss; return the loss.

    The loss of a sample with the squared error s is floor · log(1 + s/floor). Its derivative to s, the
    weight, is 1/(1 + s/floor). The squared errors are stored behind the labels.
    """
    squares = vzero(arena)
    k = 0
    for c in range(op.channels):
        for i in range(op.rows):
            z = op.z + c * op.z_channel + i * op.z_row
            for j in range(0, op.columns * L, L):
                k += 1
                if labels[k - 1] >= 0:
                    difference = vsub(vload(arena, z + j), vload(arena, op.labels + k * L))
                    squares = vfma(difference, difference, squares)
    place = op.labels + (k + 1) * L
    vstore(arena, place, squares)
    loss = 0.0
    for lane in range(L):
        ratio = arena[place + lane] / floor
        loss += arena[op.labels + lane] * floor * log1p(ratio)
        arena[op.labels + lane] /= 1 + ratio
    return loss / 2


@inner
def compare(op, L, arena, labels, floor, gradients):
    """Replace the output z by the loss's gradient; add to the biases' gradient; return the loss.

    At `op.labels` there is a vector with the derivative's factor 2/N (0 in lanes without a sample), then
    the labels. Where `labels` is negative, the output is cut away, and its gradient is 0.
    """
    of_samples = weigh_samples(op, L, arena, labels, floor) if floor else 0.0
    zero = vzero(arena)
    factor = vload(arena, op.labels)
    total = zero
    k = 0
    for c in range(op.channels):
        dbias = zero
        for i in range(op.rows):
            z = op.z + c * op.z_channel + i * op.z_row
            for j in range(0, op.columns * L, L):
                k += 1
                dz = zero
                if labels[k - 1] >= 0:
                    difference = vsub(vload(arena, z + j), vload(arena, op.labels + k * L))
                    dz = vmul(difference, factor)
                    total = vfma(difference, dz, total)
                vstore(arena, z + j, dz)
                dbias = vadd(dbias, dz)
        gradients[op.gradient + c] += vsum(dbias)
    return of_samples if floor else vsum(total) / 2


@inner
def load(op, L, first, images, targets, labels, arena):
    """Copy image and labels of L samples, from `first` on, into the lanes; zeros after the last sample."""
    count = len(images)
    for lane in range(L):
        n = first + lane
        inside = n < count
        arena[op.labels + lane] = 2 / count if inside else 0
        for k in range(len(labels)):
            place = op.labels + (k + 1) * L + lane
            arena[place] = targets[n, labels[k]] if inside and labels[k] >= 0 else 0
        for c in range(op.channels):
            for i in range(op.rows):
                for j in range(op.rows):
                    place = op.x + c * op.x_channel + i * op.x_row + j * L + lane
                    arena[place] = images[n, (c * op.rows + i) * op.rows + j] if inside else 0


@compiled
def run_groups(tables, groups, images, targets, scalars, arena, gradients):
    """Add the gradients of groups[0] … groups[1] − 1, of L samples each; return their part of the loss."""
    program, taps, spans, pixels, labels, floor, L, a, b, rest = tables
    loss = 0.0
    for group in range(groups[0], groups[1]):
        load(program[0], L, group * L, images, targets, labels, arena)
        for k in range(1, len(program)):
            op = program[k]
            if op.kind == CONVOLVE:
                convolve(op, L, arena, scalars, taps, spans, a, b)
            elif op.kind == CONVOLVE_REST:
                convolve(op, L, arena, scalars, taps, spans, a, rest)
            elif op.kind == WEIGH:
                weigh(op, arena, taps, spans, pixels, gradients, a)
            elif op.kind == COMPARE:
                loss += compare(op, L, arena, labels, floor, gradients)
            elif op.kind == RECTIFY:
                rectify(op, L, arena, scalars)
            elif op.kind == UNRECTIFY:
                unrectify(op, L, arena, scalars, gradients)
            elif op.kind == TO_POINTS:
                rectify_to_points(op, L, arena, scalars)
            elif op.kind == TO_POINTS_TRANSPOSED:
                rows_to_points_transposed(op, L, arena)
            elif op.kind == TO_ROWS:
                points_to_rows(op, L, arena)
            else:
                unrectify_rows(op, L, arena, scalars, gradients)
    return loss
