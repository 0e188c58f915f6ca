"""The vector type: L numbers side by side in one register of the processor, for compiled code.

A vector lives in jitted functions only. Offsets count the elements of a flat, contiguous array; nothing checks
them. L follows from the processor that Numba compiles for, so the same source fills SSE, AVX or AVX-512 registers.
"""

from functools import cache

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model


class Vector(types.Type):
    """Numba's type of L lanes of a floating-point type."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype, self.lanes = dtype, lanes(np.dtype(dtype.name))
        super().__init__(f"Vector({dtype}, {self.lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):  # type: ignore[no-untyped-def]
        element = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(element, vector.lanes))


@cache
def register_bytes() -> int:
    """Width of the widest vector register that LLVM uses on the processor compiled for.

    LLVM is asked to add two vectors, and the registers' names are read from its assembly: that knows
    `NUMBA_CPU_NAME`, and processors on which LLVM avoids the widest ones.
    """
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    module = llvm.parse_assembly(
        "define <16 x float> @f(<16 x float> %a, <16 x float> %b) {\n"
        "  %c = fadd <16 x float> %a, %b\n  ret <16 x float> %c\n}"
    )
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=name, features=features)
    assembly = machine.emit_assembly(module)
    return 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16


def registers() -> int:
    """Number of vector registers: 32 with AVX-512, else taken as 16."""
    return 32 if register_bytes() == 64 else 16


def lanes(dtype: np.dtype | type) -> int:
    """Lanes of a vector of float32 or float64."""
    return register_bytes() // np.dtype(dtype).itemsize


def element_pointer(context, builder, array_type, array, offset):  # type: ignore[no-untyped-def]
    """LLVM's pointer to one element of a flat array."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [offset])


def emit_load(builder, pointer, vector, context):  # type: ignore[no-untyped-def]
    """Load a vector; aligned as an element is, which costs nothing visible."""
    kind = context.get_value_type(vector)
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=vector.dtype.bitwidth // 8)


def emit_store(builder, pointer, value, vector):  # type: ignore[no-untyped-def]
    """Store a vector."""
    builder.store(value, builder.bitcast(pointer, value.type.as_pointer()), align=vector.dtype.bitwidth // 8)


def emit_splat(builder, scalar, vector):  # type: ignore[no-untyped-def]
    """The scalar in every lane."""
    kind = ir.VectorType(scalar.type, vector.lanes)
    index = ir.IntType(32)
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, index(0))
    return builder.shuffle_vector(
        single, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(index, vector.lanes), None)
    )


def emit_fma(builder, a, b, c):  # type: ignore[no-untyped-def]
    """a·b + c, in one instruction where the processor has it (never a call of the C library)."""
    name = f"llvm.fmuladd.v{a.type.count}{'f32' if a.type.element == ir.FloatType() else 'f64'}"
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(a.type, [a.type] * 3), name)
    return builder.call(function, [a, b, c])


def emit_sum(builder, v):  # type: ignore[no-untyped-def]
    """Sum of the lanes, by halves."""
    element = v.type.element
    name = f"llvm.vector.reduce.fadd.v{v.type.count}{'f32' if element == ir.FloatType() else 'f64'}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(element, [element, v.type]), name
    )
    return builder.call(function, [ir.Constant(element, -0.0), v], fastmath=("reassoc",))


@intrinsic
def vload(typingctx, array, offset):  # type: ignore[no-untyped-def]
    """The L elements of `array` from `offset` on."""
    vector = Vector(array.dtype)

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        pointer = element_pointer(context, builder, array, *arguments)
        return emit_load(builder, pointer, vector, context)

    return vector(array, types.int64), emit


@intrinsic
def vstore(typingctx, array, offset, v):  # type: ignore[no-untyped-def]
    """Assign v to the L elements of `array` from `offset` on."""

    def emit(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        pointer = element_pointer(context, builder, array, *arguments[:2])
        emit_store(builder, pointer, arguments[2], v)
        return context.get_dummy_value()

    return types.void(array, types.int64, v), emit


@intrinsic
def vsplat(typingctx, scalar):  # type: ignore[no-untyped-def]
    """`scalar` in every lane."""
    vector = Vector(scalar)
    return vector(scalar), lambda context, builder, signature, a: emit_splat(builder, a[0], vector)


@intrinsic
def vzero(typingctx, array):  # type: ignore[no-untyped-def]
    """Zeros of the dtype of `array`."""
    vector = Vector(array.dtype)
    return vector(array), lambda context, builder, signature, a: context.get_constant_null(vector)


@intrinsic
def vfma(typingctx, a, b, c):  # type: ignore[no-untyped-def]
    """a·b + c."""
    return a(a, a, a), lambda context, builder, signature, values: emit_fma(builder, *values)


@intrinsic
def vadd(typingctx, a, b):  # type: ignore[no-untyped-def]
    """A + b."""
    return a(a, a), lambda context, builder, signature, values: builder.fadd(*values)


@intrinsic
def vsub(typingctx, a, b):  # type: ignore[no-untyped-def]
    """A − b."""
    return a(a, a), lambda context, builder, signature, values: builder.fsub(*values)


@intrinsic
def vmul(typingctx, a, b):  # type: ignore[no-untyped-def]
    """a·b."""
    return a(a, a), lambda context, builder, signature, values: builder.fmul(*values)


def _emit_choice(order):  # type: ignore[no-untyped-def]
    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.select(builder.fcmp_ordered(order, *values), *values)

    return emit


@intrinsic
def vmax(typingctx, a, b):  # type: ignore[no-untyped-def]
    """The larger of a and b, lane by lane."""
    return a(a, a), _emit_choice(">")


@intrinsic
def vmin(typingctx, a, b):  # type: ignore[no-untyped-def]
    """The smaller of a and b, lane by lane."""
    return a(a, a), _emit_choice("<")


@intrinsic
def vwhere(typingctx, condition, a, b):  # type: ignore[no-untyped-def]
    """A in the lanes in which `condition` is above 0, b in the others."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        zero = ir.Constant(values[0].type, None)
        return builder.select(builder.fcmp_ordered(">", values[0], zero), values[1], values[2])

    return a(a, a, a), emit


@intrinsic
def vsum(typingctx, v):  # type: ignore[no-untyped-def]
    """Sum of the lanes."""
    return v.dtype(v), lambda context, builder, signature, values: emit_sum(builder, values[0])
