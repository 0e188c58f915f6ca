"""Hook shaders in the players themselves, where these are installed."""

import re

import numpy as np
import pytest
from helpers.networks import trained
from helpers.players import ffmpeg_plays, mpv_plays
from helpers.running import DATA, needs_data

import npsr
from npsr.images.colour import STUDIO_BLACK, STUDIO_SPAN, luma, to_8_bits
from npsr.images.resize import imresize

DRAWN = np.random.default_rng(7)
RELEASED = [
    (name, n)
    for name, factors in npsr.released().items()
    for n in factors
    if name.startswith(("fsrcnn", "srcnn", "transition", "video"))  # not the rivals
]
FEW = [("fsrcnn(5,3,1)", 2, "full"), ("fsrcnn(8,5,0)", 3, "studio"), ("fsrcnn(3,2,2)", 4, "studio")]
MANY = [
    (f"fsrcnn({','.join(map(str, DRAWN.integers([1, 1, 0], [33, 17, 5])))})", n, luma_range)
    for n in (2, 3, 4, 2, 3, 4)
    for luma_range in ("studio", "full")
]
MANY += [("srcnn(3,1,3)", 2, "full"), ("srcnn(5,1,3)", 3, "studio"), ("srcnn(1,1,1)", 4, "studio")]
MANY += [("transition-2", 2, "full"), ("fsrcnn(64,8,1)", 2, "studio"), ("fsrcnn(60,4,0)", 2, "full")]


def expected(net, codes, luma_range):
    """Luma codes of the enlarged frame by the network."""
    x = codes / 255.0
    if luma_range == "full":
        x = x * STUDIO_SPAN + STUDIO_BLACK
    y = net((x if net.enlarges else imresize(x, net.scale))[None, None])[0, 0]
    return to_8_bits((y - STUDIO_BLACK) / STUDIO_SPAN if luma_range == "full" else y)


def viewable(net, rng):
    """The network with random parameters, whose last layer is such that it gives luma."""
    net = trained(net, rng)
    sample = rng.random((1, 1, 40, 40))
    y = net(sample)
    last = net.layers[-1].name
    gain = 0.12 / y.std()
    net.parameters[f"{last}.weight"] *= gain
    net.parameters[f"{last}.bias"] -= y.mean()
    net.parameters[f"{last}.bias"] *= gain
    net.parameters[f"{last}.bias"] += 0.5
    return net


def plays(net, codes, luma_range, folder):
    """Hold a frame as libplacebo enlarges it against the network's."""
    npsr.export_glsl(net, folder / "x.glsl", luma_range, force=True)
    shown = ffmpeg_plays(folder / "x.glsl", codes, net.scale, luma_range)
    wanted = expected(net, codes, luma_range)
    assert np.ptp(wanted) > 20 or codes.size < 10
    np.testing.assert_allclose(shown.astype(int), wanted, rtol=0, atol=1)


@pytest.mark.parametrize("name, scale, luma_range", FEW)
def test_libplacebo(rng, tmp_path, name, scale, luma_range):
    net = viewable(npsr.build(name, scale, border="replicate"), rng)
    plays(net, rng.integers(16, 236, (9, 13)).astype(np.uint8), luma_range, tmp_path)


@pytest.mark.players
@pytest.mark.parametrize("name, scale, luma_range", MANY)
def test_libplacebo_with_many_networks(rng, tmp_path, scene, name, scale, luma_range):
    net = viewable(npsr.build(name, scale, border="replicate"), rng)
    for sides in ((1, 1), (3, 2), (17, 23), (32, 20)):
        codes = rng.integers(16, 236, sides).astype(np.uint8)
        if sides[0] == 32:
            codes = to_8_bits(scene(*sides) * STUDIO_SPAN + STUDIO_BLACK)
        plays(net, codes, luma_range, tmp_path)


@needs_data
@pytest.mark.players
@pytest.mark.parametrize("luma_range", ["studio", "full"])
@pytest.mark.parametrize("name, scale", RELEASED)
def test_libplacebo_on_a_photograph(tmp_path, name, scale, luma_range):
    codes = luma(npsr.read_image(DATA / "Set5" / "butterfly.png").pixels)[101:176, 60:151]
    plays(npsr.load(name, scale), codes, luma_range, tmp_path)


@pytest.mark.players
@pytest.mark.parametrize("name, scale", [*RELEASED, ("fsrcnn(60,4,0)", 2)])
def test_mpv(rng, tmp_path, scene, name, scale):
    codes = to_8_bits(scene(48, 64) * STUDIO_SPAN + STUDIO_BLACK)
    clip = tmp_path / "clip.y4m"
    frame = b"FRAME\n" + codes.tobytes() + bytes([128]) * (codes.size // 2)
    clip.write_bytes(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n" + 3 * frame)
    net = npsr.load(name, scale) if name in npsr.released() else viewable(npsr.build(name, scale), rng)
    net = net.with_border("replicate")
    npsr.export_glsl(net, tmp_path / "x.glsl")
    shown, log = mpv_plays(tmp_path / "x.glsl", clip, (48 * scale, 64 * scale), tmp_path)
    assert not [line for line in log if re.match(r"\[ *[\d.]+\]\[[ef]\]", line)]
    luma_shown = expected(net, codes, "studio")
    wanted = to_8_bits((luma_shown / 255 - STUDIO_BLACK) / STUDIO_SPAN)
    np.testing.assert_allclose(shown.astype(int), np.stack([wanted] * 3, axis=-1), rtol=0, atol=2)
