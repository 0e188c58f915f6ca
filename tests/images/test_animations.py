"""Animations: every frame, its time, how often it plays, and what is transparent."""

import io

import numpy as np
import pytest
from helpers.pictures import RGB, encoded, moving
from PIL import Image, features

from npsr.images.animations import encode_animation, open_animation
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
