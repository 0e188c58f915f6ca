"""Nothing beside the pixels is lost without a word: what goes in comes out, or is named."""

import io
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from helpers.running import run
from helpers.videos import MILLISECONDS, add_frames, add_picture, add_sound, av, packet_of, packets_of, video
from PIL import Image

import npsr
from npsr.video.reading import VideoError

TAGS = {
    "title": "ünïcode",
    "artist": "A",
    "comment": "C",
    "make": "Maker",
    "location": "+47.3769+008.5417/",
    "com.apple.quicktime.make": "Apple",
    "com.apple.quicktime.location.ISO6709": "+47.3769+008.5417+408/",
    "com.android.version": "13",
    "creation_time": "2024-01-02T03:04:05.000000Z",
    "timecode": "01:00:00:00",
}
OF_STREAMS = {"language": "fra", "title": "Spur"}


def cover():
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def everything(path):
    """A file that holds all that its container has a place for."""
    named = {"movflags": "use_metadata_tags"} if path.suffix == ".mov" else {}
    webm = path.suffix == ".webm"
    with av.open(str(path), "w", container_options=named) as out:
        out.metadata.update(TAGS)
        picture = add_picture(out, "libvpx" if webm else "libx264", sample_aspect_ratio=Fraction(4, 3))
        picture.set_display_rotation(90)
        sound = add_sound(out, "libopus" if webm else "aac")
        words = out.add_mux_stream({".mkv": "subrip", ".webm": "webvtt"}.get(path.suffix, "mov_text"))
        spoken = out.streams[1]
        for stream in (picture, spoken, words):
            stream.metadata.update(OF_STREAMS)
        spoken.disposition = av.stream.Disposition.default | av.stream.Disposition.forced
        span = {"start": 0, "end": 500, "time_base": MILLISECONDS}
        out.set_chapters([{"id": 1, "metadata": {"title": "first"}, **span}])
        if path.suffix == ".mkv":
            out.add_attachment("font.ttf", "font/ttf", b"glyphs")
            out.add_attachment("note.txt", "text/plain", b"words")
            out.add_attachment("cover.jpg", "image/jpeg", cover())
        if path.suffix == ".mp4" and not named:
            picture_of_it = out.add_mux_stream("mjpeg", width=8, height=8)
            picture_of_it.disposition = av.stream.Disposition.attached_pic
            out.mux(packet_of(picture_of_it, cover(), 0, 0))
        add_frames(out, picture)
        text = b"Hallo" if path.suffix in (".mkv", ".webm") else b"\0\x05Hallo"
        out.mux(packet_of(words, text, 100, 300))
        out.mux(sound)
    return path


def seen(path):
    """All that PyAV tells of a file, in its own words: the test's own inventory."""
    found = set()
    with av.open(str(path)) as container:
        found |= {f"{key.lower()}={text}" for key, text in container.metadata.items()}
        for chapter in container.chapters():
            found.add(f"chapter {chapter['metadata']['title']}")
        for stream in container.streams:
            kind = "cover" if stream.disposition & av.stream.Disposition.attached_pic else stream.type
            found.add(kind)
            if kind == "attachment":
                found.add(f"attachment {stream.name} {bytes(stream.data)!r}")
            for key in ("language", "title", "name"):
                if key in stream.metadata and kind != "data" and stream.metadata[key] != "und":
                    found.add(f"{kind} {key.replace('name', 'title')}={stream.metadata[key]}")
            if stream.disposition & av.stream.Disposition.forced:
                found.add(f"{kind} forced")
        frame = next(container.decode(container.streams.best("video")))
        found |= {
            f"rotation {frame.rotation}",
            f"aspect {container.streams.best('video').sample_aspect_ratio}",
        }
    return {entry for entry in found if not entry.startswith(("encoder=", "data", *OWN))}


OWN = ("major_brand=", "minor_version=", "compatible_brands=", "duration=", "location-eng=")


@pytest.mark.parametrize("given", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("written", [".mp4", ".mov", ".mkv", ".webm"])
def test_there_is_no_third_state(tmp_path, given, written):
    source, target = everything(tmp_path / f"in{given}"), tmp_path / f"out{written}"
    before, drop = seen(source), {}
    assert {"chapter first", "audio", "subtitle", "rotation 90", "title=ünïcode"} <= before
    if given != written:  # sound and subtitles that a container does not hold are refused, elsewhere
        drop = {"subtitle": "drop"} | ({"audio": "drop"} if ".webm" in (given, written) else {})
    notes = npsr.upscale_video(source, target, 2, "bicubic", streams=drop).notes
    after, words = seen(target), " ".join(notes).lower()
    for entry in before - after:
        key = entry.partition("=")[0].split()
        dropped = key[0] in drop
        assert dropped or all(part.strip("()").lower() in words for part in key[:2]), (entry, notes)
    if given == written:
        lost = before - after
        assert not lost - {"audio forced"}, lost
        assert packets_of(target, "subtitles") == packets_of(source, "subtitles")


def test_an_attachment_of_any_kind_comes_along(tmp_path):
    source = everything(tmp_path / "in.mkv")
    assert npsr.upscale_video(source, tmp_path / "out.mkv", 2, "bicubic").notes == []
    assert {"attachment font.ttf b'glyphs'", "attachment note.txt b'words'", "cover"} <= seen(
        tmp_path / "out.mkv"
    )
    for name, expected in (("out.mp4", 2), ("out.webm", 3)):
        drop = {"audio": "drop", "subtitle": "drop"}
        notes = npsr.upscale_video(source, tmp_path / name, 2, "bicubic", streams=drop).notes
        assert sum("attachment" in note or "cover" in note for note in notes) == expected, notes


def with_sound(path, codec, picture="mpeg4"):
    with av.open(str(path), "w") as out:
        stream = add_picture(out, picture)
        stream.codec_context.time_base = Fraction(1, 25)
        sound = add_sound(out, codec)
        add_frames(out, stream, range(0, 400, 40))
        out.mux(sound)
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("in.avi", "adpcm_ms"),
        ("in.avi", "adpcm_ima_wav"),
        ("in.avi", "pcm_alaw"),
        ("in.avi", "pcm_mulaw"),
        ("in.avi", "pcm_u8"),
        ("in.avi", "pcm_s16le"),
        ("in.avi", "mp2"),
        ("in.asf", "wmav1"),
        ("in.asf", "wmav2"),
        ("in.mkv", "flac"),
    ],
)
def test_matroska_takes_the_sound_that_its_muxer_takes(tmp_path, name, codec):
    source, target = with_sound(tmp_path / name, codec), tmp_path / "out.mkv"
    npsr.upscale_video(source, target, 2, "bicubic")
    before, after = packets_of(source, "audio"), packets_of(target, "audio")
    assert [content for _, content in after] == [content for _, content in before]
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.codec.name in (codec, f"{codec}float")
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0


def test_sound_that_no_container_holds_is_encoded_anew_or_left_out_when_asked(tmp_path, capsys):
    with av.open(str(tmp_path / "in.flv"), "w") as out:
        picture = add_picture(out, "flv1")
        sound = out.add_stream("adpcm_swf", 44100, layout="mono")
        frame = av.AudioFrame("s16", "mono", 4096)
        frame.sample_rate, frame.pts = 44100, 0
        add_frames(out, picture)
        out.mux([*sound.encode(frame), *sound.encode()])
    with pytest.raises(
        VideoError, match=r"none of .* can, or .*--audio aac, or .*drop \(the default is --audio copy"
    ):
        npsr.upscale_video(tmp_path / "in.flv", tmp_path / "out.mkv", 2, "bicubic")
    for target, choice, kinds in (("aac.mkv", "aac", 2), ("aac.mp4", "aac", 2), ("none.mkv", "drop", 1)):
        options = ["-s", 2, "-m", "bicubic", "-o", tmp_path / target, "--audio", choice]
        code, told, _ = run(capsys, "upscale", tmp_path / "in.flv", *options)
        assert code == 0
        assert ("left out stream 1, audio (adpcm_swf), as asked" in told) == (choice == "drop")
        with av.open(str(tmp_path / target)) as container:
            assert len(container.streams) == kinds
            if choice == "aac":
                assert container.streams.audio[0].codec_context.name == "aac"
                assert sum(one.samples for one in container.decode(audio=0)) >= 4096
    with pytest.raises(VideoError, match="cannot hold AAC"):
        npsr.upscale_video(tmp_path / "in.flv", tmp_path / "x.webm", 2, "bicubic", streams={"audio": "aac"})
    with pytest.raises(ValueError, match="streams has 'audio': 'mp3'"):
        npsr.upscale_video(tmp_path / "in.flv", tmp_path / "x.mkv", 2, "bicubic", streams={"audio": "mp3"})


def test_other_pictures_are_copied_and_that_is_said(tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        streams = [add_picture(out, "mpeg4") for _ in range(2)]
        for stream in streams:
            add_frames(out, stream)
    notes = npsr.upscale_video(tmp_path / "in.mkv", tmp_path / "out.mkv", 2, "bicubic").notes
    assert notes == ["copied stream 1, video, as it is, not enlarged"]


def test_the_parts_of_the_time_are_told(tmp_path, capsys):
    video(tmp_path / "in.mp4")
    code, told, _ = run(capsys, "upscale", tmp_path / "in.mp4", "-m", "bicubic", "-s", 2, "-v")
    assert code == 0
    line = next(line for line in told.splitlines() if "together" in line)
    assert [word for word in line.split() if word.isalpha() and word != "s"] == [
        "decoding",
        "network",
        "chroma",
        "encoding",
        "together",
    ]
    split = npsr.upscale_video(tmp_path / "in.mp4", tmp_path / "out.mp4", 2, "bicubic").split
    assert all(split[part] > 0 for part in ("decoding", "network", "chroma", "encoding"))


def caption(number):
    """A NAL unit of H.264 with captions as American television has them."""
    words = b"\xb5\x00\x31GA94\x03\x41\xff\xfc" + bytes([0x80 + number, 0x80]) + b"\xff"
    return b"\0\0\0\x01\x06\x04" + bytes([len(words)]) + words + b"\x80"


@pytest.mark.parametrize(("name", "kept"), [("out.mkv", True), ("out.mp4", True), ("out.webm", False)])
def test_captions_inside_the_picture_are_kept_or_named(tmp_path, name, kept):
    """Also where they begin later than with the first frame."""
    with av.open(str(tmp_path / "in.ts"), "w") as out:
        picture = add_picture(out, "libx264", options={"bf": "0", "x264-params": "aud=0"})
        packets = []
        for number in range(6):
            frame = av.VideoFrame(32, 16, "yuv420p")
            frame.pts, frame.time_base = 40 * number, MILLISECONDS
            packets += picture.encode(frame)
        for number, old in enumerate([*packets, *picture.encode()]):
            new = av.Packet((caption(number) if number > 1 else b"") + bytes(old))
            new.pts, new.dts, new.time_base, new.stream = old.pts, old.dts, old.time_base, picture
            new.is_keyframe = old.is_keyframe
            out.mux(new)
    kind = av.sidedata.sidedata.Type.A53_CC
    written = npsr.upscale_video(tmp_path / "in.ts", tmp_path / name, 2, "bicubic")
    found = []
    for path in (tmp_path / "in.ts", tmp_path / name):
        with av.open(str(path)) as container:
            data = [frame.side_data.get(kind) for frame in container.decode(video=0)]
        found.append([one and bytes(one)[1:2] for one in data])
    assert len(set(found[0])) > 3
    assert found[1] == (found[0] if kept else [None] * 6)
    assert written.notes == ([] if kept else ["left out frames' A53_CC"])


@pytest.mark.parametrize("codec", ["pcm_s16le", "adpcm_ms", "libmp3lame"])
def test_sound_of_avi_can_be_encoded_anew(tmp_path, codec):
    """AVI tells how many channels there are, not where they are."""
    source = with_sound(tmp_path / "in.avi", codec)
    assert (
        npsr.upscale_video(source, tmp_path / "out.mp4", 2, "bicubic", streams={"audio": "aac"}).notes == []
    )
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "stereo"
        assert abs(sum(frame.samples for frame in container.decode(audio=0)) - 48000) < 4 * 1152


def test_damaged_sound_costs_itself(tmp_path):
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        picture, sound = add_picture(out, "libx264"), add_sound(out, "aac")
        add_frames(out, picture)
        damaged = [av.Packet(bytes(packet.size)) for packet in sound[10:12]]
        for new, old in zip(damaged, sound[10:12], strict=True):
            new.stream, new.time_base, new.duration = old.stream, old.time_base, old.duration
            new.pts, new.dts = old.pts, old.dts
        out.mux([*sound[:10], *damaged, *sound[12:]])
    told = npsr.upscale_video(
        tmp_path / "in.mkv", tmp_path / "out.mp4", 2, "bicubic", streams={"audio": "aac"}
    )
    assert told.notes == ["left out 2 damaged packets of stream 1, audio"]
    times = [time for time, _ in packets_of(tmp_path / "out.mp4", "audio")]
    assert times[-1] > 0.95
    assert max(b - a for a, b in pairwise(times)) > 2 * 1024 / 48000  # what follows comes no earlier


def test_an_engine_that_is_asked_for_runs(tmp_path, capsys, monkeypatch):
    from npsr.networks import network

    used = []
    run_layers = network.forward
    monkeypatch.setattr(network, "forward", lambda *args, **how: used.append(how) or run_layers(*args, **how))
    source = video(tmp_path / "in.mp4", stamps=[0, 40])
    options = ["-s", 2, "-m", "fsrcnn-s", "-o", tmp_path / "out.mp4", "--engine"]
    assert run(capsys, "upscale", source, *options, "numpy")[0] == 0
    assert used == [{"products": True}] * 2
    assert run(capsys, "upscale", source, *options, "plain", "--force")[0] == 0
    assert used[2:] == [{"products": False}] * 2


def test_what_only_some_containers_tell_is_kept_or_named(tmp_path):
    with av.open(str(tmp_path / "in.mov"), "w") as out:
        out.metadata["timecode"] = "01:00:00:00"
        picture = add_picture(out, "libx264")
        picture.metadata["reel_name"] = "A001"
        add_frames(out, picture)
    for name, kept in (("out.mov", True), ("out.mkv", True), ("out.mp4", False)):
        notes = npsr.upscale_video(tmp_path / "in.mov", tmp_path / name, 2, "bicubic").notes
        assert (notes == []) == kept
        assert kept or notes == ["left out the time code's reel: A001"]
    with av.open(str(tmp_path / "in.ts"), "w") as out:
        out.metadata["service_name"] = "News"
        add_frames(out, add_picture(out, "libx264"))
    notes = npsr.upscale_video(tmp_path / "in.ts", tmp_path / "ts.mkv", 2, "bicubic").notes
    assert notes == ["left out tag service_name of program 1: News"]


@pytest.mark.parametrize("name", ["out.webm", "out.mkv", "out.mp4"])
def test_what_the_container_says_of_colours_counts(tmp_path, name):
    """VP8 itself knows one matrix; the decoder tells that one whatever the container says."""
    with av.open(str(tmp_path / "in.webm"), "w") as out:
        picture = add_picture(out, "libvpx")
        picture.codec_context.colorspace = picture.codec_context.color_primaries = 1
        add_frames(out, picture)
    assert npsr.upscale_video(tmp_path / "in.webm", tmp_path / name, 2, "bicubic").notes == []
    for path in (tmp_path / "in.webm", tmp_path / name):
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            assert (context.colorspace, context.color_primaries) == (1, 1)


def test_sound_without_a_packet_is_named(tmp_path):
    """Transport streams declare streams of which nothing may follow."""
    with av.open(str(tmp_path / "in.ts"), "w") as out:
        picture, _ = add_picture(out, "libx264"), out.add_stream("mp2", 48000)
        add_frames(out, picture)
    (note,) = npsr.upscale_video(tmp_path / "in.ts", tmp_path / "out.mkv", 2, "bicubic").notes
    assert note.startswith("left out stream 1, audio")
    assert note.endswith("which is empty")
