"""Videos: the picture enlarged frame by frame, time stamps and all other streams kept.

Frames stay in the file's own YUV (`npsr.video.yuv`). A thread decodes and one encodes, while the network
runs between them.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from npsr.networks.network import Network
from npsr.system.checks import whole
from npsr.system.files import atomic_write, check_target
from npsr.upscaling.overlap import read_ahead, write_behind
from npsr.upscaling.stopwatch import Split, timed
from npsr.upscaling.upscale import PlaneUpscaler, plane_upscaler
from npsr.video.inventory import beside_pixels, differences
from npsr.video.reading import METADATA_ERRORS, Picture, VideoError, errors, library, opened, steps, survey
from npsr.video.streams import CHOICES, WRITTEN, Copied
from npsr.video.times import Clock
from npsr.video.writing import CARRIED, container_options, lay_out
from npsr.video.yuv import SITINGS, enlarge_chroma, enlarge_luma

DEPTH = 4
"""Frames read ahead, and frames waiting to be written, at most."""


class Written(NamedTuple):
    """What `upscale_video` wrote: sides, frames, encoder; a sentence for each thing that is not as in the
    source, such as what was left out; and seconds spent on decoding, network, chroma and encoding, which
    go on at the same time.
    """

    width: int
    height: int
    frames: int
    encoder: str
    notes: list[str]
    split: Split


def upscale_video(
    source: str | Path,
    target: str | Path,
    scale: int = 3,
    model: str | Path | Network | PlaneUpscaler = "fsrcnn",
    ensemble: bool = False,
    force: bool = False,
    progress: Callable[[int, int], object] | None = None,
    streams: Mapping[str, str] = MappingProxyType({}),
) -> Written:
    """Enlarge a video.

    Parameters
    ----------
    source : str or Path
        The video: planar YUV or grey, 8 or 10 bits, progressive.
    target : str or Path
        The file to write, .mp4, .m4v, .mov, .mkv or .webm; it appears only when it is complete.
    scale, model, ensemble
        As in `npsr.upscale`; the model may be a function that enlarges a plane, too, as
        `npsr.upscaling.upscale.plane_upscaler` gives it.
    force : bool
        Replace an existing file.
    progress : callable, optional
        Called after each frame with the number of frames done, and of all.
    streams : mapping of str to str
        What is done with streams that are not the picture: "audio" may be "copy" (the default), "aac" or
        "drop", "subtitle" "copy" or "drop".

    Returns
    -------
    Written

    Raises
    ------
    VideoError
        If PyAV is missing; the source is missing, damaged, truncated or of a kind that cannot be
        kept; or the target cannot hold its picture, sound or subtitles.
    ValueError
        If there is no such model, factor or choice.
    OSError
        If the target exists and `force` is False, or cannot be written.

    Notes
    -----
    Luma goes through the network; chroma is enlarged by bicubic interpolation, its samples keeping
    their place; both in the file's own range, without a way through RGB. Every frame keeps its time
    stamp. Audio, subtitles, attachments, covers, chapters and metadata are copied; rotation, pixel
    aspect ratio, colour tags and HDR10's are kept. The inventories of source and output are compared,
    and every difference is a note.

    Examples
    --------
    >>> written = npsr.upscale_video("my.mp4", "large.mp4", scale=2)
    >>> written.frames, written.width, written.height
    (8, 64, 32)
    """
    source, target, scale = Path(source), Path(target), whole("scale", scale)
    check_target(target, force)
    suffix = target.suffix.lower()
    if suffix not in WRITTEN:
        raise VideoError(f"{target} ends in {suffix!r}, but must end in one of {', '.join(WRITTEN)}")
    for kind, wish in streams.items():
        if wish not in CHOICES.get(kind, ()):
            raise ValueError(f"streams has {kind!r}: {wish!r}, but must have one of {CHOICES}")
    enlarge = plane_upscaler(model, scale, ensemble)
    picture = survey(source)
    sides = scale * picture.height, scale * picture.width
    split: Split = {}
    with atomic_write(target, force) as file:
        with opened(source) as container, errors(target, "cannot be written"):
            options = container_options(suffix, container)
            with library().open(
                file, "w", format=WRITTEN[suffix], metadata_errors=METADATA_ERRORS, container_options=options
            ) as out:
                video, copied, written, notes = lay_out(container, out, target, picture, sides, streams)
                write = partial(_write, target, out, video, copied, split)
                clock = Clock(picture.start)
                read = steps(source, container, picture, copied, (clock, split))
                seen, frames = set[str](), 0
                with closing(read_ahead(read, DEPTH)) as ahead, write_behind(write, DEPTH) as put:
                    for packets, frame in ahead:
                        if frame is None:
                            put((packets, None))
                            break
                        put((packets, _enlarge_frame(source, frame, picture, scale, (enlarge, split))))
                        seen |= beside_pixels(frame).keys()
                        frames += 1
                        if progress:
                            progress(frames, max(frames, picture.frames))
                encoder = video.codec_context.name
        file.flush()
        with errors(target, "cannot be written"):
            notes += [picture.claim] if picture.claim else []
            notes += [f"{clock.moved} frames have new times: theirs do not rise"] if clock.moved else []
            notes += differences(source, Path(file.name), written, seen - CARRIED.get(encoder, set()))
    return Written(sides[1], sides[0], frames, encoder, notes, split)


def _write(
    target: Path, out: Any, video: Any, copied: Copied, split: Split, step: tuple[list[Any], Any]
) -> None:
    """Write what `steps` yields; without a frame the encoders give what they still hold."""
    packets, frame = step
    with errors(target, "cannot be written"), timed(split, "encoding"):
        for packet in packets:
            out.mux(copied[packet.stream.index](packet))
        out.mux(video.encode(frame))
        for last in copied.values() if frame is None else ():
            out.mux(last(None))


def _enlarge_frame(
    source: Path, frame: Any, picture: Picture, scale: int, how: tuple[PlaneUpscaler, Split]
) -> Any:
    """One frame, at the same time."""
    _check(source, frame, picture)
    enlarge, split = how
    large = _blank(frame, scale * picture.height, scale * picture.width, picture.pixel_format)
    for place, (plane, large_plane) in enumerate(zip(frame.planes, large.planes, strict=True)):
        codes, target = _codes(plane, picture.bits), _codes(large_plane, picture.bits)
        if place == 0:
            with timed(split, "network"):
                target[...] = enlarge_luma(codes, picture.bits, picture.full_range, enlarge)
        else:
            siting = SITINGS[picture.siting or "left"]
            with timed(split, "chroma"):
                target[...] = enlarge_chroma(codes, picture.bits, scale, target.shape, picture.steps, siting)
    large.pts, large.time_base, large.duration = frame.pts, frame.time_base, frame.duration
    return large


def _blank(frame: Any, rows: int, columns: int, pixel_format: str) -> Any:
    """A frame to fill. Captions go along with a frame that is enlarged by libswscale only."""
    if frame.side_data.get(library().sidedata.sidedata.Type.A53_CC) is None:
        return library().VideoFrame(columns, rows, pixel_format)
    large = frame.reformat(columns, rows, pixel_format, interpolation="POINT")
    large.make_writable()
    return large


def _codes(plane: Any, bits: int) -> np.ndarray:
    """A view of a plane: (rows, columns) of uint8, or uint16 for more bits."""
    samples = np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16)
    return samples.reshape(plane.height, -1)[:, : plane.width]


def _check(source: Path, frame: Any, picture: Picture) -> None:
    """Refuse a frame that cannot be enlarged as the first was."""
    first, when = picture.first, f"{source}, frame at {frame.time or 0:.3f} s"
    if (frame.width, frame.height, frame.format.name) != (first.width, first.height, first.format.name):
        raise VideoError(
            f"{when} is {frame.width}×{frame.height} {frame.format.name}, but the first is not: cut it there"
        )
    if frame.interlaced_frame:
        raise VideoError(f"{when} is interlaced, but must be whole: deinterlace, with ffmpeg -vf bwdif")
    if frame.is_corrupt:
        raise VideoError(f"{when} is damaged: get the video anew")
