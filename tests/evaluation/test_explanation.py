"""Explanations: every deviation alone against plain code of its own, pairs, and what the command prints."""

import json

import numpy as np
import pytest
from helpers.running import run
from PIL import Image

import npsr
from npsr.evaluation.deviations import DEVIATIONS, OF_BICUBIC, Way, opencv_bicubic, ways
from npsr.evaluation.explanation import explain

N = 3
BT_709 = 219 * 0.2126, 219 * 0.7152, 219 * 0.0722


@pytest.fixture
def pictures(tmp_path, scene, rng):
    """Two colour pictures whose sides are no multiples of 3."""
    (tmp_path / "set").mkdir()
    for k in range(2):
        pixels = np.clip(255 * scene(50 + k, 61, 3) + rng.normal(0, 9, (50 + k, 61, 3)), 0, 255).astype(
            np.uint8
        )
        Image.fromarray(pixels).save(tmp_path / "set" / f"{k}.png")
    return tmp_path / "set"


def decibels(high, large, peak=255):
    return 10 * np.log10(peak**2 / np.mean((np.float64(large) - np.float64(high)) ** 2))


def rounded(plane):
    return np.clip(np.floor(plane + 0.5), 0, 255)


def studio(rgb, shares=(65.481, 128.553, 24.966)):
    return rgb / 255 @ np.array(shares) + 16


def protocol(rgb, luma=studio, low=None, end=rounded, cut=N, shift=0):
    """The protocol in codes, with some of its steps given."""
    high = rounded(luma(rgb))
    small = npsr.imresize(high, size=(high.shape[0] // N, high.shape[1] // N)) if low is None else low
    large = end(npsr.imresize(small, N))
    inner = slice(cut, -cut or None), slice(cut, -cut or None)
    high, large = high[inner], large[inner]
    if shift > 0:
        return high[:-1, :-1], large[1:, 1:]
    return (high[1:, 1:], large[:-1, :-1]) if shift < 0 else (high, large)


def in_full_range(rgb):
    """As Pillow converts, but for its rounding."""
    return rgb @ np.array([0.299, 0.587, 0.114])


def by_pillow(rgb):
    small = Image.fromarray(rgb).resize((rgb.shape[1] // N, rgb.shape[0] // N), Image.Resampling.BICUBIC)
    return protocol(rgb, low=studio(np.asarray(small)))


def measured_in_full_range(rgb):
    return tuple(
        rounded((plane - 16) * 255 / 219) for plane in protocol(rgb, end=lambda x: np.clip(x, 0, 255))
    )


def rounded_low(rgb):
    high = rounded(studio(rgb))
    return protocol(rgb, low=rounded(npsr.imresize(high, size=(high.shape[0] // N, high.shape[1] // N))))


def from_resized(rgb):
    return protocol(
        np.uint8(rounded(npsr.imresize(np.float64(rgb), size=(rgb.shape[0] // N * N, rgb.shape[1] // N * N))))
    )


def crop(rgb):
    return rgb[: rgb.shape[0] // N * N, : rgb.shape[1] // N * N]


ALONE = {
    "luma in full range, black 0 (as Pillow's and OpenCV's)": lambda x: protocol(crop(x), in_full_range),
    "only the PSNR measured in full range": lambda x: measured_in_full_range(crop(x)),
    "luma of BT.709": lambda x: protocol(crop(x), lambda y: studio(y, BT_709)),
    "mean of red, green and blue for luma": lambda x: protocol(crop(x), lambda y: studio(y, [73, 73, 73])),
    "reduced by Pillow's bicubic": lambda x: by_pillow(crop(x)),
    "LR image rounded to 8 bits": lambda x: rounded_low(crop(x)),
    "result not rounded": lambda x: protocol(crop(x), end=lambda y: np.clip(y, 0, 255)),
    "border not cut": lambda x: protocol(crop(x), cut=0),
    "border of 2n pixels cut": lambda x: protocol(crop(x), cut=6),
    "border of n + 6 pixels cut": lambda x: protocol(crop(x), cut=9),
    "original resized to a multiple of n, not cut": from_resized,
    "result one pixel too low and right": lambda x: protocol(crop(x), shift=1),
    "result one pixel too high and left": lambda x: protocol(crop(x), shift=-1),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_deviation_alone_is_found(pictures, name):
    """To 0.001 dB: the figure has three digits and comes from code of the test's own."""
    found = [ALONE[name](np.asarray(Image.open(path))) for path in sorted(pictures.iterdir())]
    figure = np.mean([decibels(*pair) for pair in found])
    likeliest = [way for way in explain(pictures, N, "bicubic", f"{figure:.3f}") if way.matches][:2]
    psnr = {way.deviations: way.psnr for way in likeliest}
    assert psnr[name,] == pytest.approx(figure, abs=1e-3)


def test_the_other_deviations(pictures):
    """OpenCV's bicubic has a test of its own; the rest are these."""
    rest = {"PSNR of the mean error, not the mean PSNR", "reduced by OpenCV's bicubic"}
    assert set(DEVIATIONS) == set(ALONE) | rest
    pairs = [protocol(crop(np.asarray(Image.open(path)))) for path in sorted(pictures.iterdir())]
    error = np.mean([np.mean((high - large) ** 2) for high, large in pairs])
    found = {way.deviations: way.psnr for way in explain(pictures, N, "bicubic", 30.0)}
    assert found["PSNR of the mean error, not the mean PSNR",] == pytest.approx(10 * np.log10(255**2 / error))
    assert {names for names in found if len(names) == 1} >= {(name,) for name in [*DEVIATIONS, *OF_BICUBIC]}
    assert found[()] == pytest.approx(npsr.evaluate(pictures, N, "bicubic")["psnr"], abs=1e-9)


def test_a_pair_is_found_and_a_network_takes_part(pictures):
    ways_of = {way.deviations: way.psnr for way in explain(pictures, N, "fsrcnn-s", 30.0)}
    assert ways_of[()] == pytest.approx(npsr.evaluate(pictures, N, "fsrcnn-s")["psnr"], abs=1e-4)
    pair = "reduced by OpenCV's bicubic", "border not cut"
    found = explain(pictures, N, "fsrcnn-s", f"{ways_of[pair]:.4f}")
    assert found[0].deviations == pair or found[0].matches
    assert pair in [way.deviations for way in found if way.matches]


def test_opencvs_bicubic_by_hand_and_by_opencv(rng):
    line = np.array([0.0, 0, 1, 4, 2, 0, 5, 0])
    taps = [-0.09375, 0.59375, 0.59375, -0.09375]
    halved = opencv_bicubic(np.tile(line, (2, 1)), (2, 4))[0]
    assert halved[1] == pytest.approx(taps @ line[1:5])
    assert halved[0] == pytest.approx(taps @ np.array([0, *line[:3]]))
    cv2 = pytest.importorskip("cv2")
    image = rng.random((20, 26, 3), np.float32)
    for size in ((10, 13), (7, 9), (40, 52), (61, 77)):
        expected = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
        np.testing.assert_allclose(opencv_bicubic(image, size), expected, atol=1e-5)


def test_what_changes_nothing_is_left_out(tmp_path, scene):
    """Of one grey picture with fitting sides: formulas, resizing, the kind of mean."""
    Image.fromarray((255 * scene(48, 60)).astype(np.uint8)).save(tmp_path / "grey.png")
    names = {name for way in explain(tmp_path, N, "bicubic", 30.0) for name in way.deviations}
    gone = {"luma of BT.709", "original resized to a multiple of n, not cut"}
    assert not names & (gone | {"PSNR of the mean error, not the mean PSNR"})
    assert "border not cut" in names


def test_ways_are_all_different():
    found = [way for _, way in ways(bicubic=True)]
    assert len(set(found)) == len(found) > 90
    assert found[0] == Way()


def test_the_command(capsys, pictures, tmp_path):
    psnr = npsr.evaluate(pictures, N, "bicubic")["psnr"]
    code, out, _ = run(capsys, "evaluate", pictures, "-s", N, "-m", "bicubic", "--explain", f"{psnr:.2f}")
    assert code == 0
    assert out.startswith(
        f"The protocol gives {psnr:.3f} dB, yours is {psnr:.2f} dB.\nYour figure is the protocol's."
    )
    assert "nothing: the protocol" in out.splitlines()[3]
    arguments = ["evaluate", pictures, "-s", N, "-m", "bicubic", "--json", tmp_path / "x.json"]
    code, out, _ = run(capsys, *arguments, "--explain", "5.00")
    assert code == 0
    assert "No deviation or pair of those known gives your figure" in out
    written = json.loads((tmp_path / "x.json").read_text())
    assert written["figure"] == 5
    assert {"deviations": [], "psnr": pytest.approx(psnr), "matches": False} in written["ways"]
    for figure in ("abc", "nan", "-3", "0", "1e9", ""):
        code, out, err = run(capsys, "evaluate", pictures, "-s", N, f"--explain={figure}")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert "must be a PSNR in dB" in err
    assert run(capsys, *arguments, "--explain", "5.00")[0] == 2
    code, _, err = run(capsys, "evaluate", pictures, "-s", N, "--ensemble", "--explain", 30)
    assert code == 2
    assert "leave it out" in err
    (pictures / "small.png").write_bytes((pictures / "0.png").read_bytes())
    Image.fromarray(np.zeros((9, 40), np.uint8)).save(pictures / "small.png")
    code, _, err = run(capsys, "evaluate", pictures, "-s", N, "--explain", 30)
    assert code == 2
    assert "small.png is 40×9, too small to evaluate" in err
