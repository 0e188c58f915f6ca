"""Sound encoded anew, as AAC, where no container holds it as it is."""

from collections.abc import Callable
from typing import Any

from npsr.video.reading import library

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Samples a second that AAC knows."""
BITS = 128_000
"""A second and channel: losses are not heard."""
FRAME = 1024
"""Samples of a packet of AAC."""


def recoder(stream: Any, out: Any) -> Callable[[Any], list[Any]]:
    """Declare a stream of AAC in the output.

    Parameters
    ----------
    stream : av.AudioStream
        Of the source.
    out : av.container.OutputContainer
        The output.

    Returns
    -------
    callable
        From a packet of the source, or None at the end, to those to write.
    """
    context = stream.codec_context
    rate = context.sample_rate if context.sample_rate in RATES else 48000
    copy = out.add_stream("aac", rate)
    copy.codec_context.layout = context.layout
    copy.codec_context.bit_rate = BITS * context.layout.nb_channels
    copy.metadata.update(stream.metadata)
    copy.disposition = stream.disposition
    resampler = library().AudioResampler("fltp", context.layout, rate, FRAME)

    def step(packet: Any) -> list[Any]:
        decoded = context.decode(None) if packet is None else packet.decode()
        frames = [frame for one in decoded for frame in resampler.resample(one)]
        if packet is not None:
            return [encoded for frame in frames for encoded in copy.encode(frame)]
        frames += resampler.resample(None)
        return [encoded for frame in [*frames, None] for encoded in copy.encode(frame)]

    return step
