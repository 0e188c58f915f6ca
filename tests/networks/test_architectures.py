"""Architectures: the paper's counts, names, geometry, initialisation."""

from dataclasses import replace

import numpy as np
import pytest

import npsr
from npsr.networks.architectures import NAMES, reach
from npsr.networks.description import describe

TABLE = {  # PSNR apart, the paper's Table 1 and Section 3: weights, and the speed-up column at ×3
    "srcnn": (8032, 7.1),
    "srcnn-ex": (57184, 1.0),
    "transition-1": (58976, 8.7),
    "transition-2": (17088, 30.1),
    "fsrcnn": (12464, 41.3),
    "fsrcnn-s": (3937, 130.7),
}
SETTINGS = {  # (d, s, m): weights, Figure 4
    (48, 12, 2): 8832, (48, 12, 3): 10128, (48, 12, 4): 11424,
    (56, 12, 2): 9872, (56, 12, 3): 11168, (56, 12, 4): 12464,
    (48, 16, 2): 11232, (48, 16, 3): 13536, (48, 16, 4): 15840,
    (56, 16, 2): 12336, (56, 16, 3): 14640, (56, 16, 4): 16944,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_speed_up_are_the_papers(name):
    net = npsr.build(name, scale=3)
    assert (npsr.weight_count(net), round(npsr.speed_up(net), 1)) == TABLE[name]
    assert npsr.parameter_count(net) > npsr.weight_count(net)


@pytest.mark.parametrize("setting", SETTINGS)
def test_equation_2_gives_the_papers_weights(setting):
    net = npsr.build("fsrcnn({},{},{})".format(*setting))
    assert npsr.equation_2(*setting) == npsr.weight_count(net) == SETTINGS[setting]


def test_equations():
    assert npsr.equation_1(9, 64, 1, 32, 5) == 8032
    assert npsr.equation_1(9, 64, 5, 32, 5) == 57184
    assert npsr.equation_2(32, 5, 1) == 3937
    assert int(8032 * 1.32 / 24 * 9) == 3975  # Section 4.4 rounds 3975.84 to 3976
    for d, s, m in SETTINGS:
        assert npsr.equation_2(d, s, m, 100) == (9 * m * s**2 + 2 * s * d + 106 * d) * 100


def test_parameters_are_in_forward_order_with_the_contracts_shapes():
    net = npsr.fsrcnn(d=8, s=3, m=2, scale=2)
    assert {key: p.shape for key, p in net.parameters.items()} == {
        "feature.weight": (8, 1, 5, 5), "feature.bias": (8,), "feature.slope": (8,),
        "shrinking.weight": (3, 8, 1, 1), "shrinking.bias": (3,), "shrinking.slope": (3,),
        "mapping_1.weight": (3, 3, 3, 3), "mapping_1.bias": (3,), "mapping_1.slope": (3,),
        "mapping_2.weight": (3, 3, 3, 3), "mapping_2.bias": (3,), "mapping_2.slope": (3,),
        "expanding.weight": (8, 3, 1, 1), "expanding.bias": (8,), "expanding.slope": (8,),
        "deconvolution.weight": (8, 1, 9, 9), "deconvolution.bias": (1,),
    }  # fmt: skip
    assert list(net.parameters)[:3] == ["feature.weight", "feature.bias", "feature.slope"]
    assert npsr.fsrcnn(shared_slopes=True).parameters["feature.slope"].shape == (1,)


def test_initialisation():
    """Convolutions N(0, 2/(f² n)), deconvolution and SRCNN N(0, 0.001²), biases 0, slopes 0.25."""
    p = npsr.fsrcnn(400, 12, 1, seed=1, dtype="float64").parameters
    assert p["feature.weight"].std() == pytest.approx(np.sqrt(2 / (25 * 400)), rel=0.05)
    assert p["shrinking.weight"].std() == pytest.approx(np.sqrt(2 / 12), rel=0.05)
    assert p["mapping_1.weight"].std() == pytest.approx(np.sqrt(2 / (9 * 12)), rel=0.05)
    assert p["deconvolution.weight"].std() == pytest.approx(0.001, rel=0.05)
    assert not p["feature.bias"].any()
    assert (p["feature.slope"] == 0.25).all()
    assert npsr.srcnn().parameters["extraction.weight"].std() == pytest.approx(0.001, rel=0.05)
    same, other = npsr.fsrcnn(400, 12, 1, seed=1, dtype="float64"), npsr.fsrcnn(seed=2)
    np.testing.assert_array_equal(same.parameters["feature.weight"], p["feature.weight"])
    assert not np.array_equal(
        npsr.fsrcnn(seed=1).parameters["feature.weight"], other.parameters["feature.weight"]
    )


def test_he_keeps_the_strength_of_what_rectifiers_pass(rng):
    net = npsr.srcnn(9, 5, 5, seed=3)
    drawn = npsr.he_initialised(net, seed=3)
    for name, inputs in (("extraction", 81), ("mapping", 64 * 25)):
        weight = drawn.parameters[f"{name}.weight"]
        assert weight.dtype == np.float32
        assert np.std(weight) == pytest.approx(np.sqrt(2 / inputs), rel=0.05)
    same = [key for key in net.parameters if not key.startswith(("extraction.w", "mapping.w"))]
    assert all(drawn.parameters[key] is net.parameters[key] for key in same)
    x = rng.normal(size=(1, 1, 64, 64)).astype(np.float32)
    strength = [np.square(replace(drawn, layers=drawn.layers[:end])(x)).mean() for end in (1, 3)]
    assert strength[1] == pytest.approx(strength[0], rel=0.3)  # after extraction, after mapping
    assert np.square(replace(net, layers=net.layers[:3])(x)).mean() < 1e-6 * strength[1]


@pytest.mark.parametrize(("scale", "low", "high"), [(2, 14, 19), (3, 11, 19), (4, 10, 21)])
def test_training_form_has_the_papers_sub_images(scale, low, high):
    net = npsr.fsrcnn(4, 2, 1, scale, border="valid")
    assert net(np.zeros((2, 1, low, low))).shape == (2, 1, high, high)


def test_output_sizes():
    x = np.zeros((1, 1, 3, 4))
    for n in (1, 2, 3, 4, 5, 9):
        for border in ("zero", "replicate"):
            assert npsr.fsrcnn(2, 2, 0, n, border=border)(x).shape == (1, 1, 3 * n, 4 * n)
    assert npsr.srcnn()(x).shape == x.shape
    assert npsr.srcnn(border="valid")(np.zeros((1, 1, 13, 14))).shape == (1, 1, 1, 2)


def test_receptive_field_is_what_the_output_depends_on():
    for name, n in [("fsrcnn(3,2,4)", 2), ("fsrcnn(3,2,4)", 3), ("fsrcnn(3,2,4)", 4), ("srcnn", 3)]:
        net = npsr.build(name, n, dtype="float64")
        for p in net.parameters.values():
            p[...] = 0.1
        before, after = reach(net)
        x = np.zeros((1, 1, 19, 1))
        x[0, 0, 9] = 1
        moved = net(x, engine="plain") - net(0 * x, engine="plain")
        rows = np.flatnonzero(moved[0, 0, :, 0]) // (n if net.enlarges else 1)
        assert (rows.min(), rows.max()) == (9 - after, 9 + before)
    assert [sum(reach(npsr.fsrcnn(scale=n))) for n in (2, 3, 4)] == [16, 14, 14]


def test_description_names_the_papers_figures():
    text = describe(npsr.fsrcnn())
    for words in ("Conv(5, 56, 1)", "DeConv(9, 1, 56)", "12464", "41.3", "15 × 15 LR"):
        assert words in text
    assert "ReLU" in describe(npsr.srcnn())
    assert "72288" in describe(npsr.srcnn())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: npsr.build("espcn"), "espcn.*fsrcnn-s.*transition-2"),
        (lambda: npsr.fsrcnn(d=0), "d is 0"),
        (lambda: npsr.fsrcnn(m=-1), "m is -1"),
        (lambda: npsr.fsrcnn(scale=10), "scale is 10"),
        (lambda: npsr.fsrcnn(dtype="int32"), "int32"),
        (lambda: npsr.fsrcnn(border="mirror"), "mirror"),
        (lambda: npsr.srcnn(8), "f1 is 8"),
        (lambda: npsr.srcnn(scale=0), "scale is 0"),
        (lambda: npsr.transition(3), "state is 3"),
        (lambda: npsr.fsrcnn(2, 2, 0)(np.zeros((3, 3))), r"x has shape \(3, 3\)"),
        (lambda: npsr.nothing, "no attribute 'nothing'"),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises((ValueError, AttributeError), match=words):
        call()


def test_a_network_of_any_layers():
    made = npsr.fsrcnn(6, 3, 1, scale=2, seed=4, border="replicate")
    given = npsr.initialise("mine", 2, made.with_border("zero").layers, seed=4, border="replicate")
    assert (given.name, given.layers) == ("mine", made.layers)
    for key, p in made.parameters.items():
        np.testing.assert_array_equal(given.parameters[key], p)
    layers = [npsr.Conv("only", 3, 2, 1), npsr.ReLU("only"), npsr.DeConv("deconvolution", 9, 1, 2, 3, 3)]
    assert npsr.initialise("short", 3, layers)(np.zeros((1, 1, 4, 5))).shape == (1, 1, 12, 15)


def test_every_public_name_exists():
    for name in npsr.__all__:
        assert getattr(npsr, name) is not None
    assert set(npsr.__all__) <= set(dir(npsr))
