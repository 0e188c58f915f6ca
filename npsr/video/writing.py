"""The enlarged video: its streams in the order of the source's, its encoder, its tags."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from npsr.video.inventory import is_transient, reel_of
from npsr.video.reading import (
    FULL_RANGE,
    METADATA_ERRORS,
    Picture,
    VideoError,
    colours,
    colours_of_frame,
    library,
)
from npsr.video.streams import WRITTEN, Copied, copy_stream, describe, is_cover

CARRIED = {"libx264": {"A53_CC"}, "libx265": {"A53_CC"}}
"""What encoders write of that which frames carry beside pixels."""


def lay_out(
    container: Any,
    out: Any,
    target: Path,
    picture: Picture,
    sides: tuple[int, int],
    wishes: Mapping[str, str],
) -> tuple[Any, Copied, set[int], list[str]]:
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
    wishes : mapping of str to str
        As in `copy_stream`.

    Returns
    -------
    video : av.VideoStream
        Takes the frames.
    copied : dict
        The other streams that take packets.
    written : set of int
        Numbers of the source's streams that the output has.
    notes : list of str
        What the output does without, and what is in it but not enlarged.

    Raises
    ------
    VideoError
        If it cannot hold the picture, or a stream that must be copied.
    """
    copied: Copied = {}
    written, notes = {picture.stream}, list[str]()
    for stream in container.streams:
        if stream.index == picture.stream:
            video = _encoder(out, target, picture, sides, stream)
            continue
        what = copy_stream(stream, out, target, picture, wishes, notes)
        if isinstance(what, str):
            notes.append(what)
            continue
        if what is not None or stream.type == "attachment" or is_cover(stream):
            written.add(stream.index)
        if what is not None:
            copied[stream.index] = what
            if stream.type == "video" and not is_cover(stream):
                notes.append(f"copied stream {stream.index}, video, as it is, not enlarged")
    for reel in filter(None, map(reel_of, container.streams)):
        video.metadata["reel_name"] = reel  # where muxers look for it
    out.metadata.update({key: text for key, text in container.metadata.items() if not is_transient(key)})
    out.set_chapters(container.chapters())
    return video, copied, written, notes


def container_options(suffix: str, container: Any) -> dict[str, str]:
    """How the output is written: with named tags if it has no other place for some of the source's.

    These take the place of the usual tags of .mp4, which more players read, and of a cover.
    """
    metadata = container.metadata
    if WRITTEN[suffix] not in ("mp4", "mov") or any(map(is_cover, container.streams)):
        return {}
    wanted = {key.lower() for key in metadata if not is_transient(key)}
    av, trial = library(), io.BytesIO()
    with av.open(trial, "w", format=WRITTEN[suffix], metadata_errors=METADATA_ERRORS) as out:
        out.metadata.update(metadata)
        out.add_mux_stream("pcm_s16le" if suffix == ".mov" else "alac", rate=8000)
        out.start_encoding()
    trial.seek(0)
    with av.open(trial, metadata_errors=METADATA_ERRORS) as written:
        missing = wanted - {key.lower() for key in written.metadata}
    return {"movflags": "use_metadata_tags"} if missing else {}


def _encoder(out: Any, target: Path, picture: Picture, sides: tuple[int, int], stream: Any) -> Any:
    """The stream that takes the enlarged frames, tagged as the source's."""
    av, first = library(), picture.first
    name, options = _codec(target, picture, sides)
    _add_light(name, options, first)
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
    for name_of_it, value in (colours_of_frame(first) | colours(stream)).items():
        setattr(context, name_of_it, value)
    if name == "libx265" and WRITTEN[target.suffix.lower()] in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # as Apple's players want it
    matrix = first.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if matrix is not None:
        video.set_display_matrix(np.frombuffer(bytes(matrix), np.int32))
    describe(stream, video, is_transient)
    return video


def _codec(target: Path, picture: Picture, sides: tuple[int, int]) -> tuple[str, dict[str, str]]:
    """The encoder, set to a quality at which its losses are hard to see, and its options."""
    whole_pairs = all(side % step == 0 for side, step in zip(sides, picture.steps, strict=True))
    if target.suffix.lower() == ".webm" or not whole_pairs:
        name, options = "libvpx-vp9", {"crf": "20", "deadline": "good", "cpu-used": "4", "row-mt": "1"}
    elif picture.bits == 8 or sides[1] < 64:  # narrower than its blocks, x265 writes beyond its memory
        name, options = "libx264", {"crf": "17"}
    else:
        name, options = "libx265", {"crf": "17", "a53cc": "1", "x265-params": "log-level=none"}
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


def _add_light(name: str, options: dict[str, str], frame: Any) -> None:
    """How bright the picture was mastered and is at most, as HDR10 has it, for encoders that write it."""
    kinds = library().sidedata.sidedata.Type
    mastered = frame.side_data.get(kinds.MASTERING_DISPLAY_METADATA)
    light = frame.side_data.get(kinds.CONTENT_LIGHT_LEVEL)
    names = {"libx264": ("mastering-display", "cll"), "libx265": ("master-display", "max-cll")}.get(name)
    if names is None:
        return
    parameters = []
    if mastered is not None:
        *numbers, primaries, luminance = struct.unpack("22i", bytes(mastered)[:88])
        over = [n / d if d else 0.0 for n, d in zip(numbers[::2], numbers[1::2], strict=True)]
        xy = [round(50000 * value) for value in over[:8]]
        low, high = (round(10000 * value) for value in over[8:])
        if primaries and luminance:  # libavutil has red, green, blue; the encoders take green first
            parameters.append(
                f"{names[0]}=G({xy[2]},{xy[3]})B({xy[4]},{xy[5]})R({xy[0]},{xy[1]})"
                f"WP({xy[6]},{xy[7]})L({high},{low})"
            )
    if light is not None:
        parameters.append("{}={},{}".format(names[1], *struct.unpack("2I", bytes(light)[:8])))
    if parameters:
        key = f"{name[3:]}-params"
        options[key] = ":".join([options[key], *parameters] if key in options else parameters)
