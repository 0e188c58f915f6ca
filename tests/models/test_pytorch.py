"""PyTorch's models: what is read, and that nothing in a file is ever run."""

import pickle
import zipfile

import numpy as np
import pytest
from helpers import torch_writer as writer
from helpers.running import run
from helpers.torch_writer import Call, Global, Reference, layout, pickled, state_file, zip_of
from hypothesis import given
from hypothesis import strategies as st

import npsr
from npsr.models.archive import WeightsError
from npsr.networks.layers import Conv, DeConv


def random_net(rng, scale=3, shared_slopes=False, **options):
    net = npsr.fsrcnn(5, 3, 2, scale, shared_slopes=shared_slopes, **options)
    for p in net.parameters.values():
        p[...] = rng.normal(0, 0.3, p.shape)
    return net


def imported(tmp_path, content, scale=None, name="net_x3.pth"):
    (tmp_path / name).write_bytes(content)
    return npsr.import_pytorch(tmp_path / name, scale)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("shared_slopes", [False, True])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_parameter_is_found(tmp_path, rng, scale, shared_slopes, old):
    net = random_net(rng, scale, shared_slopes)
    found = imported(tmp_path, state_file(layout(net), old=old), name=f"net_x{scale}.pth")
    assert (found.name, found.scale) == (net.name, scale)
    assert list(found.parameters) == list(net.parameters)
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(found.parameters[key], p, err_msg=key)
    *inner, last = found.with_border("zero").layers
    assert tuple(inner) == net.layers[:-1]
    assert last == DeConv("deconvolution", 9, 1, 5, scale, padding=4)
    npsr.save(found, tmp_path / "net.npz")
    assert npsr.load(tmp_path / "net.npz", scale).layers == found.layers


@pytest.mark.parametrize("old", [False, True])
def test_checkpoints_prefixes_kinds_of_numbers_and_strides(tmp_path, rng, old):
    net = random_net(rng)
    state = layout(net)

    def checkpoint(state):
        inner = {f"module.{key}": value for key, value in state.items()}
        return {"epoch": 3, "best": 31.5, "names": ["a", None], "state_dict": inner}

    for dtype, tolerance in [("float64", 0), ("float16", 1e-3)]:
        arrays = {key: np.asfortranarray(p).astype(dtype, order="K") for key, p in state.items()}
        found = imported(tmp_path, state_file(arrays, checkpoint, old))
        for key, p in net.parameters.items():
            np.testing.assert_allclose(found.parameters[key], p, rtol=tolerance, atol=0)
    halves = {key: (p.view(np.uint32) >> 16).astype(np.uint16) for key, p in state.items()}
    found = imported(tmp_path, state_file(halves, old=old))
    for key, p in net.parameters.items():
        np.testing.assert_allclose(found.parameters[key], p, rtol=2**-7, atol=0)


BESIDE = {
    "optimizer": {"state": {0: {"step": 3.0}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999)}]},
    "losses": [1.0] * 30_000,
    "milestones": Call(Global("collections", "Counter"), ({10: 1, 20: 1},)),
    "args": Call(Global("copyreg", "_reconstructor"), (Global("argparse", "Namespace"), None)),
    "psnr": Call(Global("numpy.core.multiarray", "scalar"), (Call(Global("numpy", "dtype"), ("f8",)), "x")),
    "names": {"a", "b"},
    "logger": b"c__main__\nLogger\n)\x81}(X\x01\x00\x00\x00aK\x01ub",  # an object and its attributes
    "bytes": b"C\x03abc",
    "big": 2**40,
}
"""What training scripts save beside a network."""


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "bool", "int8", "int16", "int32", "complex64", "complex128"])
def test_what_stands_beside_a_network_is_passed_over(tmp_path, rng, kind, old):
    net = random_net(rng)
    others = np.zeros(9, kind), np.zeros((1,) * 6, np.float32)

    def checkpoint(state):
        names = list(state)
        beside = {"rng_state": state.pop(names[-2]), "deep": state.pop(names[-1])}
        return {**BESIDE, **beside, "run": {"model": state}}

    arrays = {**layout(net), "y": others[0], "z": others[1]}
    found = imported(tmp_path, state_file(arrays, checkpoint, old))
    for key, p in net.parameters.items():
        np.testing.assert_array_equal(found.parameters[key], p, err_msg=key)


def test_large_tensors_beside_a_network_do_not_count(tmp_path, rng):
    net = random_net(rng)
    arrays = {**layout(net), "discriminator": np.zeros(2**25, np.float32)}
    found = imported(tmp_path, state_file(arrays, lambda s: {"other": {"d": s.pop("discriminator")}, "g": s}))
    assert found.name == net.name


def test_the_factor_is_a_word_of_the_name(tmp_path, rng):
    content = state_file(layout(random_net(rng)))
    for name in ("fsrcnn_x3", "x3-net", "FSRCNN-X3", "x3", "fsrcnn-x3-epoch60_max2", "relux2 x3.best"):
        assert imported(tmp_path, content, name=f"{name}.pth").scale == 3
    for name in ("relux2", "max2", "matrix3", "1920x3_net", "fsrcnnx3", "x3d", "x33", "net"):
        with pytest.raises(WeightsError, match="the factor is not in its name"):
            imported(tmp_path, content, name=f"{name}.pth")
    with pytest.raises(WeightsError, match="is named ×2 and ×3, but has one factor: say it with -s"):
        imported(tmp_path, content, name="x2_from_x3.pth")
    assert imported(tmp_path, content, 3, "x2_from_x3.pth").scale == 3


def torch_model(torch, n, d, s, m, shared):
    """The widespread implementation."""
    nn = torch.nn
    prelu = (lambda _: nn.PReLU()) if shared else nn.PReLU
    inner = [nn.Conv2d(d, s, 1), prelu(s)]
    for _ in range(m):
        inner += [nn.Conv2d(s, s, 3, padding=1), prelu(s)]
    net = nn.Module()
    net.first_part = nn.Sequential(nn.Conv2d(1, d, 5, padding=2), prelu(d))
    net.mid_part = nn.Sequential(*inner, nn.Conv2d(s, d, 1), prelu(d))
    net.last_part = nn.ConvTranspose2d(d, 1, 9, stride=n, padding=4, output_padding=n - 1)
    for p in net.parameters():
        nn.init.normal_(p, 0, 0.2)
    return net


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_network_is_that_of_pytorch(tmp_path, rng, scale, shared):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = torch_model(torch, scale, 16, 5, 2, shared)
    path, old, checkpoint = (tmp_path / f"{name}_x{scale}.pth" for name in ("new", "old", "checkpoint"))
    torch.save(net.state_dict(), path)
    torch.save(net.state_dict(), old, _use_new_zipfile_serialization=False)
    optimizer = torch.optim.Adam(net.parameters())
    sum(p.sum() for p in net.parameters()).backward()
    optimizer.step()
    torch.save({"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 1}, checkpoint)
    x = rng.random((2, 1, 12, 9), np.float32)

    def theirs():
        with torch.no_grad():
            return net.last_part(net.mid_part(net.first_part(torch.from_numpy(x)))).numpy()

    found = npsr.import_pytorch(checkpoint).with_border("zero")(x)
    assert found.shape == (2, 1, 12 * scale, 9 * scale)
    np.testing.assert_allclose(found, theirs(), rtol=0, atol=1e-5)
    net.load_state_dict(torch.load(path))
    for file in (path, old):
        found = npsr.import_pytorch(file).with_border("zero")(x)
        np.testing.assert_allclose(found, theirs(), rtol=0, atol=1e-5)


def test_whole_modules_and_programs_of_pytorch_are_refused(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.PReLU(), tmp_path / "module.pth")
    with pytest.raises(WeightsError, match=r"PReLU, but only tensors are read.*state_dict"):
        npsr.import_pytorch(tmp_path / "module.pth", 3)


class Malicious:
    """Unpickled by Python it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return exec, (f"__import__('pathlib').Path({str(self.path)!r}).touch()",)


def test_nothing_in_a_file_is_run(tmp_path):
    target = tmp_path / "run"
    for protocol in range(6):
        attack = pickle.dumps({"first_part.0.weight": Malicious(target)}, protocol)
        for content in (attack, zip_of(attack[:-1])):  # the last instruction is written anew
            with pytest.raises(WeightsError, match="only tensors are read|more than data|not from PyTorch"):
                imported(tmp_path, content)
    code = Malicious(target).__reduce__()[1][0]
    for attack in (
        Call(Global("builtins", "exec"), (code,)),
        Call(Global("os", "system"), (f"touch {target}",)),
        Call(Global("torch", "load"), (str(target),)),
        Call(Global("collections", "OrderedDict"), ([["a", 1]],)),
        Call(Global("torch._utils", "_rebuild_tensor_v3"), ()),
        b"(X\x04\x00\x00\x00execi__builtin__\nexec\n",
        b"(c__builtin__\nexec\no",
        b"\x82\x01",
        b"c__main__\nA\n)\x81",
        b"\x8c\x02os\x8c\x06system\x93\x8c\x01a\x85R",
    ):
        words = "only tensors are read|more than data|not from PyTorch|0 tensors named"
        with pytest.raises(WeightsError, match=words):
            imported(tmp_path, zip_of(attack))
    assert not target.exists()
    pickle.loads(pickle.dumps(Malicious(target)))  # what the test guards against is real
    assert target.exists()


DEEP = b")" + 60 * b"q\x00h\x00\x86"
"""A pickle of pairs of pairs, each twice the one before: small, but 2⁶⁰ to one who walks through it."""


def rebuilt(shape, strides, offset=0, length=4, key="0"):
    reference = Reference(("storage", Global("torch", "FloatStorage"), key, "cpu", length))
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), (reference, offset, shape, strides, False, {}))


def test_absurd_files_are_refused_at_once(tmp_path, monkeypatch):
    """Sizes and steps beyond what is stored, and pickles that make Python's unpickler take gigabytes."""
    four = {"0": bytes(16)}
    for value in (
        rebuilt((5,), (1,)),
        rebuilt((2**40,), (0,)),
        rebuilt((10**30,), (0,)),
        rebuilt((-1,), (1,)),
        rebuilt((4,), (1,), offset=1),
        rebuilt((4,), (1,), offset=-1),
        rebuilt((2, 2), (10**20, 1)),
        rebuilt((2, 2), (-2, 1)),
        rebuilt((2,), (1, 1)),
        rebuilt((2.0,), (1,)),
        rebuilt(("a",), (1,)),
        rebuilt((2**40, "a"), (1, 1)),  # which Python multiplies
        rebuilt((2**40, (1,)), (1, 1)),
        rebuilt((1,) * 5, (1,) * 5),
        rebuilt((4,), (1,), key="../../0"),
        rebuilt((4,), (1,), length=2**60),
        Reference(("module", "a")),
        b"}r\xff\xff\xff\xffX\x01\x00\x00\x00a" + writer._instructions(rebuilt((5,), (1,))) + b"s",  # memo
        b"}" + DEEP + b"Ns",  # a key whose hash would take 2⁶⁰ steps
        DEEP + b"\x8c\x01a\x93",  # a name that would have 2⁶⁰ letters
        b"X\xff\xff\xff\x7fa",
        b"\x8b\xff\xff\xff\x7f",
    ):
        attack = value if isinstance(value, bytes) else {"first_part.0.weight": value}
        with pytest.raises(
            WeightsError, match="not from PyTorch|only tensors|0 tensors named|more than data"
        ):
            imported(tmp_path, zip_of(attack, four))
    first = {"first_part.0.weight": rebuilt((2**25,), (1,), length=2**25)}
    bomb = zip_of(first, {"0": bytes(2**27)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**20
    with pytest.raises(WeightsError, match="unpacks to more than"):
        imported(tmp_path, bomb)
    monkeypatch.setattr("npsr.models.pickle_data.MAX_INSTRUCTIONS", 20_000)
    many = {str(k): rebuilt((4,), (1,)) for k in range(1001)}
    with pytest.raises(WeightsError, match="more than 20000 instructions"):
        imported(tmp_path, zip_of(many, four))
    system = pickled({"little_endian": True})
    keys = pickled([DEEP])
    with pytest.raises(WeightsError, match="a key is tuple"):
        imported(tmp_path, b"".join([pickled(writer.MAGIC), pickled(1001), system, pickled({}), keys]))


def test_other_files_and_layouts_are_refused(tmp_path, rng):
    state = layout(random_net(rng))

    def refused(words, content=None, scale=3, name="other.pth"):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=words):
            npsr.import_pytorch(tmp_path / name, scale)

    def changed(**arrays):
        return state_file({key: p for key, p in (state | arrays).items() if p is not None})

    refused("does not exist", name="none.pth")
    refused("not from PyTorch", b"")
    refused("not from PyTorch", b"text" * 100)
    refused("TorchScript", zip_of({}, members=[("constants.pkl", b"")]))
    refused("holds 0 tensors named first_part.0.weight", state_file({"conv.weight": np.zeros(3, np.float32)}))
    refused("holds 2 tensors named", state_file(state | {f"ema.{key}": p for key, p in state.items()}))
    refused(r"differs from .* in mid_part.7.weight", changed(**{"mid_part.7.weight": None}))
    refused(r"differs from .* in last_part.1.bias", changed(**{"last_part.1.bias": state["last_part.bias"]}))
    three = np.zeros((5, 3, 5, 5), np.float32)
    refused(
        r"feature.weight is \(5, 3, 5, 5\), but must be \(5, 1, 5, 5\)",
        changed(**{"first_part.0.weight": three}),
    )
    refused("finite", changed(**{"last_part.bias": np.full(1, np.nan, np.float32)}))
    refused("is empty", changed(**{"first_part.0.weight": np.zeros((), np.float32)}))
    whole = state_file(state)
    refused("the factor is not in its name, but must be 1, 2, 3, 4 or 5", whole, None)
    refused("the factor is 6", whole, 6)
    refused("is named ×2, but scale is 3: leave -s out", whole, 3, "net_x2.pth")


@given(st.booleans(), st.data())
def test_damaged_files_raise_only_weights_errors(tmp_path_factory, old, data):
    path = tmp_path_factory.mktemp("fuzz") / "net_x3.pth"
    content = bytearray(state_file(layout(npsr.fsrcnn(1, 1, 0)), old=old))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        net = npsr.import_pytorch(path)
    except WeightsError as error:
        assert str(path) in str(error) or path.name in str(error)
        return
    assert all(np.isfinite(p).all() for p in net.parameters.values())


def test_the_command_says_what_was_imported(tmp_path, rng, capsys):
    net = random_net(rng, 2)
    (tmp_path / "net.pt").write_bytes(state_file(layout(net)))
    code, told, _ = run(capsys, "import", tmp_path / "net.pt", "-s", 2, "-o", tmp_path / "net.npz")
    assert code == 0
    count = npsr.networks.architectures.parameter_count(net)
    assert f"net.npz: fsrcnn(5,3,2) ×2, {count} parameters, slopes by channel, deconvolution cut by 4" in told
    assert "a PyTorch state dict, imported from net.pt" in told
    code, _, error = run(capsys, "import", tmp_path / "net.pt", "-o", tmp_path / "other.npz")
    assert (code, error.count("\n")) == (2, 1)
    code, _, error = run(capsys, "import", tmp_path / "net.npz", "-o", tmp_path / "other.npz")
    assert code == 2
    assert "must end in one of .mat, .pth, .pt, .ckpt, .tar" in error
    assert not (tmp_path / "other.npz").exists()


def test_filters_are_not_turned(tmp_path, rng):
    """By hand: a filter that looks one pixel to the right, for PyTorch correlates, and a deconvolution's
    tap that, with padding 4, lands one to the right.
    """
    net = npsr.fsrcnn(1, 1, 0, 2, dtype="float32")
    for key, p in net.parameters.items():
        p[...] = key.endswith("slope") or (key.endswith("weight") and p.size == 1)
        if p.shape == (1, 1, 9, 9):
            p[0, 0, 4, 5] = 1
    net.parameters["feature.weight"][0, 0, 2, 3] = 1
    assert isinstance(net.layers[0], Conv)
    x = rng.random((1, 1, 4, 5), np.float32)
    y = imported(tmp_path, state_file(layout(net)), 2, "hand.pth").with_border("zero")(x)
    expected = np.zeros((1, 1, 8, 10), np.float32)
    expected[..., ::2, 1:-1:2] = x[..., 1:]
    np.testing.assert_allclose(y, expected, atol=1e-6)
