"""Videos made here, enlarged, and read back: nothing of them is lost, and no half file is left."""

import io
import sys
from fractions import Fraction

import numpy as np
import pytest
from helpers.running import needs_jit, run
from helpers.videos import (
    MILLISECONDS,
    UNEVEN,
    add_frames,
    add_picture,
    add_sound,
    frames_of,
    packet_of,
    packets_of,
    video,
)
from PIL import Image

import npsr
from npsr.upscaling.upscale import plane_upscaler
from npsr.video.reading import VideoError, survey
from npsr.video.yuv import SITINGS, enlarge_chroma, enlarge_luma

av = pytest.importorskip("av")


def upscaled(source, target, scale=2, model="bicubic", **options):
    written = npsr.upscale_video(source, target, scale, model, **options)
    assert written.frames == len(frames_of(target))
    return frames_of(target)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_time_stamps_of_a_variable_rate_are_kept(tmp_path, suffix):
    source = video(tmp_path / "in.mp4")
    found = upscaled(source, tmp_path / f"out{suffix}")
    assert [frame.pts * frame.time_base * 1000 for frame in found] == UNEVEN
    assert (found[0].width, found[0].height) == (64, 32)


def test_a_late_start_is_kept(tmp_path):
    source = video(tmp_path / "in.mkv", stamps=[700, 740, 800])
    for name in ("out.mkv", "out.mp4"):
        found = upscaled(source, tmp_path / name)
        assert [frame.pts * frame.time_base * 1000 for frame in found] == [700, 740, 800]


def test_sound_subtitles_chapters_and_titles_are_copied(tmp_path):
    source, target = tmp_path / "in.mkv", tmp_path / "out.mkv"
    with av.open(str(source), "w") as out:
        out.metadata["title"] = "ünïcode"
        picture = add_picture(out, "libx264")
        sound = add_sound(out, "aac")
        words = out.add_mux_stream("subrip")
        words.metadata["language"] = "deu"
        span = {"start": 0, "end": 500, "time_base": MILLISECONDS}
        out.set_chapters([{"id": 1, "metadata": {"title": "first"}, **span}])
        out.add_attachment("font.ttf", "font/ttf", b"glyphs")
        add_frames(out, picture)
        out.mux([packet_of(words, b"Hallo", 100, 300), packet_of(words, b"Welt", 900, 100)])
        out.mux(sound)
    npsr.upscale_video(source, target, 2, "bicubic")
    for kind in ("audio", "subtitles"):
        assert packets_of(target, kind) == packets_of(source, kind)
    assert [text for _, text in packets_of(target, "subtitles")] == [b"Hallo", b"Welt"]
    with av.open(str(target)) as found:
        assert [stream.type for stream in found.streams] == ["video", "audio", "subtitle", "attachment"]
        assert [stream.metadata.get("language") for stream in list(found.streams)[1:3]] == ["fra", "deu"]
        assert found.metadata["title"] == "ünïcode"
        assert [chapter["metadata"]["title"] for chapter in found.chapters()] == ["first"]
    with pytest.raises(VideoError, match=r"hold stream 2, subtitle .*choose .mkv, or .*--subtitles drop"):
        npsr.upscale_video(source, tmp_path / "out.mp4", 2, "bicubic")
    with pytest.raises(VideoError, match=r"stream 1, audio \(aac\).*choose .mp4, .m4v, .mov, .mkv, or.*drop"):
        npsr.upscale_video(source, tmp_path / "out.webm", 2, "bicubic")
    assert {path.name for path in tmp_path.iterdir()} == {"in.mkv", "out.mkv"}


def test_what_a_container_cannot_take_along_is_said(tmp_path, capsys):
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        picture = add_picture(out, "libx264")
        out.add_attachment("font.ttf", "font/ttf", b"glyphs")
        add_frames(out, picture)
    options = ["-m", "bicubic", "-s", 2, "-o", tmp_path / "out.mp4"]
    code, told, _ = run(capsys, "upscale", tmp_path / "in.mkv", *options)
    assert code == 0
    assert "64×32, 8 frames in" in told
    assert "by libx264" in told
    assert "left out stream 1, attachment" in told


def test_a_cover_is_copied_or_said_to_be_lost(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 90, np.uint8)).save(buffer, "JPEG")
    with av.open(str(tmp_path / "in.mp4"), "w") as out:
        picture = add_picture(out, "libx264")
        cover = out.add_mux_stream("mjpeg", width=8, height=8)
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(packet_of(cover, buffer.getvalue(), 0, 0))
        add_frames(out, picture)
    written = npsr.upscale_video(tmp_path / "in.mp4", tmp_path / "out.mp4", 2, "bicubic")
    assert written.notes == []
    with av.open(str(tmp_path / "out.mp4")) as found:
        (packet,) = (packet for packet in found.demux(1) if packet.size)
        assert bytes(packet) == buffer.getvalue()
    written = npsr.upscale_video(tmp_path / "in.mp4", tmp_path / "out.mov", 2, "bicubic")
    assert written.notes == ["left out the cover, stream 1, video (mjpeg)"]


def test_rotation_aspect_colour_tags_and_siting_are_kept(tmp_path):
    tags = {"colorspace": 1, "color_primaries": 9, "color_trc": 16, "color_range": 1}
    siting = {"chroma_sample_location": "topleft"}
    aspect = {"sample_aspect_ratio": Fraction(4, 3)}
    with av.open(str(tmp_path / "in.mp4"), "w") as out:
        picture = add_picture(out, "libx264", options=siting, **tags, **aspect)
        picture.set_display_rotation(90)
        add_frames(out, picture)
    npsr.upscale_video(tmp_path / "in.mp4", tmp_path / "out.mp4", 2, "bicubic")
    for name in ("in.mp4", "out.mp4"):
        with av.open(str(tmp_path / name)) as container:
            stream, frame = container.streams.video[0], next(container.decode(video=0))
            assert stream.sample_aspect_ratio == Fraction(4, 3)
            assert frame.rotation == 90
            found = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
            assert found == (1, 9, 16, 1)
    assert survey(tmp_path / "out.mp4").siting == "topleft"
    assert survey(video(tmp_path / "untold.mp4")).siting == "left"
    assert survey(video(tmp_path / "centred.mkv", "mjpeg", pixel_format="yuvj420p")).siting == "center"


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le"])
def test_planes_are_enlarged_as_they_are(tmp_path, pixel_format):
    """A lossless source's planes, enlarged here, against what comes back: but for the encoder's loss."""
    source = video(tmp_path / "in.mkv", "ffv1", sides=(16, 24), pixel_format=pixel_format)
    bits = 10 if "10" in pixel_format else 8
    found = upscaled(source, tmp_path / "out.mkv")
    assert found[0].format.name.removeprefix("gray") in (pixel_format, "yuv420p", "")
    for given, large in zip(frames_of(source), found, strict=True):
        steps = tuple(2 // side for side in (given.format.chroma_height(2), given.format.chroma_width(2)))
        for place, plane in enumerate(given.planes):
            codes, written = plane_of(plane, bits), plane_of(large.planes[place], bits)
            if place == 0:
                expected = enlarge_luma(codes, bits, False, plane_upscaler("bicubic", 2))
            else:
                expected = enlarge_chroma(codes, bits, 2, written.shape, steps, SITINGS["left"])
            error = np.abs(written.astype(int) - expected).mean() / 2 ** (bits - 8)
            assert error < 2.5, (pixel_format, place)


def plane_of(plane, bits):
    codes = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16).reshape(plane.height, -1)
    return codes[:, : plane.width]


def test_10_bits_stay_10_bits(tmp_path):
    source = video(
        tmp_path / "in.mp4", "libx265", pixel_format="yuv420p10le", options={"x265-params": "log-level=none"}
    )
    assert frames_of(source)[0].format.name == "yuv420p10le"
    found = upscaled(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    assert found[0].format.name == "yuv420p10le"
    luma = plane_of(found[0].planes[0], 10)
    assert luma.max() > 4 * 60
    assert (luma % 4 != 0).any()


def test_hdr10_s_numbers_are_kept_where_encoders_write_them_and_else_said_to_be_lost(tmp_path):
    display = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    options = {"x265-params": f"log-level=none:{display}:max-cll=1000,400"}
    source = video(tmp_path / "in.mkv", "libx265", (32, 64), "yuv420p10le", options=options)
    kinds = av.sidedata.sidedata.Type
    found = []
    for path in (source, tmp_path / "out.mp4"):
        if path != source:
            assert npsr.upscale_video(source, path, 2, "bicubic").notes == []
        data = frames_of(path)[0].side_data
        found.append(
            [bytes(data[kind]) for kind in (kinds.MASTERING_DISPLAY_METADATA, kinds.CONTENT_LIGHT_LEVEL)]
        )
    assert found[0] == found[1]
    notes = npsr.upscale_video(source, tmp_path / "odd.mkv", 1, "bicubic").notes  # by libx265 again
    assert notes == []
    small = video(tmp_path / "small.mkv", "libx265", (30, 30), "yuv420p10le", options=options)
    assert npsr.upscale_video(small, tmp_path / "s.mkv", 1, "bicubic").notes == []  # by libx264


def test_full_range_stays_full_range(tmp_path):
    source = video(tmp_path / "in.mkv", "mjpeg", pixel_format="yuvj420p")
    found = upscaled(source, tmp_path / "out.mp4")
    assert found[0].color_range == 2
    given, large = (np.mean(plane_of(frame[0].planes[0], 8)) for frame in (frames_of(source), found))
    assert abs(given - large) < 1


@pytest.mark.parametrize("sides", [(5, 7), (16, 9), (2, 2), (1, 1)])
def test_odd_sides(tmp_path, sides):
    source = video(tmp_path / "in.mkv", "ffv1", stamps=[0, 40], sides=sides)
    for scale, name in [(2, "out.mkv"), (3, "out.mp4")]:
        frame = upscaled(source, tmp_path / name, scale)[0]
        assert (frame.height, frame.width) == (scale * sides[0], scale * sides[1])


@needs_jit
def test_the_network_enlarges_luma(tmp_path):
    net = npsr.fsrcnn(2, 2, 0, 2)
    for p in net.parameters.values():
        p[...] = np.random.default_rng(0).normal(0, 0.25, p.shape)
    net.parameters["deconvolution.bias"][...] = 0.4
    source = video(tmp_path / "in.mkv", "ffv1", stamps=[0])
    found = plane_of(upscaled(source, tmp_path / "out.mkv", 2, net)[0].planes[0], 8)
    expected = enlarge_luma(plane_of(frames_of(source)[0].planes[0], 8), 8, False, plane_upscaler(net, 2))
    assert np.abs(found.astype(int) - expected).mean() < 2
    assert expected.std() > 5


def test_an_interrupted_video_leaves_nothing(tmp_path):
    source = video(tmp_path / "in.mp4")

    def stop(done, of):
        assert of == len(UNEVEN)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        npsr.upscale_video(source, tmp_path / "out.mp4", 2, "bicubic", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    (tmp_path / "out.mp4").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        npsr.upscale_video(source, tmp_path / "out.mp4", 2, "bicubic")
    with pytest.raises(KeyboardInterrupt):
        npsr.upscale_video(source, tmp_path / "out.mp4", 2, "bicubic", force=True, progress=stop)
    assert (tmp_path / "out.mp4").read_bytes() == b"old"
    upscaled(source, tmp_path / "out.mp4", force=True)


@pytest.mark.parametrize("name", ["end.mp4", "start.mp4", "cut.mkv"])
def test_truncated_videos_are_refused(tmp_path, name):
    """With the index at the end, with it at the start, and without an index that reading needs."""
    faststart = {"movflags": "faststart"} if name == "start.mp4" else {}
    path = video(tmp_path / name, "mpeg4", stamps=range(0, 8000, 40), sides=(32, 32), container=faststart)
    assert len(upscaled(path, tmp_path / "whole.mkv", 1)) == 200
    content = path.read_bytes()
    for part in (0.6, 0.1, 0):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(VideoError, match="truncated|damaged|no frame"):
            npsr.upscale_video(path, tmp_path / "out.mp4", 2, "bicubic")
    assert not (tmp_path / "out.mp4").exists()


def test_what_cannot_be_kept_is_refused(tmp_path):
    def refused(path, words, target="out.mp4"):
        with pytest.raises(VideoError, match=words):
            npsr.upscale_video(path, tmp_path / target, 2, "bicubic")
        assert not (tmp_path / target).exists()

    refused(video(tmp_path / "rgb.mkv", "ffv1", pixel_format="bgr0"), "pixels of kind bgr0")
    refused(video(tmp_path / "deep.mkv", "ffv1", pixel_format="yuv420p12le"), "pixels of kind yuv420p12le")
    deep = video(tmp_path / "10.mkv", "ffv1", pixel_format="yuv420p10le")
    refused(deep, "takes no yuv420p10le", "out.webm")
    lines = video(tmp_path / "lines.mkv", "libx264", options={"x264-params": "interlaced=1"})
    refused(lines, "is interlaced")
    (tmp_path / "text.mp4").write_text("no video")
    refused(tmp_path / "text.mp4", "no video that can be handled")
    refused(tmp_path / "none.mp4", "does not exist")
    refused(tmp_path, "not a regular file")
    refused(tmp_path / "10.mkv", r"must end in one of \.mp4", "out.gif")
    with av.open(str(tmp_path / "sound.mkv"), "w") as out:
        out.mux(add_sound(out, "aac"))
    refused(tmp_path / "sound.mkv", "holds no video")
    (tmp_path / "list.mkv").write_text("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n")
    refused(tmp_path / "list.mkv", "no video that can be handled")


def test_the_command(tmp_path, capsys, monkeypatch):
    source = video(tmp_path / "in.avi", "mpeg4", stamps=range(0, 400, 40))
    code, told, _ = run(capsys, "upscale", source, "-m", "bicubic", "-s", 2)
    assert code == 0
    assert "in_bicubic_x2.mkv: 64×32, 10 frames in" in told
    code, told, _ = run(capsys, "upscale", source, "-m", "bicubic", "-s", 2)
    assert (code, "is kept" in told) == (0, True)
    code, _, error = run(capsys, "upscale", source, "-m", "bicubic", "-s", 2.5)
    assert (code, "by a model's own factor" in error) == (2, True)
    assert run(capsys, "upscale", tmp_path / "none.mp4")[0] == 2
    with monkeypatch.context() as patch:

        def missing(name, mode):
            raise ValueError(name)

        patch.setattr(av, "Codec", missing)
        code, _, error = run(capsys, "upscale", source, "-m", "bicubic", "-s", 3)
        assert code == 2
        assert "libx264 is missing in PyAV" in error
    monkeypatch.setitem(sys.modules, "av", None)
    code, _, error = run(capsys, "upscale", source, "-m", "bicubic", "-s", 3)
    assert code == 2
    assert "pip install 'npsr[video]'" in error
