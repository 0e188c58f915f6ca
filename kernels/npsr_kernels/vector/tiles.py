"""The micro-kernel: a tile of A × B vectors in registers, to which outer products are added.

A and B must be known when the code is compiled. So they are part of the types of arguments: they are the
lengths of two tuples of ints, `a` and `b`. The tuples' values do not matter, except in `tile_pairs`, where
those of b are offsets. A tile is a tuple of A·B vectors; number k·B + l is in row k, column l. An
outer product needs A·B multiply-adds for A + B loads, and A·B + A + 1 registers if the columns'
vectors are loaded one at a time.

The code of an intrinsic is emitted again wherever it is called. So each is called at one place in a kernel.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from npsr_kernels.vector.simd import (
    REGISTERS,
    Vector,
    emit_fma,
    emit_load,
    emit_pointer,
    emit_splat,
    emit_store,
    emit_sums,
)


def _unpack(builder, tile):
    return cgutils.unpack_tuple(builder, tile)


def _pack(context, builder, values, kind):
    return context.make_tuple(builder, kind, values)


def _tile(dtype, a, b):
    return types.UniTuple(Vector(dtype), len(a) * len(b))


def _steps(builder, pointer, count, step):
    """Pointers 0, 1, … `count` − 1 steps from `pointer` on."""
    pointers = [pointer]
    for _ in range(count - 1):
        pointers.append(builder.gep(pointers[-1], [step]))
    return pointers


def _splats(builder, pointer, count, vector, context):
    one = context.get_constant(types.int64, 1)
    return [emit_splat(builder, vector, builder.load(p)) for p in _steps(builder, pointer, count, one)]


def _after(builder, pointer, values):
    """The same pointer, which for LLVM depends on `values`: an empty instruction reads them all.

    With 16 registers, one register is left for a vector of columns. LLVM would load several in advance,
    to hide latencies that the processor hides itself, and for them it would move sums to memory.
    """
    if REGISTERS > 16:
        return pointer
    kinds = [pointer.type, *(value.type for value in values)]
    constraints = ",".join(["=r", "0", *("X" for _ in values)])
    return builder.asm(ir.FunctionType(pointer.type, kinds), "", constraints, [pointer, *values], False)


@intrinsic
def tile_zero(typingctx, array, a, b):
    """A tile of zeros of the dtype of `array`."""
    kind = _tile(array.dtype, a, b)

    def emit(context, builder, signature, arguments):
        return context.get_constant_null(kind)

    return kind(array, a, b), emit


@intrinsic
def tile_splat(typingctx, scalars, offset, a, b):
    """The tile with scalars[offset + k] everywhere in row k."""
    kind = _tile(scalars.dtype, a, b)

    def emit(context, builder, signature, arguments):
        pointer = emit_pointer(context, builder, scalars, *arguments[:2])
        splats = _splats(builder, pointer, len(a), kind.dtype, context)
        return _pack(context, builder, [splat for splat in splats for _ in b], kind)

    return kind(scalars, types.int64, a, b), emit


@intrinsic
def tile_weighted(typingctx, tile, scalars, s, array, o, a, b):
    """tile[k, l] + scalars[s + k] · (vector l after array[o])."""

    def emit(context, builder, signature, arguments):
        vector = tile.dtype
        sums = _unpack(builder, arguments[0])
        weights = _splats(
            builder, emit_pointer(context, builder, scalars, *arguments[1:3]), len(a), vector, context
        )
        step = context.get_constant(types.int64, vector.lanes)
        first = emit_pointer(context, builder, array, *arguments[3:5])
        for column, pointer in enumerate(_steps(builder, first, len(b), step)):
            pixel = emit_load(builder, vector, pointer)
            for row, weight in enumerate(weights):
                place = row * len(b) + column
                sums[place] = emit_fma(builder, weight, pixel, sums[place])
        return _pack(context, builder, sums, tile)

    return tile(tile, scalars, types.int64, array, types.int64, a, b), emit


@intrinsic
def tile_pairs(typingctx, tile, array, p, stride, q, a, b):
    """tile[k, l] + (vector at array[p + k·stride]) · (vector at array[q + b[l]])."""

    def emit(context, builder, signature, arguments):
        vector = tile.dtype
        sums = _unpack(builder, arguments[0])
        first = emit_pointer(context, builder, array, arguments[1], arguments[2])
        left = [
            emit_load(builder, vector, pointer) for pointer in _steps(builder, first, len(a), arguments[3])
        ]
        base = emit_pointer(context, builder, array, arguments[1], arguments[4])
        for column, offset in enumerate(_unpack(builder, arguments[6])):
            right = emit_load(builder, vector, builder.gep(base, [offset]))
            for row, value in enumerate(left):
                place = row * len(b) + column
                sums[place] = emit_fma(builder, value, right, sums[place])
            base = _after(builder, base, sums[column :: len(b)])
        return _pack(context, builder, sums, tile)

    return tile(tile, array, types.int64, types.int64, types.int64, a, b), emit


@intrinsic
def tile_store(typingctx, tile, array, offset, stride, a, b):
    """Assign row k of the tile to the B vectors from array[offset + k·stride] on."""

    def emit(context, builder, signature, arguments):
        values = iter(_unpack(builder, arguments[0]))
        step = context.get_constant(types.int64, tile.dtype.lanes)
        first = emit_pointer(context, builder, array, *arguments[1:3])
        for row in _steps(builder, first, len(a), arguments[3]):
            for pointer in _steps(builder, row, len(b), step):
                emit_store(builder, tile.dtype, next(values), pointer)
        return context.get_dummy_value()

    return types.void(tile, array, types.int64, types.int64, a, b), emit


@intrinsic
def tile_sum(typingctx, tile, scalars, offset):
    """Add to scalars[offset + k], for each vector k of the tile, the sum of its lanes.

    Writes whole vectors: zeros are added to what follows.
    """

    def emit(context, builder, signature, arguments):
        vector = tile.dtype
        sums = emit_sums(builder, vector, _unpack(builder, arguments[0]))
        step = context.get_constant(types.int64, vector.lanes)
        first = emit_pointer(context, builder, scalars, *arguments[1:3])
        for value, pointer in zip(sums, _steps(builder, first, len(sums), step), strict=True):
            emit_store(builder, vector, builder.fadd(emit_load(builder, vector, pointer), value), pointer)
        return context.get_dummy_value()

    return types.void(tile, scalars, types.int64), emit
