"""Animations: every frame, its time, how often it plays, and what is transparent."""

import dataclasses
import io
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from helpers.pictures import ALPHA, RGB, encoded, moving
from helpers.valid_files import chunk, turned
from PIL import Image, features

from npsr.images.animations.files import Animation, encode_animation, open_animation
from npsr.images.photograph import MAX_PIXELS, ImageError

KINDS = {"GIF": ".gif", "WEBP": ".webp", "PNG": ".png"}


def survey(content):
    return open_animation(content, MAX_PIXELS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alpha", [False, True])
def test_frames_are_read_as_they_are_shown(kind, alpha):
    content, frames, times = moving(kind, alpha, loop=2)
    animation = survey(content)
    assert animation.durations == times
    assert animation.shape == (20, 30, 4 if alpha else 3)
    assert animation.plays == (3 if kind == "GIF" else 2)  # GIF says how often it is repeated
    found = np.stack(list(animation.frames()))
    seen = frames[..., 3] > 0
    np.testing.assert_array_equal(found[seen][:, :3], frames[seen][:, :3])
    if alpha:
        np.testing.assert_array_equal(found[..., 3], frames[..., 3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("plays", [0, 1, 3])
def test_what_is_written_is_shown_alike(kind, target, alpha, plays):
    repeats = {} if plays == 1 else {"loop": max(0, plays - 1)}
    content, _, times = moving(kind, alpha, **(repeats if kind == "GIF" else {"loop": plays}))
    animation = survey(content)
    file = io.BytesIO()
    large = [frame.repeat(2, 0).repeat(2, 1) for frame in animation.frames()]
    told = encode_animation(file, KINDS[target], animation, iter(large))
    assert any("256 colours" in line for line in told) == (target == "GIF")
    again = survey(file.getvalue())
    assert again.durations == times
    assert again.plays == plays
    assert again.shape == (40, 60, 4 if alpha else 3)
    for found, frame in zip(again.frames(), large, strict=True):
        if alpha:
            np.testing.assert_array_equal(found[..., 3], frame[..., 3])
        seen = frame[..., -1] > 0 if alpha else ...
        np.testing.assert_array_equal(found[seen][..., :3], frame[seen][..., :3])


def test_a_frame_that_stays_keeps_its_time():
    """Encoders join equal frames; their times add up."""
    pictures = [Image.fromarray(RGB)] * 2 + [Image.fromarray(255 - RGB)]
    animation = survey(
        encoded(pictures[0], "PNG", save_all=True, append_images=pictures[1:], duration=[100, 50, 70])
    )
    file = io.BytesIO()
    encode_animation(file, ".gif", animation, animation.frames())
    assert sum(survey(file.getvalue()).durations) == 220


def test_the_picture_in_place_of_an_animation_is_told():
    first, *rest = (Image.fromarray(np.full((4, 4, 3), 60 * k, np.uint8)) for k in range(4))
    content = encoded(
        first, "PNG", save_all=True, default_image=True, append_images=rest, duration=[30, 40, 50]
    )
    animation = survey(content)
    assert [frame[0, 0, 0] for frame in animation.frames()] == [60, 120, 180]
    assert animation.durations == [30, 40, 50]
    assert "in place" in animation.notes[0]


def test_one_frame_is_no_animation():
    assert survey(encoded(Image.fromarray(RGB), "GIF")) is None
    assert survey(encoded(Image.fromarray(RGB), "JPEG")) is None
    assert survey(b"\x93NUMPY") is None
    pages = encoded(Image.fromarray(RGB), "TIFF", save_all=True, append_images=[Image.fromarray(RGB)])
    assert survey(pages) is None


def test_all_frames_together_count_as_pixels():
    content, _, _ = moving("GIF")
    with pytest.raises(ImageError, match="2400 pixels.*2399"):
        open_animation(content, 2399)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_animation_is_refused_before_any_work(kind):
    content, _, _ = moving(kind)
    with pytest.raises(ImageError, match="no image or is damaged"):
        survey(content[: len(content) * 2 // 3])


def test_a_gif_cut_between_frames_is_told():
    content, _, _ = moving("GIF")
    animation = survey(content[: content.rindex(b"\x21\xf9")])
    assert len(animation.durations) == 3
    assert "may have been more" in animation.notes[0]
    assert survey(content).notes == ()


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif():
    content, frames, times = moving("AVIF", quality=100, subsampling="4:4:4")
    animation = survey(content)
    assert animation.durations == times
    file = io.BytesIO()
    encode_animation(file, ".avif", animation, animation.frames())
    again = survey(file.getvalue())
    assert again.durations == times
    for found, frame in zip(again.frames(), frames, strict=True):
        assert np.abs(found.astype(int) - frame[..., :3]).mean() < 3


def apng(frames, colour=6, times=None, depth=8, plays=0):
    """An animated PNG, chunk by chunk; a frame is (pixels, left, top, disposal, blend)."""
    rows, columns = frames[0][0].shape[:2]
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0))]
    parts.append(chunk(b"acTL", struct.pack(">II", len(frames), plays)))
    number = 0
    for k, (pixels, left, top, disposal, blend) in enumerate(frames):
        time = (times or [(1, 10)] * len(frames))[k]
        place = (number, pixels.shape[1], pixels.shape[0], left, top, *time, disposal, blend)
        parts.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", *place)))
        lines = pixels.astype(f">u{depth // 8}").reshape(len(pixels), -1).view(np.uint8)
        data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
        number += 1 + (k > 0)
        parts.append(chunk(b"IDAT", data) if k == 0 else chunk(b"fdAT", struct.pack(">I", number - 1) + data))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def plain(value, rows=2, columns=2):
    return np.full((rows, columns, 4), value, np.uint8)


def test_frames_of_a_png_by_hand():
    """Laid over, replaced, taken away and put back; half on half is three quarters."""
    half, part = [200, 0, 0, 128], plain([0, 100, 0, 255], 1, 1)
    frames = [
        (plain([0, 0, 0, 255], 3, 3), 0, 0, 0, 0),
        (plain(half), 1, 1, 2, 1),  # over opaque black, then as before
        (plain(half), 1, 1, 1, 0),  # instead, then nothing
        (plain(half), 1, 1, 0, 1),  # over nothing
        (plain([0, 200, 0, 128]), 1, 1, 0, 1),  # over itself
        (part, 0, 0, 0, 0),
    ]
    shown = np.stack(list(survey(apng(frames)).frames()))
    inside = shown[:, 2, 2].tolist()
    assert inside[:4] == [[0, 0, 0, 255], [100, 0, 0, 255], half, half]
    assert inside[4][3] == 192
    assert inside[4][:3] == [66, 134, 0]
    assert (shown[:5, 0, 0] == [0, 0, 0, 255]).all()
    assert shown[5, 0, 0].tolist() == [0, 100, 0, 255]


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_animations_of_16_bits_are_refused(colour):
    pixels = np.zeros((3, 4, {0: 1, 2: 3, 4: 2, 6: 4}[colour]), np.uint16)
    content = apng([(pixels, 0, 0, 0, 0), (pixels, 0, 0, 0, 0)], colour, depth=16)
    with pytest.raises(ImageError, match="more than 8 bits a channel: convert it"):
        survey(content)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_orientation_is_applied_as_to_stills(kind, orientation):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    content, frames, _ = moving(kind, exif=exif)
    animation = survey(content)
    expected = np.stack([turned(frame[..., :3], orientation) for frame in frames])
    np.testing.assert_array_equal(np.stack(list(animation.frames())), expected)
    assert animation.shape == expected.shape[1:]
    file = io.BytesIO()
    encode_animation(file, KINDS[kind], animation, animation.frames())
    again = survey(file.getvalue())
    assert again.orientation == 1
    assert again.exif == animation.exif


TIMES = [(1, 60)] * 30, [(1001, 24000)] * 24, [(9, 1000)] * 20, [(1, 3), (0, 7), (65535, 65535), (3, 0)]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("suffix", [".png", ".gif", ".webp"])
def test_times_keep_their_total(times, suffix):
    frames = [(plain([8 * k, 0, 255 - 8 * k, 255]), 0, 0, 0, 0) for k in range(len(times))]
    animation = survey(apng(frames, times=times))
    assert animation.durations == [Fraction(1000 * n, d or 100) for n, d in times]
    file = io.BytesIO()
    notes = encode_animation(file, suffix, animation, animation.frames())
    again = survey(file.getvalue())
    step = {".png": 0, ".webp": 1, ".gif": 10}[suffix]
    ends, told = np.cumsum(np.array([animation.durations, again.durations], float), axis=1)
    assert np.abs(ends - told).max() <= step / 2 + 1e-9
    exact = all(time % (step or 1) == 0 for time in animation.durations) or not step
    assert any("rounded" in note for note in notes) == (not exact)
    assert any("browsers" in note for note in notes) == (suffix == ".gif" and min(again.durations) < 20)
    if suffix == ".png":
        assert again.durations == animation.durations


def test_equal_frames_that_an_encoder_joins_keep_their_fractions():
    frames = [(plain(value), 0, 0, 0, 0) for value in (1, 1, 1, 2, 2, 3)]
    animation, file = survey(apng(frames, times=[(1, 60)] * 6)), io.BytesIO()
    encode_animation(file, ".png", animation, animation.frames())
    assert survey(file.getvalue()).durations == [50, Fraction(100, 3), Fraction(50, 3)]


@pytest.mark.parametrize("at", [b"fcTL", b"fdAT"])
def test_a_wrong_checksum_in_a_frame_is_refused(at):
    content = bytearray(moving("PNG")[0])
    content[content.rindex(at) + 6] ^= 1
    with pytest.raises(ImageError, match="damaged"):
        survey(bytes(content))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_how_often_an_avif_plays_is_told():
    content, _, _ = moving("AVIF")
    animation = survey(content)
    assert animation.plays == 0
    once = dataclasses.replace(animation, plays=3)
    notes = encode_animation(io.BytesIO(), ".avif", once, animation.frames())
    assert notes == ("left out that it plays 3 times: it goes on for ever",)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("place", [(2, 2), (7, 7)])
def test_frames_of_a_gif_beyond_its_screen_are_shown_whole(rng, disposal, place):
    """As giflib does; others cut them."""
    imagecodecs = pytest.importorskip("imagecodecs")
    gif = pytest.importorskip("helpers.valid_animations").gif
    first, second, third = (rng.integers(0, 4, sides) for sides in ((5, 6), (7, 8), (3, 3)))
    colours = bytes((0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255))
    frames = [(0, 0, first, 0), (*place, second, disposal), (1, 1, third, 0)]
    content = gif((6, 5), [(*frame, None, 10) for frame in frames], colours=colours)
    animation = survey(content)
    assert "beyond the 6×5 of the file" in animation.notes[0]
    seen = imagecodecs.gif_decode(content)
    assert animation.shape[:2] == seen.shape[1:3]
    for found, frame in zip(animation.frames(), seen, strict=True):
        hidden = found[..., -1:] == 0 if animation.shape[2] == 4 else False
        np.testing.assert_array_equal(np.where(hidden, frame, found[..., :3]), frame)
    with pytest.raises(ImageError, match="pixels"):
        open_animation(gif((6, 5), [(60000, 60000, second, 0, None, 10)] * 2), 10**7)


def test_the_colour_behind_an_animated_webp_is_kept_or_named():
    content, _, _ = moving("WEBP", alpha=True, background=(10, 20, 30, 40))
    animation, file = survey(content), io.BytesIO()
    assert encode_animation(file, ".webp", animation, animation.frames()) == ()
    with Image.open(file) as image:
        assert image.info["background"] == (10, 20, 30, 40)
    assert encode_animation(io.BytesIO(), ".png", animation, animation.frames()) == (
        "left out the colour to show behind it",
    )
    animation = survey(moving("WEBP", alpha=True)[0])
    assert encode_animation(io.BytesIO(), ".png", animation, animation.frames()) == ()


def test_random_animations_are_what_other_decoders_see():
    animations = pytest.importorskip("helpers.valid_animations")
    for number in range(24):
        made = animations.valid_animation(number, np.random.default_rng(number))
        found = survey(made.content)
        wrong = animations.shown_alike(
            np.stack(list(found.frames())), found.durations, made.pixels, made.times, 0
        )
        assert not wrong, (made.name, wrong)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".gif"])
def test_frames_that_are_all_alike_are_named(suffix):
    pictures = [Image.fromarray(ALPHA)] * 2
    content = encoded(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], duration=[40, 50])
    still = Animation(content, (*RGB.shape[:2], 3), [Fraction(40), Fraction(50)], 0, MAX_PIXELS)
    told = encode_animation(io.BytesIO(), suffix, still, iter([RGB, RGB]))
    assert "all frames are alike: written as one picture, without times" in told
    assert not any(
        "alike" in line for line in encode_animation(io.BytesIO(), suffix, still, iter([RGB, 255 - RGB]))
    )
