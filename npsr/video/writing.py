"""The enlarged video: its streams in the order of the source's, its encoder, its tags."""

from pathlib import Path
from typing import Any

import numpy as np

from npsr.video.reading import FULL_RANGE, Picture, VideoError, library

WRITTEN = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""How names end, and libavformat's names of the containers that they mean."""
TRANSIENT = ("major_brand", "minor_version", "compatible_brands", "encoder")
"""Metadata that speak of the old file, not of what it shows."""

UNKEPT = ("A53_CC", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "DYNAMIC_HDR_PLUS", "DOVI_METADATA")
"""What frames may carry beside pixels that encoders are not told."""

Copied = dict[int, Any]
"""The output's stream for each of the source's that is copied, by its number there."""


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
    suffix = target.suffix.lower()
    kinds, holds = library().sidedata.sidedata.Type, out.supported_codecs
    left_out = [kind for kind in UNKEPT if picture.first.side_data.get(getattr(kinds, kind)) is not None]
    for stream in container.streams:
        codec = stream.codec_context.codec.name if stream.codec_context else "unknown"
        if stream.index == picture.stream:
            video = _encoder(out, target, picture, sides, stream)
            continue
        cover = stream.disposition & library().stream.Disposition.attached_pic
        held = codec in holds and not (cover and suffix == ".mov")
        if held or (stream.type == "attachment" and suffix == ".mkv"):
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
    try:
        formats = library().Codec(name, "w").video_formats
    except ValueError as error:
        raise VideoError(f"{name} is missing in PyAV, but {target} needs it: install PyAV by pip") from error
    if picture.pixel_format not in {known.name for known in formats}:
        raise VideoError(
            f"{target} cannot be written: {name}, the encoder for .webm and for odd sides, takes no "
            f"{picture.pixel_format}: choose .mkv, and an even factor"
        )
    return name, options


def _describe(stream: Any, copy: Any) -> None:
    """Language, title and role of a stream."""
    copy.metadata.update({key: text for key, text in stream.metadata.items() if key not in TRANSIENT})
    copy.disposition = stream.disposition
