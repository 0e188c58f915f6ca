"""No sum is kept in memory: the inner loops in LLVM's assembly, for processors that need not be at hand.

Numba compiles for the processor of a process. For 64-bit ARM, whose vectors are as long as SSE's, the
code made for SSE with ARM's number of registers is given to LLVM's other back end.
"""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.running import environment, needs_jit

from npsr_kernels.vector.simd import registers

pytestmark = [needs_jit, pytest.mark.assembly]

EMIT = """
import re, sys
import llvmlite.binding as llvm
import numpy as np
import npsr_kernels.vector.simd as simd

target, cpu, registers = sys.argv[1:]
simd.REGISTERS = int(registers)
from npsr_kernels.stream import inference
from npsr_kernels.training_step import step

class Found(Exception):
    pass

def signature(kernel):
    def call(*arguments):
        raise Found(tuple(map(kernel.typeof_pyval, arguments)))
    return call

def code(module, name, run):
    kernel = getattr(module, name)
    kernel._cache = type(kernel._cache).__mro__[1]()  # code that was stored cannot be looked at
    setattr(module, name, signature(kernel))
    try:
        run()
    except Found as found:
        kernel.compile(found.args[0])
        return kernel.inspect_llvm(found.args[0])

import npsr
net = npsr.fsrcnn(56, 12, 4, 3, border="zero")
small = np.zeros((1, 1, 8, 8), np.float32)
training = net.with_border("valid"), *(np.zeros((16, 1, s, s), np.float32) for s in (11, 19))
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
machine = llvm.Target.from_triple(target).create_target_machine(cpu=cpu, opt=3)
for text in (
    code(inference, "stream", lambda: net(small, engine="fast")),
    code(step, "run_groups", lambda: npsr.loss_and_gradients(*training, engine="fast")),
):
    text = re.sub("target datalayout = .*", f'target datalayout = "{machine.target_data}"', text)
    text = re.sub("target triple = .*", f'target triple = "{target}"', text)
    text = re.sub('"target-(cpu|features)"="[^"]*"', "", text)
    text = re.sub(r"= (tail |notail )?call i8 @llvm[.]x86[.][^\\n]*", "= add i8 0, 0", text)
    print(machine.emit_assembly(llvm.parse_assembly(text)))
"""

PROCESSORS = {
    "avx2": ("x86_64-unknown-linux-gnu", "haswell", "haswell", 16, r"vfn?madd\w+ps", r"\(%rsp\)|\(%rbp\)"),
    "avx512": (
        "x86_64-unknown-linux-gnu",
        "skylake-avx512",
        "skylake-avx512",
        32,
        r"vfn?madd\w+ps",
        r"\(%rsp\)|\(%rbp\)",
    ),
    "aarch64": ("aarch64-unknown-linux-gnu", "neoverse-n1", "generic", 32, "fmla", r"\[sp"),
}
"""LLVM's triple and processor, the one that Numba compiles for, the registers of the first; what a
multiply-add looks like, and a place on the stack.
"""


def inner_loops(assembly, multiply_add):
    """The blocks of instructions that repeat themselves and multiply and add eight times or more."""
    parts = re.split(r"^(\.?L\w+):", assembly, flags=re.MULTILINE)
    for label, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = [line.strip() for line in body.splitlines() if line.startswith("\t") and line[1:2] != "."]
        repeats = any(re.search(rf"{re.escape(label)}\b", line) for line in lines)
        if repeats and sum(bool(re.match(multiply_add, line)) for line in lines) >= 8:
            yield label, lines


@pytest.mark.parametrize("name", PROCESSORS)
def test_inner_loops_keep_their_sums_in_registers(name):
    triple, cpu, compiled_for, registers, multiply_add, stack = PROCESSORS[name]
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("Numba compiles for other processors of the same family only")
    found = subprocess.run(
        [sys.executable, "-c", EMIT, triple, cpu, str(registers)],
        env=environment(NUMBA_CPU_NAME=compiled_for, NUMBA_CPU_FEATURES=features(compiled_for)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    loops = list(inner_loops(found.stdout, multiply_add))
    assert len(loops) >= 4
    vector = r"\b[xyz]mm\d|\bq\d"
    spilled = {
        label: [line for line in lines if re.search(stack, line) and re.search(vector, line)]
        for label, lines in loops
    }
    assert not {label: lines for label, lines in spilled.items() if lines}


def features(cpu):
    return {
        "haswell": "+avx2,+fma",
        "skylake-avx512": "+avx2,+fma,+avx512f,+avx512vl,+avx512bw,+avx512dq",
    }.get(cpu, "")


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (("x86_64-unknown-linux-gnu", "generic", ""), (16, 16)),
        (("x86_64-unknown-linux-gnu", "haswell", ""), (32, 16)),
        (("x86_64-unknown-linux-gnu", "skylake-avx512", "-prefer-256-bit"), (64, 32)),
        (("aarch64-unknown-linux-gnu", "neoverse-n1", ""), (16, 32)),
        (("arm64-apple-darwin22", "apple-m1", ""), (16, 32)),
    ],
)
def test_registers_are_counted(processor, expected):
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    assert registers(*processor) == expected


SHORT_AND_MANY = """
import numpy as np
import npsr_kernels.vector.simd as simd
assert simd.REGISTER_BYTES == 16
simd.REGISTERS = 32
import npsr
from helpers.networks import trained

rng = np.random.default_rng(0)
for name in ("fsrcnn(7,5,2)", "fsrcnn(13,3,0)", "srcnn(5,3,5)"):
    net = trained(npsr.build(name, 3, border="replicate"), rng)
    for sides in ((1, 1), (1, 19), (23, 1), (13, 17), (9, 130), (11, 571)):
        x = rng.random((1, 1, *sides)).astype(np.float32)
        np.testing.assert_allclose(net(x, engine="fast"), net(x, engine="plain"), rtol=0, atol=1e-5)
net = trained(npsr.build("fsrcnn(7,5,2)", 3, border="valid"), rng)
x, target = (rng.random((9, 1, s, s)).astype(np.float32) for s in (11, 19))
found, expected = (npsr.loss_and_gradients(net, x, target, engine)[1] for engine in ("fast", "plain"))
for key, gradient in expected.items():
    np.testing.assert_allclose(found[key], gradient, rtol=0, atol=1e-4 * abs(gradient).max(), err_msg=key)
"""


def test_the_tiles_of_64_bit_arm_are_right():
    """By SSE, whose vectors are as long: slower, as sums then do not fit in 16 registers."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("stands in for another processor")
    sse = environment(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    sse["PYTHONPATH"] += f":{Path(__file__).parents[1]}"
    found = subprocess.run(
        [sys.executable, "-c", SHORT_AND_MANY], env=sse, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
