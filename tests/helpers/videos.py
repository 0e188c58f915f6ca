"""Videos made here: pictures that slope, noise, and packets of any content."""

from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av")

MILLISECONDS = Fraction(1, 1000)
UNEVEN = [0, 40, 100, 110, 300, 310, 1000, 1040]
"""Time stamps of a variable frame rate, in milliseconds."""


def frame_of(rows, columns, pixel_format, number=0):
    """A frame whose planes slope, a little further along with each number."""
    frame = av.VideoFrame(columns, rows, pixel_format)
    for place, plane in enumerate(frame.planes):
        deep = "10" in pixel_format
        codes = np.frombuffer(plane, np.uint16 if deep else np.uint8).reshape(plane.height, -1)
        slope = np.add.outer(np.arange(plane.height) * 5, np.arange(plane.width) * 3)
        codes[:, : plane.width] = (60 + 20 * place + 2 * number + slope % 97) * (4 if deep else 1)
    return frame


def add_picture(out, codec, sides=(16, 32), pixel_format="yuv420p", **context):
    stream = out.add_stream(codec, 25, options=context.pop("options", None))
    stream.height, stream.width = sides
    stream.pix_fmt, stream.codec_context.time_base = pixel_format, MILLISECONDS
    for key, value in context.items():
        setattr(stream.codec_context, key, value)
    return stream


def add_frames(out, stream, stamps=UNEVEN, sides=(16, 32), pixel_format="yuv420p"):
    for number, stamp in enumerate(stamps):
        frame = frame_of(*sides, pixel_format, number)
        frame.pts, frame.time_base = stamp, MILLISECONDS
        out.mux(stream.encode(frame))
    out.mux(stream.encode())


def video(path, codec="libx264", sides=(16, 32), pixel_format="yuv420p", stamps=UNEVEN, **context):
    """A video without sound."""
    container = context.pop("container", {})
    with av.open(str(path), "w", options=container) as out:
        stream = add_picture(out, codec, sides, pixel_format, **context)
        add_frames(out, stream, stamps, sides, pixel_format)
    return path


def add_sound(out, codec, seconds=1):
    stream = out.add_stream(codec, 48000, bit_rate=128000)
    stream.metadata["language"] = "fra"
    frame = av.AudioFrame("s16", "stereo", 48000 * seconds)
    noise = np.random.default_rng(0).integers(-9999, 9999, 2 * 48000 * seconds, dtype=np.int16)
    np.frombuffer(frame.planes[0], np.int16)[:] = noise
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    return [*stream.encode(frame), *stream.encode()]


def packet_of(stream, content, start, duration):
    packet = av.Packet(content)
    packet.stream, packet.time_base = stream, MILLISECONDS
    packet.pts = packet.dts = start
    packet.duration = duration
    return packet


def frames_of(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def packets_of(path, kind):
    """Time in seconds and content of every packet of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = container.streams.get({kind: 0})[0]
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(stream) if p.size]
