"""What exercises stand on: the layers are those of the kernels; the pipe carries values, nothing else."""

import io
import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from helpers import naive
from helpers.running import environment

from npsr import equation_2, fsrcnn, imresize, psnr
from npsr.exercises.ground import layers, wire
from npsr.exercises.ground.calling import Caller, mentioned
from npsr.exercises.ground.rounding import close
from npsr.exercises.mistakes.counting import count, field
from npsr.exercises.mistakes.measuring import measured, reduced
from npsr.networks.architectures import reach
from npsr.networks.network import loss_and_gradients
from npsr_kernels import borders, conv2d, deconv2d, prelu
from npsr_kernels.shapes import centring_padding


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("f", [1, 2, 5])
def test_the_layers_are_those_of_the_kernels(rng, stride, f):
    x, weight, bias = rng.normal(size=(2, 3, 7, 8)), rng.normal(size=(4, 3, f, f)), rng.normal(size=4)
    y = layers.conv2d(x, weight, bias, stride)
    np.testing.assert_allclose(y, conv2d.conv2d_forward(x, weight, bias, stride), atol=1e-12)
    np.testing.assert_allclose(y, naive.conv2d(x, weight, bias, stride), atol=1e-12)
    dy = rng.normal(size=y.shape)
    dx, dweight, dbias = layers.conv2d_backward(dy, x, weight, stride)
    np.testing.assert_allclose(dx, conv2d.conv2d_backward_input(dy, weight, (7, 8), stride), atol=1e-12)
    np.testing.assert_allclose(dweight, conv2d.conv2d_backward_weight(dy, x, f, stride), atol=1e-12)
    np.testing.assert_allclose(dbias, conv2d.conv2d_backward_bias(dy), atol=1e-12)
    up = rng.normal(size=(3, 2, f, f))
    y = layers.deconv2d(x, up, bias[:2], stride)
    np.testing.assert_allclose(y, deconv2d.deconv2d_forward(x, up, bias[:2], stride), atol=1e-12)
    dy = rng.normal(size=y.shape)
    dx, dup, _ = layers.deconv2d_backward(dy, x, up, stride)
    np.testing.assert_allclose(dx, deconv2d.deconv2d_backward_input(dy, up, stride), atol=1e-12)
    np.testing.assert_allclose(dup, deconv2d.deconv2d_backward_weight(dy, x, f, stride), atol=1e-12)
    assert f < stride or layers.centring_padding(f, stride) == centring_padding(f, stride)


def test_prelu_and_borders_are_those_of_the_kernels(rng):
    x, dy = rng.integers(-2, 3, (2, 3, 4, 5)) * 1.0, rng.normal(size=(2, 3, 4, 5))
    for slope in (np.array([0.5, -0.2, 3.0]), np.array([0.3])):
        np.testing.assert_array_equal(layers.prelu(x, slope), prelu.prelu_forward(x, slope))
        for ours, theirs in zip(
            layers.prelu_backward(dy, x, slope), prelu.prelu_backward(dy, x, slope), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-12)
    for before, after in ((0, 0), (2, 1), (0, 6)):
        padded = layers.pad_replicate(x, before, after)
        np.testing.assert_array_equal(padded, borders.pad(x, before, after, "replicate"))
        ours = layers.pad_replicate_backward(padded, before, after)
        np.testing.assert_allclose(ours, borders.pad_backward(padded, before, after, "replicate"), atol=1e-12)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_network_is_npsrs(rng, scale):
    net = fsrcnn(3, 2, 2, scale, dtype="float64")
    parameters = layers.fsrcnn_parameters(3, 2, 2, rng)
    assert {k: p.shape for k, p in parameters.items()} == {k: p.shape for k, p in net.parameters.items()}
    for key, values in parameters.items():
        net.parameters[key][...] = values
    x, target = rng.random((2, 1, 5, 4)), rng.random((2, 1, 5 * scale, 4 * scale))
    np.testing.assert_allclose(layers.forward(parameters, x, scale), net(x), atol=1e-10)
    loss, gradients = loss_and_gradients(net, x, target, engine="plain")
    assert layers.loss(net(x), target)[0] == pytest.approx(loss)
    for key, found in layers.gradients(parameters, x, target, scale).items():
        np.testing.assert_allclose(found, gradients[key], atol=1e-9)


def test_counts_and_the_protocol_are_npsrs(rng):
    for d, s, m, scale in ((56, 12, 4, 3), (32, 5, 1, 2), (3, 2, 0, 4)):
        assert count(d, s, m) == equation_2(d, s, m)
        assert field(m, scale) == sum(reach(fsrcnn(d, s, m, scale))) + 1
    for n in (2, 3, 4):
        line = rng.normal(size=(12 * n, 1))
        np.testing.assert_allclose(reduced(line[:, 0], n), imresize(line, size=(12, 1))[:, 0], atol=1e-12)
    a, b = rng.integers(0, 256, (2, 9, 8)).astype(np.uint8)
    assert measured(a, b, 1) == pytest.approx(psnr(a[1:-1, 1:-1], b[1:-1, 1:-1]))


VALUES = [
    None,
    True,
    3,
    -1.5,
    float("inf"),
    "text",
    [1, [2.0]],
    (1, "a"),
    {"k": np.arange(3.0)},
    np.float32(2),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_values_pass_through_the_pipe(value):
    pipe = io.BytesIO()
    wire.send(pipe, value)
    pipe.seek(0)
    back = wire.receive(pipe)
    assert type(back) is type(value)
    np.testing.assert_equal(back, value)


def test_arrays_keep_their_layout_and_others_become_names():
    pipe = io.BytesIO()
    strided = np.arange(12.0).reshape(3, 4)[:, ::2]
    wire.send(pipe, [strided, np.zeros((0, 2), np.uint8), np.array(["x"]), np.array([None]), object(), 1j])
    pipe.seek(0)
    same, empty, *others = wire.receive(pipe)
    np.testing.assert_array_equal(same, strided)
    assert not same.flags.c_contiguous
    assert empty.shape == (0, 2)
    assert all(isinstance(other, wire.Other) for other in others)


def test_what_is_no_message_is_refused():
    big = [["<f8", [2**40]]]
    for content in (
        b"junk\n",
        b"{}\n",
        b'{"value": {"made": ["os", "getcwd", []]}, "blobs": []}\n',
        b'{"value": {"array": 0}, "blobs": [["|O", [1]]]}\n',
        b'{"value": {"array": 0}, "blobs": [["<f8", [3]]]}\nshort',
        b'{"value": {"array": 0}, "blobs": [["<f8", [-1]]]}\n',
        json.dumps({"value": {"array": 0}, "blobs": big}).encode() + b"\n",
        b"[" * 100_000 + b"\n",
    ):
        with pytest.raises(wire.BrokenMessage):
            wire.receive(io.BytesIO(content))
    with pytest.raises(EOFError):
        wire.receive(io.BytesIO())


def test_a_caller_notices_what_a_function_does():
    kept = np.zeros(2)

    def in_place(x):
        x += 1
        return x

    def remembers(x):
        kept[...] = x
        return kept

    def restores(x):
        x[0] += 0.1
        x[0] -= 0.1
        return x.sum()

    counts = iter(range(100))
    functions = {
        "in_place": in_place,
        "remembers": remembers,
        "counts": lambda x: next(counts),
        "restores": restores,
    }
    caller = Caller(functions, "")
    assert caller("in_place", [np.ones(2)])["changed"] == [0]
    assert not caller("counts", [1])["again"]
    assert caller("restores", [np.array([0.3, 1.0])])["changed"] == []
    assert caller("remembers", [np.ones(2)])["intact"]
    assert not caller("remembers", [np.zeros(2)])["intact"]
    assert caller("none", [])["kind"] == "missing"


def test_results_become_plain_and_shared_memory_is_noticed():
    functions = {
        "views": lambda x, k: {"a": [x[k:]]},
        "others": lambda: (
            np.ma.array([1.0]),
            Fraction(1, 3),
            {}.keys(),
            {1},
            (n for n in "ab"),
            np.float32(2),
        ),
    }
    caller = Caller(functions, "")
    assert caller("views", [np.ones(3), 1])["shared"] == [0]
    masked, fraction, keys, numbers, generator, scalar = caller("others", [])["result"]
    kinds = [masked.type, fraction.type, keys.type, numbers.type, generator.type]
    assert kinds == ["MaskedArray", "Fraction", "dict_keys", "set", "generator"]
    assert scalar == 2
    assert mentioned("outer", {"outer": outer, "inner": inner, "other": outer}) == ["inner"]


def inner():
    """Called by `outer`."""


def outer():
    return [inner() for _ in "a"]


def test_numbers_are_close_as_honest_rounding_is():
    assert close(np.float32([1, 100]), np.float32([1.0001, 100]))
    assert not close(np.float32([1, 100]), np.float32([1, 100.001]))
    assert not close(np.float64([1, 100]), np.float64([1.0001, 100]))
    assert not close(np.ones(2), np.ones((1, 2)))
    assert close(float("inf"), float("inf"))
    assert not close(float("nan"), 1.0)
    assert not close(np.array(["a"]), np.array([1.0]))


def test_no_compiler_is_in_the_loop():
    code = (
        "import sys\n"
        "from npsr.exercises.course import tasks\n"
        "from npsr.exercises import examining, grading, stubs, worker\n"
        "[task.checks for task in tasks()]\n"
        "assert not {'numba', 'npsr_kernels', 'PIL', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())
