"""The vector type: L numbers of one dtype that one instruction handles together.

Numba's extension interface makes LLVM's vectors a type of compiled functions, with the few
operations that the kernels need. L lanes fill one register of the processor that Numba compiles
for: 512 bits with AVX-512, 256 with AVX, 128 otherwise.
"""

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model


def registers(triple: str, name: str, features: str) -> tuple[int, int]:
    """Bytes in one vector register of a processor, and how many of them there are.

    LLVM is asked to add two vectors, and the registers' names are read in its assembly: some
    processors have wider ones than LLVM uses. AVX-512 and 64-bit ARM have 32, others 16.

    Parameters
    ----------
    triple, name, features : str
        The processor, in LLVM's terms.
    """
    module = llvm.parse_assembly(
        "define <16 x float> @add(<16 x float> %a, <16 x float> %b) {\n"
        "  %c = fadd <16 x float> %a, %b\n  ret <16 x float> %c\n}"
    )
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu=name, features=features)
    assembly = machine.emit_assembly(module)
    size = 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16
    many = size == 64 or triple.startswith(("aarch64", "arm64"))
    return size, 32 if many else 16


REGISTER_BYTES, REGISTERS = registers(*cpu_target.target_context.codegen().magic_tuple())
"""Register size and number of registers of the processor that Numba compiles for."""


def lanes(dtype: Any) -> int:
    """Lanes L of a vector of this dtype."""
    return REGISTER_BYTES // np.dtype(dtype).itemsize


class Vector(types.Type):
    """L lanes of float32 or float64."""

    def __init__(self, scalar: types.Float) -> None:
        self.scalar = scalar
        super().__init__(f"Vector({scalar}, {self.lanes})")

    @property
    def lanes(self) -> int:
        """L."""
        return REGISTER_BYTES // (self.scalar.bitwidth // 8)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A Vector is LLVM's <L x float> or <L x double>."""

    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, vector_ir(fe_type))


def vector_ir(vector: Vector) -> ir.VectorType:
    """LLVM's type of a Vector."""
    return ir.VectorType(ir.FloatType() if vector.scalar.bitwidth == 32 else ir.DoubleType(), vector.lanes)


# What the intrinsics emit, for use by larger intrinsics too.


def emit_pointer(
    context: Any, builder: ir.IRBuilder, array: types.Array, value: ir.Value, at: ir.Value
) -> Any:
    """Address of element `at` of a flat array: no bounds check, no negative index."""
    return builder.gep(context.make_array(array)(context, builder, value).data, [at])


def emit_load(builder: ir.IRBuilder, vector: Vector, pointer: ir.Value) -> ir.Value:
    """L neighbours from `pointer` on, aligned as one element is."""
    typed = builder.bitcast(pointer, vector_ir(vector).as_pointer())
    return builder.load(typed, align=vector.scalar.bitwidth // 8)


def emit_store(builder: ir.IRBuilder, vector: Vector, value: ir.Value, pointer: ir.Value) -> None:
    """The reverse of `emit_load`."""
    typed = builder.bitcast(pointer, vector_ir(vector).as_pointer())
    builder.store(value, typed, align=vector.scalar.bitwidth // 8)


def emit_splat(builder: ir.IRBuilder, vector: Vector, scalar: ir.Value) -> ir.Value:
    """One number in every lane."""
    kind = vector_ir(vector)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


def emit_fma(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
    """a·b + c; rounded once where the processor has such an instruction, else twice."""
    suffix = f"v{a.type.count}{a.type.element.intrinsic_name}"
    kind = ir.FunctionType(a.type, [a.type] * 3)
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.{suffix}"), [a, b, c]
    )


def emit_sum(builder: ir.IRBuilder, v: ir.Value) -> ir.Value:
    """The sum of the lanes, the upper half added to the lower until one is left."""
    half = v.type.count // 2
    while half:
        halves = [
            ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(k, k + half))) for k in (0, half)
        ]
        v = builder.fadd(*(builder.shuffle_vector(v, v, mask) for mask in halves))
        half //= 2
    return builder.extract_element(v, ir.IntType(32)(0))


def emit_sums(builder: ir.IRBuilder, vector: Vector, values: list[ir.Value]) -> list[ir.Value]:
    """Vectors whose lanes are the sums of the lanes of each of `values`, in their order; then zeros.

    In each step two vectors become one. One bit of the lane number decides: lanes with the bit set belong to
    the second vector. One half of both is used in place, the other half is moved by that bit.
    """
    L = vector.lanes
    zero = ir.Constant(vector_ir(vector), None)
    bit = 1
    while bit < L:
        values = [*values, zero] if len(values) % 2 else values
        stay = [lane + L if lane & bit else lane for lane in range(L)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), L), m) for m in (stay, [k ^ bit for k in stay])]
        pairs = zip(values[::2], values[1::2], strict=True)
        values = [builder.fadd(*(builder.shuffle_vector(p, q, mask) for mask in masks)) for p, q in pairs]
        bit *= 2
    return values


# The operations.


@intrinsic
def vload(typingctx: Any, array: Any, offset: Any) -> Any:
    """Lanes array[offset], …, array[offset + L − 1]."""
    vector = Vector(array.dtype)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_load(builder, vector, emit_pointer(context, builder, array, *args))

    return vector(array, types.intp), emit


@intrinsic
def vstore(typingctx: Any, array: Any, offset: Any, v: Any) -> Any:
    """Assign v to array[offset], …, array[offset + L − 1]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit_store(builder, v, args[2], emit_pointer(context, builder, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, v), emit


@intrinsic
def vsplat(typingctx: Any, scalar: Any) -> Any:
    """The scalar in every lane."""
    vector = Vector(scalar)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_splat(builder, vector, args[0])

    return vector(scalar), emit


@intrinsic
def vlike(typingctx: Any, v: Any, number: Any) -> Any:
    """The number, converted to v's dtype, in every lane of a vector like v."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_splat(builder, v, context.cast(builder, args[1], number, v.scalar))

    return v(v, number), emit


@intrinsic
def vzero(typingctx: Any, array: Any) -> Any:
    """Zeros of the dtype of `array`."""
    vector = Vector(array.dtype)
    return vector(array), lambda context, builder, signature, args: context.get_constant_null(vector)


@intrinsic
def vfma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a·b + c."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit_fma(builder, *args)

    return a(a, a, a), emit


@intrinsic
def vadd(typingctx: Any, a: Any, b: Any) -> Any:
    """A + b."""
    return a(a, a), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def vsub(typingctx: Any, a: Any, b: Any) -> Any:
    """A − b."""
    return a(a, a), lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def vmul(typingctx: Any, a: Any, b: Any) -> Any:
    """a·b."""
    return a(a, a), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def vmax(typingctx: Any, a: Any, b: Any) -> Any:
    """The larger of each pair of lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return a(a, a), emit


@intrinsic
def vmin(typingctx: Any, a: Any, b: Any) -> Any:
    """The smaller of each pair of lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *args), *args)

    return a(a, a), emit


@intrinsic
def vwhere(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Lanes of a where `condition` is above 0, of b elsewhere."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        positive = builder.fcmp_ordered(">", args[0], ir.Constant(args[0].type, None))
        return builder.select(positive, *args[1:])

    return a(a, a, a), emit


@intrinsic
def vsum(typingctx: Any, v: Any) -> Any:
    """The sum of the lanes."""
    return v.scalar(v), lambda context, builder, signature, args: emit_sum(builder, args[0])


def emit_prelu(builder: ir.IRBuilder, v: ir.Value, slope: ir.Value) -> ir.Value:
    """V where positive, slope·v elsewhere (and NaN stays NaN)."""
    positive = builder.fcmp_ordered(">", v, ir.Constant(v.type, None))
    return builder.select(positive, v, builder.fmul(v, slope))


@intrinsic
def vprelu(typingctx: Any, v: Any, slope: Any) -> Any:
    """V where positive, slope·v elsewhere."""
    return v(v, v), lambda context, builder, signature, args: emit_prelu(builder, *args)
