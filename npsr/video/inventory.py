"""What a video file holds beside pixels and packets, and what of it another file does not."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from npsr.video.reading import colours, colours_of_frame, description, library, opened
from npsr.video.streams import is_cover
from npsr.video.structure import unread_boxes

TRANSIENT = {"major_brand", "minor_version", "compatible_brands", "encoder", "vendor_id", "duration"}
TRANSIENT |= {"handler_name", "bps", "number_of_frames", "number_of_bytes", "source_id", "variant_bitrate"}
TRANSIENT |= {"_statistics_writing_app", "_statistics_writing_date_utc", "_statistics_tags", "rotate"}
"""Metadata that speak of the old file and its encoding, not of what it shows."""
OF_DECODING = {"MOTION_VECTORS", "VIDEO_ENC_PARAMS", "REGIONS_OF_INTEREST", "VIDEO_HINT", "SKIP_SAMPLES"}
"""Data of frames that speak of the old encoding."""
ENCODERS = ("dc45e9bde6d948b7962cd820d923eeef", "2ca2de09b51747dbbb55a4fe7fc2fc4e")
"""The first bytes of what x264 and x265 tell of their settings in the picture."""
SAME = {"name": "title"}
"""Tags by another name in some container."""
UNNAMED = ("Service01", "FFmpeg")
"""What libavformat calls programs that have no name."""
PROGRESSIVE = 1
"""Of libavcodec's orders of fields; 0 is unknown, others are interlaced."""
LENGTH = 60
"""Characters of a text that are told."""

Inventory = dict[str, str]
"""Each entry's name, and what it says."""


def is_transient(key: str) -> bool:
    """Whether a tag speaks of the old file; Matroska's may end in a language."""
    return key.lower().removesuffix("-eng") in TRANSIENT


def differences(source: Path, result: Path, streams: set[int], seen: set[str]) -> list[str]:
    """What of the source's inventory the result lacks or says otherwise.

    Parameters
    ----------
    source, result : Path
        Two files.
    streams : set of int
        Numbers of the source's streams that the result has.
    seen : set of str
        What any frame of the source carries, but for what the encoder takes along.

    Returns
    -------
    list of str
        A sentence for each.
    """
    before, after = inventory(source, streams), inventory(result)
    before |= {f"frames' {name}": "" for name in seen if f"frames' {name}" not in before}
    lost = []
    for name, text in before.items():
        if name not in after:
            lost.append(f"left out {name}{f': {text[:LENGTH]}' if text else ''}")
        elif after[name] != text:
            lost.append(f"changed {name}: {text[:LENGTH]} is now {after[name][:LENGTH]}")
    boxes = Counter(unread_boxes(source))
    return lost + [f"left out {number} × box {box}" for box, number in boxes.items()]


def inventory(path: Path, only: set[int] | None = None) -> Inventory:
    """Tags, chapters, roles and languages of streams, and what frames carry.

    Parameters
    ----------
    path : Path
        The file.
    only : set of int, optional
        Streams that count; by default all.
    """
    with opened(path) as container:
        found = _tags(container.metadata, "") | _of_programs(container)
        for number, chapter in enumerate(container.chapters(), 1):
            title = chapter["metadata"].get("title", "")
            start, end = (round(float(chapter[key] * chapter["time_base"]), 2) for key in ("start", "end"))
            found[f"chapter {number}"] = f"{start} to {end} s {title}".strip()
        picture = container.streams.best("video")
        meant = {} if picture is None else colours(picture)  # before decoders say otherwise
        kinds: Counter[str] = Counter()
        for stream in container.streams:
            if reel := reel_of(stream):  # told by a time code, whose track is written anew
                found["the time code's reel"] = reel
            if only is not None and stream.index not in only:
                continue
            kind = "picture" if stream is picture else "cover" if is_cover(stream) else stream.type
            kinds[kind] += 1
            of_stream = _of_stream(stream, kind if kind == "picture" else f"{kind} {kinds[kind]}")
            created = found.get("tag creation_time")  # which some containers repeat for each stream
            found |= {
                name: text
                for name, text in of_stream.items()
                if not (name.startswith("tag creation_time") and text == created)
            }
        if picture is not None:
            frame = next(iter(container.decode(picture)), None)
            meant = ({} if frame is None else colours_of_frame(frame)) | meant
            found |= {f"colour tag {name}": str(value) for name, value in meant.items()}
            found |= {} if frame is None else _of_frame(frame, picture)
    return found


def _of_programs(container: Any) -> Inventory:
    """Names of the programs of a transport stream."""
    if container.format.name != "mpegts":
        return {}
    told = re.findall(r"(service_name|service_provider)\s*: (.+)", description(container))
    return {
        f"tag {key} of program {k // 2 + 1}": text.strip()
        for k, (key, text) in enumerate(told)
        if text.strip() not in UNNAMED
    }


def reel_of(stream: Any) -> str:
    """The reel that a stream says it is from, or nothing."""
    return next((text for key, text in stream.metadata.items() if key.lower() == "reel_name"), "")


def _tags(metadata: dict[str, str], of: str) -> Inventory:
    """Tags, but for those of the file itself and those that only repeat another for a language."""
    texts = {SAME.get(key.lower(), key.lower()): _time(text.strip()) for key, text in metadata.items()}
    return {
        f"tag {key}{of}": text
        for key, text in texts.items()
        if text and not is_transient(key) and texts.get(key.rpartition("-")[0]) != text
    }


def _time(text: str) -> str:
    """A text, if a moment, without a fraction of zeros."""
    return text.replace(".000000Z", "Z")


def _of_stream(stream: Any, called: str) -> Inventory:
    """A stream's tags and role."""
    of = f" of {called}"
    if called.startswith("cover"):  # what else its container says of it is a file's name
        return {called: ""}
    found = {called: ""} | _tags(stream.metadata, of)
    found.pop(f"tag reel_name{of}", None)
    if found.get(f"tag language{of}") == "und":
        del found[f"tag language{of}"]
    roles = library().stream.Disposition
    found |= {f"role {role.name}{of}": "" for role in roles if role in stream.disposition & ~roles.default}
    return found


def _of_frame(frame: Any, stream: Any) -> Inventory:
    """What the first frame carries beside pixels."""
    aspect = stream.sample_aspect_ratio
    found = {"pixel aspect ratio": str(aspect)} if aspect and aspect != 1 else {}
    if stream.codec_context.field_order > PROGRESSIVE:
        found["that the file calls its whole frames interlaced"] = ""
    for name, content in beside_pixels(frame).items():
        found[f"frames' {name}"] = content.hex() if name == "DISPLAYMATRIX" else ""
    return found


def beside_pixels(frame: Any) -> dict[str, bytes]:
    """What a frame carries that does not only speak of its old encoding, by libavutil's names."""
    found = {data.type.name: bytes(data) for data in frame.side_data if data.type.name not in OF_DECODING}
    if found.get("SEI_UNREGISTERED", b"")[:16].hex() in ENCODERS:
        del found["SEI_UNREGISTERED"]
    return found
