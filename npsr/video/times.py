"""When packets and frames are shown, where a file does not say it, or says it wrongly."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

RESTARTING = ("mpegts", "mpeg", "flv", "ogg", "asf")
"""Containers, in libavformat's names, whose clock may start again: recordings joined end to end."""
BACK, AHEAD = -0.25, 10
"""Seconds beyond what was expected that make a new start of the clock."""


def unbroken(packets: Iterable[Any], container: str) -> Iterator[Any]:
    """The same packets; where the container's clock starts again, it is made to go on.

    Parameters
    ----------
    packets : iterable of av.Packet
        As they lie in the file.
    container : str
        libavformat's name of its format.
    """
    if not container.startswith(RESTARTING):
        yield from packets
        return
    expected: dict[int, Fraction] = {}
    last: dict[int, Fraction] = {}
    steps: dict[int, Fraction] = {}
    shifts, own = [Fraction(0)], dict[int, Fraction]()
    for packet in packets:
        index = packet.stream.index
        if packet.dts is not None and packet.time_base:
            now = packet.dts * packet.time_base
            shift = own.get(index, shifts[-1])
            if packet.stream.type in ("video", "audio"):
                due = expected.get(index, now + shift)
                if BACK < now + shift - due < AHEAD:
                    steps[index] = now + shift - last.get(index, now + shift)
                else:
                    near = [known for known in shifts if BACK < now + known - due < 1]
                    shift = near[-1] if near else due - now
                    shifts += [] if near else [shift]
                own[index], last[index] = shift, now + shift
                duration = (packet.duration or 0) * packet.time_base
                expected[index] = now + shift + (duration or steps.get(index, Fraction(0)))
            moved = round(shift / packet.time_base)
            packet.dts += moved
            packet.pts = None if packet.pts is None else packet.pts + moved
        yield packet


class Clock:
    """Gives each frame a time stamp, later than that of the one before.

    What the file says is taken, unless it says nothing, or is worse ordered than the times of decoding.
    A frame comes out of the decoder together with a packet that came in `delay` after its own.
    `moved` counts frames that were given another time than any of these. Frames before the first that has
    a time begin at `start`.
    """

    def __init__(self, start: int = 0) -> None:
        self.moved, self._start = 0, start
        self._wrong = {"shown": 0, "decoded": 0}
        self._last = dict[str, int]()
        self._last_pts: int | None = None

    def stamp(self, frame: Any, delay: int, duration: int) -> None:
        """Set a frame's pts.

        Parameters
        ----------
        frame : av.VideoFrame
            In the order in which frames are shown.
        delay, duration : int
            In units of the frame's time base.
        """
        shown, decoded = frame.pts, None if frame.dts is None else frame.dts - delay
        for name, time in (("shown", shown), ("decoded", decoded)):
            if time is not None:
                self._wrong[name] += time <= self._last.get(name, time - 1)
                self._last[name] = time
        pts = shown
        if shown is None or (decoded is not None and self._wrong["shown"] > self._wrong["decoded"]):
            pts = decoded
        after = None if self._last_pts is None else self._last_pts + 1
        if pts is None:
            time = self._start if self._last_pts is None else self._last_pts + max(1, duration)
        else:
            time = pts if after is None else max(pts, after)
        self.moved += pts is not None and time != pts
        self._last_pts = frame.pts = time


def rising(packet: Any, last: dict[int, int]) -> Any:
    """A packet to copy, with the times that muxers ask for: both known, and decoding never going back.

    Parameters
    ----------
    packet : av.Packet
        Of a stream that is copied.
    last : dict of int to int
        The time of decoding of each stream's packet before, by its number; it is noted here.
    """
    index = packet.stream.index
    before = last.get(index)
    decoded = packet.pts if packet.dts is None else packet.dts
    if decoded is None:
        decoded = 0 if before is None else before + 1
    packet.dts = last[index] = decoded if before is None else max(decoded, before)
    packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
    return packet
