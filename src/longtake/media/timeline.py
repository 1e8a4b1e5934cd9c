"""Which packet shows which frame when: all that can be known without decoding.

What the demuxer says is taken as it is. FFmpeg's applies an mp4's edit list itself: it
moves the times so that the first shown frame begins where the list says, marks packets
that are needed but not shown ("discard"), and leaves out those that nothing needs; in
fragmented files it only moves the times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, TypeAlias

import av
from av.container import InputContainer
from av.stream import Discard

from longtake.errors import ClipUnreadable

Packet: TypeAlias = "av.Packet[av.VideoStream]"


class TimedPacket(NamedTuple):
    """One packet of the stream, in ticks."""

    pts: int
    dts: int | None
    duration: int
    size: int  # bytes
    key: bool
    hidden: bool  # the container says that it is decoded but not shown
    invisible: bool  # the codec does: a reference picture of VP8 or VP9
    corrupt: bool  # the demuxer found it damaged

    @property
    def shown(self) -> bool:
        """Whether it brings a frame to the screen."""
        return not (self.hidden or self.invisible)


class Cut(NamedTuple):
    """A prefix of the packets that shows exactly the first frames."""

    n_packets: int
    n_frames: int


@dataclass(frozen=True)
class Timeline:
    """The packets of one video stream in decoding order, and their order on the screen."""

    tick: Fraction  # seconds
    packets: tuple[TimedPacket, ...]
    exact: (
        bool  # False: the container has no presentation times (avi), these are guessed
    )

    @classmethod
    def read(cls, stream: av.VideoStream) -> Timeline:
        """The timeline of ``stream``, by reading its container from here to the end.

        Raises ClipUnreadable where no packet shows anything.
        """
        container = stream.container
        assert isinstance(container, InputContainer), "a source"
        for other in container.streams:
            other.discard = Discard.default if other is stream else Discard.all
        return cls.of(stream, (p for p in container.demux(stream) if p.size))

    @classmethod
    def of(cls, stream: av.VideoStream, packets: Iterable[Packet]) -> Timeline:
        """The timeline of all ``packets`` of ``stream``; see :meth:`read`."""
        codec = stream.codec_context
        look = _INVISIBLE.get(codec.codec.canonical_name, lambda _: False)
        exact = not (stream.container.format.name == "avi" and codec.has_b_frames)
        timed: list[TimedPacket] = []
        for packet in packets:
            pts = packet.pts if exact else packet.dts
            if pts is None:
                pts = timed[-1].pts + max(1, timed[-1].duration) if timed else 0
                exact = False
            timed.append(
                TimedPacket(
                    pts=pts,
                    dts=packet.dts,
                    duration=packet.duration or 0,
                    size=packet.size,
                    key=packet.is_keyframe,
                    hidden=packet.is_discard,
                    invisible=look(memoryview(packet)),
                    corrupt=packet.is_corrupt,
                )
            )
        if not any(packet.shown for packet in timed):
            raise ClipUnreadable(
                "The video has no frames; it is cut off or was never finished, take it "
                "again from its origin."
            )
        assert stream.time_base is not None, "a stream of a container has one"
        return cls(tick=stream.time_base, packets=tuple(timed), exact=exact)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Packet index by rank: which packet holds the n-th shown frame."""
        shown = (n for n, packet in enumerate(self.packets) if packet.shown)
        return tuple(sorted(shown, key=lambda n: (self.packets[n].pts, n)))

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """Presentation times of the shown frames, ascending, by rank."""
        return tuple(self.packets[n].pts for n in self.order)

    @cached_property
    def ranks(self) -> tuple[int | None, ...]:
        """Rank by packet index; None where a packet shows nothing."""
        ranks: list[int | None] = [None] * len(self.packets)
        for rank, n in enumerate(self.order):
            ranks[n] = rank
        return tuple(ranks)

    @property
    def n_hidden_head(self) -> int:
        """Packets that the container hides before the first shown frame."""
        return sum(p.hidden and p.pts < self.shown[0] for p in self.packets)

    @property
    def n_hidden_tail(self) -> int:
        """Packets that the container hides behind the last shown frame."""
        return sum(p.hidden and p.pts > self.shown[-1] for p in self.packets)

    @property
    def corrupt_share(self) -> float:
        """Share of packets that the demuxer found damaged."""
        return sum(packet.corrupt for packet in self.packets) / len(self.packets)

    @cached_property
    def reorder(self) -> int:
        """By how many frames decoding runs ahead of the screen at most."""
        times = sorted(packet.pts for packet in self.packets if not packet.invisible)
        visible = (packet for packet in self.packets if not packet.invisible)
        return max(n - bisect_left(times, p.pts) for n, p in enumerate(visible))

    @property
    def reorder_delay(self) -> int:
        """Ticks from the decoding to the showing of a last frame that nothing overtakes."""
        times = sorted(packet.pts for packet in self.packets)
        last = self.packets[-1]
        if last.dts is not None and last.dts <= times[-1]:
            return times[-1] - last.dts
        return times[-1] - times[max(0, len(times) - 1 - self.reorder)]

    def cuts(self) -> Iterator[Cut]:
        """Every place where the packets can be cut without losing a shown frame.

        A packet that is hidden behind what a prefix shows makes it unusable: it could
        not be hidden any more with frames following.
        """
        n_shown, highest, last_hidden = 0, -1, None
        for n, packet in enumerate(self.packets):
            rank = self.ranks[n]
            if packet.hidden:
                last_hidden = max(packet.pts, last_hidden or packet.pts)
            if rank is None:
                continue
            n_shown, highest = n_shown + 1, max(rank, highest)
            if highest + 1 == n_shown and (
                last_hidden is None or last_hidden < self.shown[highest]
            ):
                yield Cut(n + 1, n_shown)

    def cut(self, n_frames: int) -> Cut:
        """The last cut that keeps at most ``n_frames``; Cut(0, 0) where there is none."""
        last = Cut(0, 0)
        for cut in self.cuts():
            if cut.n_frames > n_frames:
                break
            last = cut
        return last

    @cached_property
    def _highest_before(self) -> tuple[int, ...]:
        """The highest rank among the packets before each packet, -1 for none."""
        ranks = (-1 if rank is None else rank for rank in self.ranks)
        return tuple(accumulate(ranks, max, initial=-1))

    def starts(self, rank: int) -> Iterator[int]:
        """Key packets from which decoding gives every frame from ``rank`` on, last first.

        All that is shown from such a key frame on is decoded after it; what an open GOP
        shows before it (and decodes after) lies before ``rank``. Ends with packet 0.
        """
        for n in range(self.order[rank], 0, -1):
            packet = self.packets[n]
            own = self.ranks[n]
            if packet.key and own is not None and self._highest_before[n] < own <= rank:
                yield n
        yield 0


def _vp8_invisible(data: memoryview) -> bool:
    """RFC 6386 section 9.1: bit 4 of the frame tag is show_frame."""
    return not data[0] & 0b10000


def _vp9_invisible(data: memoryview) -> bool:
    """VP9 bitstream specification, section 6.2 (uncompressed header), annex B.

    A superframe (its last byte begins with 110) ends with a shown frame.
    """
    if data[-1] >> 5 == _SUPERFRAME:
        return False
    bits = int.from_bytes(data[:2].tobytes().ljust(2, b"\0"), "big")
    n_before = 5 if bits >> 12 & 3 == _PROFILE_3 else 4  # marker, profile, reserved
    show_existing, show = bits << n_before >> 15 & 1, bits << n_before >> 13 & 1
    return not (show_existing or show)


_SUPERFRAME = 0b110
_PROFILE_3 = 0b11
_INVISIBLE = {"vp8": _vp8_invisible, "vp9": _vp9_invisible}
