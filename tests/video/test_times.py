"""When frames are shown, where files do not say it; where they start late; and where they end too early."""

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import pytest
from helpers.videos import add_frames, add_picture, add_sound, av, frames_of, packets_of, video

import npsr
from npsr.video.reading import VideoError
from npsr.video.structure import missing_bytes, unread_boxes
from npsr.video.times import Clock, rising, unbroken

EVEN = range(0, 480, 40)


def shown(path):
    """Milliseconds at which frames are shown."""
    return [round(frame.pts * frame.time_base * 1000) for frame in frames_of(path)]


@pytest.mark.parametrize(
    ("codec", "options"),
    [("libx264", {"bf": "2"}), ("libx264", {"bf": "3", "b-pyramid": "normal"}), ("mpeg4", {"bf": "2"})],
)
def test_reordered_frames_without_times_of_their_own(tmp_path, codec, options):
    """AVI numbers packets in the order of decoding."""
    with av.open(str(tmp_path / "in.avi"), "w") as out:
        picture = add_picture(out, codec, options=options)
        picture.codec_context.time_base = Fraction(1, 25)
        add_frames(out, picture, EVEN)
    npsr.upscale_video(tmp_path / "in.avi", tmp_path / "out.mkv", 2, "bicubic")
    found = shown(tmp_path / "out.mkv")
    assert len(found) == len(EVEN)
    assert [b - a for a, b in pairwise(found)] == [40] * (len(EVEN) - 1)
    assert found[0] in (0, 40)


@pytest.mark.parametrize("name", ["in.mkv", "in.webm", "in.mp4", "in.mov", "in.ts"])
def test_whatever_starts_late_is_no_less_whole(tmp_path, name):
    codec = "libvpx" if name == "in.webm" else "libx264"
    late = [5000 + stamp for stamp in EVEN]
    source = video(tmp_path / name, codec, stamps=late)
    target = tmp_path / ("out.mkv" if name == "in.ts" else f"out{source.suffix}")
    assert npsr.upscale_video(source, target, 2, "bicubic").notes == []
    assert shown(target) == shown(source)


def test_recordings_joined_end_to_end(tmp_path):
    with av.open(str(tmp_path / "one.ts"), "w") as out:
        picture = add_picture(out, "libx264", options={"bf": "0"})
        sound = add_sound(out, "aac")
        add_frames(out, picture, EVEN)
        out.mux(sound)
    content = (tmp_path / "one.ts").read_bytes()
    (tmp_path / "two.ts").write_bytes(content + content)
    npsr.upscale_video(tmp_path / "two.ts", tmp_path / "out.mkv", 2, "bicubic")
    found = shown(tmp_path / "out.mkv")
    assert len(found) == 2 * len(EVEN)
    steps = [b - a for a, b in pairwise(found)]
    assert steps.pop(len(EVEN) - 1) < 700  # the sound, which is a second long, is waited for
    assert steps == [40] * (2 * len(EVEN) - 2)
    times = [time for time, _ in packets_of(tmp_path / "out.mkv", "audio")]
    assert times == sorted(times)
    assert abs(times[-1] - 2 * times[len(times) // 2]) < 1


def given(stamps):
    clock, found = Clock(), []
    for pts, dts in stamps:
        frame = SimpleNamespace(pts=pts, dts=dts)
        clock.stamp(frame, 0, 2)
        found.append(frame.pts)
    return found, clock.moved


def test_the_best_of_what_is_told():
    assert given([(0, 0), (2, 2), (7, 4)]) == ([0, 2, 7], 0)
    assert given([(None, 3), (4, 4), (None, 5)]) == ([3, 4, 5], 0)
    assert given([(5, 2), (3, 3), (4, 4), (8, 5)])[0] == [5, 6, 7, 8]  # badly ordered: never back
    assert given([(9, 2), (8, 3), (7, 4), (6, 5), (5, 10), (4, 11)])[0][-1] == 14
    assert given([(None, None), (None, None), (9, None)]) == ([0, 2, 9], 0)
    assert given([(4, None), (4, None)]) == ([4, 5], 1)


def packet(index, pts, dts, kind="video", duration=1):
    stream = SimpleNamespace(index=index, type=kind)
    return SimpleNamespace(pts=pts, dts=dts, duration=duration, time_base=Fraction(1), stream=stream)


def test_clocks_that_start_again_go_on():
    parts = [packet(k, t, t, kind) for t in (*range(100, 104), *range(5, 9)) for k, kind in enumerate(KINDS)]
    found = list(unbroken(parts, "mpegts"))
    for index in (0, 1):
        assert [one.dts for one in found if one.stream.index == index] == list(range(100, 108))
    parts = [packet(0, t, t) for t in (0, 1, 50, 2)]
    assert [one.dts for one in unbroken(parts, "matroska,webm")] == [0, 1, 50, 2]  # whose gaps are meant


KINDS = ("video", "audio")


def test_copied_packets_never_go_back():
    last = {}
    found = [rising(packet(0, pts, dts), last) for pts, dts in ((None, None), (3, None), (None, 2), (9, 5))]
    assert [(one.pts, one.dts) for one in found] == [(0, 0), (3, 3), (3, 3), (9, 5)]


@pytest.mark.parametrize("name", ["in.mkv", "in.avi", "in.mp4", "in.mov"])
def test_a_missing_end_is_what_lies_beyond_the_file_by_its_own_account(tmp_path, name):
    faststart = {"movflags": "faststart"} if name in ("in.mp4", "in.mov") else {}
    path = video(tmp_path / name, "mpeg4", stamps=range(0, 4000, 40), container=faststart)
    assert missing_bytes(path) == 0
    content = path.read_bytes()
    path.write_bytes(content[:-2000])
    assert abs(missing_bytes(path) - 2000) <= 1
    with pytest.raises(VideoError, match="is truncated: by its own account .* bytes are missing"):
        npsr.upscale_video(path, tmp_path / "out.mkv", 2, "bicubic")
    path.write_bytes(content + b"trailing")
    assert missing_bytes(path) == 0


def test_a_length_that_is_not_reached_is_said_not_refused(tmp_path):
    path = video(tmp_path / "in.mkv", "mpeg4", stamps=EVEN)
    content = bytearray(path.read_bytes())
    at = content.index(b"\x44\x89\x88") + 3
    content[at : at + 8] = b"\x40\xe3\x88\0\0\0\0\0"  # 40,000 ms as a double
    path.write_bytes(content)
    notes = npsr.upscale_video(path, tmp_path / "out.mkv", 2, "bicubic").notes
    assert notes == ["its end is at 0.5 s, though it says 40.0 s: something may be missing"]


def box(kind, content=b""):
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def test_boxes_that_nobody_reads_are_listed(tmp_path):
    inner = box(b"udta", box(b"GPMF", b"x") + box(b"\xa9nam", b"x") + box(b"meta")) + box(b"uuid", b"x")
    content = box(b"ftyp", b"isom") + box(b"moov", inner) + box(b"mdat", b"xxxx") + box(b"uuid", b"xmp")
    (tmp_path / "a.mp4").write_bytes(content)
    assert unread_boxes(tmp_path / "a.mp4") == ["moov/udta/GPMF", "moov/uuid", "uuid"]
    assert missing_bytes(tmp_path / "a.mp4") == 0
    for cut in range(len(content)):  # whatever is cut, it ends
        (tmp_path / "a.mp4").write_bytes(content[:cut])
        missing_bytes(tmp_path / "a.mp4"), unread_boxes(tmp_path / "a.mp4")


def test_frames_before_the_first_that_has_a_time_come_before_it():
    clock = Clock(start=-80)
    frames = [SimpleNamespace(pts=pts, dts=pts) for pts in (None, None, 0, 40, 30)]
    for frame in frames:
        clock.stamp(frame, 0, 40)
    assert [frame.pts for frame in frames] == [-80, -40, 0, 40, 41]
    assert clock.moved == 1


def test_new_times_are_named(tmp_path):
    """Of two frames at one time the second comes later."""
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        picture = add_picture(out, "mjpeg", pixel_format="yuvj420p")
        add_frames(out, picture, [0, 40, 80], pixel_format="yuvj420p")
    content = (tmp_path / "in.mkv").read_bytes()
    blocks = [
        at for at in range(99, len(content)) if content[at : at + 1] == b"\xa3" and content[at + 3] == 0x81
    ]
    assert len(blocks) == 3
    changed = bytearray(content)
    changed[blocks[2] + 4 : blocks[2] + 6] = (40).to_bytes(2, "big")
    (tmp_path / "in.mkv").write_bytes(changed)
    told = npsr.upscale_video(tmp_path / "in.mkv", tmp_path / "out.mkv", 2, "bicubic")
    assert told.notes == ["1 frames have new times: theirs do not rise"]
    assert shown(tmp_path / "out.mkv") == [0, 40, 41]
