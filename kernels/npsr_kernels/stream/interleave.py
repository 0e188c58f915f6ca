"""Phase planes to an image's row: the deconvolution's output pixel n·q + b is pixel q of plane b."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from npsr_kernels.compiling.compiled import inner
from npsr_kernels.vector.simd import REGISTER_BYTES, Vector, emit_load, emit_pointer, emit_splat, emit_store


@inner
def interleave(work, at, plane, added, out, to, n, span):
    """Assign out[to + x] = work[at + (x mod n)·plane + x div n] + added for x in `span`.

    Whole vectors of every plane for the paper's factors, single pixels for others and at the ends.
    """
    L = REGISTER_BYTES // work.itemsize
    first, last = span
    q = -(-first // n)
    for x in range(first, min(n * q, last)):
        out[to + x] = work[at + x % n * plane + x // n] + added
    if n == 1:
        while q + L <= last:
            vstore_interleaved(out, to + q, 1, work, at + q, plane, added)
            q += L
    elif n == 2:
        while 2 * (q + L) <= last:
            vstore_interleaved(out, to + 2 * q, 2, work, at + q, plane, added)
            q += L
    elif n == 3:
        while 3 * (q + L) <= last:
            vstore_interleaved(out, to + 3 * q, 3, work, at + q, plane, added)
            q += L
    elif n == 4:
        while 4 * (q + L) <= last:
            vstore_interleaved(out, to + 4 * q, 4, work, at + q, plane, added)
            q += L
    for x in range(n * q, last):
        out[to + x] = work[at + x % n * plane + x // n] + added


@intrinsic(prefer_literal=True)
def vstore_interleaved(
    typingctx: Any, array: Any, offset: Any, n: Any, source: Any, at: Any, plane: Any, added: Any
) -> Any:
    """Assign array[offset + n·l + b] = source[at + b·plane + l] + added for L lanes l and b < n."""
    vector, N = Vector(array.dtype), n.literal_value

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target, to, _, planes, start, step, number = args
        splat = emit_splat(builder, vector, number)
        values = []
        for b in range(N):
            place = builder.add(start, builder.mul(step, step.type(b)))
            value = emit_load(builder, vector, emit_pointer(context, builder, source, planes, place))
            values.append(builder.fadd(value, splat))
        for k in range(N):
            place = emit_pointer(context, builder, array, target, builder.add(to, to.type(k * vector.lanes)))
            emit_store(builder, vector, _interleaved(builder, values, k * vector.lanes), place)
        return context.get_dummy_value()

    return types.void(array, types.intp, n, source, types.intp, types.intp, array.dtype), emit


def _interleaved(builder: ir.IRBuilder, values: list[ir.Value], start: int) -> ir.Value:
    """L elements from `start` on of: lane 0 of all values, lane 1 of all, and so on."""
    L, n = values[0].type.count, len(values)
    lanes = [i // n for i in range(start, start + L)]
    result = builder.shuffle_vector(values[0], values[0], _mask(lanes))
    for b in range(1, n):
        mine = [(start + i) % n == b for i in range(L)]
        mask = [L + lane if own else i for i, (lane, own) in enumerate(zip(lanes, mine, strict=True))]
        result = builder.shuffle_vector(result, values[b], _mask(mask))
    return result


def _mask(places: list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)
