"""Video files by PyAV, an optional package: what is in them, and how the enlarged one is laid out."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

READ = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg"
"""Containers that are read, in libavformat's names: none that points to other files."""
TIMED = ("mov", "matroska")
"""Those among them whose header tells how long they last."""
WRITTEN = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
KINDS = ("yuv420p", "yuv422p", "yuv444p", "gray")
"""Pixel formats that are kept: so named in 8 bits, with a suffix in 10."""
FULL_RANGE = 2
BYTES_KEPT = "surrogateescape"
"""How titles are read and written that are not in UTF-8: as they are."""
TRANSIENT = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""Metadata that speak of the old file, not of what it shows."""

UNKEPT = ("A53_CC", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "DYNAMIC_HDR_PLUS", "DOVI_METADATA")
"""What frames may carry beside pixels that encoders are not told."""

Copied = dict[int, Any]
"""The output's stream for each of the source's that is copied, by its number there."""


class VideoError(ValueError):
    """A video file is missing, damaged, of an unsupported kind, or cannot be written."""


@dataclass(frozen=True)
class Picture:
    """What all frames of a video have in common.

    Attributes
    ----------
    stream : int
        Number of the stream in its file.
    frames : int
        How many there are.
    width, height : int
        Sides of the luma plane.
    steps : (int, int)
        Luma rows and columns for one chroma sample: 2 and 2 in 4:2:0.
    kind : str
        One of `KINDS`.
    bits : int
        8 or 10.
    full_range : bool
        Whether black is 0.
    siting : str or None
        Where chroma samples lie (`npsr.yuv.SITINGS`), if the file tells.
    first : av.VideoFrame
        The first frame, for its tags.
    """

    stream: int
    frames: int
    width: int
    height: int
    steps: tuple[int, int]
    kind: str
    bits: int
    full_range: bool
    siting: str | None
    first: Any

    @property
    def pixel_format(self) -> str:
        """The name that encoders know."""
        return self.kind if self.bits == 8 else f"{self.kind}{self.bits}le"


def library() -> Any:
    """PyAV.

    Raises
    ------
    VideoError
        If it is missing.
    """
    try:
        import av
    except ImportError as error:
        raise VideoError("the av package is missing, which videos need: pip install 'npsr[video]'") from error
    return av


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Turn what PyAV raises about a file into a VideoError."""
    av = library()
    try:
        yield
    except av.error.FileNotFoundError as error:
        raise VideoError(f"{path} does not exist: check the name") from error
    except av.error.FFmpegError as error:
        raise VideoError(f"{path} is damaged, or no video that can be handled: {error.strerror}") from error


def opened(path: Path) -> Any:
    """The file as a container to read from, a context; only a local file, and no list of files.

    Raises
    ------
    VideoError
        If it is missing, damaged or of another kind.
    """
    if path.exists() and not path.is_file():
        raise VideoError(f"{path} is not a regular file: name a video")
    with errors(path):
        return library().open(f"file:{path}", options={"format_whitelist": READ}, metadata_errors=BYTES_KEPT)


def survey(path: Path) -> Picture:
    """Read a file once, without decoding more than a frame, to know it before any work is done.

    Raises
    ------
    VideoError
        If it is missing, damaged, truncated, without a picture, or of a kind that cannot be kept.
    """
    with opened(path) as container, errors(path):
        stream = container.streams.best("video")
        if stream is None:
            raise VideoError(f"{path} holds no video")
        siting, frames, end, first = _siting(container, stream.index), 0, 0.0, None
        for packet in container.demux():
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index == stream.index:
                frames += bool(packet.size) and not packet.is_discard
                first = first or next(iter(packet.decode()), None)
        if first is None:
            raise VideoError(f"{path} holds no frame that can be decoded")
        expected = ((container.start_time or 0) + (container.duration or 0)) / 1e6
        if container.format.name.startswith(TIMED) and end < expected - 1:
            raise VideoError(
                f"{path} ends at {end:.1f} s, but should at {expected:.1f} s: it is truncated, get it anew"
            )
        if stream.metadata.get("alpha_mode") == "1":
            raise VideoError(f"{path} is transparent, which cannot be kept: enlarge it as images")
        return _picture(path, stream, frames, siting, first)


def _picture(path: Path, stream: Any, frames: int, siting: str | None, first: Any) -> Picture:
    """What the first frame tells of all."""
    name = first.format.name.removesuffix("le")
    kind, bits = (name.removesuffix("10"), 10) if name.endswith("10") else (name, 8)
    kind = kind.replace("yuvj", "yuv")
    if kind not in KINDS:
        raise VideoError(
            f"{path} has pixels of kind {first.format.name}, but must have {', '.join(KINDS)} in 8 or 10 "
            "bits: convert it with ffmpeg -pix_fmt"
        )
    columns, rows = first.format.chroma_width(2), first.format.chroma_height(2)
    codec = stream.codec_context.name
    if siting is None and codec in ("mjpeg", "mpeg1video"):
        siting = "center"
    full_range = "yuvj" in name or first.color_range == FULL_RANGE
    steps = (2 // rows, 2 // columns)
    return Picture(
        stream.index, frames, first.width, first.height, steps, kind, bits, full_range, siting, first
    )


def _siting(container: Any, stream: int) -> str | None:
    """Where chroma samples lie, if the file tells: PyAV does so only in its description."""
    logging = library().logging
    before = logging.get_level()
    logging.set_level(logging.VERBOSE)
    logging.set_libav_level(logging.VERBOSE)
    try:
        description = container.dumps_format()
    finally:
        logging.set_level(before)
        logging.set_libav_level(logging.INFO)
    found = re.search(
        rf"Stream #0:{stream}\D.*Video:.*\(.*\b(left|center|topleft|top|bottomleft|bottom)\)", description
    )
    return found[1] if found else None


def steps(
    path: Path, container: Any, picture: Picture, copied: Copied
) -> Iterator[tuple[list[Any], Any | None]]:
    """The packets to copy before each frame, and the frame; at the end those after the last, and None.

    Raises
    ------
    VideoError
        If the file cannot be read or decoded any further.
    """
    packets: list[Any] = []
    with errors(path):
        for packet in container.demux():
            if packet.stream.index == picture.stream:
                for frame in packet.decode():
                    yield packets, frame
                    packets = []
            elif packet.stream.index in copied and packet.size:
                packets.append(packet)
        yield packets, None


def lay_out(
    container: Any, out: Any, target: Path, picture: Picture, sides: tuple[int, int]
) -> tuple[Any, Copied, list[str]]:
    """Declare the output's streams, in the order of the source's.

    Parameters
    ----------
    container, out : av.container.Container
        The source and the output.
    target : Path
        Name of the output.
    picture : Picture
        The source's.
    sides : (int, int)
        Rows and columns of the output.

    Returns
    -------
    video : av.VideoStream
        Takes the frames.
    copied : dict
        The other streams.
    left_out : list of str
        What the output does without.

    Raises
    ------
    VideoError
        If it cannot hold the picture, or a stream that must be kept.
    """
    copied: Copied = {}
    kinds, holds = library().sidedata.sidedata.Type, out.supported_codecs
    left_out = [kind for kind in UNKEPT if picture.first.side_data.get(getattr(kinds, kind)) is not None]
    for stream in container.streams:
        codec = stream.codec_context.codec.name if stream.codec_context else "unknown"
        if stream.index == picture.stream:
            video = _encoder(out, target, picture, sides, stream)
            continue
        if codec in holds or (stream.type == "attachment" and target.suffix.lower() == ".mkv"):
            copied[stream.index] = out.add_stream_from_template(stream, opaque=True)
            _describe(stream, copied[stream.index])
        elif stream.type in ("audio", "subtitle"):
            raise VideoError(
                f"{target} cannot hold stream {stream.index} of the video, {stream.type} ({codec}): "
                f"choose another container, {', '.join(WRITTEN)}"
            )
        else:
            left_out.append(f"stream {stream.index}, {stream.type} ({codec})")
    out.metadata.update({key: text for key, text in container.metadata.items() if key not in TRANSIENT})
    out.set_chapters(container.chapters())
    return video, copied, left_out


def _encoder(out: Any, target: Path, picture: Picture, sides: tuple[int, int], stream: Any) -> Any:
    """The stream that takes the enlarged frames, tagged as the source's."""
    av, first = library(), picture.first
    name, options = _codec(target, picture, sides)
    if picture.siting:
        options["chroma_sample_location"] = picture.siting
    video = out.add_stream(name, stream.average_rate or stream.guessed_rate or 25, options=options)
    context = video.codec_context
    context.height, context.width = sides
    context.pix_fmt = picture.pixel_format
    context.time_base = stream.time_base
    context.flags |= av.codec.context.Flags.frame_duration
    context.sample_aspect_ratio = stream.sample_aspect_ratio or 0
    context.color_range = FULL_RANGE if picture.full_range else int(first.color_range)
    context.colorspace = int(first.colorspace)
    context.color_primaries, context.color_trc = int(first.color_primaries), int(first.color_trc)
    if name == "libx265" and WRITTEN[target.suffix.lower()] in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # as Apple's players want it
    matrix = first.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if matrix is not None:
        video.set_display_matrix(np.frombuffer(bytes(matrix), np.int32))
    _describe(stream, video)
    return video


def _codec(target: Path, picture: Picture, sides: tuple[int, int]) -> tuple[str, dict[str, str]]:
    """The encoder, set to a quality at which its losses are hard to see, and its options."""
    whole_pairs = all(side % step == 0 for side, step in zip(sides, picture.steps, strict=True))
    if target.suffix.lower() == ".webm" or not whole_pairs:
        name, options = "libvpx-vp9", {"crf": "20", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
    elif picture.bits == 8 or sides[1] < 64:  # narrower than its blocks, x265 writes beyond its memory
        name, options = "libx264", {"crf": "17"}
    else:
        name, options = "libx265", {"crf": "17", "x265-params": "log-level=none"}
    if picture.pixel_format not in {known.name for known in library().Codec(name, "w").video_formats}:
        raise VideoError(
            f"{target} cannot be written: {name}, the encoder for .webm and for odd sides, takes no "
            f"{picture.pixel_format}: choose .mkv, and an even factor"
        )
    return name, options


def _describe(stream: Any, copy: Any) -> None:
    """Language, title and role of a stream."""
    copy.metadata.update({key: text for key, text in stream.metadata.items() if key not in TRANSIENT})
    copy.disposition = stream.disposition
