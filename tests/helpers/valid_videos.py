"""Valid videos that ffmpeg makes of random streams and tags, and what ffmpeg sees in videos."""

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers.valid_files import random_words
from npsr.images.resize import imresize
from npsr.video.yuv import enlarge_luma

PICTURES = {
    ".mp4": (
        ("libx264", "yuv420p"),
        ("libx264", "yuv444p"),
        ("mpeg4", "yuv420p"),
        ("libx265", "yuv420p10le"),
    ),
    ".mov": (("libx264", "yuv420p"), ("libx264", "yuv422p"), ("mjpeg", "yuvj420p"), ("mjpeg", "yuvj444p")),
    ".mkv": (("libx264", "gray"), ("ffv1", "yuv422p10le"), ("libvpx-vp9", "yuv420p"), ("libx264", "yuv420p")),
    ".webm": (("libvpx", "yuv420p"), ("libvpx-vp9", "yuv444p")),
    ".avi": (("mpeg4", "yuv420p"), ("libx264", "yuv420p"), ("mjpeg", "yuvj422p")),
    ".ts": (("libx264", "yuv420p"), ("mpeg2video", "yuv420p")),
}
SOUNDS = {
    ".mp4": ("aac", "libmp3lame", "ac3"),
    ".mov": ("aac", "pcm_s16le", "pcm_s24be"),
    ".mkv": ("flac", "libopus", "libvorbis", "aac", "pcm_s16le"),
    ".webm": ("libopus", "libvorbis"),
    ".avi": ("libmp3lame", "pcm_s16le", "adpcm_ms"),
    ".ts": ("aac", "mp2"),
}
WORDS = {".mp4": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
KEYS = {
    ".mp4": ("title", "artist", "comment", "copyright", "genre", "description", "album", "composer"),
    ".mov": ("title", "artist", "comment", "copyright", "genre", "description", "make", "model"),
    ".mkv": ("title", "artist", "comment", "anything", "DIRECTOR"),
    ".webm": ("title", "artist", "comment"),
    ".avi": ("title", "artist", "comment", "copyright"),
    ".ts": (),
}


NAMES = {"sample_aspect_ratio": "pixel aspect ratio"}
"""What notes call a part of what ffprobe says of a picture."""
MOST_APART = 3.0
"""Codes of 8 bits by which encoding may change luma, on average."""


class ValidVideo(NamedTuple):
    """A video: its name, pairs of a text in its inventory and the word of the note if it is lost, and what
    ffprobe sees.
    """

    name: str
    planted: list[tuple[str, str]]
    seen: "Seen"


def make_video(folder: Path, number: int, rng: Any) -> ValidVideo:
    """A video of a random kind in a folder; every container has its turn."""
    suffix = list(PICTURES)[number % len(PICTURES)]
    codec, pixels = PICTURES[suffix][int(rng.integers(0, len(PICTURES[suffix])))]
    path, planted, inputs, mapped = folder / f"{number}{suffix}", [], [], ["-map", "0:v"]
    columns, rows = (int(side) for side in 2 * rng.integers(16, 33, 2))
    columns = max(columns, 64) if codec == "libx265" else columns  # which crashes with less
    rate, frames = str(rng.choice(["5", "24", "25", "30000/1001", "50"])), int(rng.integers(3, 12))
    source = str(rng.choice(["testsrc2", "smptebars", "rgbtestsrc"]))
    inputs += ["-f", "lavfi", "-i", f"{source}=s={columns}x{rows}:r={rate}"]
    options = ["-frames:v", frames, "-c:v", codec, "-pix_fmt", pixels, "-threads", 1]
    if rng.random() < 0.6:
        inputs += ["-f", "lavfi", "-t", 0.5, "-i", "sine=440:sample_rate=48000"]
        sound = str(rng.choice(SOUNDS[suffix]))
        mapped += ["-map", "1:a"]
        options += ["-c:a", sound, "-ac", int(rng.choice([1, 2]))]
        planted.append((f"audio {sound.removeprefix('lib').replace('mp3lame', 'mp3')}", "audio"))
    if suffix in WORDS and rng.random() < 0.4:
        words = random_words(rng).decode()
        (folder / f"{number}.srt").write_text(f"1\n00:00:00,000 --> 00:00:00,200\n{words}\n\n")
        mapped += ["-map", f"{len(mapped) // 2}:s"]
        inputs += ["-i", folder / f"{number}.srt"]
        options += ["-c:s", WORDS[suffix]]
        planted.append(("subtitle", "subtitle"))
    for key in rng.choice(KEYS[suffix], int(rng.integers(0, len(KEYS[suffix]) + 1)), replace=False):
        words = random_words(rng).decode()
        options += ["-metadata", f"{key}={words}"]
        planted.append((words, str(key).lower()))
    if suffix in (".mp4", ".mov", ".mkv", ".webm") and rng.random() < 0.4:
        words = random_words(rng).decode()
        text = f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=100\ntitle={words}\n"
        (folder / f"{number}.txt").write_text(text)
        options += ["-map_metadata", len(mapped) // 2]
        inputs += ["-i", folder / f"{number}.txt"]
        planted = [one for one in planted if not one[0].startswith("token-")] + [(words, "chapter")]
    if suffix == ".mkv" and rng.random() < 0.4:
        (folder / f"{number}.ttf").write_bytes(b"glyphs" + rng.bytes(9))
        options += ["-attach", folder / f"{number}.ttf", "-metadata:s:t", "mimetype=font/ttf"]
        planted.append((f"{number}.ttf", "attachment"))
    options += _tags_of_picture(suffix, codec, rng)
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *mapped, *options, path]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    found = seen(path)
    return ValidVideo(path.name, [one for one in planted if one[0] in found.texts], found)


def _tags_of_picture(suffix: str, codec: str, rng: Any) -> list[Any]:
    """Colours, aspect, rotation, language, late starts, time codes."""
    options: list[Any] = []
    if rng.random() < 0.4 and codec != "mjpeg":  # whose decoder knows one matrix, whatever the container says
        options += ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
    if rng.random() < 0.3:
        options += ["-vf", "setsar=4/3"]
    if suffix in (".mp4", ".mov") and rng.random() < 0.3:
        options += ["-metadata:s:v:0", f"rotate={int(rng.choice([90, 180, 270]))}"]
    if suffix in (".mp4", ".mov", ".mkv") and rng.random() < 0.3:
        options += ["-metadata:s:v:0", "language=fra"]
    if suffix in (".mkv", ".ts") and rng.random() < 0.3:
        options += ["-output_ts_offset", 5]
    if suffix == ".mov" and rng.random() < 0.3:
        options += ["-timecode", "01:00:00:00"]
    if codec in ("libx264", "mpeg4", "mpeg2video") and rng.random() < 0.5:
        options += ["-bf", 2]
    return options


class Seen(NamedTuple):
    """What ffprobe tells of a file: all tags and kinds of streams as one text; when each frame is shown, in
    seconds from the first; shape of pixels, colours and rotation of the picture.
    """

    texts: str
    times: list[float | None]
    picture: dict[str, Any]


def seen(path: Path) -> Seen:
    """Ask ffprobe."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters"]
    told = json.loads(
        subprocess.run([*command, "-show_frames", path], check=True, capture_output=True).stdout
    )
    told["format"].pop("filename")
    kinds = [f"{stream['codec_type']} {stream.get('codec_name')}" for stream in told["streams"]]
    words = json.dumps([told["format"], told["streams"], told["chapters"], kinds])
    stream = next(stream for stream in told["streams"] if stream["codec_type"] == "video")
    frames = [frame for frame in told["frames"] if frame.get("stream_index") == stream["index"]]
    times = [frame.get("best_effort_timestamp_time") for frame in frames]
    first = float(times[0] or 0)
    keys = ("sample_aspect_ratio", "color_space", "color_primaries", "color_transfer")
    said = {key: stream[key] for key in keys if stream.get(key) not in (None, "unknown", "1:1", "0:1")}
    turned = [side["rotation"] for side in stream.get("side_data_list", ()) if "rotation" in side]
    return Seen(
        words,
        [None if time is None else float(time) - first for time in times],
        said | ({"rotation": turned[0]} if turned else {}),
    )


def lumas(path: Path) -> np.ndarray:
    """Luma of each frame, in its own bits and range, as ffmpeg decodes it; turned by nothing."""
    command = ["ffprobe", "-v", "error", "-of", "csv=p=0", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=width,height,pix_fmt", path]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split(",")
    columns, rows, deep = int(told[0]), int(told[1]), "10" in told[2]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-noautorotate",
        "-i",
        path,
        "-map",
        "0:v:0",
        "-fps_mode",
        "passthrough",
    ]
    command += ["-vf", "extractplanes=y", "-f", "rawvideo", "-"]
    raw = subprocess.run([str(word) for word in command], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint16 if deep else np.uint8).reshape(-1, rows, columns)


def apart(source: Path, result: Path) -> float:
    """By how much luma is off from the enlargement of the source's, on average, in 8 bits."""
    small, large = lumas(source), lumas(result)
    bits = 10 if small.dtype == np.uint16 else 8
    if large.shape != (len(small), 2 * small.shape[1], 2 * small.shape[2]):
        return float("inf")
    expected = [enlarge_luma(frame, bits, False, lambda plane: imresize(plane, 2)) for frame in small]
    difference = np.abs(np.stack(expected).astype(float) - large).mean()
    return float(difference / 2 ** (bits - 8))


def wrong_video(video: ValidVideo, source: Path, result: Path, notes: str) -> list[str]:
    """What is not as in the source, and not named."""
    after, before = seen(result), video.seen
    wrong = [
        f"{text} ({word}) is neither kept nor named in {notes!r}"
        for text, word in video.planted
        if text not in after.texts and word not in notes.lower()
    ]
    pairs = zip(before.times, after.times, strict=False)
    late = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    if len(before.times) != len(after.times) or max(late, default=0) > 0.002:
        wrong.append(f"frames are shown at {after.times} instead of {before.times}")
    lost = {key: (said, after.picture.get(key)) for key, said in before.picture.items()}
    wrong += [
        f"{key} is {b} instead of {a}"
        for key, (a, b) in lost.items()
        if a != b and NAMES.get(key, "no word") not in notes
    ]
    difference = apart(source, result)
    if difference > MOST_APART:
        wrong.append(f"its luma is off by {difference:.1f}")
    return wrong
