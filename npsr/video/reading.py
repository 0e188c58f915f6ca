"""Video files by PyAV, an optional package: what is in them, and their frames and packets in order."""

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from npsr.upscaling.stopwatch import Split, timed
from npsr.video.structure import missing_bytes
from npsr.video.times import Clock, unbroken

READ = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg"
"""Containers that are read, in libavformat's names: none that points to other files."""
TIMED = ("mov", "matroska")
"""Those among them whose header tells how long they last."""
KINDS = ("yuv420p", "yuv422p", "yuv444p", "gray")
"""Pixel formats that are kept: so named in 8 bits, with a suffix in 10."""
FULL_RANGE = 2
"""Of libavutil's colour ranges."""
COLOURS = ("colorspace", "color_primaries", "color_trc")
"""PyAV's names of how colours are meant: matrix, primaries, transfer function."""
NOT_TOLD = (0, 2)
"""Their values that mean nothing."""
METADATA_ERRORS = "surrogateescape"
"""How titles are read and written that are not in UTF-8: as they are."""


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
        Where chroma samples lie (`npsr.video.yuv.SITINGS`), if the file tells.
    first : av.VideoFrame
        The first frame, for its tags.
    delay : int
        What frames' times of decoding are late, in units of the stream's time base.
    start : int
        When the first frame is shown, if it does not say it but later ones do.
    firsts : dict of int to av.Packet
        The first packet of each stream, by its number.
    claim : str
        What the file says of its length that is not so, or nothing.
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
    delay: int = 0
    start: int = 0
    firsts: dict[int, Any] = field(default_factory=dict)
    claim: str = ""

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
def errors(path: Path, what: str = "is damaged, or no video that can be handled") -> Iterator[None]:
    """Turn what PyAV raises about a file into a VideoError, which says what is wrong with it."""
    av = library()
    try:
        yield
    except av.error.FileNotFoundError as error:
        raise VideoError(f"{path} does not exist: check the name") from error
    except av.error.FFmpegError as error:
        raise VideoError(f"{path} {what}: {error.strerror}") from error


def opened(path: Path) -> Any:
    """The file as a container to read from, a context; only a local file, and no list of files.

    Raises
    ------
    VideoError
        If it is missing, damaged or of another kind.
    """
    if path.exists() and not path.is_file():
        raise VideoError(f"{path} is not a regular file: name a video")
    av = library()
    with errors(path):
        container = av.open(
            f"file:{path}", options={"format_whitelist": READ}, metadata_errors=METADATA_ERRORS
        )
    container.flags &= ~av.container.Flags.gen_pts.value  # which guesses wrongly where frames are reordered
    return container


def survey(path: Path) -> Picture:
    """Read a file once, without decoding more than a frame, to know it before any work is done.

    Raises
    ------
    VideoError
        If it is missing, damaged, truncated, without a picture, or of a kind that cannot be kept.

    Notes
    -----
    Truncated is what ends before its own boxes do. That a file says that it lasts longer than it does
    is no proof.
    """
    with opened(path) as container, errors(path):
        stream = container.streams.best("video")
        if stream is None:
            raise VideoError(f"{path} holds no video")
        if missing := missing_bytes(path):
            raise VideoError(
                f"{path} is truncated: by its own account {missing} bytes are missing: get it anew"
            )
        siting, frames, end, first = _siting(container, stream.index), 0, 0.0, None
        firsts: dict[int, Any] = {}
        has_times, start = False, 0
        for packet in unbroken(container.demux(), container.format.name):
            if packet.size:
                firsts.setdefault(packet.stream.index, packet)
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index == stream.index:
                if packet.pts is not None and not has_times:
                    has_times, start = True, packet.pts - frames * (packet.duration or 1) if frames else 0
                frames += bool(packet.size) and not packet.is_discard
                first = first or next(iter(_decoded(packet)), None)
        if first is None:
            raise VideoError(f"{path} holds no frame that can be decoded")
        if stream.metadata.get("alpha_mode") == "1":
            raise VideoError(f"{path} is transparent, which cannot be kept: enlarge it as images")
        said = (container.duration or 0) / 1e6
        claim = ""
        if container.format.name.startswith(TIMED) and end < said - 1:
            claim = f"its end is at {end:.1f} s, though it says {said:.1f} s: something may be missing"
        picture = _picture(path, stream, frames, siting, first)
        delay = 0 if has_times else _delay(firsts[stream.index], first)
        return replace(picture, delay=delay, start=start, firsts=firsts, claim=claim)


def _decoded(packet: Any) -> list[Any]:
    """The frames that come out for a packet: none for an empty one, by which Theora lets the last frame
    stay; the packet at the end, without any time, empties the decoder.
    """
    if not packet.size and (packet.pts is not None or packet.dts is not None):
        return []
    return list(packet.decode())


def _delay(packet: Any, frame: Any) -> int:
    """From the first packet to the first frame, where packets are not told when they are shown.

    Frame by frame they are shown in the order and at the beat in which packets are decoded.
    """
    return 0 if packet.dts is None or frame.dts is None else frame.dts - packet.dts


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


def description(container: Any) -> str:
    """What libavformat prints of a file: some things PyAV does not tell otherwise."""
    logging = library().logging
    before = logging.get_level()
    logging.set_level(logging.VERBOSE)
    logging.set_libav_level(logging.VERBOSE)
    try:
        return str(container.dumps_format())
    finally:
        logging.set_level(before)
        logging.set_libav_level(logging.INFO)


def colours(stream: Any) -> dict[str, int]:
    """How a stream's container says that colours are meant; to be asked before anything is decoded."""
    said = {name: int(getattr(stream.codec_context, name)) for name in COLOURS}
    return {name: value for name, value in said.items() if value not in NOT_TOLD}


def colours_of_frame(frame: Any) -> dict[str, int]:
    """How a frame says that its colours are meant, where the container says nothing."""
    said = {name: int(getattr(frame, name)) for name in COLOURS}
    return {name: value for name, value in said.items() if value not in NOT_TOLD}


def _siting(container: Any, stream: int) -> str | None:
    """Where chroma samples lie, if the file tells."""
    found = re.search(
        rf"Stream #0:{stream}\D.*Video:.*\(.*\b(left|center|topleft|top|bottomleft|bottom)\)",
        description(container),
    )
    return found[1] if found else None


def steps(
    path: Path, container: Any, picture: Picture, copied: Container[int], how: tuple[Clock, Split]
) -> Iterator[tuple[list[Any], Any | None]]:
    """The packets to copy before each frame, and the frame; at the end those after the last, and None.

    Frames have their times by the clock. The time that reading and decoding take is added to the split.

    Raises
    ------
    VideoError
        If the file cannot be read or decoded any further.
    """
    packets: list[Any] = []
    (clock, split), duration = how, 1
    found = unbroken(container.demux(), container.format.name)
    while True:
        with errors(path), timed(split, "decoding"):
            if (packet := next(found, None)) is None:
                break
            ours = packet.stream.index == picture.stream
            frames = _decoded(packet) if ours else []
        if ours:
            duration = packet.duration or duration
            for frame in frames:
                clock.stamp(frame, picture.delay, frame.duration or duration)
                yield packets, frame
                packets = []
        elif packet.stream.index in copied and packet.size:
            packets.append(packet)
    yield packets, None
