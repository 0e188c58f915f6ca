"""Sound encoded anew, as AAC, where no container holds it as it is."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from npsr.video.reading import library

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Samples a second that AAC knows."""
BITS = 128_000
"""A second and channel: losses are not heard."""
MOST_CHANNELS = 6
"""With more, PyAV frees memory twice where a file names each channel's place."""
USUAL = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1"}
"""Where so many channels are, if the file does not tell."""
ROUNDED = Fraction(1, 100)
"""Seconds by which times may be off the samples before, besides a step of the container, without a gap."""
FRAME = 1024
"""Samples of a packet of AAC."""


def recoder(stream: Any, out: Any, notes: list[str]) -> Callable[[Any], list[Any]]:
    """Declare a stream of AAC in the output.

    Parameters
    ----------
    stream : av.AudioStream
        Of the source.
    out : av.container.OutputContainer
        The output.
    notes : list of str
        To which is added, at the end, how many packets were damaged; there is silence instead.

    Returns
    -------
    callable
        From a packet of the source, or None at the end, to those to write.
    """
    context = stream.codec_context
    unplaced = "channels" in context.layout.name  # nothing but their number is told
    rate = context.sample_rate if context.sample_rate in RATES else 48000
    copy = out.add_stream("aac", rate)
    layout = USUAL.get(context.layout.nb_channels, context.layout.name) if unplaced else context.layout.name
    copy.codec_context.layout = layout
    copy.codec_context.bit_rate = BITS * context.layout.nb_channels
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    resampler = library().AudioResampler("fltp", layout, rate, FRAME)

    damaged = 0

    def decoded(packet: Any) -> list[Any]:
        nonlocal damaged
        try:
            return list(context.decode(None) if packet is None else packet.decode())
        except library().error.FFmpegError:
            damaged += 1
            return []

    due: int | None = None

    def stamped(frame: Any) -> Any:
        """In samples, going on where the one before ended: containers round times."""
        nonlocal due
        told = None if frame.pts is None else round(frame.pts * frame.time_base * frame.sample_rate)
        if due is None or (
            told is not None and abs(told - due) > (ROUNDED + frame.time_base) * frame.sample_rate
        ):
            due = told or 0
        frame.pts, frame.time_base = due, Fraction(1, frame.sample_rate)
        due += frame.samples
        return frame

    def step(packet: Any) -> list[Any]:
        frames = [frame for one in decoded(packet) for frame in resampler.resample(stamped(one))]
        if packet is not None:
            return [encoded for frame in frames for encoded in copy.encode(frame)]
        if damaged:
            notes.append(f"left out {damaged} damaged packets of stream {stream.index}, audio")
        frames += resampler.resample(None)
        return [encoded for frame in [*frames, None] for encoded in copy.encode(frame)]

    return step
