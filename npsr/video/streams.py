"""The streams beside the picture: which container holds which, and how they get there."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from npsr.video.reading import Picture, VideoError, library
from npsr.video.sound import MOST_CHANNELS, recoder
from npsr.video.times import rising

WRITTEN = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""How names end, and libavformat's names of the containers that they mean."""
CHOICES = {"audio": ("copy", "aac", "drop"), "subtitle": ("copy", "drop")}
"""What may be done with streams of a kind, the default first."""

Copied = dict[int, Callable[[Any], list[Any]]]
"""For each stream of the source that is kept, by its number: from a packet, or None at the end, to
those to write."""


def copy_stream(
    stream: Any, out: Any, target: Path, picture: Picture, wishes: Mapping[str, str], notes: list[str]
) -> Any:
    """Declare a stream of the source in the output.

    Parameters
    ----------
    stream : av.stream.Stream
        Of the source; not the picture's.
    out, target
        The output and its name.
    picture : Picture
        The source's.
    wishes : mapping of str to str
        From kinds of streams to one of their `CHOICES`.
    notes : list of str
        To which is added what is found only while packets are written.

    Returns
    -------
    callable, str or None
        As in `Copied`; or what is left out; or None for what needs no packets.

    Raises
    ------
    VideoError
        If the container cannot hold a stream that should be copied.
    """
    wish, name = wishes.get(stream.type, "copy"), _called(stream)
    first, container = picture.firsts.get(stream.index), WRITTEN[target.suffix.lower()]
    if wish == "drop":
        return f"left out {name}, as asked"
    wish = "copy" if first is None else wish  # there is nothing to encode
    if wish == "aac" and (channels := stream.codec_context.channels) > MOST_CHANNELS:
        raise VideoError(
            f"{name} has {channels} channels, but AAC is written with up to {MOST_CHANNELS}: "
            "choose --audio copy (the default) or drop"
        )
    if wish == "aac":
        if container == "webm":
            raise VideoError(f"{target} cannot hold AAC: choose .mkv or .mp4, or --audio copy (the default)")
        return recoder(stream, out, notes)
    if _written_anew(stream, first):
        return None
    if stream.type == "attachment" or is_cover(stream):
        return _still(stream, out, container, first)
    if holds(stream, first, container):
        return _copy(declare(stream, out), {})
    if stream.type in CHOICES and first is not None:
        raise VideoError(f"{target} cannot hold {name}: {_remedies(stream, first, container)}")
    return f"left out {name}{', which is empty' if first is None else ''}"


def _still(stream: Any, out: Any, container: str, first: Any) -> Any:
    """A font, or a picture that stands for the file."""
    content = bytes(stream.data) if stream.type == "attachment" else bytes(first or b"")
    if container == "matroska" and content:
        _attach(stream, out, content)
        return None
    if is_cover(stream) and content and container == "mp4" and holds(stream, first, container):
        return _copy(declare(stream, out), {})
    return f"left out {_called(stream)}"


def _written_anew(stream: Any, first: Any) -> bool:
    """Whether a track is that of the chapters or of the time code, of which muxers write new ones."""
    chapters = stream.container.chapters()
    if stream.type == "data":
        return stream.discard == library().stream.Discard.all or "timecode" in stream.metadata
    if stream.type != "subtitle" or not chapters or stream.frames != len(chapters) or first is None:
        return False
    title = chapters[0]["metadata"].get("title", "").encode(errors="surrogateescape")
    return bytes(first).startswith(len(title).to_bytes(2, "big") + title)


def _remedies(stream: Any, first: Any, container: str) -> str:
    """What to do about sound or subtitles that a container cannot hold."""
    able = [suffix for suffix, other in WRITTEN.items() if holds(stream, first, other)]
    remedies = [f"choose {', '.join(able)}" if able else f"none of {', '.join(WRITTEN)} can"]
    remedies += ["encode it anew with --audio aac"] if stream.type == "audio" and container != "webm" else []
    option = "--audio" if stream.type == "audio" else "--subtitles"
    remedies.append(f"leave it out with {option} drop")
    return f"{', or '.join(remedies)} (the default is {option} copy)"


def is_cover(stream: Any) -> bool:
    """Whether a stream is a still picture that players show as the file's cover."""
    return bool(stream.disposition & library().stream.Disposition.attached_pic)


def holds(stream: Any, first: Any, container: str) -> bool:
    """Whether a container can hold a stream: its muxer is asked, with the stream's first packet."""
    av = library()
    try:
        with av.open(io.BytesIO(), "w", format=container) as out:
            copy = declare(stream, out)
            if first is None:
                out.start_encoding()
            else:
                packet = av.Packet(bytes(first))
                packet.pts, packet.dts, packet.duration = 0, 0, first.duration
                packet.time_base, packet.is_keyframe, packet.stream = first.time_base, True, copy
                out.mux(packet)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def declare(stream: Any, out: Any) -> Any:
    """A stream of the output for copies of a stream's packets.

    Raises
    ------
    ValueError, FFmpegError
        If the container holds no such stream.
    """
    try:
        copy = out.add_stream_from_template(stream, opaque=True)
    except ValueError:
        if stream.type != "audio" or out.format.name != "matroska":
            raise
        # Matroska holds all sound that WAV holds; PyAV asks for less. A filter that does nothing
        # gives another stream the parameters.
        copy = out.add_mux_stream("pcm_s16le")
        library().bitstream.BitStreamFilterContext("null", stream, copy)
        copy.time_base = stream.time_base
    describe(stream, copy)
    return copy


def describe(stream: Any, copy: Any, without: Callable[[str], bool] = lambda key: False) -> None:
    """Language, title and role of a stream, and its other tags."""
    copy.metadata.update({key: text for key, text in stream.metadata.items() if not without(key)})
    if "name" in copy.metadata:  # as .mp4 calls a title when it is read
        copy.metadata.setdefault("title", copy.metadata["name"])
    copy.disposition = stream.disposition


def _copy(copy: Any, last: dict[int, int]) -> Callable[[Any], list[Any]]:
    def step(packet: Any) -> list[Any]:
        if packet is None:
            return []
        packet = rising(packet, last)
        packet.stream = copy
        return [packet]

    return step


def _attach(stream: Any, out: Any, content: bytes) -> None:
    """A font or a cover as an attachment; Matroska gives covers a name."""
    codec = _codec(stream)
    kind = {"mjpeg": "jpg", "png": "png", "bmp": "bmp", "webp": "webp", "gif": "gif"}.get(codec, codec)
    name = stream.metadata.get("filename", f"cover.{kind}")
    mime = stream.metadata.get("mimetype", f"image/{'jpeg' if kind == 'jpg' else kind}")
    attached = out.add_attachment(name, mime, content)
    for key, text in stream.metadata.items():
        attached.metadata.setdefault(key, text)


def _called(stream: Any) -> str:
    if stream.type == "attachment":
        return f"stream {stream.index}, attachment {stream.name} ({stream.mimetype})"
    cover = "the cover, " if is_cover(stream) else ""
    return f"{cover}stream {stream.index}, {stream.type} ({_codec(stream)})"


def _codec(stream: Any) -> str:
    if stream.codec_context:
        return str(stream.codec_context.codec.name)
    return str(stream.name or "unknown") if stream.type == "data" else "unknown"
